"""Configuration of LLVM's lit for the behaviour tests.

A test is one file: its first line says the claim, `RUN:` lines are commands, the expectation is beside them
(FileCheck's `CHECK:` lines, or `//~ CODE` on the line of a diagnostic, checked by `ksc check --verify-diagnostics`).

    KSC           the compiler (default: target/debug/ksc, or that of the profile KSC_PROFILE)
    KSC_RUNTIME   libks_runtime.a for tests that link (default: the one that the compiler carries)
    KSC_REQUIRE   features that must be there, such as `bpf,netns`: a missing one ends the run instead of skipping tests
"""

import os
import shutil
import sys

import lit.formats
import lit.util

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(here)
sys.path.insert(0, os.path.join(root, "ci", "lib"))
import built  # noqa: E402
import features  # noqa: E402

config.name = "ksc"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".ks", ".ksir", ".test"]
config.excludes = ["Inputs", "support"]
config.test_source_root = here
config.test_exec_root = os.path.join(root, "target", "lit")

ksc = built.compiler()
if not os.access(ksc, os.X_OK):
    lit_config.fatal(f"no compiler at {ksc}: run `cargo build`, or set KSC")

config.environment["KSC_UNDER_TEST"] = os.path.abspath(ksc)
if runtime := os.environ.get("KSC_RUNTIME"):
    config.environment["KSC_RUNTIME"] = os.path.abspath(runtime)
# The compiler's output must not depend on who runs the tests.
config.environment["LC_ALL"] = "C.UTF-8"
for name in ("HOME", "PATH"):
    config.environment[name] = os.environ.get(name, "")
llvm = "/usr/lib/llvm-22/bin"
config.environment["PATH"] = os.pathsep.join([llvm, config.environment["PATH"], "/usr/sbin", "/sbin"])

support = os.path.join(here, "support")
# Without site-packages, which the drivers do not use and which is most of the time that Python takes to start.
python = f"{sys.executable} -S"
# Longest first: lit replaces in order, and %ksc would match inside a longer name.
config.substitutions += [
    ("%netns-run", f"{python} {support}/netns_run.py"),
    ("%cgroup-run", f"{python} {support}/cgroup_run.py"),
    ("%host-run", f"{python} {support}/host_run.py"),
    ("%html-page", f"{python} {support}/html_page.py"),
    ("%header-truth", f"{python} {support}/header_truth.py"),
    ("%map-types", f"{python} {support}/map_types.py"),
    ("%packets-run", f"{python} {support}/packets_run.py"),
    ("%starters-run", f"{python} {support}/starters_run.py"),
    ("%scheduler-run", f"{python} {support}/scheduler_run.py"),
    ("%processes-seen", f"{python} {support}/processes_seen.py"),
    ("%trace-run", f"{python} {support}/trace_run.py"),
    ("%congestion-run", f"{python} {support}/congestion_run.py"),
    ("%keyed-run", f"{python} {support}/keyed_run.py"),
    ("%events-run", f"{python} {support}/events_run.py"),
    ("%tracing-run", f"{python} {support}/tracing_run.py"),
    ("%moved-btf", f"{python} {support}/moved_btf.py"),
    ("%prints-run", f"{python} {support}/prints_run.py"),
    ("%terminal-run", f"{python} {support}/terminal_run.py"),
    ("%lsp-client", f"{python} {support}/lsp_client.py {os.path.abspath(ksc)}"),
    ("%lsp-sweep", f"{python} {support}/lsp_sweep.py {os.path.abspath(ksc)}"),
    ("%verify-docs", f"{python} {support}/verify_docs.py"),
    ("%verify-run", f"{python} {support}/verify_run.py"),
    ("%prog-run", f"{python} {support}/prog_run.py"),
    ("%examples", os.path.join(root, "examples")),
    ("%docs", os.path.join(root, "docs")),
    ("%target", str(built.TARGET)),
    ("%ci", os.path.join(root, "ci")),
    ("%python", python),
    # Version 2 is mounted below version 1 where a machine has both.
    ("%cgroup2", next(p for p in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if os.path.isdir(p) or p.endswith("cgroup"))),
    # For signals, which a shell around it does not hand on.
    ("%ksc-itself", os.path.abspath(ksc)),
    ("%ksc", f"{support}/ksc-under-test"),
]

for name, missing_because in features.probe().items():
    if missing_because is None:
        config.available_features.add(name)
    else:
        lit_config.note(f"feature {name} is missing: {missing_because}")
        if name in features.required():
            lit_config.fatal(f"KSC_REQUIRE asks for {name}, which is missing: {missing_because}")
if not shutil.which("FileCheck", path=config.environment["PATH"]):
    lit_config.fatal(f"no FileCheck in {llvm}: run ci/setup")
unknown = features.required() - set(features.probe())
if unknown:
    lit_config.fatal(f"KSC_REQUIRE names {', '.join(sorted(unknown))}, which is no feature")

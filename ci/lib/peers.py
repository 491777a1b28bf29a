"""The C programs that the compiler is compared with (ci/peers), and what is built from the examples."""

import os
import re
import subprocess
import sys

from built import ROOT, environment, static_compiler

PEERS = ROOT / "ci" / "peers"
# Level of the instruction set → the kernels that ksc compiles for: the oldest that takes it, and the one where verifiers follow more.
KERNELS = {"v3": ("6.1", "6.12"), "v4": ("6.6", "6.12")}
_MACHINE = os.uname().machine
# How BPF C of a family of programs is written: variant → arguments for clang. The first one is the equal. With vmlinux.h clang relocates the
# headers of packets, which are wire formats.
VARIANTS = {"network": {"uapi": [f"-I/usr/include/{_MACHINE}-linux-gnu"], "vmlinux": ["-DPEER_VMLINUX"]},
            "tracing": {"vmlinux": [f"-D__TARGET_ARCH_{ {'x86_64': 'x86', 'aarch64': 'arm64'}.get(_MACHINE, _MACHINE) }"]}}


class Contest:
    """One program, an example or one made for this, and its C peer, built in a folder."""

    def __init__(self, program, folder):
        self.program, self.name, self.folder = program, program.name, folder
        example = ROOT / "examples" / f"{program.name}.ks"
        self.source = example if example.exists() else PEERS / f"{program.name}.ks"
        self.executable = folder / program.name
        self.loader = folder / f"{program.name}-loader"
        self.variants = VARIANTS[program.family]

    @staticmethod
    def ours(mcpu):
        """What ksc makes of it for a level of the instruction set, the object for the oldest kernel first."""
        return [f"ksc-{mcpu}-{kernel}" for kernel in KERNELS[mcpu]]

    def theirs(self, mcpu):
        """What clang makes of the peer."""
        return [f"{variant}-{mcpu}" for variant in self.variants]

    def command(self, who):
        """What makes an object."""
        if who.startswith("ksc-"):
            _ksc, mcpu, kernel = who.split("-")
            return [str(static_compiler()), "--target=bpf", f"--mcpu={mcpu}", f"--min-kernel={kernel}", str(self.source), "-o",
                    str(self.object(who))]
        variant, mcpu = who.split("-")
        return ["clang-22", "-O2", "-g", "-target", "bpf", f"-mcpu={mcpu}", *self.variants[variant], f"-I{self.folder}",
                "-c", str(PEERS / f"{self.name}.bpf.c"), "-o", str(self.object(who))]

    def object(self, who):
        return self.folder / f"{self.name}.{who}.bpf.o"

    def build(self):
        for mcpu in KERNELS:
            for who in (*self.ours(mcpu), *self.theirs(mcpu)):
                run(self.command(who))
        run([str(static_compiler()), str(self.source), "-o", str(self.executable)])

    def build_loader(self):
        """The C loader, over a skeleton of the C object."""
        header = self.folder / f"{self.name}.skel.h"
        header.write_text(run(["bpftool", "gen", "skeleton", str(self.object("uapi-v3")), "name", self.name]))
        run(["gcc", "-O2", f"-I{self.folder}", f'-DPEER_SKELETON="{header.name}"', f"-DPEER_NAME={self.name}",
             str(PEERS / "loader.c"), "-o", str(self.loader), "-lbpf", "-lelf", "-lz"])

    def instructions(self, who):
        """How many instructions the object has; the two slots of a 64-bit constant are one."""
        listing = run(["llvm-objdump-22", "-d", str(self.object(who))])
        return len(re.findall(r"^\s+[0-9a-f]+:\t", listing, re.MULTILINE))

    def stripped_size(self):
        stripped = self.folder / f"{self.name}.stripped"
        run(["strip", "-o", str(stripped), str(self.executable)])
        return stripped.stat().st_size


def build_walks(folder):
    """The two programs that walk over a map of a million entries, ours first."""
    ours, theirs = folder / "map_walk", folder / "map_walk-c"
    run([str(static_compiler()), str(PEERS / "map_walk.ks"), "-o", str(ours)])
    run(["gcc", "-O2", str(PEERS / "map_walk.c"), "-o", str(theirs), "-lbpf", "-lelf", "-lz"])
    return ours, theirs


def build_readers(folder):
    """The commands of the two programs that read a ring buffer of a million values, ours first. They share the BPF object."""
    source, ours, theirs, shared = PEERS / "ring_read.ks", folder / "ring_read", folder / "ring_read-c", folder / "ring_read.bpf.o"
    run([str(static_compiler()), str(source), "-o", str(ours)])
    run([str(static_compiler()), "--target=bpf", str(source), "-o", str(shared)])
    run(["gcc", "-O2", str(PEERS / "ring_read.c"), "-o", str(theirs), "-lbpf", "-lelf", "-lz"])
    return [str(ours)], [str(theirs), str(shared)]


def filled(command):
    """The line that a reader prints after its buffer was filled."""
    harness = ROOT / "lit-tests" / "support" / "host_run.py"
    return run([sys.executable, str(harness), "--ready", "ready", "--run", "flood", "--times", "1000", "--", *command]).splitlines()[1]


def write_vmlinux_header(folder):
    header = run(["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"])
    (folder / "vmlinux.h").write_text(header)


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment())
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def missing():
    """What has to be built before a contest, or None."""
    if not static_compiler().exists():
        return "no optimised compiler: ci/release"
    return None

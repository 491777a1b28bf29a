"""The tests of one kernel: in one guest, and what a guest that died left over in another."""

import json
import time

import image
import machine
import manifest
from built import ROOT
from program_runs import PASSED

# A guest that says nothing for so long hangs; its tests end sooner than that by themselves.
_SILENCE = manifest.TIMEOUT + 60
# So many tests run at the same time in a guest: many wait for something.
_JOBS = 2
# So many guests for one kernel.
_BOOTS = 3
# A guest dies of this, now and then, while its kernel enables a static branch (perf events do): the emulator runs the breakpoint
# that one CPU has removed from the other's code by then. Tests that ran then say nothing and run again.
_STALE_BREAKPOINT = "Oops: int3"
_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin:/usr/sbin:/sbin",
    # Under emulation all takes longer, and more so on a machine that has other things to do.
    "KSC_PATIENCE": "6",
}
# The test of what looks for faults in a kernel's log: it writes one there.
_CANARY = "harness/kernel_log"
_CANARY_FAULT = "WARNING: written by the test of the harness"


class Suite:
    def __init__(self, version, kernel, tests, folder):
        """`tests`: those that were compiled."""
        self.version = version
        self.passed = self.failed = 0
        # Test → that it passed, or why it is not for this kernel; not those that failed.
        self.seen = {test.name: f"the test needs {test.needs()}" for test in tests if not test.on(version)}
        self._kernel, self._folder = kernel, folder
        lines = {test.name: line for test in tests if (line := test.on(version))}
        self._tests = {test.name: test for test in tests}
        self.done = not lines
        lines[_CANARY] = {"name": _CANARY, "folder": "/run", "script": f"echo '<4>{_CANARY_FAULT}' >/dev/kmsg", "timeout": manifest.TIMEOUT,
                          "shown": False, "seen": []}
        self._tests[_CANARY] = manifest.Test(_CANARY, "/run", [])
        # Those that have not ended, and those of them that run.
        self._left, self._running = lines, set()
        # Whether the fault of the canary was seen.
        self._alert = False
        self._boots = 0
        self._seconds = 0.0
        self._guest = None

    def start(self, archives):
        """`archives`: what every guest has."""
        modules = image.Tree(self._folder / "modules")
        modules.add_modules(self._kernel)
        self._archives = [*archives, modules.pack(self._folder / "modules.cpio")]
        self._boot()

    def _boot(self):
        self._boots += 1
        folder = self._folder / f"boot{self._boots}"
        tree = image.Tree(folder / "manifest")
        content = {"environment": _ENVIRONMENT, "jobs": _JOBS, "library": str(ROOT / "ci/lib"), "tests": list(self._left.values())}
        (tree.folder / "manifest.json").write_text(json.dumps(content))
        archives = [*self._archives, tree.pack(folder / "manifest.cpio")]
        initramfs = image.join(archives, folder / "initramfs")
        self._guest = machine.Boot(self._kernel / "vmlinux", initramfs, folder)

    def step(self, deadline):
        """Reports the results of tests since the last step."""
        runs = self._guest.runs()
        ended = False
        for event in self._guest.events():
            ended = ended or "end" in event
            if "begin" in event:
                self._running.add(event["begin"])
            elif "name" in event:
                self._report(event)
            elif "kernel" in event:
                self._fault(event["kernel"], event["during"])
        now = time.monotonic()
        if ended or not runs:
            self._end(None if ended else "it died")
        elif now > deadline:
            self._end("the time for all is up", again=False)
        elif now > self._guest.heard + _SILENCE:
            self._end(f"it has said nothing for {_SILENCE:.0f} s")

    def _fault(self, text, during):
        """A fault of the kernel is a failure, whatever the tests say that run beside it."""
        if _CANARY_FAULT in text.partition("\n")[0]:
            self._alert = True
        else:
            self._fail("the kernel's log", f"while {', '.join(during) or 'nothing'} ran", text)

    def _report(self, report):
        name = report["name"]
        self._running.discard(name)
        if self._left.pop(name, None) is None:
            return
        test, log = self._tests[name], report["log"]
        wrong = test.judge(self.version, log) if test.judge and report["status"] == 0 else None
        unlike = test.checks(manifest.version(self.version)).wrong(report["seen"], test.folder)
        if report["hung"]:
            self._fail(name, f"it hangs: ended after {report['seconds']} s", log + unlike)
        elif report["status"] != 0:
            self._fail(name, f"status {report['status']}", log + unlike)
        elif unlike:
            self._fail(name, "not what is expected", unlike)
        elif wrong:
            self._fail(name, wrong)
        else:
            self.passed += 1
            self.seen[name] = PASSED
            print(f"PASS: {self.version} {name} ({report['seconds']} s)", flush=True)

    def _fail(self, name, why, log=""):
        self.failed += 1
        print(f"FAIL: {self.version} {name}: {why}")
        print("".join(f"    {line}\n" for line in log.splitlines()), end="", flush=True)

    def _end(self, why, again=True):
        """The guest has ended, or is ended; another one runs the tests that it did not reach."""
        guest, self._guest = self._guest, None
        guest.kill()
        self._seconds += guest.seconds()
        console = guest.console() if why else ""
        if why:
            print(f"{self.version}: the guest is ended: {why}; its console:\n{console}", flush=True)
        running = sorted(self._running & self._left.keys())
        self._running.clear()
        repeated = _STALE_BREAKPOINT in console and self._boots < _BOOTS
        for name in [] if repeated else running:
            del self._left[name]
            self._fail(name, "the guest ended while this ran")
        # A guest that does not even reach its first test will not the next time.
        if self._left and again and self._boots < _BOOTS and (running or not why):
            self._boot()
            return
        for name in self._left:
            self._fail(name, "it did not run")
        if not self._left and not self._alert:
            self._fail(_CANARY, "nobody saw the fault that it wrote into the kernel's log")
        self.done = True
        boots = f", {self._boots} boots" if self._boots > 1 else ""
        print(f"{self.version}: {self.passed} passed, {self.failed} failed, {self._seconds:.0f} s{boots}", flush=True)


def run(suites, archives, patience):
    """All kernels at the same time."""
    suites = [suite for suite in suites if not suite.done]
    for suite in suites:
        suite.start(archives)
    deadline = time.monotonic() + patience
    while not all(suite.done for suite in suites):
        for suite in suites:
            if not suite.done:
                suite.step(deadline)
        time.sleep(0.1)

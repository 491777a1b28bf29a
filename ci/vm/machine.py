"""One boot of a kernel in QEMU: software emulation, so that it works inside any machine."""

import json
import subprocess
import time

# Slow and needless under emulation: crypto self tests, entropy tests, certificate lists, CPU mitigations.
_COMMAND_LINE = ("console=ttyS0 panic=-1 oops=panic loglevel=4 mitigations=off nokaslr no_timer_check tsc=nowatchdog audit=0 "
                 "apparmor=0 cryptomgr.notests random.trust_cpu=on "
                 "initcall_blacklist=jent_mod_init,load_system_certificate_list")


class Boot:
    """A guest that runs; `wait` gives the reports of its tests by name."""

    def __init__(self, vmlinux, initramfs, folder):
        self._console, self._reports = folder / "console", folder / "reports"
        self._begun = time.monotonic()
        self.seconds = None
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",  # never outlives this process
             "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "qemu64", "-m", "1536M", "-smp", "2", "-nodefaults",
             "-display", "none", "-no-reboot", "-serial", f"file:{self._console}", "-serial", f"file:{self._reports}",
             "-kernel", vmlinux, "-initrd", initramfs, "-append", _COMMAND_LINE],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def wait(self, deadline):
        """name → report of the tests that ended, and what the console said if the guest did not end in order."""
        try:
            self._process.wait(max(1.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.seconds = time.monotonic() - self._begun
        reports, ended = {}, False
        lines = self._reports.read_text(errors="replace").splitlines() if self._reports.exists() else []
        for line in lines:
            try:
                report = json.loads(line)
            except json.JSONDecodeError:  # it was cut off while it wrote
                continue
            ended = ended or "end" in report
            if "name" in report:
                reports[report["name"]] = report
        return reports, None if ended else self._console.read_text(errors="replace")[-4000:]

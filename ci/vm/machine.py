"""One boot of a kernel in QEMU: software emulation, so that it works inside any machine."""

import json
import subprocess
import time

# Slow and needless under emulation: crypto self tests, entropy tests, certificate lists, CPU mitigations, memory that is cleared
# before it is used; and long, what waits until each CPU has rested.
_COMMAND_LINE = ("console=ttyS0 panic=-1 oops=panic loglevel=4 mitigations=off nokaslr no_timer_check tsc=nowatchdog audit=0 "
                 "apparmor=0 cryptomgr.notests random.trust_cpu=on init_on_alloc=0 rcupdate.rcu_expedited=1 "
                 "initcall_blacklist=jent_mod_init,load_system_certificate_list")


def _memory(initramfs):
    """In MiB: the kernel unpacks the archive into a file system that takes at most half of the memory, beside the archive."""
    return 1024 + 3 * (initramfs.stat().st_size >> 20)


class Boot:
    """A guest that runs. `events` are what it reported since it was last asked."""

    def __init__(self, vmlinux, initramfs, folder):
        self._console, reports = folder / "console", folder / "reports"
        reports.touch()
        self._reports = open(reports, "rb")
        self._begun = time.monotonic()
        # Of a line that is still being written.
        self._rest = b""
        # When it last reported something.
        self.heard = self._begun
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL",  # never outlives this process
             "qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-cpu", "qemu64", "-m", f"{_memory(initramfs)}M", "-smp", "2", "-nodefaults",
             "-display", "none", "-no-reboot", "-serial", f"file:{self._console}", "-serial", f"file:{reports}",
             "-kernel", vmlinux, "-initrd", initramfs, "-append", _COMMAND_LINE],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")

    def seconds(self):
        return time.monotonic() - self._begun

    def runs(self):
        return self._process.poll() is None

    def events(self):
        *lines, self._rest = (self._rest + self._reports.read()).split(b"\n")
        for line in lines:
            self.heard = time.monotonic()
            try:
                yield json.loads(line)
            except ValueError:  # the kernel writes on this line too if it has no other left
                continue

    def kill(self):
        self._process.kill()
        self._process.wait()

    def console(self):
        """The last that the kernel, or QEMU, said."""
        text = self._console.read_text(errors="replace") if self._console.exists() else ""
        return text[-4000:] + self._process.stderr.read()

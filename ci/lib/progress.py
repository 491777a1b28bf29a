"""Commands that may take long: whoever waits sees that something goes on."""

import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

EVERY = 20
# Makes cargo write how far it is, though nobody sees a terminal.
CARGO_PROGRESS = {"CARGO_TERM_PROGRESS_WHEN": "always", "CARGO_TERM_PROGRESS_WIDTH": "80"}


def crates_done(output):
    """How far cargo is, by its output so far: `41 of 187 crates`; nothing before it knows."""
    found = re.findall(r"Building \[[^\]]*\] (\d+)/(\d+)", output)
    return f"{found[-1][0]} of {found[-1][1]} crates" if found else ""


def without_progress(output):
    """The lines of cargo's output that are no progress."""
    lines = (line.rsplit("\r", 1)[-1] for line in output.splitlines())
    return "\n".join(re.sub(r"\x1b\[K", "", line) for line in lines if "Building [" not in line) + "\n"


class Started:
    """A command that runs, in a session of its own, with all that it prints in a file."""

    def __init__(self, command, **options):
        self._begun = time.monotonic()
        self._log = tempfile.NamedTemporaryFile("w+", errors="replace")
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
                                         start_new_session=True, **options)

    def yields(self, yields=True):
        """Whether it gets only the time that nothing else asks for. The kernel shares time among sessions, by a priority that each has,
        where it groups tasks by them (CONFIG_SCHED_AUTOGROUP)."""
        with suppress(OSError):
            Path(f"/proc/{self._process.pid}/autogroup").write_text("19" if yields else "0")

    def result(self, tick, timeout=None):
        """Status and output; calls `tick(seconds, output)` every 20 seconds until then, with what it has printed so far. The command does
        not outlive its time or this process's interruption."""
        with self._log as log:
            try:
                status = self._wait(tick, timeout)
            except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
                status = self.stop()
                log.write(f"\nstopped: {stopped!r}\n")
            log.seek(0)
            return status, log.read()

    def stop(self):
        """Ends it, and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        return self._process.wait()

    def _wait(self, tick, timeout):
        while True:
            try:
                return self._process.wait(EVERY)
            except subprocess.TimeoutExpired:
                seconds = time.monotonic() - self._begun
                if timeout and seconds > timeout:
                    raise
                tick(seconds, Path(self._log.name).read_text(errors="replace"))


def watched(command, tick, timeout=None, **options):
    """Status and output of a command, standard error included; see `Started.result`."""
    return Started(command, **options).result(tick, timeout)

"""Commands that may take long: whoever waits sees that something goes on."""

import os
import re
import signal
import subprocess
import tempfile
import time
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


def watched(command, tick, timeout=None, **options):
    """Status and output of a command, standard error included; calls `tick(seconds, output)` every 20 seconds while it runs,
    with what it has printed so far. The command does not outlive its time or this process's interruption."""
    begun = time.monotonic()
    with tempfile.NamedTemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True, **options)
        try:
            status = _wait(process, tick, begun, timeout, log.name)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
            os.killpg(process.pid, signal.SIGTERM)
            status = process.wait()
            log.write(f"\nstopped: {stopped!r}\n")
        log.seek(0)
        return status, log.read()


def _wait(process, tick, begun, timeout, log):
    while True:
        try:
            return process.wait(EVERY)
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - begun
            if timeout and seconds > timeout:
                raise
            tick(seconds, Path(log).read_text(errors="replace"))

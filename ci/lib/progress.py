"""Commands that may take long: whoever waits sees that something goes on."""

import os
import signal
import subprocess
import tempfile
import time

EVERY = 20


def watched(command, tick, timeout=None, **options):
    """Status and output of a command, standard error included; calls `tick(seconds)` every 20 seconds while it runs. The
    command does not outlive its time or this process's interruption."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True, **options)
        try:
            status = _wait(process, tick, begun, timeout)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as stopped:
            os.killpg(process.pid, signal.SIGTERM)
            status = process.wait()
            log.write(f"\nstopped: {stopped!r}\n")
        log.seek(0)
        return status, log.read()


def _wait(process, tick, begun, timeout):
    while True:
        try:
            return process.wait(EVERY)
        except subprocess.TimeoutExpired:
            seconds = time.monotonic() - begun
            if timeout and seconds > timeout:
                raise
            tick(seconds)

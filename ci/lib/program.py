"""A program under test: started, in a namespace or not, watched until it is attached, stopped by a signal."""

import signal
import subprocess
import tempfile
import time

from netns import inside
from patience import PATIENCE


class Failure(Exception):
    """The claim under test does not hold."""


class Program:
    def __init__(self, pair, command, env=None, descriptors=()):
        self.pair = pair
        self.command = command
        # Files, not pipes: a program that prints much never blocks, and its output survives whatever happens.
        self._stdout, self._stderr = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        # Should the harness be killed, the program goes with it.
        bound = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        started = inside(pair.here, *bound) if pair else bound
        self._process = subprocess.Popen(started, stdin=subprocess.DEVNULL, stdout=self._stdout,
                                         stderr=self._stderr, env=env, pass_fds=descriptors)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def wait_attached(self, hooks, timeout=20):
        """Until a program is attached to each of `hooks` ("xdp", "tc/ingress", "tcx/egress"; "tc" means any of TC's)."""
        deadline = time.monotonic() + timeout * PATIENCE
        while True:
            attached = self.pair.attached()
            missing = [hook for hook in hooks if not any(is_hook(hook, have) for have, _prog in attached)]
            if not missing:
                return attached
            if self._process.poll() is not None:
                raise Failure(f"the program ended with status {self._process.returncode} before it was attached")
            if time.monotonic() > deadline:
                raise Failure(f"nothing attached to {', '.join(missing)} after {timeout} s; attached: {attached}")
            time.sleep(0.02)

    def wait_output(self, text, timeout=20):
        """Until the program has printed `text`."""
        deadline = time.monotonic() + timeout * PATIENCE
        while text not in self.stdout():
            if self._process.poll() is not None:
                raise Failure(f"the program ended with status {self._process.returncode} before it printed {text!r}")
            if time.monotonic() > deadline:
                raise Failure(f"the program did not print {text!r} in {timeout} s, but:\n{self.stdout()}{self.stderr()}")
            time.sleep(0.02)

    def stop(self, signal_name="INT", timeout=10):
        """Sends the signal and returns the exit status (128 + n where a signal killed it)."""
        if self._process.poll() is None:
            self._process.send_signal(signal.Signals[f"SIG{signal_name}"])
        return self.wait(timeout)

    def interrupt(self):
        """Sends SIGINT and does not wait for the end."""
        self._process.send_signal(signal.SIGINT)

    def wait(self, timeout=20):
        try:
            status = self._process.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"the program still runs after {timeout} s") from None
        return 128 - status if status < 0 else status

    def ended(self):
        return self._process.poll() is not None

    def pid(self):
        return self._process.pid

    def stdout(self):
        return _text(self._stdout)

    def stderr(self):
        return _text(self._stderr)


def is_hook(wanted, have):
    """Whether the attachment `have` is what `wanted` names; TC is the same hook by clsact and by TCX."""
    have = have.replace("tcx", "tc")
    wanted = wanted.replace("tcx", "tc")
    return have == wanted or (wanted == "tc" and have.startswith("tc/"))


def wait_detached(pair, timeout=2):
    """Fails unless nothing is attached; the kernel may need a moment after the process ended."""
    deadline = time.monotonic() + timeout * PATIENCE
    while attached := pair.attached():
        if time.monotonic() > deadline:
            raise Failure(f"still attached after the program ended: {attached}")
        time.sleep(0.02)


def _text(file):
    # A handle of its own: reading through `file` would move the position that the program writes at.
    with open(f"/proc/self/fd/{file.fileno()}", encoding="utf-8", errors="replace") as reader:
        return reader.read()

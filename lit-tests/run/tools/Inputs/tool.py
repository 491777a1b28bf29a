"""A tool of examples/tools that runs while a test makes what it shows, and what it prints.

    with Tool(["execsnoop", "--fails"]) as tool:
        subprocess.run(["true"])
        lines = tool.lines(until=lambda lines: any("true" in line for line in lines))

A tool is ready when it waits: it has attached all of its programs then.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

# In seconds.
PATIENCE = 60
# The system calls in which a tool waits for events, time or a signal, on x86-64: poll, rt_sigtimedwait, clock_nanosleep, epoll_wait,
# ppoll, epoll_pwait.
WAITS = {7, 128, 230, 232, 271, 281}


class Tool:
    def __init__(self, words):
        self.words = words
        self.printed = []

    def __enter__(self):
        self.warnings = tempfile.TemporaryFile()
        self.process = subprocess.Popen(self.words, stdout=subprocess.PIPE, stderr=self.warnings, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self._await(self._waits, "did not wait for events")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        sys.stderr.writelines(f"{line}\n" for line in self.warned())
        self.warnings.close()

    def warned(self):
        """The lines on standard error so far."""
        # The tool writes where a read would leave the place in the file.
        return os.pread(self.warnings.fileno(), 1 << 20, 0).decode(errors="replace").splitlines()

    def _read(self):
        for line in self.process.stdout:
            self.printed.append(line.rstrip("\n"))

    def _waits(self):
        try:
            with open(f"/proc/{self.process.pid}/syscall", encoding="ascii") as file:
                number = file.read().split()[0]
        except (OSError, IndexError):
            return False
        return number.isdigit() and int(number) in WAITS

    def _await(self, condition, complaint):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(self.words)} {complaint}; it printed:\n" + "\n".join(self.printed + self.warned()))
            time.sleep(0.01)

    def lines(self, until):
        """What is printed until the condition on all lines holds."""
        self._await(lambda: until(self.printed), "did not print what was expected")
        return list(self.printed)

    def ended(self):
        """What has been printed when the tool has ended, by Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE)
        self.reader.join()
        if status != 0:
            sys.exit(f"{' '.join(self.words)} ended with {status}; it printed:\n" + "\n".join(self.printed + self.warned()))
        return list(self.printed)

    def objects(self, name, found):
        """The objects of JSON of this name, up to the first one that is `found`, which is the last."""
        def all_of(lines):
            return [value[name] for value in map(json.loads, lines) if name in value]

        lines = self.lines(lambda lines: any(found(value) for value in all_of(list(lines))))
        values = all_of(lines)
        return values[: [found(value) for value in values].index(True) + 1]


class Cgroup:
    """A cgroup of version 2 of the test's own."""

    _ROOTS = ("/sys/fs/cgroup/unified", "/sys/fs/cgroup")

    def __enter__(self):
        root = next(path for path in self._ROOTS if os.path.exists(f"{path}/cgroup.procs"))
        self.path = f"{root}/ks_tools_{os.getpid()}"
        os.mkdir(self.path)
        return self

    def __exit__(self, *_):
        os.rmdir(self.path)

    def run(self, work):
        """What a process in the cgroup does, which has ended then; the number of the process."""
        process = os.fork()
        if process == 0:
            status = 1
            try:
                with open(f"{self.path}/cgroup.procs", "w", encoding="ascii") as file:
                    file.write(str(os.getpid()))
                work()
                status = 0
            finally:
                os._exit(status)
        check(os.waitpid(process, 0)[1] == 0, "a process in the cgroup failed")
        return process


def words(line):
    """The columns of a line."""
    return line.split()


def check(holds, *shown):
    """Ends the test where it does not hold, with what was seen."""
    if not holds:
        print(*shown, sep="\n")
        raise AssertionError


def tcp_connection(work=lambda client, server: None, host="127.0.0.1"):
    """The ports of the server and the client of a connection, which the client closed first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection((host, port)) as client:
            server = listening.accept()[0]
            own = client.getsockname()[1]
            work(client, server)
        with server:
            # The end of the client.
            server.recv(1)
    return port, own


class Worker:
    """A process that does its work when it is told to, so that a tool can be given its number before."""

    def __init__(self, work):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
        self.pid = os.fork()
        if self.pid == 0:
            signal.sigwait({signal.SIGUSR1})
            work()
            os._exit(0)

    def work(self):
        """Returns when the work is done and the process has ended."""
        os.kill(self.pid, signal.SIGUSR1)
        check(os.waitpid(self.pid, 0)[1] == 0, "the worker failed")

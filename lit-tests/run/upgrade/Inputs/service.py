"""A service manager for one daemon: `service.py EXECUTABLE FOLDER`. Prints what it sees, for FileCheck."""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "ci", "lib"))
import bpf  # noqa: E402
from patience import PATIENCE  # noqa: E402

_PINS = "/sys/fs/bpf/ks_lit_service"


def until(holds):
    end = time.monotonic() + 20 * PATIENCE
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def runs(pid):
    """Whether a process runs; one that has ended and whose parent has not asked does not."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def pinned():
    return sorted(os.listdir(f"{_PINS}/links"))


class Manager:
    def __init__(self, executable, folder, name):
        self.executable, self.folder, self.pid_file = executable, folder, f"{folder}/pid"
        self.environment = dict(os.environ, NOTIFY_SOCKET=name)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(name.replace("@", "\0"))
        self.socket.settimeout(20 * PATIENCE)

    def message(self):
        """The lines of a message, and the process that has sent it."""
        data, controls, _flags, _address = self.socket.recvmsg(4096, 256)
        sender = struct.unpack("3i", controls[0][2])[0]
        return data.decode().splitlines(), sender

    def run(self, *options, pid_file=None):
        command = [self.executable, f"--pid-file={pid_file or self.pid_file}", *options]
        started = subprocess.Popen(command, env=self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        # The child has no pipe as its output.
        said = started.stderr.read()
        return started.pid, started.wait(), said

    def start(self, *options):
        """The main process, and what the manager sees of the start."""
        pid, status, said = self.run(*options)
        (state, main), sender = self.message()
        main = int(main.removeprefix("MAINPID="))
        with open(self.pid_file) as file:
            inside = int(file.read())
        of = "the main process" if sender == pid else f"process {sender}, not {pid}"
        sys.stdout.write(said)
        return main, f"status {status}, {state} of {of}, MAINPID runs: {runs(main)}, in the pid file: {inside == main}"

    def failed(self, *options, pid_file=None):
        _pid, status, said = self.run(*options, pid_file=pid_file)
        said = re.sub(r"process \d+", "process N", said.split(": ", 1)[1].strip()).replace(self.folder, "DIR")
        return f"status {status}, it says: {said}"

    def end(self, main):
        os.kill(main, signal.SIGTERM)
        says, _sender = self.message()
        until(lambda: not runs(main))
        attached = bool(bpf.attached("lo"))
        print(f"ended: {says}, pid file: {os.path.exists(self.pid_file)}, attached: {attached}, folder: {os.path.exists(_PINS)}")


def whole(manager):
    first, seen = manager.start("--guard")
    print(f"started: {seen}")
    print(f"pinned: {pinned()}")
    print(f"again: {manager.failed('--bare')}")
    print(f"status of a program that asks: {manager.run('--ask')[1]}")
    print(f"the first one runs: {runs(first)}")
    second, seen = manager.start("--guard", "--replace")
    print(f"replaced: {seen}")
    # What it said would come before the next message.
    print(f"the first one ended: {until(lambda: not runs(first))}, says nothing, one filter: {len(bpf.attached('lo')) == 1}")
    third, seen = manager.start("--replace")
    print(f"fewer programs: {seen}")
    until(lambda: not runs(second))
    print(f"pinned: {pinned()}")
    os.kill(third, signal.SIGKILL)
    until(lambda: not runs(third))
    print(f"killed: {pinned()[0]} is attached: {bool(bpf.attached('lo'))}")
    fourth, seen = manager.start("--replace")
    print(f"next: {seen}")
    left(manager, fourth)


def left(manager, running):
    """A process that is killed has a program that the next one does not attach."""
    fifth, seen = manager.start("--guard", "--replace")
    print(f"with a guard: {seen}")
    until(lambda: not runs(running))
    os.kill(fifth, signal.SIGKILL)
    until(lambda: not runs(fifth))
    print(f"without it: {manager.failed('--replace')}")
    manager.message()
    print(f"pinned: {pinned()}")
    os.unlink(f"{_PINS}/links/guard")
    instances(manager)


def instances(manager):
    """Two instances of one program, at two interfaces: one of them is replaced."""
    subprocess.run(["ip", "link", "add", "veth.a", "type", "veth", "peer", "name", "veth.b"], check=True)
    with open(manager.pid_file) as file:
        first = int(file.read())
    other = Manager(manager.executable, manager.folder, f"{manager.folder}/other_notify")
    other.pid_file = f"{manager.folder}/other_pid"
    second, seen = other.start("--interface=veth.a")
    print(f"elsewhere: {seen}")
    print(f"pinned: {pinned()}")
    third, _seen = manager.start("--replace")
    print(f"the first of two instances replaced: {until(lambda: not runs(first))}, the other one runs: {runs(second)}")
    manager.end(third)
    other.end(second)


def main():
    executable, folder = sys.argv[1:]
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    loopback.enter()
    print("== named socket")
    whole(Manager(executable, folder, f"{folder}/notify"))
    print("== abstract socket")
    manager = Manager(executable, folder, f"@ks_lit_service_{os.getpid()}")
    main_process, seen = manager.start()
    print(f"started: {seen}")
    manager.end(main_process)
    print("== no socket")
    manager.environment["NOTIFY_SOCKET"] = f"{folder}/gone"
    _pid, _status, said = manager.run()
    print(said.split(": ", 1)[1].strip())
    with open(manager.pid_file) as file:
        os.kill(int(file.read()), signal.SIGTERM)
    until(lambda: not os.path.exists(manager.pid_file))
    print(f"unwritable: {manager.failed(pid_file=f'{folder}/none/pid')}")


main()

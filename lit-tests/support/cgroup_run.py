#!/usr/bin/env python3
"""Runs a program beside a cgroup of its own and sends packets over the loopback of a network namespace.

In a RUN line (lit.cfg.py calls it %cgroup-run):

    %cgroup-run --ready attached --ping 3 --expect-received 0 --ping-outside 3 --expect-received 3 -- %t --cgroup={cgroup}

What it does, in order: enters a network namespace; makes a cgroup of version 2 and a UDP socket; starts the program, outside of
the cgroup, which inherits the socket; waits until it has printed what --ready says; does each step; stops the program with a
signal; checks its exit status; removes the cgroup. `{cgroup}` and `{socket}` in the arguments are the folder of the cgroup
and the descriptor of the socket. Standard output is the program's own, then the lines of the steps. Any claim that fails is
reported on standard error, with status 1.
"""

import argparse
import ctypes
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
from program import Failure, Program  # noqa: E402

_CLONE_NEWNET = 0x40000000
# Version 2 is mounted below version 1 where a machine has both.
_ROOTS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]


class Step(argparse.Action):
    """--ping, --ping-outside and --udp begin a step."""

    def __call__(self, _parser, options, value, option=None):
        options.steps.append({"kind": option.removeprefix("--"), "what": value, "received": None})


class OfStep(argparse.Action):
    """--expect-received belongs to the step before it."""

    def __call__(self, parser, options, value, option=None):
        if not options.steps:
            parser.error(f"{option} is before the step that it belongs to")
        options.steps[-1][self.dest] = value


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(steps=[])
    parser.add_argument("--ready", required=True, metavar="TEXT", help="wait until the program has printed this")
    parser.add_argument("--ping", action=Step, type=int, metavar="N", help="send N echo requests from the cgroup")
    parser.add_argument("--ping-outside", action=Step, type=int, metavar="N", help="the same from outside of it")
    parser.add_argument("--udp", action=Step, type=int, metavar="BYTES",
                        help="send a datagram to the socket, and print how many bytes arrive")
    parser.add_argument("--wait-for", action=Step, metavar="TEXT", help="wait until the program has printed this")
    parser.add_argument("--expect-received", action=OfStep, type=int, dest="received", metavar="N",
                        help="how many pings are answered")
    parser.add_argument("--signal", default="INT", help="what stops the program: INT (default), none")
    parser.add_argument("--expect-exit", type=int, default=0, metavar="STATUS")
    parser.add_argument("command", nargs="+", metavar="PROGRAM", help="after `--`: the program and its arguments")
    return parser.parse_args()


def ping(count, cgroup):
    """How many of `count` echo requests are answered; sent by a process in the cgroup, if one is given."""

    def enter():
        if cgroup:
            with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write("0")

    command = ["ping", "-n", "-q", "-c", str(count), "-i", "0.02", "-W", "1", "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=enter)
    for part in done.stdout.split(","):
        words = part.split()
        if words[1:] == ["received"]:
            return int(words[0])
    raise Failure(f"ping said: {done.stdout}{done.stderr}")


def datagram(receiver, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(size), receiver.getsockname())
    try:
        return f"of {size} bytes {len(receiver.recv(65536))} arrived"
    except TimeoutError:
        return f"of {size} bytes none arrived"


def run(options, cgroup, receiver):
    names = {"{cgroup}": cgroup, "{socket}": str(receiver.fileno())}
    command = options.command
    for name, value in names.items():
        command = [word.replace(name, value) for word in command]
    lines = []
    with Program(None, command, descriptors=[receiver.fileno()]) as program:
        try:
            program.wait_output(options.ready)
            for step in options.steps:
                if step["kind"] == "udp":
                    lines.append(datagram(receiver, step["what"]))
                elif step["kind"] == "wait-for":
                    program.wait_output(step["what"])
                else:
                    received = ping(step["what"], cgroup if step["kind"] == "ping" else None)
                    if received != step["received"]:
                        raise Failure(f"of {step['what']} pings {received} were answered, not {step['received']}")
            status = program.wait() if options.signal == "none" else program.stop(options.signal)
            if status != options.expect_exit:
                raise Failure(f"the program ended with status {status}, not {options.expect_exit}")
        finally:
            sys.stdout.write(program.stdout())
            print(*lines, sep="\n", end="\n" if lines else "")
            sys.stderr.write(program.stderr())


def main():
    options = arguments()
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise Failure(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    root = next(folder for folder in _ROOTS if os.path.exists(os.path.join(folder, "cgroup.procs")))
    cgroup = os.path.join(root, f"kstest-{os.getpid()}")
    os.mkdir(cgroup)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(1)
            run(options, cgroup, receiver)
    finally:
        os.rmdir(cgroup)


try:
    main()
except Failure as failure:
    sys.exit(f"cgroup_run: {failure}")

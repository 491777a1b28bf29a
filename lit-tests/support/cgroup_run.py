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
import netns  # noqa: E402
import steps  # noqa: E402
from program import Failure, Program  # noqa: E402
from steps import OfStep  # noqa: E402

_CLONE_NEWNET = 0x40000000
# Version 2 is mounted below version 1 where a machine has both.
_ROOTS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ready", required=True, metavar="TEXT", help="wait until the program has printed this")
    parser.add_argument("--ping", action=steps.step(), type=int, metavar="N", help="send N echo requests from the cgroup")
    parser.add_argument("--ping-outside", action=steps.step(), type=int, metavar="N", help="the same from outside of it")
    parser.add_argument("--udp", action=steps.step(), type=int, metavar="BYTES",
                        help="send a datagram to the socket, and print how many bytes arrive")
    parser.add_argument("--inside", action=steps.step(), metavar="COMMAND",
                        help="run this shell command in the cgroup, and print what it prints")
    parser.add_argument("--wait-for", action=steps.step(), metavar="TEXT", help="wait until the program has printed this")
    parser.add_argument("--expect-received", action=OfStep, type=int, dest="received", metavar="N",
                        help="how many pings are answered")
    return steps.parse(parser)


def entering(cgroup):
    """What a process does first to be in the cgroup, if one is given."""

    def enter():
        if cgroup:
            with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="ascii") as procs:
                procs.write("0")

    return enter


def ping(count, cgroup):
    """How many of `count` echo requests are answered; sent by a process in the cgroup, if one is given."""
    _sent, received = netns.ping([], count, "127.0.0.1", preexec_fn=entering(cgroup))
    return received


def inside(command, cgroup):
    """What a shell command in the cgroup prints on both outputs."""
    done = subprocess.run(["sh", "-c", command], preexec_fn=entering(cgroup), stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    return done.stdout.rstrip("\n")


def datagram(receiver, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(bytes(size), receiver.getsockname())
    try:
        return f"of {size} bytes {len(receiver.recv(65536))} arrived"
    except TimeoutError:
        return f"of {size} bytes none arrived"


def run(options, cgroup, receiver):
    command = steps.named(options.command, {"cgroup": cgroup, "socket": receiver.fileno()})
    lines = []
    with Program(None, command, descriptors=[receiver.fileno()]) as program, steps.printed(program, lines):
        program.wait_output(options.ready)
        for step in options.steps:
            if step["kind"] == "udp":
                lines.append(datagram(receiver, step["what"]))
            elif step["kind"] == "inside":
                lines.append(inside(step["what"], cgroup))
            elif step["kind"] == "wait-for":
                program.wait_output(step["what"])
            else:
                received = ping(step["what"], cgroup if step["kind"] == "ping" else None)
                if received != step["received"]:
                    raise Failure(f"of {step['what']} pings {received} were answered, not {step['received']}")
        steps.end(program, options)


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
except (Failure, RuntimeError) as failure:
    sys.exit(f"cgroup_run: {failure}")

#!/usr/bin/env python3
"""Runs the projects that `ksc init` made, each by the command line of its page.

In a RUN line (lit.cfg.py calls it %starters-run):

    %starters-run FOLDER --least 20

Each executable of the folder runs in a network namespace of its own with the interfaces that the command lines name, beside a cgroup.
It prints that it runs, is sent SIGINT, and ends with status 0; or it ends by itself with status 0 after a line of output. What this
machine cannot run is left out, with the reason; --least is how many must have run here.
"""

import argparse
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys

import loopback
import features  # noqa: E402
import netkit  # noqa: E402
from program import Failure, Program  # noqa: E402

# What the first word of a kind needs of the machine, of the names of `features.probe()`.
_NEEDS = {"kprobe": "kprobes", "kretprobe": "kprobes", "fentry": "trampolines", "fexit": "trampolines", "fsession": "trampolines",
          "lsm": "lsm", "lsm_cgroup": "lsm", "probe": "kprobes", "netkit": "netkit", "kfunc": "modules"}
# Why the others are not run.
_NEVER = {"freplace": "it replaces a function of a program that is pinned", "usdt": "libraries have notes about probes on some systems"}
_CGROUP, _ROOTS = "/sys/fs/cgroup/web", ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]


def kind(page):
    """The attribute of a program, or none."""
    found = re.search(r"^A `@(\w+)", page, re.MULTILINE)
    return found[1] if found else ""


def missing(page):
    """Why the project cannot run here, or None."""
    name = kind(page)
    if name in _NEVER:
        return _NEVER[name]
    if needs := re.search(r"It needs Linux (\d+)\.(\d+)", page):
        running = [int(part) for part in re.findall(r"\d+", os.uname().release)[:2]]
        if running < [int(needs[1]), int(needs[2])]:
            return f"Linux is {os.uname().release}"
    return features.probe()[_NEEDS[name]] if name in _NEEDS else None


def run(folder, page, cgroup):
    command = re.search(r"^sudo (\./.*)$", page, re.MULTILINE)[1].replace(_CGROUP, cgroup)
    words = shlex.split(command)
    words[0] = str(folder / words[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as shared:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((loopback.ADDRESS, 0))
        words = [word.replace("--socket=3", f"--socket={shared.fileno()}") for word in words]
        with Program(None, words, descriptors=(shared.fileno(),)) as program:
            try:
                program.wait_output(f"{folder.name} runs; Ctrl-C ends it")
            except Failure:
                if not program.ended() or not program.stdout():
                    raise Failure(f"{shlex.join(words)}:\n{program.stdout()}{program.stderr()}") from None
            if (status := program.stop()) != 0:
                raise Failure(f"{shlex.join(words)}: status {status}\n{program.stdout()}{program.stderr()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--least", type=int, default=1)
    options = parser.parse_args()
    loopback.enter()
    subprocess.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"], check=True)
    if features.probe()["netkit"] is None:
        netkit.make("nk0", "nk1")
    cgroup = os.path.join(next(root for root in _ROOTS if os.path.exists(f"{root}/cgroup.procs")), f"ksc-starters-{os.getpid()}")
    os.mkdir(cgroup)
    ran, wrong = 0, []
    try:
        for page in sorted(options.folder.glob("*/README.md")):
            text = page.read_text()
            if why := missing(text):
                print(f"{page.parent.name} is left out: {why}")
                continue
            try:
                run(page.parent, text, cgroup)
                ran += 1
            except Failure as failure:
                wrong.append(str(failure))
    finally:
        os.rmdir(cgroup)
    print(*wrong, sep="\n")
    print(f"{ran} ran, {len(wrong)} failed")
    sys.exit(1 if wrong or ran < options.least else 0)


if __name__ == "__main__":
    main()

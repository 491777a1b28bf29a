"""Runs an example as its reader would, in a network namespace of its own: started, given packets, stopped by Ctrl-C."""

import pathlib
import re
import tempfile
import time

import bpf
import packets
from patience import PATIENCE
from program import Failure, Program

# What the programs of examples ask of packets: IPv4 with ports, and something else.
_PACKETS = ("udp,dport=53,size=100", "tcp,dport=80,size=1400", "arp,size=60")
# Types of programs that the kernel does not run by themselves: their events come anyway.
_OF_EVENTS = {"tracepoint", "kprobe", "perf_event", "tracing", "cgroup_sock_addr"}
_NAMESPACE = ["unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$0" "$@"']


def problem(executable, options=()):
    """None, or what went wrong: it ends by itself or by SIGINT, with status 0."""
    with Program(None, [*_NAMESPACE, str(executable), *options]) as program:
        try:
            for prog in _loaded(program):
                _give_packets(prog)
            status = program.stop()
        except (Failure, RuntimeError) as failure:
            return f"{failure}\n{program.stderr()}"
        return None if status == 0 else f"it ended with status {status}\n{program.stdout()}{program.stderr()}"


def _loaded(program):
    """The ids of the BPF programs that it holds; waits until it has attached them, prints, or ends."""
    deadline = time.monotonic() + 5 * PATIENCE
    progs = set()
    while time.monotonic() < deadline and not program.ended():
        held = _held(program.pid())
        # Loaded, and no more to come.
        if held and held == progs and _sleeps(program.pid()):
            return sorted(progs)
        progs = held
        time.sleep(0.05)
    return []


def _held(pid):
    ids = set()
    try:
        for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            ids.update(int(found) for found in re.findall(r"^prog_id:\s*(\d+)", info.read_text(), re.MULTILINE))
    except OSError:
        pass  # It has just ended, or closed the file.
    return ids


def _sleeps(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"
    except OSError:
        return False


def _give_packets(prog):
    if bpf.bpftool("prog", "show", "id", str(prog))["type"] in _OF_EVENTS:
        return
    for text in _PACKETS:
        with tempfile.NamedTemporaryFile() as data:
            data.write(packets.parse(text))
            data.flush()
            bpf.bpftool("prog", "run", "id", str(prog), "data_in", data.name)

#!/usr/bin/env python3
"""Runs a program on one end of a veth pair and sends real packets to it from the other end.

In a RUN line (lit.cfg.py calls it %netns-run):

    %netns-run --attach xdp --ping 5 --size 64 --expect-received 5 --ping 3 --size 1472 --expect-received 0 \\
        -- %t --interface=veth0 | FileCheck %s

What it does, in order: makes two namespaces (program side veth0 10.77.0.1, far side veth0 10.77.0.2); starts the
program; waits until something is attached to every --attach hook; does each step; stops the program with a signal;
checks its exit status and that nothing stays attached. Standard output is the program's own, then what --dump-map
and --dump-global printed. Any claim that fails is reported on standard error, with status 1.

--socket udp|tcp opens a socket on the program's side, which the program inherits; `{socket0}` in its arguments is the
descriptor of the first one. --send N sends N times through the socket that --via names (the first).

--stream prints at the end how many of the bytes were `Z`, in each direction.

--flood prints `arrived N` at the end: how many of its datagrams came, as the kernel counts them.

--size is the size of the data, as for ping -s: the frame is 42 bytes longer. Over 1472 one ping is two frames.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
import bpf  # noqa: E402
import netns  # noqa: E402
import packets  # noqa: E402
import script  # noqa: E402
import steps  # noqa: E402
from program import Failure, Program, wait_detached  # noqa: E402
from steps import OfStep  # noqa: E402

# What a step has that does not say otherwise.
Step = steps.step(count=1, size=56, via=0, senders=1, byte=None)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attach", action="append", default=[], metavar="HOOK",
                        help="xdp, tc/ingress, tc/egress: wait until it is attached (default: xdp)")
    parser.add_argument("--ready", metavar="TEXT", help="also wait until the program has printed this")
    parser.add_argument("--ping", action=Step, type=int, metavar="N", help="send N echo requests")
    parser.add_argument("--udp", action=Step, type=int, metavar="N", help="send N datagrams to port 7777")
    parser.add_argument("--tcp", action=Step, type=int, metavar="N", help="send N bytes `Z` through a TCP connection")
    parser.add_argument("--stream", action=Step, type=int, metavar="N",
                        help="send N random bytes in each direction through one TCP connection")
    parser.add_argument("--frame", action=Step, metavar="HEX|KIND,…", help="send a raw frame (see packets.py)")
    parser.add_argument("--flood", action=Step, type=int, metavar="N", help="send N datagrams from each of --senders")
    parser.add_argument("--senders", action=OfStep, type=int, metavar="N", help="how many processes --flood (default 1)")
    parser.add_argument("--send", action=Step, type=int, metavar="N", help="send N times through a --socket")
    parser.add_argument("--via", action=OfStep, type=int, metavar="INDEX", help="the --socket of --send (default 0)")
    parser.add_argument("--socket", action="append", default=[], choices=["udp", "tcp"],
                        help="open a socket of the program's side, which it inherits")
    parser.add_argument("--wait-for", action=Step, metavar="TEXT", help="wait until the program has printed this")
    parser.add_argument("--size", action=OfStep, type=int, metavar="BYTES", help="data per packet (default 56)")
    parser.add_argument("--count", action=OfStep, type=int, metavar="N", help="how many times --frame is sent")
    parser.add_argument("--expect-received", action=OfStep, type=int, dest="received", metavar="N",
                        help="how many pings are answered, how many datagrams or bytes arrive")
    parser.add_argument("--script", metavar="FILE", help="before the stop run this Python script, and print what it prints")
    parser.add_argument("--modules", metavar="FOLDER", help="where the script finds modules")
    parser.add_argument("--mtu", type=int, default=1500, metavar="BYTES", help="of both interfaces (default 1500)")
    parser.add_argument("--byte", action=OfStep, metavar="CHARACTER", help="of what --tcp receives count these bytes")
    parser.add_argument("--dump-map", action="append", default=[], metavar="NAME", help="print a map before the stop")
    parser.add_argument("--dump-global", action="append", default=[], metavar="NAME", help="print a global variable")
    options = steps.parse(parser)
    options.attach = options.attach or ["xdp"]
    return options


def do_step(pair, program, step, sockets):
    """Yields the lines that are printed at the end."""
    received = None
    match step["kind"]:
        case "ping":
            received = pair.ping(step["what"], step["size"])
        case "udp":
            received = pair.udp(step["what"], step["size"])
        case "tcp":
            received = pair.tcp(step["what"], arrives=step["byte"] and step["byte"].encode())
        case "stream":
            to_here, from_here = pair.stream(step["what"])
            return [f"sent {to_here} Z to the program's side, {from_here} from it"]
        case "frame":
            pair.frames(step["count"], packets.parse(step["what"]))
        case "send":
            netns.send(sockets[step["via"]], step["what"], step["size"])
        case "flood":
            return [f"arrived {pair.flood(step['what'], step['senders'])}"]
        case "wait-for":
            program.wait_output(step["what"])
    if step["received"] is not None and received != step["received"]:
        raise Failure(f"of {step['what']} {step['kind']} packets with {step['size']} bytes {received} were received, "
                      f"not {step['received']}")
    return []


def dump(options, programs):
    """The lines that --dump-map and --dump-global ask for."""
    lines = []
    maps = bpf.maps_of(programs)
    for name in options.dump_map:
        # The kernel keeps 15 characters of a name.
        if name[:15] not in maps:
            raise Failure(f"the programs use no map {name}; they use {sorted(maps)}")
        lines += bpf.map_lines(name, ("id", str(maps[name[:15]])))
    values = bpf.globals_of(maps) if options.dump_global else {}
    for name in options.dump_global:
        if name not in values:
            raise Failure(f"no global {name}; there are {sorted(values)}")
        lines.append(f"{name} = {bpf.compact(values[name])}")
    return lines


def run(options, pair):
    dumped = []
    sockets = [pair.socket(kind) for kind in options.socket]
    command = steps.named(options.command, {f"socket{index}": opened.fileno() for index, opened in enumerate(sockets)})
    with Program(pair, command, descriptors=[opened.fileno() for opened in sockets]) as program, steps.printed(program, dumped):
        attached = program.wait_attached(options.attach)
        if options.ready:
            program.wait_output(options.ready)
        for step in options.steps:
            dumped += do_step(pair, program, step, sockets)
        dumped += dump(options, [prog for _hook, prog in attached])
        dumped += script.lines(options)
        steps.end(program, options)
        wait_detached(pair)


def main():
    options = arguments()
    try:
        with netns.Pair(max([step["senders"] for step in options.steps], default=1), options.mtu) as pair:
            run(options, pair)
    except (Failure, RuntimeError) as failure:
        sys.stdout.flush()
        sys.exit(f"netns-run: {failure}")


if __name__ == "__main__":
    main()

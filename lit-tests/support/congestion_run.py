#!/usr/bin/env python3
"""Sends data through TCP connections whose congestion control a program implements.

In a RUN line (lit.cfg.py calls it %congestion-run):

    %congestion-run --name ks_aimd --bytes 4000000 -- %t | FileCheck %s

In order: makes a network namespace with a loopback; starts the program, waits until the kernel has all --name; for each name sends --bytes
through a connection of it in the namespace, and prints the name if all of them came; stops the program by a signal, and checks that the
kernel has none of the names any more. With --twice the program is started a second time before the data, and has to fail. With --kill the program is killed, and nobody looks for the names. Standard output ends
with what the program has printed.
"""

import argparse
import socket
import sys
import threading
import time

import loopback
from program import Failure, Program  # noqa: E402

_KNOWN = "/proc/sys/net/ipv4/tcp_available_congestion_control"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", action="append", default=[], metavar="NAME", help="a congestion control")
    parser.add_argument("--bytes", type=int, default=1_000_000, metavar="N", help="how many go through each")
    parser.add_argument("--kill", action="store_true", help="kill the program instead of stopping it")
    parser.add_argument("--twice", action="store_true", help="start the program again meanwhile; print what that one says")
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def known():
    with open(_KNOWN) as names:
        return names.read().split()


def wait_until(what, seconds=20):
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def received(listener, result):
    server, _address = listener.accept()
    with server:
        while chunk := server.recv(1 << 16):
            result.append(len(chunk))


def send(name, count):
    """How many bytes came through a connection of the congestion control."""
    with socket.create_server((loopback.ADDRESS, 0)) as listener:
        result = []
        receiver = threading.Thread(target=received, args=(listener, result))
        receiver.start()
        with socket.create_connection(listener.getsockname(), 20) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, name.encode())
            chosen = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
            if chosen != name:
                raise Failure(f"the connection has {chosen}, not {name}")
            client.sendall(b"Z" * count)
            client.shutdown(socket.SHUT_WR)
            receiver.join(60)
        return sum(result)


def main():
    options = arguments()
    with Program(None, options.program) as program:
        if not wait_until(lambda: all(name in known() for name in options.name) or program.ended()) or program.ended():
            raise Failure(f"the kernel does not get {options.name}:\n{program.stdout()}{program.stderr()}")
        if options.twice:
            with Program(None, options.program) as second:
                if second.wait() == 0:
                    raise Failure("the second one did not fail")
                sys.stdout.write(second.stderr())
        loopback.enter()
        for name in options.name:
            count = send(name, options.bytes)
            if count != options.bytes:
                raise Failure(f"{count} of {options.bytes} bytes came through {name}")
            print(f"sent through {name}")
        status = program.stop("KILL" if options.kill else "INT")
        sys.stdout.write(program.stdout())
        sys.stderr.write(program.stderr())
        if not options.kill and status != 0:
            raise Failure(f"the program ended with status {status}")
        if not options.kill and not wait_until(lambda: not set(options.name) & set(known())):
            raise Failure(f"the kernel still has {set(options.name) & set(known())}")


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"congestion_run: {failure}")

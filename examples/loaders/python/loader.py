#!/usr/bin/env python3
# loader.py: loads ports.ks by libbpf, and is at home in its maps by the module that ksc writes.
#
#     ksc --target=bpf ports.ks
#     ksc bindings --python ports.ks -o python/ports_ks.py
#     sudo python/loader.py eth0 53
import ctypes
import os
import signal
import socket
import sys

import ports_ks

libbpf = ctypes.CDLL("libbpf.so.1", use_errno=True)
for name in ("bpf_object__open_file", "bpf_object__find_map_by_name", "bpf_object__find_program_by_name",
             "bpf_object__next_map", "bpf_program__attach_xdp", "bpf_map__initial_value"):
    getattr(libbpf, name).restype = ctypes.c_void_p
libbpf.bpf_map__name.restype = ctypes.c_char_p


def done(result):
    """What a function of libbpf yields, unless it failed."""
    if result is None or result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def pointer(result):
    return ctypes.c_void_p(done(result))


def configure(bpf, config):
    """Writes a config before the load."""
    size = ctypes.c_size_t()
    rodata = pointer(libbpf.bpf_object__find_map_by_name(bpf, b".rodata"))
    memory = done(libbpf.bpf_map__initial_value(rodata, ctypes.byref(size)))
    ctypes.memmove(memory, bytes(config), size.value)


def maps(bpf):
    """The name and the descriptor of each map."""
    one = libbpf.bpf_object__next_map(bpf, None)
    while one:
        one = ctypes.c_void_p(one)
        yield libbpf.bpf_map__name(one).decode(), done(libbpf.bpf_map__fd(one))
        one = libbpf.bpf_object__next_map(bpf, one)


def main(interface, port):
    signals = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: signals.append(number))
    here = os.path.dirname(os.path.abspath(__file__))
    bpf = pointer(libbpf.bpf_object__open_file(f"{here}/../ports.bpf.o".encode(), None))
    configure(bpf, ports_ks.watch(port=port, longest=1500))
    done(libbpf.bpf_object__load(bpf))
    count = pointer(libbpf.bpf_object__find_program_by_name(bpf, b"count"))
    link = pointer(libbpf.bpf_program__attach_xdp(count, socket.if_nametoindex(interface)))
    with ports_ks.open(maps=maps(bpf)) as ks:
        ks.var.paused = False
        print(f"watching port {ks.var.watch.port}", flush=True)
        while not signals:
            for seen in ks.seen.poll(timeout=0.1):
                print(f"{seen.source}:{seen.from_} sent {seen.length} bytes", flush=True)
        for number, traffic in ks.by_port.items():
            print(f"port {number}: {traffic.packets} packets, {traffic.bytes} bytes")
        print(f"{ks.var.others} others")
    libbpf.bpf_link__destroy(link)
    libbpf.bpf_object__close(bpf)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} INTERFACE PORT")
    main(sys.argv[1], int(sys.argv[2]))

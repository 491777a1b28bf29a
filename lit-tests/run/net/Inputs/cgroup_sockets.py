"""Sockets of a process in a cgroup; the programs of cgroup_sockets.ks watch it."""

import os
import socket

_SO_MARK = 36


def tried(what):
    try:
        return what()
    except OSError as error:
        return os.strerror(error.errno)


def bound(address, port, family=socket.AF_INET):
    with socket.socket(family) as opened:
        return tried(lambda: opened.bind((address, port)))


with socket.socket() as marked:
    print("mark", marked.getsockopt(socket.SOL_SOCKET, _SO_MARK))
for number in (8887, 8888):
    print("bind", number, bound("127.0.0.1", number))
print("bind6", 8889, bound("::1", 8889, socket.AF_INET6))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
    datagrams.close()
print("raw", tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)))

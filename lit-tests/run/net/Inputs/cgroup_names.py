"""Names of sockets and options, as a process in a cgroup sees them; the programs of cgroup_names.ks change them."""

import os
import socket


def tried(what):
    try:
        return what()
    except OSError as error:
        return os.strerror(error.errno)


def bound(family, address, port=0, kind=socket.SOCK_DGRAM):
    opened = socket.socket(family, kind)
    opened.settimeout(2)
    opened.bind((address, port))
    return opened


for port in (8381, 8382):
    with socket.socket(socket.AF_INET6) as opened:
        print("bind", port, tried(lambda: opened.bind(("::1", port))))
with bound(socket.AF_INET, "127.0.0.1", 8383) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"x", ("127.0.0.1", 8383))
    print("from 4", receiver.recvfrom(10)[1][:2])
with bound(socket.AF_INET6, "::1", 8384) as receiver, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
    sender.sendto(b"x", ("2001:db8::9", 8384))
    print("from 6", receiver.recvfrom(10)[1][:2])
with bound(socket.AF_INET, "127.0.0.1", 8385) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.connect(("127.0.0.1", 8385))
    print("peer 4", sender.getpeername()[:2])
with bound(socket.AF_INET6, "::1", 8386) as receiver, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender:
    sender.connect(("::1", 8386))
    print("peer 6", sender.getpeername()[:2])
    print("own 6", receiver.getsockname()[:2])
with socket.socket() as opened:
    print("option", opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF), tried(lambda: opened.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)))

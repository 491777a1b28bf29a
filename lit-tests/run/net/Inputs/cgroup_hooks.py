"""What a process in a cgroup is let do; the programs of cgroup_hooks.ks watch it."""

import os
import socket

LOOPBACK = "127.0.0.1"


def tried(what):
    try:
        return what()
    except OSError as error:
        return os.strerror(error.errno)


def write(path, text):
    with open(path, "w", encoding="ascii", buffering=1) as file:
        file.write(text + "\n")


listener = socket.socket()
listener.bind((LOOPBACK, 8080))
listener.listen()
client, sender = socket.socket(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
print("connect", tried(lambda: client.connect(("203.0.113.9", 80))), client.getpeername(), client.getsockname()[0])
print("send", tried(lambda: sender.sendto(b"x", ("10.1.2.3", 9))), tried(lambda: sender.sendto(b"x", (LOOPBACK, 9))))
for port in (81, 82):
    print("bind", port, tried(lambda: socket.socket().bind((LOOPBACK, port))))
print("read", tried(lambda: open("/proc/sys/net/ipv4/ip_forward", encoding="ascii").read().strip()))
print("write", tried(lambda: write("/proc/sys/net/ipv4/ip_forward", "0")))
print("devices", tried(lambda: open("/dev/null", "rb").read(1)), tried(lambda: open("/dev/zero", "rb").read(1)))
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100000)
print("buffer", client.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))
refused = socket.socket()
refused.bind((LOOPBACK, 8081))
refused.listen()
print("lookup", tried(lambda: socket.socket().connect((LOOPBACK, 8081))))

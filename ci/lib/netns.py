"""Two network namespaces joined by a veth pair, for tests with real packets.

    program side  (`here`)   veth0  10.77.0.1   the program under test is attached here
    far side      (`there`)  veth0  10.77.0.2   packets come from here

Names carry the pid of the process that made them, so that runs do not meet and what a killed run left behind is
recognised. Nothing but the test's own packets travels: no IPv6, fixed addresses, no ARP. Commands are entered
with nsenter, which unlike `ip netns exec` leaves /sys/fs/bpf in sight.
"""

import atexit
import ctypes
import errno
import json
import math
import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import bpf
from patience import PATIENCE

INTERFACE = "veth0"
HERE_ADDRESS, THERE_ADDRESS = "10.77.0.1", "10.77.0.2"
HERE_MAC, THERE_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
_PREFIX = "kstest"


class Pair:
    """`with Pair() as pair:` gives a clean pair; it is gone afterwards, whatever happens."""

    def __init__(self, queues=1, mtu=1500):
        """The interfaces have so many queues: what comes through one is handled by one CPU at a time."""
        self.queues = queues
        self.mtu = str(mtu)
        self.here = f"{_PREFIX}-{os.getpid()}-here"
        self.there = f"{_PREFIX}-{os.getpid()}-there"
        self._accepted = []

    def __enter__(self):
        remove_stale()
        atexit.register(self.close)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            # An orderly exit runs atexit; the default of SIGTERM does not.
            signal.signal(number, lambda received, _frame: sys.exit(128 + received))
        for name in (self.here, self.there):
            _ip("netns", "add", name)
            self._quiet(name)
        queues = ["numtxqueues", str(self.queues), "numrxqueues", str(self.queues)]
        _ip("link", "add", INTERFACE, "netns", self.here, "address", HERE_MAC, *queues,
            "type", "veth", "peer", "name", INTERFACE, "netns", self.there, "address", THERE_MAC, *queues)
        self._bring_up(self.here, HERE_ADDRESS, THERE_ADDRESS, THERE_MAC)
        self._bring_up(self.there, THERE_ADDRESS, HERE_ADDRESS, HERE_MAC)
        return self

    def __exit__(self, *_exception):
        self.close()

    def close(self):
        for name in (self.here, self.there):
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def _quiet(self, name):
        # TCP sends large segments also where acknowledgements are slow, as on emulated machines.
        script = "echo 40 > /proc/sys/net/ipv4/tcp_min_tso_segs\n"
        # A kernel without IPv6 has nothing to switch off.
        script += "cd /proc/sys/net/ipv6/conf || exit 0; echo 1 > all/disable_ipv6; echo 1 > default/disable_ipv6"
        subprocess.run(inside(name, "sh", "-c", script), check=True)

    def _bring_up(self, name, own, other, other_mac):
        _ip("-n", name, "address", "add", f"{own}/24", "dev", INTERFACE)
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "link", "set", INTERFACE, "mtu", self.mtu, "up")
        _ip("-n", name, "neighbour", "replace", other, "lladdr", other_mac, "dev", INTERFACE, "nud", "permanent")

    def attached(self):
        """[(hook, program id)] on the program side."""
        return _in_namespace(self.here, lambda: bpf.attached(INTERFACE))

    def counters(self, side=None):
        """The kernel's own counters of one side's interface (`here` by default): rx_packets, rx_bytes, tx_packets …

        What a program drops never counts as received here; what was sent is tx of the far side.
        """
        out = _ip("-n", side or self.here, "-j", "-s", "link", "show", "dev", INTERFACE)
        stats = json.loads(out)[0]["stats64"]
        return {f"{direction}_{what}": stats[direction][what] for direction in ("rx", "tx") for what in ("packets", "bytes")}

    def ping(self, count, size=56, interval=0.02):
        """Sends echo requests with `size` bytes of data (42 less than the frame); returns how many were answered."""
        sent, received = ping(inside(self.there), count, HERE_ADDRESS, size, interval)
        if sent != count:
            raise RuntimeError(f"ping sent {sent} of {count} packets")
        return received

    def udp(self, count, size=56, port=7777):
        """Sends datagrams with `size` bytes of data (42 less than the frame); returns how many arrived."""
        datagrams = (socket.AF_INET, socket.SOCK_DGRAM)
        with (_in_namespace(self.here, lambda: socket.socket(*datagrams)) as receiver,
              _in_namespace(self.there, lambda: socket.socket(*datagrams)) as sender):
            receiver.bind((HERE_ADDRESS, port))
            received = 0
            for _ in range(count):
                sender.sendto(bytes(size), (HERE_ADDRESS, port))
                received += _received(receiver, 0)
            while received < count and _received(receiver, 0.5 * PATIENCE):
                received += 1
        return received

    def tcp(self, count, byte=b"Z", port=7777, arrives=None):
        """Sends so many bytes from the far side through one connection, in large pieces; returns how many arrived, of those that `arrives`
        names if it does."""
        with _in_namespace(self.here, lambda: socket.create_server((HERE_ADDRESS, port))) as server:
            sender = _in_namespace(self.there, lambda: socket.create_connection(server.getsockname(), PATIENCE))
            receiver = server.accept()[0]
            receiver.settimeout(PATIENCE)
            with receiver:
                writer = threading.Thread(target=lambda: (sender.sendall(byte * count), sender.close()))
                writer.start()
                received = 0
                while piece := receiver.recv(1 << 16):
                    received += piece.count(arrives) if arrives else len(piece)
                writer.join()
        return received

    def stream(self, count, port=7777):
        """Sends so many random bytes in each direction of one connection; returns how many `Z` went to this side and from it."""
        randoms = random.Random(count)
        sent = [randoms.randbytes(count) for _ in range(2)]
        with _in_namespace(self.here, lambda: socket.create_server((HERE_ADDRESS, port))) as server:
            there = _in_namespace(self.there, lambda: socket.create_connection(server.getsockname(), PATIENCE))
            here = server.accept()[0]
            here.settimeout(PATIENCE)
            with here, there:
                for sender, receiver, data in ((there, here, sent[0]), (here, there, sent[1])):
                    writer = threading.Thread(target=sender.sendall, args=(data,))
                    writer.start()
                    received = b""
                    while len(received) < count and (piece := receiver.recv(1 << 20)):
                        received += piece
                    writer.join()
                    if received != data:
                        raise RuntimeError(f"{len(received)} bytes arrived, of {count}, or others than were sent")
        return tuple(data.count(b"Z") for data in sent)

    def socket(self, kind):
        """A UDP or TCP socket on the program side, which is connected to the far side if that is TCP."""
        if kind == "udp":
            return _in_namespace(self.here, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with _in_namespace(self.there, lambda: socket.create_server((THERE_ADDRESS, 0))) as server:
            sender = _in_namespace(self.here, lambda: socket.create_connection(server.getsockname()))
            # The far end stays open, unread, as long as this process lives.
            self._accepted.append(server.accept()[0])
        return sender

    def flood(self, count, senders):
        """As many processes as `senders` send `count` datagrams each, at once, to port 7777 and from port 1, 2, …; their
        frames have 60 bytes. Returns how many arrived at the interface of the program side, which is what the kernel
        counts as sent by the far side: what finds no room in a queue is not. The kernel counts a frame once the program
        has seen it, on a loaded machine long after it was sent; so this waits until all are counted, or no more come."""
        before = self.counters(self.there)["tx_packets"]
        started = [subprocess.Popen(inside(self.there, sys.executable, __file__, str(count), str(number)),
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                   for number in range(senders)]
        for sender in started:
            sender.stdout.readline()  # it is ready
        for sender in started:
            sender.stdin.close()
        if any(sender.wait() != 0 for sender in started):
            raise RuntimeError("a sender failed")
        sent, since = -1, time.monotonic()
        while sent < count * senders and time.monotonic() - since < 2 * PATIENCE:
            counted = self.counters(self.there)["tx_packets"] - before
            if counted != sent:
                sent, since = counted, time.monotonic()
            time.sleep(0.05)
        if sent < count * senders // 2:
            raise RuntimeError(f"of {senders} times {count} datagrams only {sent} were sent")
        return sent

    def frames(self, count, frame):
        """Sends raw Ethernet frames (bytes)."""
        with _in_namespace(self.there, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as sender:
            sender.bind((INTERFACE, 0))
            for _ in range(count):
                sender.send(frame)


def inside(name, *command):
    """The command line that runs `command` in a network namespace, as the same process."""
    return ["nsenter", f"--net=/run/netns/{name}", "--", *command]


def ping(prefix, count, address, size=56, interval=0.02, **started):
    """How many echo requests ping says that it sent, and how many were answered; `prefix` is what it is started through."""
    command = [*prefix, "ping", "-n", "-c", str(count), "-s", str(size), "-i", str(interval), "-W", str(math.ceil(PATIENCE / 2)), address]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **started)
    summary = re.search(r"(\d+) packets transmitted, (\d+) received", done.stdout)
    if not summary:
        raise RuntimeError(f"ping said:\n{done.stdout}{done.stderr}")
    return int(summary[1]), int(summary[2])


def send(sender, count, size):
    """Sends so often through a socket of `Pair.socket`, `size` bytes each time."""
    for _ in range(count):
        if sender.type == socket.SOCK_DGRAM:
            sender.sendto(bytes(size), (THERE_ADDRESS, 7777))
        else:
            sender.sendall(bytes(size))


def _in_namespace(name, make):
    """What `make` yields in a network namespace: sockets stay in the one that they were made in, processes too."""
    libc = ctypes.CDLL(None, use_errno=True)

    def enter(file):
        if libc.setns(file.fileno(), 0) != 0:
            raise RuntimeError(f"setns: {os.strerror(ctypes.get_errno())}")

    with open("/proc/thread-self/ns/net") as own, open(f"/run/netns/{name}") as other:
        enter(other)
        try:
            return make()
        finally:
            enter(own)


def remove_stale():
    """Deletes namespaces whose maker is dead."""
    if not os.path.isdir("/run/netns"):
        return
    for name in os.listdir("/run/netns"):
        made_by = re.fullmatch(rf"{_PREFIX}-(\d+)-\w+", name)
        if made_by and not os.path.exists(f"/proc/{made_by[1]}"):
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


def _ip(*args):
    done = subprocess.run(["ip", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(args)}: {done.stderr.strip()}")
    return done.stdout


def _received(receiver, seconds):
    """Whether a datagram comes in that time; it is taken."""
    ready, _, _ = select.select([receiver], [], [], seconds)
    if ready:
        receiver.recv(65536)
    return bool(ready)


def _flood(count, number):
    cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpus[number % len(cpus)]})
    ethernet = bytes.fromhex((HERE_MAC + THERE_MAC).replace(":", "")) + b"\x08\x00"
    addresses = socket.inet_aton(THERE_ADDRESS) + socket.inet_aton(HERE_ADDRESS)
    # Only the source port differs from frame to frame.
    before = ethernet + struct.pack("!BBHHHBBH", 0x45, 0, 46, 0, 0, 64, 17, 0) + addresses
    after = struct.pack("!HHH", 7777, 26, 0) + bytes(18)
    frames = [before + struct.pack("!H", 1 + index) + after for index in range(count)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((INTERFACE, 0))
        print("ready", flush=True)
        sys.stdin.read()
        for frame in frames:
            sent = False
            while not sent:
                try:
                    sent = sender.send(frame) > 0
                except OSError as full:
                    if full.errno != errno.ENOBUFS:
                        raise
                    os.sched_yield()


if __name__ == "__main__":
    # A process of `Pair.flood`.
    _flood(*map(int, sys.argv[1:]))

"""Clients that keep to no rule, and one that does: python3 clients.py EXECUTABLE

Prints what each gets, and whether the program runs on without what they have taken.
"""

import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402
from exposition import parse  # noqa: E402
from patience import PATIENCE  # noqa: E402
from scraping import Served  # noqa: E402


def connect(program):
    return socket.create_connection((program.host, program.port), 20 * PATIENCE)


def answer(connection):
    """All that comes until the end; what fails is named."""
    got = b""
    try:
        while part := connection.recv(65536):
            got += part
    except OSError as error:
        return f"{os.strerror(error.errno)} after {got!r}"
    return got.decode()


def sent(program, text):
    """The first line, and the rest, of the answer to a text."""
    with connect(program) as connection:
        try:
            connection.sendall(text.encode("latin-1"))
        except OSError as error:
            return os.strerror(error.errno), ""
        got = answer(connection)
    first, _, rest = got.partition("\r\n")
    return first, rest


def descriptors(program):
    return len(os.listdir(f"/proc/{program.pid()}/fd"))


def memory(program):
    """Kilobytes."""
    with open(f"/proc/{program.pid()}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+([0-9]+)", status.read())[1])


def served(program):
    return "served_total" in str(program.scrape().keys())


def requests(program):
    for text in ("GET /metrics HTTP/1.0\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics?x=1 HTTP/1.0\n\n", "GET / HTTP/1.0\r\n\r\n",
                 "HEAD /metrics HTTP/1.0\r\n\r\n", "GET /nothing HTTP/1.0\r\n\r\n", "GET /metrics/ HTTP/1.0\r\n\r\n", "POST /metrics HTTP/1.0\r\n\r\n",
                 "GET /metrics HTTP/1.1\r\n\r\n", "GET /metrics HTTP/2.0\r\n\r\n", "GET /metrics\r\n\r\n", "\x16\x03\x01\x02\n\n", "GET /" + "a" * 9000 + " HTTP/1.0\r\n\r\n"):
        first, rest = sent(program, text)
        head, _, body = rest.partition("\r\n\r\n")
        length = re.search(r"Content-Length: ([0-9]+)", head)
        fits = length is not None and (len(body.encode()) == int(length[1]) or text.startswith("HEAD") and not body)
        allow = " allow" if "Allow: GET, HEAD" in head else ""
        print(f"{text.splitlines()[0][:24]!r}: {first}{allow}, {'whole' if fits else f'{length} of {body!r}'}")


def hostile(program, before, small):
    silent = [connect(program) for _ in range(100)]
    print("100 that say nothing:", served(program))
    half = [connect(program) for _ in range(20)]
    for connection in half:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
    print("half a request:", served(program))
    slow = [connect(program) for _ in range(20)]
    for connection in slow:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    print("who does not read:", served(program))
    for _ in range(50):
        with connect(program) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
    print("who resets:", served(program))
    with connect(program) as connection:
        try:
            connection.sendall(b"a" * 10_000_000)
        except OSError:
            pass
    print("10 MB:", served(program))
    for connection in silent + half + slow:
        connection.close()
    deadline = time.monotonic() + 20 * PATIENCE
    while descriptors(program) > before and time.monotonic() < deadline:
        time.sleep(0.02)
    print("descriptors that are left:", descriptors(program) - before)
    # A page and 32 connections.
    print("memory:", "as before" if memory(program) - small < 8192 else f"{memory(program) - small} KiB more")


def together(program):
    """Requests that come byte by byte, and those of many clients at once, while maps change."""
    with connect(program) as connection:
        for byte in b"GET /metrics HTTP/1.0\r\n\r\n":
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        first, _, rest = answer(connection).partition("\r\n\r\n")
    print("byte by byte:", first.split("\r\n")[0], "clients_served_total" in parse(rest))
    seen = [value for _ in range(50) for value in program.scrape()["clients_served_total"].samples.values()]
    print("rises:", seen == sorted(seen) and seen[-1] > seen[0])


loopback.enter()
with Served([sys.argv[1]]) as program:
    before, small = descriptors(program), memory(program)
    requests(program)
    hostile(program, before, small)
    together(program)
    program.end()

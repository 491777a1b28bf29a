"""A connection over IPv6, whose address the programs of ipv6_fields.ks change."""

import socket

with socket.create_server(("::1", 8890), family=socket.AF_INET6) as server:
    with socket.socket(socket.AF_INET6) as client:
        client.connect(("2001:db8::6", 8890))
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"hello")
            print("replies", accepted.recv(16))

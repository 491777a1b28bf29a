"""A connection that carries one segment of five bytes, which the program of sockops_segments.ks reads."""

import socket

with socket.create_server(("127.0.0.1", 8891)) as server:
    with socket.create_connection(("127.0.0.1", 8891)) as client:
        accepted, _ = server.accept()
        with accepted:
            # The kernel sends the bytes with the FIN. It shows programs no segment that it expects, as one of data alone.
            client.send(b"hello", socket.MSG_MORE)
            client.shutdown(socket.SHUT_WR)
            print("received", accepted.recv(16))

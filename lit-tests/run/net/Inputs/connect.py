"""Listens at 127.0.0.1:8080, and connects to 203.0.113.9:80."""

import socket

listener = socket.socket()
listener.bind(("127.0.0.1", 8080))
listener.listen()
client = socket.socket()
client.connect(("203.0.113.9", 80))
accepted, _address = listener.accept()
client.send(b"hello")
print("peer", client.getpeername(), accepted.recv(5).decode())

"""terminal.py PROGRAM ARGUMENT…: runs the program with a terminal as standard output and prints what the terminal gets, each line
as bytes are written in Python."""

import os
import pty
import sys

pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
output = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:
        break
    if not part:
        break
    output += part
for line in output.decode("latin-1").replace("\r\n", "\n").splitlines(keepends=True):
    print(ascii(line))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))

#!/usr/bin/env python3
"""Runs an executable on a terminal of 6 lines and 20 columns, and prints the status: `terminal_run.py EXECUTABLE`.

After the first frame the terminal gets 5 lines and 10 columns, after the next one the executable gets SIGINT. What it wrote is printed, with
`ESC` for the escape character.
"""

import fcntl
import os
import pty
import signal
import struct
import sys
import termios

FRAME_END = b"\x1b[?7h"


def resize(terminal, lines, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def until(terminal, text, ends):
    while text.count(FRAME_END) < ends:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        text += part
    return text


def main():
    terminal, side = pty.openpty()
    resize(terminal, 6, 20)
    child = os.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.close(terminal)
        os.dup2(side, 1)
        os.execv(sys.argv[1], sys.argv[1:])
    os.close(side)
    text = until(terminal, b"", 1)
    resize(terminal, 5, 10)
    text = until(terminal, text, 2)
    os.kill(child, signal.SIGINT)
    text = until(terminal, text, 1 << 30)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(text.decode().replace("\x1b", "ESC").replace("\r\n", "\n"), end="")
    print(f"status {status}")


main()

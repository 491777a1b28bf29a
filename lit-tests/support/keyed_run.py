#!/usr/bin/env python3
"""Runs a program with keys for the kernel, which nobody else gets.

    keyed_run.py [--certificate FILE]… -- PROGRAM [ARG]…

The session keyring of the program is a new one with these certificates (DER). It is gone with the program.
"""

import argparse
import ctypes
import os
import sys

# Numbers of system calls on x86-64, and of include/uapi/linux/keyctl.h.
SYS_ADD_KEY = 248
SYS_KEYCTL = 250
JOIN_SESSION_KEYRING = 1
SESSION_KEYRING = -3

libc = ctypes.CDLL(None, use_errno=True)


def call(*words):
    result = libc.syscall(*words)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificate", action="append", default=[])
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    call(SYS_KEYCTL, JOIN_SESSION_KEYRING, None)
    for path in args.certificate:
        with open(path, "rb") as file:
            der = file.read()
        call(SYS_ADD_KEY, b"asymmetric", None, der, ctypes.c_size_t(len(der)), SESSION_KEYRING)
    sys.stdout.flush()
    os.execvp(args.command[0], args.command)


if __name__ == "__main__":
    main()

"""freeze.py PIN: nobody can write to the pinned map from user space any more (BPF_MAP_FREEZE)."""

import ctypes
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "ci", "lib"))
import bpf  # noqa: E402

_OBJ_GET, _MAP_FREEZE = 7, 22


def call(command, attr):
    result, errno = bpf.call(command, attr)
    if result < 0:
        sys.exit(f"{sys.argv[1]}: {os.strerror(errno)}")
    return result


path = ctypes.create_string_buffer(sys.argv[1].encode())
attr = ctypes.create_string_buffer(128)
struct.pack_into("<QII", attr, 0, ctypes.addressof(path), 0, 0)
fd = call(_OBJ_GET, attr)
attr = ctypes.create_string_buffer(128)
struct.pack_into("<I", attr, 0, fd)
call(_MAP_FREEZE, attr)

#!/usr/bin/env python3
"""Asks the running kernel which capabilities each row of ir-specs/prog_types.toml needs to load programs, and compares.

A type whose programs the kernel refuses for want of one says EPERM; with what the row has it says anything else. The kernel asks for
CAP_NET_ADMIN of cgroup_skb and sk_lookup when they attach, so those are not compared, and neither is a type that it refuses to root too.
"""

import ctypes
import errno
import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ci/lib"))
import bpf  # noqa: E402

_ATTACHED_ONLY = {"BPF_PROG_TYPE_CGROUP_SKB", "BPF_PROG_TYPE_SK_LOOKUP"}


def numbers():
    """The values of enum bpf_prog_type, from the installed header."""
    text = Path("/usr/include/linux/bpf.h").read_text(encoding="utf-8").split("enum bpf_prog_type {")[1].split("}")[0]
    # Headers of Debian 12 are older than the last one.
    return {"BPF_PROG_TYPE_NETFILTER": 32, **{name.strip(): at for at, name in enumerate(filter(str.strip, text.split(",")))}}


def load(kind):
    """The error of a load of `return 0` as a program of this type."""
    code = bytes([0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0])
    text, license = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"GPL")
    attr = kind.to_bytes(4, "little") + (2).to_bytes(4, "little")
    attr += ctypes.addressof(text).to_bytes(8, "little") + ctypes.addressof(license).to_bytes(8, "little") + bytes(100)
    fd, error = bpf.call(bpf.PROG_LOAD, attr)
    if fd >= 0:
        os.close(fd)
    return 0 if fd >= 0 else error


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(load(int(sys.argv[1])))
        sys.exit()
    failed = 0
    for name, row in tomllib.loads((ROOT / "ir-specs/prog_types.toml").read_text()).items():
        def refused(capabilities):
            kept = ["-all", *(f"+{capability.lower()}" for capability in capabilities)]
            done = subprocess.run(["setpriv", f"--bounding-set={','.join(kept)}", sys.executable, "-S", __file__, str(numbers()[name])],
                                  stdout=subprocess.PIPE, text=True, check=True)
            return int(done.stdout) == errno.EPERM

        if load(numbers()[name]) == errno.EPERM:
            print(f"skipped: {name}: refused to root")
            continue
        wanted = ["BPF", *row["needs"]]
        loads = not refused(wanted)
        fewer = [one for one in wanted if name not in _ATTACHED_ONLY and not refused([other for other in wanted if other != one])]
        # Types that ask for two accept neither alone; a filter of sockets needs none.
        fine = loads and (not fewer or name == "BPF_PROG_TYPE_SOCKET_FILTER")
        failed += not fine
        print(f"{'ok' if fine else 'WRONG'}: {name}: {'loads' if loads else 'refused'} with {wanted}, and without any of {fewer}")
    sys.exit(1 if failed else 0)

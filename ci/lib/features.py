"""What this machine can do for the tests (lit's REQUIRES:), and what KSC_REQUIRE demands of it."""

import ctypes
import errno
import functools
import glob
import os
import re
import shutil
import struct
import subprocess
import sys

import bpf


# What the kernels of `ci/vm/run` have, whatever this machine's lacks.
OF_GUESTS = {"kprobes", "trampolines", "lsm", "netkit", "modules", "signatures"}


# Numbers of system calls on x86-64, of include/uapi/linux/bpf.h and of keyctl.h.
SYS_ADD_KEY = 248
SYS_BPF = 321
PROG_LOAD = 5
PROG_TYPE_SYSCALL = 31
SESSION_KEYRING = -3


@functools.cache
def probe():
    """feature → None if it is here, else the reason why not."""
    return {"bpf": _bpf(), "netns": _netns(), "cc": _tool("cc"), "clang": _tool("clang-22"), "verifier": _bpf(), "go": _go(), "nvim": _tool("nvim"),
            "minisign": _tool("minisign"), "images": _tool("skopeo") or _tool("umoci"), "eglot": _tool("emacs") or _eglot(), "systemd": _tool("systemd-analyze"),
            "trace": _trace(), "kprobes": _kprobes(), "modules": "kernel modules are built for the guests of ci/vm/run",
            "trampolines": bpf.may_trace(), "lsm": bpf.may_trace() or _lsm(), "vm": _tool("qemu-system-x86_64"), "vscode": _tool("chromium"), "linux-6.4": _linux(6, 4),
            "linux-6.6": _linux(6, 6), "linux-6.7": _linux(6, 7), "linux-6.9": _linux(6, 9), "linux-6.10": _linux(6, 10), "linux-6.11": _linux(6, 11),
            "linux-6.16": _linux(6, 16), "linux-6.18": _linux(6, 18), "openssl": _tool("openssl"),
            "streams": _streams(), "signatures": _signatures(), "netkit": _netkit(),
            "sched-ext": _sched_ext()}


def required():
    return {name.strip() for name in os.environ.get("KSC_REQUIRE", "").split(",") if name.strip()}


def running_kernel():
    """As `6.12`."""
    return ".".join(os.uname().release.split(".")[:2])


def _bpf():
    if os.geteuid() != 0:
        return "not root"
    return bpf.can_load() or _tool("bpftool")


def _netns():
    if os.geteuid() != 0:
        return "not root"
    done = subprocess.run(["unshare", "--net", "ip", "link", "add", "probe0", "type", "veth", "peer", "name", "probe1"],
                          capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip() or "cannot make a veth pair"


def _streams():
    if missing := _linux(6, 18):
        return missing
    # `alloc_pages_nolock` of mm/page_alloc.c yields nothing while pages are left to initialise, and streams have no memory then.
    with open("/proc/cmdline", encoding="utf-8") as file:
        return "the kernel initialises its pages lazily" if "deferred_init=lazy" in file.read() else None


def _signatures():
    """Whether the kernel verifies signatures of programs, and takes certificates as keys."""
    if missing := _linux(6, 18):
        return missing
    # Nothing is no certificate: the type is unknown, or says so.
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(SYS_ADD_KEY, b"asymmetric", b"probe", b"-", ctypes.c_size_t(1), SESSION_KEYRING)
    error = ctypes.get_errno()
    if error != errno.EBADMSG:
        return f"no keys of certificates: {os.strerror(error)} (CONFIG_X509_CERTIFICATE_PARSER)"
    # `r0 = 0; exit` with one byte as its signature, by the layout of `union bpf_attr` up to `keyring_id`.
    code = struct.pack("<QQ", 0xB7, 0x95)
    place = lambda text: ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p).value
    attributes = struct.pack("<IIQQ128xQIi", PROG_TYPE_SYSCALL, 2, place(code), place(b"GPL"), place(b"-"), 1, SESSION_KEYRING)
    libc.syscall(SYS_BPF, PROG_LOAD, attributes, ctypes.c_size_t(len(attributes)))
    error = ctypes.get_errno()
    return None if error == errno.EBADMSG else f"no signatures: {os.strerror(error)} (CONFIG_SYSTEM_DATA_VERIFICATION)"


def _netkit():
    if os.geteuid() != 0:
        return "not root"
    done = subprocess.run(["unshare", "--net", sys.executable, "-c", "import netkit; netkit.make('probe0', 'probe1')"],
                          cwd=os.path.dirname(os.path.abspath(__file__)), capture_output=True, text=True)
    return None if done.returncode == 0 else "no netkit devices (CONFIG_NETKIT)"


def _sched_ext():
    if os.geteuid() != 0:
        return "not root"
    return None if os.path.exists("/sys/kernel/sched_ext") else "this kernel has no sched_ext"


def _tool(name):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return None if shutil.which(name, path=path) else f"no {name}"


def _eglot():
    """Emacs has it from 29 on; Debian 12 has it as a package."""
    folders = ("/usr/share/emacs/site-lisp/elpa", *glob.glob("/usr/share/emacs/[23]*/lisp/progmodes"))
    return None if any(glob.glob(f"{folder}/eglot*") for folder in folders) else "no Eglot"


def _go():
    """Go, and cilium/ebpf as Debian has it: without the proxy for modules."""
    if not os.path.isdir("/usr/share/gocode/src/github.com/cilium/ebpf"):
        return "no golang-github-cilium-ebpf-dev"
    return _tool("go")


def _trace():
    if os.geteuid() != 0:
        return "not root"
    return None if os.path.isdir("/sys/kernel/tracing/instances") else "no tracefs on /sys/kernel/tracing"


def _kprobes():
    return None if os.path.isdir("/sys/bus/event_source/devices/kprobe") else "this kernel has no kprobes"


def _lsm():
    try:
        with open("/sys/kernel/security/lsm", encoding="utf-8") as active:
            return None if "bpf" in active.read().split(",") else "`bpf` is no active LSM"
    except OSError as error:
        return error.strerror


def _linux(major, minor):
    """A kernel at least that new."""
    release = os.uname().release
    numbers = [int(number) for number in re.findall(r"\d+", release)[:2]]
    return None if numbers >= [major, minor] else f"Linux is {release}"

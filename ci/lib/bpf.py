"""Facts about BPF in the running kernel, through bpf(2) and bpftool."""

import ctypes
import json
import os
import platform
import struct
import subprocess
from errno import EPERM

_BPF_NR = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_CREATE, PROG_LOAD = 0, 5
_OBJ_GET, _OBJ_GET_INFO_BY_FD, _BPF_PROG_QUERY = 7, 15, 16
_TCX_ATTACH_TYPES = {"tcx/ingress": 46, "tcx/egress": 47}
_libc = ctypes.CDLL(None, use_errno=True)


def call(command, attr):
    """Calls bpf(2) with a mutable attribute block; returns (result, errno)."""
    result = _libc.syscall(_BPF_NR, command, attr, len(attr))
    return result, ctypes.get_errno() if result < 0 else 0


def can_load():
    """None if this process may load BPF programs, else the reason why not."""
    # r0 = 0; exit
    code = ctypes.create_string_buffer(struct.pack("<QQ", 0xB7, 0x95))
    licence = ctypes.create_string_buffer(b"GPL")
    attr = ctypes.create_string_buffer(128)
    socket_filter = 1
    struct.pack_into("<IIQQ", attr, 0, socket_filter, 2, ctypes.addressof(code), ctypes.addressof(licence))
    fd, errno = call(PROG_LOAD, attr)
    if fd < 0:
        return os.strerror(errno)
    os.close(fd)
    if not os.path.ismount("/sys/fs/bpf"):
        return "no bpffs on /sys/fs/bpf"
    return None


def may_trace():
    """None if this process may have programs at functions of the kernel (fentry), else the reason why not."""
    # The number of a type that is no function: a kernel that lets such programs be refuses this one for that.
    tracing, fentry, no_function = 26, 24, 1
    code = ctypes.create_string_buffer(struct.pack("<QQ", 0xB7, 0x95))
    licence = ctypes.create_string_buffer(b"GPL")
    attr = ctypes.create_string_buffer(160)
    struct.pack_into("<IIQQ", attr, 0, tracing, 2, ctypes.addressof(code), ctypes.addressof(licence))
    struct.pack_into("<I", attr, 68, fentry)
    struct.pack_into("<I", attr, 108, no_function)
    _fd, errno = call(PROG_LOAD, attr)
    return os.strerror(errno) if errno == EPERM else None


def bpftool(*args):
    """Runs `bpftool -j` and returns what it printed; a failure carries bpftool's words."""
    done = subprocess.run(["bpftool", "-j", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    try:
        value = json.loads(done.stdout) if done.stdout.strip() else None
    except json.JSONDecodeError:
        value = {"error": done.stdout.strip()}
    if done.returncode != 0:
        reason = value["error"] if isinstance(value, dict) and "error" in value else ""
        raise RuntimeError(f"bpftool {' '.join(args)}: {reason}\n{done.stderr.strip()}")
    return value


def tcx_programs(ifname):
    """(hook, program id) of everything attached by TCX to an interface of this network namespace."""
    import socket

    found = []
    for hook, attach_type in _TCX_ATTACH_TYPES.items():
        ids = (ctypes.c_uint32 * 16)()
        attr = ctypes.create_string_buffer(128)
        struct.pack_into("<IIIIQI", attr, 0, socket.if_nametoindex(ifname), attach_type, 0, 0, ctypes.addressof(ids), 16)
        result, _errno = call(_BPF_PROG_QUERY, attr)
        if result == 0:  # kernels before 6.6 know no TCX: nothing is attached there
            found += [(hook, ids[i]) for i in range(struct.unpack_from("<I", attr, 24)[0])]
    return found


def attached(ifname):
    """(hook, program id) of every XDP, TC and TCX program on an interface of this network namespace."""
    link = _ip_json("ip", "-d", "link", "show", "dev", ifname)[0]
    found = []
    if "xdp" in link:
        xdp = link["xdp"]
        programs = xdp.get("attached", [xdp])
        found += [("xdp", p["prog"]["id"]) for p in programs]
    for direction in ("ingress", "egress"):
        for entry in _ip_json("tc", "filter", "show", "dev", ifname, direction):
            prog = entry.get("options", {}).get("prog")
            if prog:
                found.append((f"tc/{direction}", prog["id"]))
    return found + tcx_programs(ifname)


def _ip_json(tool, *args):
    done = subprocess.run([tool, "-j", *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return json.loads(done.stdout) if done.returncode == 0 and done.stdout.strip() else []


def maps_of(prog_ids):
    """name → id of the maps that programs use."""
    ids = {m for prog in prog_ids for m in bpftool("prog", "show", "id", str(prog)).get("map_ids", [])}
    return {(shown := bpftool("map", "show", "id", str(i))).get("name", str(i)): shown["id"] for i in sorted(ids)}


def map_lines(name, reference):
    """The entries of a map as `name[key] = value` lines, sorted; `reference` as bpftool takes it: ("id", "5")."""
    lines = []
    for entry in bpftool("map", "dump", *reference):
        entry = entry.get("formatted", entry)
        value = entry.get("value", entry.get("values"))
        lines.append(f"{name}[{compact(entry.get('key', 0))}] = {compact(value)}")
    return sorted(lines)


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def verified_instructions(path):
    """How many instructions the verifier walked for a pinned program."""
    # `struct bpf_prog_info` of include/uapi/linux/bpf.h: `verified_insns` is at 216.
    return struct.unpack_from("<I", _info(path, 232), 216)[0]


def run_statistics(fd):
    """The nanoseconds and the number of the runs of an open program, while the kernel kept them."""
    # `run_time_ns` is at 192, `run_cnt` behind it.
    return struct.unpack_from("<QQ", _info_of(fd, 232), 192)


def map_info(path):
    """The id and the name of a pinned map; the kernel keeps 15 characters of a name."""
    # `struct bpf_map_info`: `id` is at 4, `name` at 24.
    number, name = struct.unpack_from("<4xI16x16s", _info(path, 40))
    return number, name.partition(b"\0")[0].decode()


def map_entries(path):
    """`max_entries` of a pinned map."""
    return struct.unpack_from("<I", _info(path, 40), 16)[0]


def opened(path):
    """A descriptor of what is pinned."""
    name = ctypes.create_string_buffer(os.fsencode(path))
    attr = ctypes.create_string_buffer(128)
    struct.pack_into("<Q", attr, 0, ctypes.addressof(name))
    fd, errno = call(_OBJ_GET, attr)
    if fd < 0:
        raise RuntimeError(f"{path}: {os.strerror(errno)}")
    return fd


def _info(path, size):
    """The first bytes of what the kernel says of something that is pinned."""
    fd = opened(path)
    try:
        return _info_of(fd, size)
    finally:
        os.close(fd)


def _info_of(fd, size):
    info = ctypes.create_string_buffer(size)
    attr = ctypes.create_string_buffer(128)
    struct.pack_into("<IIQ", attr, 0, fd, len(info), ctypes.addressof(info))
    result, errno = call(_OBJ_GET_INFO_BY_FD, attr)
    if result < 0:
        raise RuntimeError(f"what the kernel says of a descriptor: {os.strerror(errno)}")
    return info.raw


def set_global(maps, name, value):
    """Writes the first bytes of a global variable; `maps` as for `globals_of`."""
    for map_name, map_id in maps.items():
        reference = ("id", str(map_id), "key", "hex", "0", "0", "0", "0")
        btf = bpftool("map", "show", "id", str(map_id)).get("btf_id")
        types = bpftool("btf", "dump", "id", str(btf))["types"] if btf else []
        names = {declared["id"]: declared["name"] for declared in types}
        variables = [variable for declared in types if declared["kind"] == "DATASEC" and map_name.endswith(declared["name"])
                     for variable in declared["vars"]]
        for at in [variable["offset"] for variable in variables if names[variable["type_id"]] == name]:
            held = bytes(int(byte, 16) for byte in bpftool("map", "lookup", *reference)["value"])
            held = held[:at] + value + held[at + len(value):]
            bpftool("map", "update", *reference, "value", "hex", *held.hex(" ").split())
            return
    raise RuntimeError(f"no global variable {name}")


def globals_of(maps):
    """name → value of the global variables that live in the maps of sections; the kernel keeps 15 characters of a name."""
    values = {}
    for map_name, map_id in maps.items():
        if any(map_name.endswith(suffix) for suffix in (".bss", ".data", ".rodata", ".data.pinned_gl")):
            for entry in bpftool("map", "dump", "id", str(map_id)):
                for section in entry.get("formatted", entry)["value"].values():
                    for variable in section:
                        values.update(variable)
    return values

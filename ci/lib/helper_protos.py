"""What a kernel says of its helpers: each `struct bpf_func_proto` of an unpacked image with BTF and kallsyms."""

import struct
from pathlib import Path

# `enum bpf_arg_type` and `enum bpf_type_flag` of include/linux/bpf.h, Linux 6.12.
_ARGS = [
    "", "map", "map_key", "map_value", "mem", "arena", "size", "size_or_zero", "ctx", "any", "scalar", "spin_lock",
    "sock_common", "socket", "btf", "ringbuf_mem", "alloc_size", "btf_sock_common", "percpu_btf", "callback", "stack",
    "const_str", "timer", "kptr", "dynptr",
]
_ARG_FLAGS = {"null": 1 << 8, "read": 1 << 9, "uninit": 1 << 15, "fixed": 1 << 18, "write": 1 << 26}
# `enum bpf_return_type`
_RESULTS = ["integer", "void", "map_value", "socket", "tcp_sock", "sock_common", "mem", "mem_or_btf", "btf"]


class Image:
    """An ELF file of a kernel; the names of its symbols are kallsyms' own table."""

    def __init__(self, path):
        self.bytes = Path(path).read_bytes()
        self.sections = self._sections()
        self.addresses = self._kallsyms()

    def _sections(self):
        table, count = struct.unpack_from("<Q", self.bytes, 0x28)[0], struct.unpack_from("<H", self.bytes, 0x3C)[0]
        headers = (struct.unpack_from("<IIQQQQ", self.bytes, table + 64 * at) for at in range(count))
        return [(address, offset, size) for _, kind, _, address, offset, size in headers if address and kind == 1]

    def offset(self, address):
        """Where in the file what lies at an address of the kernel is; none for what is not in it."""
        found = (offset + address - start for start, offset, size in self.sections if start <= address < start + size)
        return next(found, None)

    def _kallsyms(self):
        """name → address, as scripts/kallsyms.c of Linux 6.12 writes them: names, markers, tokens, offsets."""
        tokens, markers_end, offsets = self._tokens()
        first = markers_end - 4
        while struct.unpack_from("<I", self.bytes, first)[0] == 0:
            first -= 4
        last = first
        while struct.unpack_from("<I", self.bytes, first)[0]:
            first -= 4
        markers = struct.unpack_from(f"<{(last - first) // 4 + 1}I", self.bytes, first)
        start = self._names(first - markers[-1], markers)
        count = struct.unpack_from("<I", self.bytes, start - 8)[0]
        base = struct.unpack_from("<Q", self.bytes, (offsets + 4 * count + 7) // 8 * 8)[0]
        addresses, at = {}, start
        for number in struct.unpack_from(f"<{count}i", self.bytes, offsets):
            at, length = self._length(at)
            name = b"".join(tokens[token] for token in self.bytes[at:at + length]).decode()
            at += length
            addresses.setdefault(name[1:], number if number >= 0 else base - 1 - number)
        return addresses

    def _tokens(self):
        """The 256 parts of names, of which the digits are their own, where they begin, and where the offsets do."""
        digits = b"".join(bytes([digit, 0]) for digit in b"0123456789")
        at = self.bytes.find(digits)
        while at >= 0:
            start = at
            for _ in range(ord("0")):
                start = self.bytes.rfind(b"\0", 0, start - 1) + 1
            tokens, starts, end = [], [], start
            for _ in range(256):
                starts.append(end - start)
                tokens.append(self.bytes[end:self.bytes.index(b"\0", end)])
                end += len(tokens[-1]) + 1
            for index in range(end, end + 16):
                if list(struct.unpack_from("<256H", self.bytes, index)) == starts:
                    return tokens, start, (index + 512 + 7) // 8 * 8
            at = self.bytes.find(digits, at + 1)
        raise SystemExit("no kallsyms in the image")

    def _names(self, latest, markers):
        """Where the names begin: at 256 names from there is what the second marker says, and so on."""
        for start in range(latest - 256 * 80, latest):
            at = start
            for marker in markers[1:]:
                for _ in range(256):
                    at, length = self._length(at)
                    at += length
                if at - start != marker:
                    break
            else:
                return start
        raise SystemExit("no names in the image's kallsyms")

    def _length(self, at):
        length = self.bytes[at]
        if length < 128:
            return at + 1, length
        return at + 2, length & 127 | self.bytes[at + 1] << 7


def read(path, helpers):
    """The text of ci/helper_protos.toml."""
    image = Image(path)
    lines = [
        "# Made by ci/facts --protos VMLINUX: `struct bpf_func_proto` of Linux 6.12 (x86_64). Do not edit. Helpers that this",
        "# kernel's configuration leaves out are in ci/helpers.toml.", "",
    ]
    for helper in helpers:
        address = image.addresses.get(f"{helper}_proto")
        offset = image.offset(address) if address else None
        if offset is None:
            continue
        _, gpl, packet, sleeps, _, result, *args = struct.unpack_from("<Q????6I", image.bytes, offset)
        sizes = struct.unpack_from("<5Q", image.bytes, offset + 40)
        words = [_arg(arg, size) for arg, size in zip(args, sizes) if arg & 0xFF]
        nullable = " null" if result & 1 << 8 else ""
        flags = [name for name, on in (("gpl", gpl), ("packet", packet), ("sleeps", sleeps)) if on]
        lines += [f"[{helper}]", f"args = {_list(words)}", f'result = "{_RESULTS[result & 0xFF]}{nullable}"']
        lines += [f"flags = {_list(flags)}"] if flags else []
        lines.append("")
    return "\n".join(lines)


def _arg(arg, size):
    flags = [name for name, bit in _ARG_FLAGS.items() if arg & bit]
    return " ".join([_ARGS[arg & 0xFF], *(f"fixed:{size}" if flag == "fixed" else flag for flag in flags)])


def _list(words):
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"

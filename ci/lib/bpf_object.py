"""BPF objects as files: sections, symbols, relocations, instructions, and the records of .BTF.ext. Of little-endian objects."""

import struct
from dataclasses import dataclass, field

CODE_FLAG = 4
SYMBOLS, RELOCATIONS = 2, 9
FUNCTION, SECTION = 2, 3
LOAD_IMMEDIATE = 0x18


@dataclass(frozen=True)
class Insn:
    """An instruction; `immediate` has 64 bits where it takes two slots. `at` is its byte in the section."""
    at: int
    opcode: int
    dst: int
    src: int
    offset: int
    immediate: int
    slots: int

    def shape(self):
        """What the rewrites leave of an instruction that they do not touch."""
        return self.opcode, self.dst, self.src, self.slots


@dataclass
class Section:
    name: str
    kind: int
    flags: int
    link: int
    info: int
    data: bytes
    # Of this section: (offset, symbol's index, type).
    relocations: list = field(default_factory=list)

    def is_code(self):
        return bool(self.flags & CODE_FLAG) and bool(self.data)

    def instructions(self):
        """In their order."""
        at, found = 0, []
        while at < len(self.data):
            opcode, registers, offset, immediate = struct.unpack_from("<BBhi", self.data, at)
            slots = 2 if opcode == LOAD_IMMEDIATE else 1
            if slots == 2:
                immediate = struct.unpack_from("<i", self.data, at + 12)[0] << 32 | immediate & 0xFFFFFFFF
            found.append(Insn(at, opcode, registers & 15, registers >> 4, offset, immediate, slots))
            at += 8 * slots
        return found


@dataclass(frozen=True)
class Symbol:
    name: str
    kind: int
    section: int
    value: int
    size: int


def _text(data, at):
    return data[at:data.index(0, at)].decode()


class Object:
    """An object that was read."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read()
        table, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + index * size) for index in range(count)]
        start = headers[names][4]
        self.sections = [Section(_text(data, start + of[0]), of[1], of[2], of[6], of[7], data[of[4]:of[4] + of[5]] if of[1] != 8 else b"")
                         for of in headers]
        self.symbols = []
        for section in self.sections:
            if section.kind == SYMBOLS:
                strings = self.sections[section.link].data
                for name, info, _, index, value, length in struct.iter_unpack("<IBBHQQ", section.data):
                    self.symbols.append(Symbol(_text(strings, name), info & 15, index, value, length))
        for section in self.sections:
            if section.kind == RELOCATIONS:
                for offset, info in struct.iter_unpack("<QQ", section.data):
                    self.sections[section.info].relocations.append((offset, info >> 32, info & 0xFFFFFFFF))

    def named(self, name):
        """The section of this name; none: there is no such section."""
        return next((section for section in self.sections if section.name == name), None)

    def code(self):
        """The sections with instructions."""
        return [section for section in self.sections if section.is_code()]

    def functions(self, section):
        """The symbols of functions in a section, by their places."""
        index = self.sections.index(section)
        own = [symbol for symbol in self.symbols if symbol.kind == FUNCTION and symbol.section == index]
        return sorted(own, key=lambda symbol: symbol.value)

    def records(self):
        """The records of .BTF.ext: for `func`, `line` and `core` the section's name and the words of each."""
        found = {"func": [], "line": [], "core": []}
        btf, ext = self.named(".BTF"), self.named(".BTF.ext")
        if not btf or not ext:
            return found
        header, = struct.unpack_from("<I", btf.data, 4)
        strings = header + struct.unpack_from("<I", btf.data, 16)[0]
        length, = struct.unpack_from("<I", ext.data, 4)
        for name, at in (("func", 8), ("line", 16), ("core", 24)):
            if at >= length:
                continue
            start, size = struct.unpack_from("<II", ext.data, at)
            start, end = length + start, length + start + size
            if not size:
                continue
            width, = struct.unpack_from("<I", ext.data, start)
            start += 4
            while start < end:
                section, count = struct.unpack_from("<II", ext.data, start)
                start += 8
                for _ in range(count):
                    words = struct.unpack_from(f"<{width // 4}I", ext.data, start)
                    found[name].append((_text(btf.data, strings + section), words))
                    start += width
        return found



import operator
import struct

# `KsArgKind` of the runtime.
SIGNED, UNSIGNED, BE, BOOL, CHAR, STR, POINTER, F64, BYTES = range(1, 10)
CODES = {1: "b", 2: "h", 4: "i", 8: "q"}


class Form:
    """The form of a value: as the program has it in memory."""

    def __init__(self, data, at):
        self.kind, self.size, self.is_list, self.count = struct.unpack_from("<IIIQ", data, at)

    def code(self):
        code = CODES[self.size]
        return "=" + (code if self.kind == SIGNED else code.upper())

    def unpack(self, data):
        """One value of its bytes."""
        if self.kind == STR:
            return data.split(b"\0")[0].decode("utf-8", "surrogateescape")
        if self.kind == BYTES:
            return data
        if self.kind == BOOL:
            return data[0] != 0
        if self.kind == F64:
            return struct.unpack("=d", data)[0]
        return struct.unpack(self.code(), data)[0]

    def pack(self, value):
        """The bytes of one value."""
        if self.kind == STR:
            return self.text(value)
        if self.kind == BYTES:
            data = bytes(checked(value, (bytes, bytearray, memoryview), "bytes"))
            return exact(data, self.size if self.is_list else self.count, "bytes")
        if self.kind == BOOL:
            return bytes([checked(value, bool, "bool")])
        if self.kind == F64:
            return struct.pack("=d", checked(value, (float, int), "float"))
        number = operator.index(value)
        try:
            return struct.pack(self.code(), number)
        except struct.error:
            sign = "signed" if self.kind == SIGNED else "unsigned"
            raise OverflowError(f"the result {number} does not fit {8 * self.size} {sign} bits") from None

    def text(self, value):
        data = checked(value, str, "str").encode("utf-8", "surrogateescape")
        if b"\0" in data:
            raise ValueError("the result has a NUL in it")
        end = self.size - 1
        # Not between the bytes of one character.
        while end > 0 and end < len(data) and data[end] & 0xc0 == 0x80:
            end -= 1
        return data[:end].ljust(self.size, b"\0")

    def argument(self, data, at):
        """An argument, and where the next one begins."""
        if self.is_list:
            values = [self.unpack(data[at + self.size * index:at + self.size * (index + 1)]) for index in range(self.count)]
            return values, at + self.size * self.count
        if self.kind in (STR, BYTES):
            size = self.size * self.count
            return self.unpack(data[at:at + size]), at + size
        whole = data[at:at + 8]
        return self.unpack(whole if sys.byteorder == "big" and self.kind == F64 else self.low(whole)), at + 8

    def low(self, data):
        """The bytes of an integer in the 64 bits of one, little-endian as all numbers of a message."""
        return int.from_bytes(data, "little").to_bytes(8, sys.byteorder)[slice(None, self.size) if sys.byteorder == "little"
                                                                          else slice(8 - self.size, None)]

    def result(self, value):
        """The bytes of the result."""
        if self.kind == 0:
            return b""
        if self.is_list:
            values = exact(checked(value, (list, tuple), "list"), self.count, "elements")
            return b"".join(map(self.pack, values))
        return self.pack(value)


def checked(value, kind, name):
    if not isinstance(value, kind):
        raise TypeError(f"the result is to be a {name}, and is {value!r:.200}")
    return value


def exact(value, count, what):
    if len(value) != count:
        raise ValueError(f"the result has {len(value)} {what}, and {count} are wanted")
    return value

# How the bytes of keys, values, records and variables become values of Python, and the other way.


def _out_of_range(value, what):
    raise OverflowError(f"{value!r} does not fit {what}")


class _Int:
    zero = 0

    def __init__(self, code):
        self.code, self._form = code, _struct.Struct("=" + code)
        self.size = self._form.size

    def unpack(self, data, at):
        return self._form.unpack_from(data, at)[0]

    def pack(self, value):
        try:
            return self._form.pack(_operator.index(value))
        except _struct.error:
            _out_of_range(value, f"{8 * self.size} bits")


class _Float(_Int):
    zero = 0.0

    def pack(self, value):
        return self._form.pack(value)


class _Bool:
    zero, size = False, 1

    def unpack(self, data, at):
        return data[at] != 0

    def pack(self, value):
        return bytes([bool(value)])


class _Be:
    """An integer in network byte order: the value is that of host order."""
    zero = 0

    def __init__(self, size):
        self.size = size

    def unpack(self, data, at):
        return int.from_bytes(data[at:at + self.size], "big")

    def pack(self, value):
        try:
            return _operator.index(value).to_bytes(self.size, "big")
        except OverflowError:
            _out_of_range(value, f"{8 * self.size} bits")


class _Ip4:
    """`be32`: an address. A text or an integer of host order is taken too."""
    zero, size = _ipaddress.IPv4Address(0), 4

    def unpack(self, data, at):
        return _ipaddress.IPv4Address(bytes(data[at:at + 4]))

    def pack(self, value):
        return _ipaddress.IPv4Address(value).packed


class _Text:
    """`str(N)`, `char[N]`: up to the NUL. Bytes that are no UTF-8 become lone surrogates, and come back as they were."""
    zero = ""

    def __init__(self, size):
        self.size = size

    def unpack(self, data, at):
        return bytes(data[at:at + self.size]).split(b"\0")[0].decode("utf-8", "surrogateescape")

    def pack(self, value):
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        if b"\0" in data:
            raise ValueError(f"a NUL in {value!r}")
        return data[:self.size - 1].ljust(self.size, b"\0")


class _Bytes:
    def __init__(self, size):
        self.size, self.zero = size, bytes(size)

    def unpack(self, data, at):
        return bytes(data[at:at + self.size])

    def pack(self, value):
        if isinstance(value, int):
            raise TypeError(f"{self.size} bytes are wanted, not {value!r}")
        data = bytes(value)
        if len(data) != self.size:
            raise ValueError(f"{self.size} bytes are wanted, and these are {len(data)}")
        return data


class _Array:
    def __init__(self, of, count):
        self._of, self._count = of, count
        self.size, self.zero = of.size * count, (of.zero,) * count

    def unpack(self, data, at):
        step = self._of.size
        return tuple(self._of.unpack(data, at + step * index) for index in range(self._count))

    def pack(self, value):
        values = tuple(value)
        if len(values) != self._count:
            raise ValueError(f"{self._count} elements are wanted, and these are {len(values)}")
        return b"".join(map(self._of.pack, values))


class _Enum:
    """A variant; a number that is none stays an integer."""

    def __init__(self, kind, code):
        self._kind, self._of = kind, _Int(code)
        self.size, self.zero = self._of.size, 0
        self.zero = self.unpack(bytes(self.size), 0)

    def unpack(self, data, at):
        number = self._of.unpack(data, at)
        try:
            return self._kind(number)
        except ValueError:
            return number

    def pack(self, value):
        return self._of.pack(value)


class _Bits:
    """A field of so many bits, from a bit of the struct on; `size` is 0 since it shares its bytes."""
    zero, size = 0, 0

    def __init__(self, bit, width, signed):
        self.first, self._width, self._signed = bit // 8, width, signed
        self.length = (bit % 8 + width + 7) // 8
        little = _sys.byteorder == "little"
        self._shift = bit % 8 if little else 8 * self.length - bit % 8 - width

    def unpack(self, data, at):
        at += self.first
        number = int.from_bytes(data[at:at + self.length], _sys.byteorder) >> self._shift & (1 << self._width) - 1
        return number - (1 << self._width) if self._signed and number >> self._width - 1 else number

    def pack(self, value):
        out = bytearray(self.first + self.length)
        self.merge(value, out)
        return bytes(out)

    def merge(self, value, out):
        number, low = _operator.index(value), -(1 << self._width - 1) if self._signed else 0
        if not low <= number < low + (1 << self._width):
            _out_of_range(value, f"{self._width} bits")
        part = slice(self.first, self.first + self.length)
        mask = (1 << self._width) - 1
        whole = int.from_bytes(out[part], _sys.byteorder) & ~(mask << self._shift)
        out[part] = (whole | (number & mask) << self._shift).to_bytes(self.length, _sys.byteorder)


class _Struct:
    """A dataclass, with its fields as (name, offset, type). A `dict` with fields is taken too."""

    def __init__(self, kind, size, fields, locked=False):
        self.kind, self.size, self.locked, self._fields = kind, size, locked, fields
        self.zero = self.unpack(bytes(size), 0)
        kind._codec, kind.__bytes__ = self, lambda value: self.pack(value)

    def unpack(self, data, at):
        return self.kind(*(of.unpack(data, at + offset) for _, offset, of in self._fields))

    def pack(self, value):
        if isinstance(value, dict):
            value = self.kind(**value)
        if not isinstance(value, self.kind):
            if isinstance(value, (_ipaddress.IPv4Network, _ipaddress.IPv6Network)):
                return self._network(value)
            raise TypeError(f"a `{self.kind.__name__}` is wanted, not {value!r}")
        out = bytearray(self.size)
        for name, offset, of in self._fields:
            try:
                if isinstance(of, _Bits):
                    of.merge(getattr(value, name), out)
                else:
                    out[offset:offset + of.size] = of.pack(getattr(value, name))
            except (OverflowError, TypeError, ValueError) as error:
                error.add_note(f"in the field `{name}` of `{self.kind.__name__}`")
                raise
        return bytes(out)

    def _network(self, network):
        """The key of an LPM trie."""
        name, _, of = self._fields[-1]
        fits = self._fields[0][0] == "prefixlen" and len(self._fields) == 2 and of.size == network.max_prefixlen // 8
        if not fits:
            raise TypeError(f"a `{self.kind.__name__}` is wanted, not {network!r}")
        out = bytearray(self.size)
        for (_, offset, of), data in zip(self._fields, (_U32.pack(network.prefixlen), network.network_address.packed)):
            out[offset:offset + of.size] = data
        return bytes(out)


class _Overlaid:
    """The base of unions: the bytes, and each member as an attribute. `U(member=value)` makes one."""

    def __init__(self, raw=None, **member):
        size = self._codec.size
        if raw is None:
            if len(member) > 1:
                raise TypeError("a union has one member at a time")
            raw = bytes(size)
            for name, value in member.items():
                raw = self._members[name].pack(value).ljust(size, b"\0")
        self.raw = _Bytes(size).pack(raw)

    def __getattr__(self, name):
        members = type(self)._members
        if name not in members:
            raise AttributeError(f"`{type(self).__name__}` has no member `{name}`")
        return members[name].unpack(self.raw, 0)

    def __eq__(self, other):
        return type(self) is type(other) and self.raw == other.raw

    def __hash__(self):
        return hash(self.raw)

    def __bytes__(self):
        return self.raw

    def __repr__(self):
        members = ", ".join(f"{name}={getattr(self, name)!r}" for name in type(self)._members)
        return f"{type(self).__name__}({members})"


class _Union:
    locked = False

    def __init__(self, kind, size, members):
        self.kind, self.size = kind, size
        kind._codec, kind._members = self, members
        self.zero = kind()

    def unpack(self, data, at):
        return self.kind(bytes(data[at:at + self.size]))

    def pack(self, value):
        if isinstance(value, dict):
            value = self.kind(**value)
        if not isinstance(value, self.kind):
            raise TypeError(f"a `{self.kind.__name__}` is wanted, not {value!r}")
        return value.raw


_U8, _U16, _U32, _U64 = (_Int(code) for code in "BHIQ")
_I8, _I16, _I32, _I64 = (_Int(code) for code in "bhiq")
_F32, _F64 = _Float("f"), _Float("d")
_BOOL, _IP4 = _Bool(), _Ip4()


def _sum(values):
    """The sum over the CPUs: of integers, or of those in a dataclass; other fields are those of the first CPU."""
    first = values[0]
    if isinstance(first, (int, float)) and not isinstance(first, bool):
        return sum(values)
    fields = getattr(type(first), "__dataclass_fields__", None)
    if fields is not None:
        return type(first)(**{name: _sum([getattr(value, name) for value in values]) for name in fields})
    if isinstance(first, tuple):
        return tuple(_sum(column) for column in zip(*values))
    return first


class PerCpu(list):
    """The values of the CPUs, in their order."""

    def sum(self):
        """The sum over the CPUs: of integers, or of those in a struct."""
        return _sum(self)

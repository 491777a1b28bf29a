# Maps, by what they do.


class _Map:
    """A map of the kernel, by its descriptor."""

    def __init__(self, spec, fd, parts=None):
        self.name, self._fd, self._spec = spec.name, fd, spec
        info = self._info = _MapInfo(fd)
        self.max_entries, self.id = info.max_entries, info.id
        self._key = spec.key or _Bytes(info.key_size)
        self._value = spec.value or _Bytes(info.value_size)
        self._flags = _F_LOCK if getattr(self._value, "locked", False) else 0

    def fileno(self):
        """The file descriptor."""
        return self._fd

    def close(self):
        """Closes the descriptor."""
        if self._fd >= 0:
            _os.close(self._fd)
            self._fd = -1

    def key(self, *values, **fields):
        """A key of the map, by the fields of its struct."""
        kind = getattr(self._key, "kind", None)
        if kind is None:
            raise TypeError(f"the keys of `{self.name}` are no structs")
        return kind(*values, **fields)

    def value(self, *values, **fields):
        """A value of the map, by the fields of its struct."""
        kind = getattr(self._value, "kind", None)
        if kind is None:
            raise TypeError(f"the values of `{self.name}` are no structs")
        return kind(*values, **fields)

    def __repr__(self):
        return f"<map `{self.name}`, id {self.id}, {self.max_entries} entries>"


class _Items(_abc.ItemsView):
    def __iter__(self):
        return self._mapping._entries()


class _Values(_abc.ValuesView):
    def __iter__(self):
        return (value for _, value in self._mapping._entries())


class _Hash(_Map, _abc.MutableMapping):
    """Like a `dict`. What other processes and the kernel change meanwhile may be met or not by an iteration."""
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other

    def _stored(self, value):
        """The bytes of a value as the kernel takes them."""
        return self._value.pack(value)

    def _loaded(self, data, at=0):
        return self._value.unpack(data, at)

    def _room(self):
        """The bytes of a value as the kernel yields them."""
        return self._info.value_size

    def _packed(self, key):
        return _memory(self._key.pack(key))

    def __getitem__(self, key):
        out = _memory(self._room())
        try:
            _element(_MAP_LOOKUP, self._fd, self._packed(key), out, self._flags)
        except FileNotFoundError:
            raise KeyError(key) from None
        return self._loaded(out.raw)

    def __setitem__(self, key, value):
        _element(_MAP_UPDATE, self._fd, self._packed(key), _memory(self._stored(value)), self._flags)

    def __delitem__(self, key):
        try:
            _element(_MAP_DELETE, self._fd, self._packed(key), None)
        except FileNotFoundError:
            raise KeyError(key) from None

    def __contains__(self, key):
        try:
            self[key]
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        return True

    def __iter__(self):
        return (self._key.unpack(key, 0) for key in self._keys())

    def __len__(self):
        return sum(1 for _ in self._keys())

    def items(self):
        """The entries, as pairs."""
        return _Items(self)

    def values(self):
        """The values."""
        return _Values(self)

    def clear(self):
        """Deletes all entries."""
        for key in list(self):
            self.pop(key, None)

    def _keys(self):
        """The bytes of the keys. The next key is found before this one may be deleted."""
        size, key, left = self._info.key_size, None, 2 * self.max_entries + 1024
        following = self._following(key, size)
        while following is not None and left > 0:
            key, left = following, left - 1
            following = self._following(_memory(key), size)
            yield key

    def _following(self, key, size):
        out = _memory(size)
        try:
            _element(_MAP_NEXT_KEY, self._fd, key, out)
        except FileNotFoundError:
            return None
        return out.raw

    def _entries(self):
        """Pairs of key and value: many at a time where the kernel can."""
        step, room = self._info.key_size, self._room()
        count = max(1, min(self.max_entries, 4096))
        token, first = _memory(max(step, 8)), True
        while True:
            keys, values, out = _memory(count * step), _memory(count * room), _memory(max(step, 8))
            attributes = _words("QQQQIIQQ", 0 if first else _address(token), _address(out), _address(keys),
                                _address(values), count, self._fd, self._flags, 0)
            more = True
            try:
                _bpf(_MAP_LOOKUP_BATCH, attributes)
            except FileNotFoundError:
                more = False
            except OSError as error:
                if error.errno == _errno.ENOSPC and count < self.max_entries:
                    count = min(2 * count, self.max_entries)
                    continue
                if first and error.errno in (_errno.EINVAL, _errno.ENOSPC, _errno.EOPNOTSUPP, _ENOTSUPP):
                    yield from self._one_by_one()
                    return
                raise
            found = _struct.unpack_from("=I", attributes, 32)[0]
            keys, values = keys.raw, values.raw
            for index in range(found):
                yield self._key.unpack(keys, index * step), self._loaded(values, index * room)
            if not more:
                return
            token, first = out, False

    def _one_by_one(self):
        for key in self:
            try:
                yield key, self[key]
            except KeyError:
                pass


class _ListOfCpus:
    """A value for each CPU. One value alone is stored for all CPUs."""

    def _step(self):
        return (self._info.value_size + 7) // 8 * 8

    def _room(self):
        return self._step() * _possible_cpus()

    def _stored(self, value):
        cpus = _possible_cpus()
        values = value if isinstance(value, list) else [value] * cpus
        if len(values) != cpus:
            raise ValueError(f"{cpus} CPUs have a value, and these are {len(values)}")
        return b"".join(self._value.pack(one).ljust(self._step(), b"\0") for one in values)

    def _loaded(self, data, at=0):
        step = self._step()
        return PerCpu(self._value.unpack(data, at + step * cpu) for cpu in range(_possible_cpus()))


class _PerCpuHash(_ListOfCpus, _Hash):
    pass


class _ArrayMap(_Hash):
    """Each index below the length has an entry."""

    def _packed(self, key):
        index = _operator.index(key)
        if not 0 <= index < self.max_entries:
            raise KeyError(key)
        return _memory(_U32.pack(index))

    def __setitem__(self, key, value):
        _element(_MAP_UPDATE, self._fd, self._packed(key), _memory(self._stored(value)), self._flags)

    def __delitem__(self, key):
        raise TypeError(f"entries of the array `{self.name}` cannot be deleted")

    def __iter__(self):
        return iter(range(self.max_entries))

    def __len__(self):
        return self.max_entries

    def clear(self):
        """Sets all entries to zero."""
        for index in self:
            self[index] = self._value.zero if hasattr(self._value, "zero") else bytes(self._info.value_size)


class _PerCpuArray(_ListOfCpus, _ArrayMap):
    pass


class _SlotMap(_Hash):
    """An array of kernel objects, in which an index may have none."""

    def clear(self):
        """Removes all entries."""
        for index in list(self):
            self.pop(index, None)


class _Queue(_Map):
    """A queue or a stack."""

    def push(self, value, replace=False):
        """Adds a value. A full one is an `OSError`, but with `replace` the oldest value makes room."""
        _element(_MAP_UPDATE, self._fd, None, _memory(self._value.pack(value)), 2 if replace else 0)

    def _take(self, command, what):
        out = _memory(self._info.value_size)
        try:
            _element(command, self._fd, None, out)
        except FileNotFoundError:
            raise IndexError(f"{what} from `{self.name}`, which is empty") from None
        return self._value.unpack(out.raw, 0)

    def pop(self):
        """Takes the next value; an `IndexError` if there is none."""
        return self._take(_MAP_LOOKUP_AND_DELETE, "pop")

    def peek(self):
        """The next value, which stays; an `IndexError` if there is none."""
        return self._take(_MAP_LOOKUP, "peek")


class _Bloom(_Map):
    """A Bloom filter."""

    def add(self, value):
        """Adds a value."""
        _element(_MAP_UPDATE, self._fd, None, _memory(self._value.pack(value)))

    def __contains__(self, value):
        try:
            _element(_MAP_LOOKUP, self._fd, None, _memory(self._value.pack(value)))
        except FileNotFoundError:
            return False
        return True


class _Stacks(_Hash):
    """The addresses of stacks, by their ids."""

    def _loaded(self, data, at=0):
        addresses = _struct.unpack_from(f"={self._info.value_size // 8}Q", data, at)
        return addresses[:addresses.index(0)] if 0 in addresses else addresses

    def _entries(self):
        return self._one_by_one()


class _Outer(_Hash):
    """A map of maps. Its values are maps."""

    def _loaded(self, data, at=0):
        fd = _by_id(_MAP_BY_ID, _U32.unpack(data, at))
        if fd is None:
            raise KeyError("the inner map has gone")
        return self._spec.inner.open(fd)

    def _stored(self, value):
        return _U32.pack(value.fileno())

    def _entries(self):
        return self._one_by_one()

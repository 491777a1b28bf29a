# What BPF code sends: ring buffers and perf event arrays.


def _deadline(timeout):
    return None if timeout is None else _time.monotonic() + timeout


class _Events(_Map):
    """Records as they come. `for e in m` waits for the next one; `m.poll(timeout=s)` ends after so many seconds."""

    def of(self, kind):
        """The same map with records of another type: a struct of this module, or None for bytes."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._record = None if kind is None else kind._codec
        return other

    def _decoded(self, data):
        of = self._record
        if of is None:
            return data
        if len(data) < of.size:
            raise OSError(_errno.EBADMSG, f"a record of `{self.name}` has {len(data)} bytes, and its type {of.size}")
        value = of.unpack(data, 0)
        if hasattr(type(value), "_codec") and not hasattr(value, "tail"):
            object.__setattr__(value, "tail", data[of.size:])
        return value

    @property
    def dropped(self):
        """How many records found no room, where the program counts them."""
        count = self._dropped
        if count is None:
            raise AttributeError(f"the program does not count what `{self.name}` drops")
        return count()

    def __iter__(self):
        return self.poll(None)

    def poll(self, timeout=None):
        """The records that there are and those that come within so many seconds; without a time it does not end."""
        end = _deadline(timeout)
        waiting = _select.poll()
        for fd in self._start():
            waiting.register(fd, _select.POLLIN)
        while True:
            yield from self._there()
            left = None if end is None else end - _time.monotonic()
            if left is not None and left <= 0:
                yield from self._there()
                return
            waiting.poll(None if left is None else max(1, left * 1000))


class _Ring(_Events):
    """A ring buffer, as the kernel lays it out in shared memory (kernel/bpf/ringbuf.c)."""

    def __init__(self, spec, fd, parts=None):
        super().__init__(spec, fd)
        self._record, self._dropped = spec.value, None
        self._memory = None

    def _start(self):
        if self._memory is None:
            page, size = _mmap.PAGESIZE, self.max_entries
            position = _mmap.mmap(self._fd, page, _mmap.MAP_SHARED, _mmap.PROT_READ | _mmap.PROT_WRITE, offset=0)
            data = _mmap.mmap(self._fd, page + 2 * size, _mmap.MAP_SHARED, _mmap.PROT_READ, offset=page)
            self._memory = _ctypes.c_uint64.from_buffer(position), memoryview(data)
        return [self._fd]

    def _there(self):
        position, data = self._memory
        page, mask = _mmap.PAGESIZE, self.max_entries - 1
        at = position.value
        # A flood of records, discarded ones too, does not keep a caller from its time-out.
        end = _U64.unpack(data, 0)
        while at != end:
            start = page + (at & mask)
            word = _U32.unpack(data, start)
            if word >> 31:
                # A poll finds the buffer readable as long as anything in it is reserved.
                _time.sleep(0)
                return
            length = word & 0x3fffffff
            record = None if word >> 30 & 1 else bytes(data[start + 8:start + 8 + length])
            at += (8 + length + 7) // 8 * 8
            position.value = at
            if record is not None:
                yield self._decoded(record)


class _PerfEvents(_Events):
    """A perf event array, whose buffers this process opens, one for each CPU, when it first reads."""

    # In pages; a power of two.
    _PAGES = 64

    def __init__(self, spec, fd, parts=None):
        super().__init__(spec, fd)
        self._record, self._dropped = spec.value, None
        self._buffers = None
        self._lost = [0]

    @property
    def lost(self):
        """How many records found no room since this process reads."""
        return self._lost[0]

    def _start(self):
        if self._buffers is None:
            self._buffers = [opened for cpu in self._online() if (opened := self._open(cpu))]
        return [fd for fd, _ in self._buffers]

    def _online(self):
        with _io.open("/sys/devices/system/cpu/online") as file:
            for part in file.read().strip().split(","):
                first, _, last = part.partition("-")
                yield from range(int(first), int(last or first) + 1)

    def _open(self, cpu):
        # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_BPF_OUTPUT, one sample an event, PERF_SAMPLE_RAW; a wake-up for each.
        attributes = bytearray(128)
        _struct.pack_into("=IIQQQQQI", attributes, 0, 1, 128, 10, 1, 1 << 10, 0, 0, 1)
        view = (_ctypes.c_char * 128).from_buffer(attributes)
        fd = _system_call(1, _ctypes.byref(view), _ctypes.c_int(-1), _ctypes.c_int(cpu), _ctypes.c_int(-1),
                          _ctypes.c_ulong(8))
        size = (1 + self._PAGES) * _mmap.PAGESIZE
        data = _mmap.mmap(fd, size, _mmap.MAP_SHARED, _mmap.PROT_READ | _mmap.PROT_WRITE)
        _libc.ioctl(fd, 0x2400, 0)
        _element(_MAP_UPDATE, self._fd, _memory(_U32.pack(cpu)), _memory(_I32.pack(fd)))
        return fd, data

    def _there(self):
        for _, data in self._buffers:
            # `data_head` and `data_tail` of `struct perf_event_mmap_page`.
            tail = _ctypes.c_uint64.from_buffer(data, 1032)
            head = _U64.unpack(data, 1024)
            while tail.value != head:
                kind, length = self._part(data, tail.value, 8)
                body = self._bytes(data, tail.value + 8, length - 8)
                tail.value += length
                if kind == 2:
                    self._lost[0] += _U64.unpack(body, 8)
                elif kind == 9:
                    yield self._decoded(body[4:4 + _U32.unpack(body, 0)])

    def _part(self, data, at, length):
        head = self._bytes(data, at, length)
        return _U32.unpack(head, 0), _U16.unpack(head, 6)

    def _bytes(self, data, at, length):
        size = self._PAGES * _mmap.PAGESIZE
        at %= size
        start, rest = _mmap.PAGESIZE, max(0, at + length - size)
        return data[start + at:start + at + length - rest] + data[start:start + rest]

    def _decoded(self, data):
        # The kernel pads samples to 8 bytes, and counts that as theirs.
        return super()._decoded(data if self._record is None else data[:self._record.size])

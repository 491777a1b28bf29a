# The maps and variables of an object, opened by descriptors, pins, or names.


class _Spec:
    """A map of the object: what it is, whether programs use it, and where its program pins it."""

    def __init__(self, name, kind, form, key=None, value=None, sizes=(0, 0), used=False, pin=None, inner=None):
        self.name, self.kind, self.form, self.key, self.value = name, kind, form, key, value
        self.sizes, self.used, self.pin, self.inner = sizes, used, pin, inner

    def open(self, fd):
        """The map of a descriptor."""
        return self.form(self, fd)

    def fits(self, info):
        """Whether a map of the kernel is of this kind, and has entries of these sizes."""
        return info.kind == self.kind and all(
            own in (0, other) for own, other in zip(self.sizes, (info.key_size, info.value_size)))

    def is_named(self, name):
        """Whether the kernel's map of this name may be this one: it keeps 15 bytes."""
        clean = "".join(char if char.isalnum() or char in "_." else "_" for char in self.name)
        return name == clean[:15]


class _Section(_Spec):
    """A section of variables, with those as (name, offset, type, writable)."""

    def __init__(self, name, size, variables, used=False, pin=None):
        super().__init__(name, 2, _Data, sizes=(4, size), used=used, pin=pin)
        self.variables = variables

    def is_named(self, name):
        """libbpf puts the start of the object's name in front."""
        return name.endswith(self.name) or super().is_named(name)


class _Data(_Map):
    """The memory of a section. Without `BPF_F_MMAPABLE` a write is that of the whole section."""

    def __init__(self, spec, fd):
        super().__init__(spec, fd)
        self._written = not self._info.flags & (_F_RDONLY_PROG | _F_RDONLY)
        access = _mmap.PROT_READ | (_mmap.PROT_WRITE if self._written else 0)
        self._memory = None
        if self._info.flags & _F_MMAPABLE:
            self._memory = _mmap.mmap(fd, self._info.value_size, _mmap.MAP_SHARED, access)

    def _whole(self):
        if self._memory is not None:
            return self._memory
        out = _memory(self._info.value_size)
        _element(_MAP_LOOKUP, self._fd, _memory(4), out)
        return bytearray(out.raw)

    def read(self, at, of):
        """The variable of a type at an offset."""
        return of.unpack(self._whole(), at)

    def write(self, at, of, value):
        """Stores a variable: one of 1, 2, 4 or 8 bytes by one store."""
        data, whole = of.pack(value), self._whole()
        word = {1: _ctypes.c_uint8, 2: _ctypes.c_uint16, 4: _ctypes.c_uint32, 8: _ctypes.c_uint64}.get(len(data))
        if self._memory is not None and word and at % len(data) == 0:
            word.from_buffer(whole, at).value = int.from_bytes(data, _sys.byteorder)
            return
        whole[at:at + len(data)] = data
        if self._memory is None:
            _element(_MAP_UPDATE, self._fd, _memory(4), _memory(bytes(whole)))


class _Variables:
    """The global variables of the program, as attributes; configs and constants are read-only."""

    def __init__(self, sections):
        places = {}
        for section in sections:
            for name, at, of, writable in section._spec.variables:
                places[name] = section, at, of, writable and section._written
        self.__dict__["_places"] = places

    def _place(self, name):
        place = self._places.get(name)
        if place is None:
            raise AttributeError(f"the program has no variable `{name}`")
        return place

    def __getattr__(self, name):
        section, at, of, _ = self._place(name)
        return section.read(at, of)

    def __setattr__(self, name, value):
        section, at, of, writable = self._place(name)
        if not writable:
            raise AttributeError(f"`{name}` is read-only")
        section.write(at, of, value)

    def __dir__(self):
        return sorted(self._places)


class Opened:
    """The maps of one loaded object as attributes, and its variables as attributes of `var`."""

    def __init__(self, descriptors):
        by_name = {name: spec.open(descriptors[name]) for name, spec in _SPECS.items() if name in descriptors}
        self._all = list(by_name.values())
        self.var = _Variables([one for one in self._all if isinstance(one, _Data)])
        for name, one in by_name.items():
            if isinstance(one, _Events):
                count = f"{name}__dropped"
                if count in self.var._places:
                    one._dropped = lambda count=count: getattr(self.var, count)
            if not isinstance(one, _Data):
                setattr(self, _ATTRIBUTES.get(name, name), one)

    def __getattr__(self, name):
        known = {_ATTRIBUTES.get(spec, spec) for spec in _SPECS}
        raise AttributeError(f"the map `{name}` is not loaded" if name in known else f"there is no map `{name}`")

    def close(self):
        """Closes all descriptors."""
        for one in self._all:
            one.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _pinned(spec):
    """The descriptor of a map at its pin, or none."""
    path = _memory(spec.pin.encode() + b"\0")
    try:
        fd = _bpf(_OBJ_GET, _words("QII", _address(path), 0, 0))
    except FileNotFoundError:
        return None
    info = _MapInfo(fd)
    if spec.fits(info):
        return fd
    _os.close(fd)
    sizes = f"keys of {info.key_size} and values of {info.value_size} bytes"
    raise LookupError(f"the map at {spec.pin} is another one: kind {info.kind}, {sizes}")


def _objects():
    """The loaded objects, each as the ids of its BTF and of the maps that its programs use.

    Programs of one BTF are of one object, and so are those without BTF that share a map.
    """
    objects = []
    for number in _ids(_PROG_NEXT_ID):
        fd = _by_id(_PROG_BY_ID, number)
        if fd is None:
            continue
        info = _ProgramInfo(fd)
        _os.close(fd)
        maps = set(info.maps)
        same = [one for one in objects if (one[0] == info.btf if info.btf else not one[0] and one[1] & maps)]
        objects = [one for one in objects if not any(one is other for other in same)]
        objects.append((info.btf, maps.union(*(one[1] for one in same))))
    return objects


def _candidates(wanted):
    """The maps of each loaded object that fit, as lists of ids by name."""
    objects = _objects()
    fitting = [{} for _ in objects]
    for number in _ids(_MAP_NEXT_ID):
        fd = _by_id(_MAP_BY_ID, number)
        if fd is None:
            continue
        info = _MapInfo(fd)
        _os.close(fd)
        names = [name for name, spec in wanted.items() if spec.is_named(info.name) and spec.fits(info)]
        for (btf, maps), found in zip(objects, fitting):
            if info.btf == btf != 0 or number in maps:
                for name in names:
                    found.setdefault(name, []).append(number)
    return fitting


def open(id=None, maps=None):
    """The maps of the program where it runs: by their pins, else by names, kinds, sizes and BTF.

    `id` is that of one of the maps, and says which object is meant if several processes run the program.
    `maps` are those of this process, which has loaded the object: pairs of a name and a descriptor, which stays the caller's.
    A `LookupError` says what is not there.
    """
    if maps is not None:
        return Opened({name: _os.dup(fd) for name, fd in _inherited(list(maps)).items()})
    descriptors, wanted = {}, {}
    for name, spec in _SPECS.items():
        fd = _pinned(spec) if spec.pin else None
        if fd is None:
            wanted[name] = spec
        else:
            descriptors[name] = fd
    if wanted:
        for name, number in _found(wanted, id).items():
            fd = _by_id(_MAP_BY_ID, number)
            if fd is None:
                raise LookupError(f"the map `{name}` has gone")
            descriptors[name] = fd
    return Opened(descriptors)


def _found(wanted, id):
    """The maps of the one object that has all that its programs use, as ids by name."""
    fitting = [maps for maps in _candidates(wanted) if id is None or any(id in ids for ids in maps.values())]
    needed = [name for name, spec in wanted.items() if spec.used]
    whole = [maps for maps in fitting if maps and all(name in maps for name in needed)]
    if not whole:
        best = max(fitting, key=len, default={})
        missing = ", ".join(f"`{name}`" for name in needed or wanted if name not in best)
        raise LookupError(f"no loaded program has these maps: {missing}")
    if len(whole) > 1:
        name = (needed or list(whole[0]))[0]
        ids = ", ".join(str(number) for maps in whole for number in maps.get(name, ()))
        raise LookupError(f"several loaded objects have these maps; open(id=N) takes the one whose `{name}` is of {ids}")
    return {name: ids[-1] for name, ids in whole[0].items()}


_opened = []


def _default():
    """The maps that the module's own attributes are: those of the process that became this one, else what `open` finds."""
    if not _opened:
        inherited = globals().get("__ks_descriptors__")
        _opened.append(open() if inherited is None else Opened(_inherited(inherited)))
    return _opened[0]


def _inherited(descriptors):
    """By the names of the object, from those of the kernel's maps."""
    named = {}
    for name, spec in _SPECS.items():
        for known, fd in descriptors:
            if known == name or isinstance(spec, _Section) and known.endswith(name):
                named[name] = fd
    return named


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    return getattr(_default(), name)

//! The tables of maps: kinds, flags, methods.

use crate::tables::form::{ByTarget, Kernel, List, Target, Text, record, words};

record! {
    /// A map kind (`ir-specs/maps.toml`).
    pub struct MapKindSpec {
        /// As in a declaration: `lru_hash`.
        pub name: Text,
        #[serde(default)]
        pub aliases: List<Text>,
        /// `bpf_map_type` of include/uapi/linux/bpf.h.
        pub map_type: u32,
        /// The class of the module for Python that reads and writes such maps.
        pub python: Text,
        pub key: KeyRule,
        #[serde(default)]
        pub value: ValueRule,
        /// Key and value may be left out of the declaration.
        #[serde(default)]
        pub optional_types: bool,
        #[serde(default)]
        pub size: SizeRule,
        /// The size if the declaration gives none.
        #[serde(default = "crate::tables::form::entries")]
        pub default_entries: u32,
        /// The first kernel on which programs that may sleep can use the kind.
        #[serde(default)]
        pub sleepable: Option<Kernel>,
        /// The first kernel in which BPF code has atomic operations on its memory, where later than the kind.
        #[serde(default)]
        pub atomics: Option<Kernel>,
        /// Its entries are histograms.
        #[serde(default)]
        pub buckets: Option<Buckets>,
        /// The name in programs, which another kind has without type arguments.
        #[serde(default)]
        pub written: Option<Text>,
        /// Entries exist once per CPU.
        #[serde(default)]
        pub percpu: bool,
        /// Entries always exist: no delete.
        #[serde(default)]
        pub array: bool,
        /// The entries of a pinned one can be made anew by a function of the program.
        #[serde(default)]
        pub migrates: bool,
        /// Values may own objects of the kernel or of the program.
        #[serde(default)]
        pub owns: bool,
        /// The object of an entry, for kinds whose entries belong to kernel objects.
        #[serde(default)]
        pub object: Option<ObjectSpec>,
        /// The accesses of each target to the entries.
        #[serde(default)]
        pub on: ByTarget<List<MapAccess>>,
        /// Names of [`MAP_FLAGS`](super::MAP_FLAGS) that the kernel takes for the kind.
        #[serde(default)]
        pub flags: List<Text>,
        /// The flags that it demands.
        #[serde(default)]
        pub implied: List<Text>,
        /// The errors, names of constants, with which an insertion fails that finds no room. Only kinds that have `refused` list any.
        #[serde(default)]
        pub full: List<Text>,
        /// The first kernel (major, minor) that has it; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
    }
}

words! {
    /// The types that a map kind takes for keys.
    pub enum KeyRule {
        /// Any type of fixed size.
        Any,
        /// `u32`, an index or a number.
        Index,
        /// A struct of `prefixlen: u32` and the bytes that it counts bits of.
        Prefix,
        /// `u32`, which is not written.
        Hidden,
        /// The kind has no keys.
        None,
        /// A kernel object, by a pointer; not written.
        Object,
    }
}

record! {
    /// How the kernel objects are found that the entries of a kind belong to.
    pub struct ObjectSpec {
        /// The struct that keys of BPF code point to.
        pub pointer: Text,
        /// The helpers that find, or make, an entry and that delete it.
        pub get: Text,
        pub delete: Text,
        /// The names of objects that are the keys of user space.
        pub named_by: NamedBy,
    }
}

words! {
    /// What names a kernel object in user space. The kernel takes a descriptor, which the runtime opens.
    pub enum NamedBy {
        /// The descriptor of a socket.
        Socket,
        /// The number of a process.
        Process,
        /// The path of a file or folder.
        Path,
    }
}

words! {
    /// The types that a map kind takes for values.
    pub enum ValueRule = Any {
        /// Any type of fixed size.
        Any,
        /// An array of a stack's frames: of `u64`, their addresses, or of what a flag makes of them.
        Frames,
        /// `u32`, an interface, or the struct `bpf_devmap_val`.
        Device,
        /// `u32`, the length of a queue, or the struct `bpf_cpumap_val`.
        Cpu,
        /// `u32` or `u64`: a descriptor of a socket.
        Socket,
        /// A map, the template of those that the map holds.
        Map,
        /// A program; not written.
        Program,
        /// A cgroup, which user space names by its path; not written.
        Cgroup,
        /// A type of what is sent; the map itself holds descriptors.
        Event,
        /// A type of what is sent through the map's bytes; the map itself has no entries.
        Record,
        /// How often values were in each bucket, and their sum; not written.
        Counts,
        /// There are no values; not written.
        None,
    }
}

words! {
    /// What the number in parentheses counts.
    pub enum SizeRule = Entries {
        Entries,
        /// Bytes: a power of two, and whole pages.
        Pages,
        /// Pages of the kernel's memory.
        Frames,
        /// Entries; without a number, one for each CPU.
        Cpus,
        /// One entry; there is no number for it.
        One,
        /// There is no number.
        None,
    }
}

words! {
    /// How a histogram puts values into buckets.
    pub enum Buckets {
        /// By powers of two.
        Powers,
        /// By steps: the numbers in parentheses end with the lowest value, the end and the width of a bucket.
        Steps,
    }
}

words! {
    /// An access of a side to the entries of a kind.
    #[serde(rename_all = "snake_case")]
    pub enum MapAccess {
        Lookup,
        /// Only whether an entry is there.
        Presence,
        Update,
        /// An update that says whether the key has to be there: `m.insert(k, v)`, `m.update(k, v, flags)`.
        Insert,
        Delete,
        Walk,
        /// `clear(m)`
        Clear,
        /// `m.add(x)`
        Count,
        /// `m.count()` and the like of a histogram without keys, `for (low, n in m)`
        Buckets,
        Push,
        Pop,
        Peek,
        Contains,
        /// `m.contains_current(i)`, `m.contains(ctx, i)`
        UnderCgroup,
        /// `s.id(ctx, flags)`
        StackId,
        /// `m[k].cpu(i)`, `m[k].sum()`, `for (cpu, v in m[k])`
        CpuView,
        /// `m.key(value, bits)`
        Prefix,
        /// `redirect(m, key, flags)`
        Redirect,
        /// `m[k]` is the socket of the entry.
        Socket,
        /// Sending to a socket by its index, and entering one.
        Sockets,
        /// Sending to a socket by a key of any type, and entering one.
        NamedSockets,
        /// Taking a socket for a packet.
        Choose,
        /// `attach(handle, &m)`
        Attach,
        /// `if (var inner = m[k])`
        Inner,
        /// `m[k] = &inner`
        SetInner,
        /// `m.output(v)`
        Output,
        /// `m.on_event(f)`, and `dispatch(m)`
        Events,
        /// `m.dropped()`
        Dropped,
        /// `refused(m)`
        Refused,
        /// `m.reserve()`, `m.submit(e)`, `m.discard(e)`
        Reserve,
        /// `m.reserve(n)`, `m.output(v, b)`, handlers that take a `bytes`.
        Tails,
        /// `m.drain(f)`
        Drain,
        /// `tail_call(m, index)`
        TailCall,
        /// `a.alloc(T)`, `a.free(p)`
        Alloc,
    }
}

record! {
    /// A struct that only the kernel's helpers touch, as a field of a map's value (`ir-specs/special_fields.toml`).
    pub struct SpecialFieldSpec {
        /// As the kernel has it: `bpf_spin_lock`.
        pub name: Text,
        /// The language's own name.
        #[serde(default)]
        pub alias: Option<Text>,
        pub kind: SpecialField,
        pub size: u64,
        pub align: u64,
        /// The noun for such a field, and the construct that uses it, in messages.
        pub what: Text,
        pub used_by: Text,
        /// Names of [`MAP_KINDS`](super::MAP_KINDS) whose values may hold it.
        pub maps: List<Text>,
        /// Names of [`PROGRAMS`](super::PROGRAMS) that use no map of such values.
        pub refused: List<Text>,
        /// The first kernel in which programs that may sleep use maps of such values; none: as maps of others.
        #[serde(default)]
        pub sleepable: Option<Kernel>,
    }
}

words! {
    /// The construct of the language that uses a special field.
    pub enum SpecialField {
        /// `lock (v.f) { … }`
        Lock,
        /// `v.f.start(ns, f)`
        Timer,
    }
}

record! {
    /// A method of special fields of entries (`ir-specs/field_methods.toml`).
    pub struct FieldMethodSpec {
        pub name: Text,
        pub of: SpecialField,
        /// Names and types.
        pub params: List<(Text, Text)>,
        /// The types of the parameters of a function that is the last argument; `K` and `V` are the map's.
        #[serde(default)]
        pub handler: List<Text>,
        /// Named arguments.
        #[serde(default)]
        pub options: List<FieldOption>,
        pub result: Text,
        pub op: Text,
        /// One line for the reference.
        pub summary: Text,
    }
}

record! {
    /// A named argument of such a method, true or false.
    pub struct FieldOption {
        pub name: Text,
        /// The bit of the flags that it sets.
        pub flag: u32,
        /// The first kernel that knows it.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// One line for the reference.
        pub summary: Text,
    }
}

record! {
    /// A flag of maps (`ir-specs/map_flags.toml`).
    pub struct MapFlagSpec {
        pub name: Text,
        /// `BPF_F_…`
        pub kernel: Text,
        pub bit: u32,
        /// Written `name(number)`.
        #[serde(default)]
        pub argument: bool,
        /// The type of a stack's frames in a map that has it; none: the flag does not change it.
        #[serde(default)]
        pub frame: Option<Text>,
        /// The accesses that each target lacks for a map with the flag.
        #[serde(default)]
        pub lacks: ByTarget<List<MapAccess>>,
    }
}

record! {
    /// A method of maps (`ir-specs/map_methods.toml`).
    pub struct MapMethodSpec {
        pub name: Text,
        /// Names, and types: `K` and `V` are the map's.
        #[serde(default)]
        pub params: List<(Text, Text)>,
        /// One more argument, which may be left out: its name and type.
        #[serde(default)]
        pub tail: Option<(Text, Text)>,
        pub result: Text,
        /// The result is there or not.
        #[serde(default)]
        pub optional: bool,
        /// Called as `redirect(m, …)`.
        #[serde(default)]
        pub function: bool,
        /// The helper that it is where its first argument is no map; the last arguments of that may be left out, and are 0.
        #[serde(default)]
        pub without_map: Option<Text>,
        /// The helper that it is, which takes the context, the map and the other arguments.
        #[serde(default)]
        pub with_context: Option<Text>,
        /// The helper that it is, which takes the map and the other arguments, the context first, and yields 1 for true.
        #[serde(default)]
        pub tests: Option<Text>,
        /// Its name in programs, where that of another kind's method is the same.
        #[serde(default)]
        pub written: Option<Text>,
        /// The helpers that it is with a map of sockets: the one that the map's kind and the type of the program allow.
        #[serde(default)]
        pub to_sockets: List<Text>,
        /// Written as `m[k]`.
        #[serde(default)]
        pub indexed: bool,
        /// The parameter is a function that this target calls.
        #[serde(default)]
        pub handler: Option<Target>,
        /// Called on entries: `m[k].sum()`.
        #[serde(default)]
        pub entry: bool,
        /// What a `for` walks over.
        #[serde(default)]
        pub walks: bool,
        pub needs: MapAccess,
        /// The op that it becomes; none: not compiled yet.
        #[serde(default)]
        pub op: Option<Text>,
        /// One line for messages and the reference.
        pub summary: Text,
    }
}

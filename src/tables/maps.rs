//! The types of the tables of maps: kinds, flags, methods.

use crate::target::{Maps, Target};
use enum_map::EnumMap;

/// A map kind (`ir-specs/maps.toml`).
#[derive(Debug)]
pub struct MapKindSpec {
    /// As in a declaration: `lru_hash`.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// `bpf_map_type` of include/uapi/linux/bpf.h.
    pub map_type: u32,
    pub key: KeyRule,
    pub value: ValueRule,
    /// Key and value may be left out of the declaration.
    pub optional_types: bool,
    pub size: SizeRule,
    /// What the size is when the declaration gives none.
    pub default_entries: u32,
    /// Entries exist once per CPU.
    pub percpu: bool,
    /// Entries always exist: no delete.
    pub array: bool,
    /// Values may hold a `bpf_spin_lock`.
    pub spin_lock: bool,
    /// Of kinds whose entries belong to kernel objects.
    pub object: Option<ObjectSpec>,
    /// What each target can do with the entries.
    pub on: EnumMap<Target, &'static [MapAccess]>,
    /// What the use of such maps is called that this compiler lacks.
    pub later: Option<&'static str>,
    /// Names of [`MAP_FLAGS`](super::MAP_FLAGS) that the kernel takes for the kind.
    pub flags: &'static [&'static str],
    /// Those that it demands.
    pub implied: &'static [&'static str],
    /// The first kernel (major, minor) that has it; none: all that the compiler supports.
    pub since: Option<(u32, u32)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// How the kernel objects are found that the entries of a kind belong to.
#[derive(Debug)]
pub struct ObjectSpec {
    /// The struct that keys of BPF code point to.
    pub pointer: &'static str,
    /// The helpers that find, or make, an entry and that delete it.
    pub get: &'static str,
    pub delete: &'static str,
    /// What keys of user space are.
    pub named_by: NamedBy,
}

/// What names a kernel object in user space. The kernel takes a descriptor, which the runtime opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NamedBy {
    /// The descriptor of a socket.
    Socket,
    /// The number of a process.
    Process,
    /// The path of a file or folder.
    Path,
}

impl ObjectSpec {
    /// What a target finds an entry by, as messages say it.
    pub fn key_in_words(&self, target: Target) -> String {
        match self.named_by {
            _ if target.facts().maps == Maps::InPlace => format!("a `*{}`", self.pointer),
            NamedBy::Socket => "the descriptor of a socket, an `i32`".to_owned(),
            NamedBy::Process => "the number of a process, an `i32`".to_owned(),
            NamedBy::Path => "a path, a string".to_owned(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueRule {
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
    /// A type of what is sent; the map itself holds descriptors.
    Event,
    /// A type of what is sent through the map's bytes; the map itself has no entries.
    Record,
}

/// What the number in parentheses counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizeRule {
    Entries,
    /// Bytes: a power of two, and whole pages.
    Pages,
    /// Entries; without a number, one for each CPU.
    Cpus,
    /// There is no number.
    None,
}

/// What a side can do with the entries of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapAccess {
    Lookup,
    /// Only whether an entry is there.
    Presence,
    Update,
    /// An update that says whether the key has to be there: `m.insert(k, v)`, `m.update(k, v, flags)`.
    Insert,
    Delete,
    Walk,
    Push,
    Pop,
    Peek,
    Contains,
    /// `s.id(ctx, flags)`
    StackId,
    /// `m[k].cpu(i)`, `m[k].sum()`, `for (cpu, v in m[k])`
    CpuView,
    /// `m.key(value, bits)`
    Prefix,
    /// `redirect(m, key, flags)`
    Redirect,
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
    /// `m.reserve()`, `m.submit(e)`, `m.discard(e)`
    Reserve,
    /// `m.drain(f)`
    Drain,
    /// Something that this compiler lacks.
    Later,
}

impl MapAccess {
    /// As messages name it.
    pub fn in_words(self) -> &'static str {
        match self {
            MapAccess::Lookup => "reading entries",
            MapAccess::Presence => "testing whether an entry is there",
            MapAccess::Update => "writing entries",
            MapAccess::Insert => "`insert` and `update`",
            MapAccess::Delete => "deleting entries",
            MapAccess::Walk => "walking over the entries",
            MapAccess::Push => "`push`",
            MapAccess::Pop => "`pop`",
            MapAccess::Peek => "`peek`",
            MapAccess::Contains => "`contains`",
            MapAccess::StackId => "`id`",
            MapAccess::CpuView => "looking at the values of CPUs",
            MapAccess::Prefix => "`key`",
            MapAccess::Redirect => "`redirect`",
            MapAccess::Inner => "taking out a map",
            MapAccess::SetInner => "putting in a map",
            MapAccess::Output => "`output`",
            MapAccess::Events => "`on_event` and `dispatch`",
            MapAccess::Dropped => "`dropped`",
            MapAccess::Reserve => "`reserve`, `submit` and `discard`",
            MapAccess::Drain => "`drain`",
            MapAccess::Later => "the use of its entries",
        }
    }
}

impl MapKindSpec {
    /// Whether any target can do this with its entries.
    pub fn can(&self, access: MapAccess) -> bool {
        self.on.values().any(|accesses| accesses.contains(&access))
    }

    /// What the targets can do with it, as the help of messages.
    pub fn abilities(&self) -> String {
        let side = |accesses: &[MapAccess]| {
            let words: Vec<&str> = accesses.iter().map(|access| access.in_words()).collect();
            if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
        };
        let (bpf, host) = (side(self.on[Target::Bpf]), side(self.on[Target::Host]));
        let why = self.object.as_ref().filter(|_| self.on[Target::Bpf].is_empty()).map_or(String::new(), |object| {
            format!(" (no type of program that there is gets a pointer to a `{}`)", object.pointer)
        });
        format!("with a `{}` BPF code can do: {bpf}{why}; user space: {host}", self.name)
    }
}

/// Why a side cannot do something with a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The kind does not have it, on this side or at all.
    Kind,
    /// A flag takes it away.
    Flag(&'static MapFlagSpec),
    /// The kernel has it, this compiler does not.
    Later(&'static str),
}

/// Why a target cannot do something with a map, if it cannot.
pub fn refusal(kind: &MapKindSpec, flags: u32, access: MapAccess, target: Target) -> Option<Refusal> {
    if let Some(later) = kind.later {
        return Some(Refusal::Later(later));
    }
    if !kind.on[target].contains(&access) {
        return Some(Refusal::Kind);
    }
    let lacks = |flag: &&MapFlagSpec| flag.lacks[target].contains(&access);
    let set = super::MAP_FLAGS.iter().filter(|flag| flags & 1 << flag.bit != 0);
    set.into_iter().find(lacks).map(Refusal::Flag)
}

/// A flag of maps (`ir-specs/map_flags.toml`).
#[derive(PartialEq, Eq, Debug)]
pub struct MapFlagSpec {
    pub name: &'static str,
    /// `BPF_F_…`
    pub kernel: &'static str,
    pub bit: u32,
    /// Written `name(number)`.
    pub argument: bool,
    /// The type of a stack's frames in a map that has it; none: the flag does not change it.
    pub frame: Option<&'static str>,
    /// What each target cannot do with a map that has it.
    pub lacks: EnumMap<Target, &'static [MapAccess]>,
}

/// What is called on maps (`ir-specs/map_methods.toml`).
#[derive(Debug)]
pub struct MapMethodSpec {
    pub name: &'static str,
    /// Names, and types: `K` and `V` are the map's.
    pub params: &'static [(&'static str, &'static str)],
    pub result: &'static str,
    /// The result is there or not.
    pub optional: bool,
    /// Called as `redirect(m, …)`.
    pub function: bool,
    /// The parameter is a function that this target calls.
    pub handler: Option<Target>,
    /// Called on entries: `m[k].sum()`.
    pub entry: bool,
    pub needs: MapAccess,
    /// The op that it becomes; none: not compiled yet.
    pub op: Option<&'static str>,
    /// One line for messages and the reference.
    pub summary: &'static str,
}

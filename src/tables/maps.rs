//! The types of the tables of maps: kinds, flags, methods.

use super::{KeyRule, MAP_KINDS, MapAccess, MapFlagSpec, MapKindSpec, MapMethodSpec, NamedBy, ObjectSpec};
use crate::target::{Maps, Target};

/// The map kind of a name or of one of its aliases.
pub fn map_kind(name: &str) -> Option<&'static MapKindSpec> {
    let mut own = MAP_KINDS.iter().filter(|kind| kind.written.is_none());
    own.find(|kind| kind.name == name || kind.aliases.contains(&name))
}

/// The map kind that a name stands for where types follow it.
pub fn keyed_kind(kind: &'static MapKindSpec) -> &'static MapKindSpec {
    MAP_KINDS.iter().find(|other| other.written == Some(kind.name)).unwrap_or(kind)
}

impl KeyRule {
    /// Whether declarations and uses of such a map name keys.
    pub fn is_written(self) -> bool {
        match self {
            KeyRule::Any | KeyRule::Index | KeyRule::Prefix => true,
            KeyRule::Hidden | KeyRule::None | KeyRule::Object => false,
        }
    }
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
            MapAccess::Clear => "emptying",
            MapAccess::Count => "`add`",
            MapAccess::Buckets => "`count`, `sum` and `percentile`",
            MapAccess::Push => "`push`",
            MapAccess::Pop => "`pop`",
            MapAccess::Peek => "`peek`",
            MapAccess::Contains => "`contains`",
            MapAccess::UnderCgroup => "`contains_current`, and `contains` of the sender of a packet",
            MapAccess::StackId => "`id`",
            MapAccess::CpuView => "looking at the values of CPUs",
            MapAccess::Prefix => "`key`",
            MapAccess::Redirect => "`redirect`",
            MapAccess::Socket => "taking out a socket",
            MapAccess::Sockets => "`bpf_msg_redirect_map`, `bpf_sk_redirect_map` and `bpf_sock_map_update`",
            MapAccess::NamedSockets => "`bpf_msg_redirect_hash`, `bpf_sk_redirect_hash` and `bpf_sock_hash_update`",
            MapAccess::Choose => "`bpf_sk_select_reuseport`",
            MapAccess::Attach => "`attach` of programs to its sockets",
            MapAccess::Inner => "taking out a map",
            MapAccess::SetInner => "putting in a map",
            MapAccess::Output => "`output`",
            MapAccess::Events => "`on_event` and `dispatch`",
            MapAccess::Dropped => "`dropped`",
            MapAccess::Refused => "`refused`",
            MapAccess::Reserve => "`reserve`, `submit` and `discard`",
            MapAccess::Tails => "bytes after a value",
            MapAccess::Drain => "`drain`",
            MapAccess::TailCall => "`tail_call`",
            MapAccess::Alloc => "`alloc` and `free`",
        }
    }
}

impl MapMethodSpec {
    /// The name in programs.
    pub fn word(&self) -> &'static str {
        self.written.unwrap_or(self.name)
    }
}

impl MapKindSpec {
    /// The name in programs.
    pub fn word(&self) -> &'static str {
        self.written.unwrap_or(self.name)
    }

    /// Whether it is memory that pointers of a space of their own lead to.
    pub fn is_arena(&self) -> bool {
        self.can(MapAccess::Alloc)
    }

    /// Whether any target can do this with its entries.
    pub fn can(&self, access: MapAccess) -> bool {
        self.on.values().any(|accesses| accesses.contains(&access))
    }

    /// The accesses of each target to maps of the kind, as the help of messages.
    pub fn abilities(&self) -> String {
        let side = |accesses: &[MapAccess]| {
            let words: Vec<&str> = accesses.iter().map(|access| access.in_words()).collect();
            if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
        };
        let (bpf, host) = (side(self.on[Target::Bpf]), side(self.on[Target::Host]));
        format!("with a `{}` BPF code can do: {bpf}; user space: {host}", self.word())
    }
}

/// Why a side cannot do something with a map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The kind does not have it, on this side or at all.
    Kind,
    /// A flag takes it away.
    Flag(&'static MapFlagSpec),
}

/// Why a target cannot do something with a map, if it cannot.
pub fn refusal(kind: &MapKindSpec, flags: u32, access: MapAccess, target: Target) -> Option<Refusal> {
    if !kind.on[target].contains(&access) {
        return Some(Refusal::Kind);
    }
    let lacks = |flag: &&MapFlagSpec| flag.lacks[target].contains(&access);
    let set = super::MAP_FLAGS.iter().filter(|flag| flags & 1 << flag.bit != 0);
    set.into_iter().find(lacks).map(Refusal::Flag)
}

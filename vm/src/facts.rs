//! The kernel's interface as tables: numbers of helpers and map kinds, program types, layouts of contexts. Generated from `ir-specs/`.

/// A type of programs by one of its forms in the language.
pub struct ProgramKind {
    /// The attribute's name in the language: `tc`.
    pub name: &'static str,
    /// The number in `enum bpf_prog_type`.
    pub number: u32,
    /// The name of the context's layout; empty if programs get none that is known here.
    pub context: &'static str,
    /// The names of ELF sections that hold such programs, up to a slash.
    pub sections: &'static [&'static str],
}

/// The layout of a context, or of a kernel object that a context points to, as programs see it.
pub struct Layout {
    /// The C struct's name.
    pub name: &'static str,
    /// Bytes.
    pub size: u32,
    /// Whether it is a kernel object and no context.
    pub is_object: bool,
    /// In no order; unions overlap.
    pub fields: &'static [Field],
}

/// A field of a layout.
pub struct Field {
    /// Its C name.
    pub name: &'static str,
    /// In bytes.
    pub offset: u32,
    /// In bytes; of arrays all of them.
    pub size: u32,
    /// What a load yields.
    pub role: Role,
    /// The program types that may store to it, by names of the language.
    pub writers: &'static [&'static str],
}

/// What a load of a field yields.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The stored number.
    Plain,
    /// The address of the packet's first byte.
    PacketStart,
    /// The address behind its last byte that is directly accessible.
    PacketEnd,
    /// The address of its metadata.
    PacketMeta,
    /// The address of a kernel object.
    Object,
}

include!(concat!(env!("OUT_DIR"), "/facts.rs"));

/// The name of a helper, as `bpf_ktime_get_ns`; None for a number that no kernel here has.
pub fn helper_name(number: u32) -> Option<&'static str> {
    HELPERS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The name of a map kind in the language; None for an unknown number.
pub fn map_kind_name(number: u32) -> Option<&'static str> {
    MAP_KINDS.iter().find(|(known, _)| *known == number).map(|(_, name)| *name)
}

/// The layout of this name.
pub fn layout(name: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.name == name)
}

/// The layout of the context of programs of this type (`enum bpf_prog_type`).
pub fn context_of(prog_type: u32) -> Option<&'static Layout> {
    let kind = PROGRAM_KINDS.iter().find(|kind| kind.number == prog_type && !kind.context.is_empty())?;
    layout(kind.context)
}

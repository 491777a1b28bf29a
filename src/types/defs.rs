//! Definitions that types refer to by id.

use super::Ty;
use crate::source::Span;

/// A struct or union: of the program, of the tables, or of the kernel's BTF.
#[derive(Clone, Debug)]
pub struct StructDef {
    pub name: String,
    pub origin: Origin,
    pub fields: Vec<FieldDef>,
    /// In bytes, with trailing padding; set by `Types::lay_out` for the user's structs, by the tables for others.
    pub size: u64,
    /// In bytes.
    pub align: u64,
    /// The span of the name in its declaration; none for what the tables declare.
    pub span: Option<Span>,
}

impl StructDef {
    /// The index of the field of this name; none if there is none.
    pub fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.name == name)
    }
}

/// Who declares a struct, which decides how its fields are accessed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Origin {
    /// The program: C layout.
    User,
    /// A union of the program: C layout, each field at the start.
    Union,
    /// A wire format (`ethhdr`, `iphdr` …): packed as in the packet, never relocated.
    Packet,
    /// A context of a program type (`xdp_md`, `__sk_buff`): stable UAPI, rewritten by the verifier.
    Context,
    /// An object of the kernel (`bpf_sock`) that is known by pointers alone: stable UAPI, rewritten by the verifier.
    Object,
    /// What the kernel keeps in maps (`bpf_devmap_val` …): C layout.
    Kernel,
    /// A struct of the kernel whose layout this compiler does not know: a mistake where it is used.
    Unknown,
    /// A lock of a kernel module: a variable of its own, which `lock (x)` alone names.
    ModuleLock,
    /// A field of a map's value that only the kernel's helpers touch (`ir-specs/special_fields.toml`).
    Special,
    /// `bpf_dynptr`: a variable of BPF code with the kernel's handle of memory, which helpers and kernel functions alone touch.
    Dynptr,
    /// `kptr<T>`: a pointer that owns an object. Its one field has the type of the pointer.
    Kptr,
    /// `list<T>`, `struct bpf_list_head`: its one field has the type of pointers to what is in it.
    List,
    /// `rbtree<T, less>`, `struct bpf_rb_root`: the same.
    Tree,
    /// `struct bpf_list_node`, in what is in lists.
    ListLink,
    /// `struct bpf_rb_node`, in what is in trees.
    TreeLink,
    /// A struct of the kernel, known by pointers alone: its fields are those that the program names, at the offsets of
    /// the kernel's BTF, and relocated when the program is loaded.
    Btf,
    /// A union of the kernel, like `Btf`.
    BtfUnion,
    /// A struct that has the name of a typedef alone.
    BtfTypedef,
    /// A union that has the name of a typedef alone.
    BtfTypedefUnion,
}

impl Origin {
    /// Every origin, in order of declaration, for the parser of IR text.
    pub const ALL: [Origin; 19] = [
        Origin::User,
        Origin::Union,
        Origin::Packet,
        Origin::Context,
        Origin::Object,
        Origin::Kernel,
        Origin::Unknown,
        Origin::ModuleLock,
        Origin::Special,
        Origin::Dynptr,
        Origin::Kptr,
        Origin::List,
        Origin::Tree,
        Origin::ListLink,
        Origin::TreeLink,
        Origin::Btf,
        Origin::BtfUnion,
        Origin::BtfTypedef,
        Origin::BtfTypedefUnion,
    ];

    /// Whether the loader relocates its fields.
    pub fn is_relocated(self) -> bool {
        matches!(self, Origin::Btf | Origin::BtfUnion) || self.is_typedef()
    }

    /// Whether only the kernel's helpers and functions read or write it.
    pub fn is_kept(self) -> bool {
        matches!(self, Origin::Special | Origin::Dynptr) || self.owns() || self.is_link()
    }

    /// Whether it owns objects.
    pub fn owns(self) -> bool {
        self == Origin::Kptr || self.has_links()
    }

    /// Whether it is a list or a tree, by links in its objects.
    pub fn has_links(self) -> bool {
        matches!(self, Origin::List | Origin::Tree)
    }

    /// Whether it is the link of an object in a list or tree.
    pub fn is_link(self) -> bool {
        matches!(self, Origin::ListLink | Origin::TreeLink)
    }

    /// Whether it is a union, of the program or of the kernel's BTF.
    pub fn is_union(self) -> bool {
        matches!(self, Origin::Union | Origin::BtfUnion | Origin::BtfTypedefUnion)
    }

    /// Whether the program declares it, and so its layout.
    pub fn is_own(self) -> bool {
        matches!(self, Origin::User | Origin::Union)
    }

    /// Whether several fields may have bits in common that the program reads and writes by either.
    pub fn overlaps(self) -> bool {
        matches!(self, Origin::Packet | Origin::Union)
    }

    /// Whether the struct has no tag in BTF, only the name of a typedef.
    pub fn is_typedef(self) -> bool {
        matches!(self, Origin::BtfTypedef | Origin::BtfTypedefUnion)
    }

    /// The word of IR text.
    pub fn word(self) -> &'static str {
        match self {
            Origin::User => "user",
            Origin::Union => "union",
            Origin::Packet => "packet",
            Origin::Context => "context",
            Origin::Object => "object",
            Origin::Kernel => "kernel",
            Origin::Unknown => "unknown",
            Origin::ModuleLock => "module_lock",
            Origin::Special => "special",
            Origin::Dynptr => "dynptr",
            Origin::Kptr => "kptr",
            Origin::List => "list",
            Origin::Tree => "tree",
            Origin::ListLink => "list_link",
            Origin::TreeLink => "tree_link",
            Origin::Btf => "btf",
            Origin::BtfUnion => "btf_union",
            Origin::BtfTypedef => "btf_typedef",
            Origin::BtfTypedefUnion => "btf_typedef_union",
        }
    }
}

/// A field of a struct or union.
#[derive(Clone, Debug)]
pub struct FieldDef {
    pub name: String,
    pub ty: Ty,
    /// In bytes from the start of the struct; of a bit-field, of its storage unit.
    pub offset: u64,
    pub bits: Option<BitField>,
    pub span: Option<Span>,
}

impl FieldDef {
    /// The type of the memory that an access to the field loads or stores: of a bit-field, that of its storage unit.
    pub fn stored(&self) -> Ty {
        self.bits.map_or(self.ty, |bits| bits.unit)
    }
}

/// A bit-field inside its storage unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BitField {
    /// From the least significant bit of the storage unit as loaded on a little-endian machine; `Types::shift` has that of others.
    pub shift: u8,
    pub width: u8,
    /// The integer that is loaded and stored. That of a struct of the program is the smallest that holds the bits, since a
    /// field beside them may be another thread's.
    pub unit: Ty,
    /// Of a wire format: the bits of each byte are the same on all machines. Other structs have C's layout on each machine.
    pub wire: bool,
}

/// An enum, which is a number of the type `repr` with names for some values.
#[derive(Clone, Debug)]
pub struct EnumDef {
    pub name: String,
    pub repr: Ty,
    pub variants: Vec<VariantDef>,
    pub span: Option<Span>,
}

/// A named value of an enum.
#[derive(Clone, Debug)]
pub struct VariantDef {
    pub name: String,
    /// Within the range of the representation.
    pub value: i128,
    pub span: Option<Span>,
}

/// The type of a function: its parameters in order, and its result, `void` if it has none.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FnSig {
    pub params: Vec<Ty>,
    pub result: Ty,
}

//! Types, shared by every stage: one interned table, one grammar (`text.rs`) for IR text and messages.
//!
//! Invariant: a [`Ty`] is an index into the session's [`Types`]; equal types have equal indexes, so types compare by `==`.
//! Signedness lives in the type; arithmetic ops carry none.

mod defs;
pub mod layout;
mod measure;
mod owners;
mod parts;
mod placement;
mod stacks;
pub mod text;

use crate::target::Machine;
pub use defs::*;
use indexmap::IndexSet;
pub use measure::{MAX_SIZE, TooMuch};
pub use owners::LINK;
pub use parts::TypeParts;
pub use placement::{GAP, Piece};

/// An interned type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Ty(u32);

/// An index into the structs and unions of [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct StructId(pub u32);

/// An index into the enums of [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct EnumId(pub u32);

/// An index into the function types of [`Types`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SigId(pub u32);

/// The structure of a type. The comments show its text in IR and messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TyKind {
    /// `void`
    Void,
    /// `i1` in IR text, `bool` in messages
    Bool,
    /// `u8` … `u64`, `i8` … `i64`
    Int { bits: u8, signed: bool },
    /// `be16`, `be32`, `be64`: stored in network byte order
    Be { bits: u8 },
    /// `char`: one byte, unsigned
    Char,
    /// `f64`
    F64,
    /// `str<N>`: N bytes with the terminating NUL
    Str(u32),
    /// `[N x T]`
    Array(Ty, u64),
    /// `@S`
    Struct(StructId),
    /// `@E`
    Enum(EnumId),
    /// `fn(T, …)->R`
    Fn(SigId),
    /// `ptr<T, SPACE>`, and `ptr<T, SPACE>?` where it may be null
    Ptr { to: Ty, space: Space, nullable: bool },
    /// `opt<T>`: a value or nothing; of places it is what `if (var …)` tests
    Opt(Ty),
    /// `place<T, SPACE>`: where a T is stored; what loads and stores take
    Place { of: Ty, space: Space },
    /// `handle`, `handle<xdp>`: a loaded program of any type, or of the one that its attribute names; what `load` yields
    Handle(Option<&'static str>),
    /// `link`: an attachment, what `attach` yields; compares with 0
    Link,
    /// `bytes`: a view of the bytes of a packet or of a value; of parameters and local variables alone
    Bytes,
    /// `null`: the type of the literal alone
    Null,
    /// `error`: of an expression that was reported already; fits everything
    Error,
}

/// The memory of a pointer; decides how an access is emitted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Space {
    /// Not known: the verifier follows the pointer, and `specialise` copies the function where the difference matters.
    Any,
    Stack,
    Global,
    /// A map itself, not an entry.
    Map,
    /// An entry of a map that is shared.
    MapValue,
    /// An entry of a per-CPU map.
    Percpu,
    /// A BPF program's context.
    Ctx,
    Packet,
    Ringbuf,
    /// A kernel object; how far the verifier trusts the pointer decides between a load and a probe read.
    BtfTrusted,
    BtfRcu,
    BtfUntrusted,
    /// User memory seen from the kernel.
    User,
    /// Memory of the host process.
    Host,
    Heap,
    /// Memory of an arena, at the same address on both sides.
    Arena,
}

impl Space {
    /// Every space, in order of declaration, for the parser of IR text.
    pub const ALL: [Space; 16] = [
        Space::Any,
        Space::Stack,
        Space::Global,
        Space::Map,
        Space::MapValue,
        Space::Percpu,
        Space::Ctx,
        Space::Packet,
        Space::Ringbuf,
        Space::BtfTrusted,
        Space::BtfRcu,
        Space::BtfUntrusted,
        Space::User,
        Space::Host,
        Space::Heap,
        Space::Arena,
    ];

    /// Memory that only a helper can read, by any address: what cannot be read is zero.
    pub fn is_probed(self) -> bool {
        matches!(self, Space::BtfUntrusted | Space::User)
    }

    /// Memory of BPF code that any helper may write.
    pub fn helpers_write(self) -> bool {
        matches!(self, Space::Stack | Space::Global | Space::MapValue | Space::Ringbuf)
    }

    /// The space of what is read through a pointer of this space where nothing is known of it.
    pub fn probed(self) -> Space {
        if self == Space::User { Space::User } else { Space::BtfUntrusted }
    }

    /// The spelling in type text.
    pub fn text(self) -> &'static str {
        match self {
            Space::Any => "any",
            Space::Stack => "stack",
            Space::Global => "global",
            Space::Map => "map",
            Space::MapValue => "map_value",
            Space::Percpu => "percpu",
            Space::Ctx => "ctx",
            Space::Packet => "packet",
            Space::Ringbuf => "ringbuf",
            Space::BtfTrusted => "btf(trusted)",
            Space::BtfRcu => "btf(rcu)",
            Space::BtfUntrusted => "btf(untrusted)",
            Space::User => "user",
            Space::Host => "host",
            Space::Heap => "heap",
            Space::Arena => "arena",
        }
    }
}

/// The struct to which `ctx` points in programs whose parameters are values in the context. No program can write this name.
pub const OWN_CONTEXT: &str = "program.context";

/// The session's types.
pub struct Types {
    machine: &'static Machine,
    kinds: IndexSet<TyKind>,
    structs: Vec<StructDef>,
    enums: Vec<EnumDef>,
    sigs: IndexSet<FnSig>,
}

/// The types that everything needs, interned first so that they are constants.
impl Ty {
    /// The types that each [`Types`] has from the start; their indexes are the order of `WELL_KNOWN`.
    pub const VOID: Ty = Ty(0);
    pub const BOOL: Ty = Ty(1);
    pub const U8: Ty = Ty(2);
    pub const U16: Ty = Ty(3);
    pub const U32: Ty = Ty(4);
    pub const U64: Ty = Ty(5);
    pub const I8: Ty = Ty(6);
    pub const I16: Ty = Ty(7);
    pub const I32: Ty = Ty(8);
    pub const I64: Ty = Ty(9);
    pub const BE16: Ty = Ty(10);
    pub const BE32: Ty = Ty(11);
    pub const BE64: Ty = Ty(12);
    pub const CHAR: Ty = Ty(13);
    pub const F64: Ty = Ty(14);
    pub const HANDLE: Ty = Ty(15);
    pub const LINK: Ty = Ty(16);
    pub const BYTES: Ty = Ty(17);
    pub const NULL: Ty = Ty(18);
    pub const ERROR: Ty = Ty(19);

    /// The results of an op that yields this: none for `void`.
    pub fn results(&self) -> &[Ty] {
        if *self == Ty::VOID { &[] } else { std::slice::from_ref(self) }
    }
}

/// In the order of the constants of [`Ty`].
const WELL_KNOWN: [TyKind; 20] = [
    TyKind::Void,
    TyKind::Bool,
    TyKind::Int { bits: 8, signed: false },
    TyKind::Int { bits: 16, signed: false },
    TyKind::Int { bits: 32, signed: false },
    TyKind::Int { bits: 64, signed: false },
    TyKind::Int { bits: 8, signed: true },
    TyKind::Int { bits: 16, signed: true },
    TyKind::Int { bits: 32, signed: true },
    TyKind::Int { bits: 64, signed: true },
    TyKind::Be { bits: 16 },
    TyKind::Be { bits: 32 },
    TyKind::Be { bits: 64 },
    TyKind::Char,
    TyKind::F64,
    TyKind::Handle(None),
    TyKind::Link,
    TyKind::Bytes,
    TyKind::Null,
    TyKind::Error,
];

impl Default for Types {
    fn default() -> Types {
        Types::new()
    }
}

impl Types {
    /// A table with the well-known types alone, at the indexes that the constants of [`Ty`] have. The machine is that of the compiler.
    pub fn new() -> Types {
        Types::of(Machine::native())
    }

    /// As [`Types::new`], for a machine.
    pub fn of(machine: &'static Machine) -> Types {
        let (kinds, sigs) = (IndexSet::new(), IndexSet::new());
        let mut types = Types { machine, kinds, structs: Vec::new(), enums: Vec::new(), sigs };
        for kind in WELL_KNOWN {
            types.intern(kind);
        }
        types
    }

    /// The context of any program. Nothing is known of its fields.
    pub fn any_context(&mut self) -> Ty {
        let found = self.structs.iter().position(|def| def.name == OWN_CONTEXT).map(|at| StructId(at as u32));
        let of = found.unwrap_or_else(|| {
            let name = OWN_CONTEXT.to_owned();
            self.add_struct(StructDef {
                name,
                origin: Origin::Context,
                fields: Vec::new(),
                size: 0,
                align: 8,
                span: None,
            })
        });
        self.intern(TyKind::Struct(of))
    }

    /// Whether a type is a pointer to [`Types::any_context`], `*context`.
    pub fn is_any_context(&self, ty: Ty) -> bool {
        let TyKind::Ptr { to, .. } = self.kind(ty) else { return false };
        matches!(self.kind(to), TyKind::Struct(id) if self.struct_def(id).name == OWN_CONTEXT)
    }

    /// The machine in whose memory values of the types are.
    pub fn machine(&self) -> &'static Machine {
        self.machine
    }

    /// The constants of [`Ty`].
    fn well_known(&self) -> impl Iterator<Item = Ty> {
        (0..WELL_KNOWN.len() as u32).map(Ty)
    }

    /// The type of this kind, entered if it is new.
    pub fn intern(&mut self, kind: TyKind) -> Ty {
        Ty(self.kinds.insert_full(kind).0 as u32)
    }

    /// The type of this kind, if any part of the program has it.
    pub fn find(&self, kind: TyKind) -> Option<Ty> {
        self.kinds.get_index_of(&kind).map(|index| Ty(index as u32))
    }

    /// The structure of a type.
    pub fn kind(&self, ty: Ty) -> TyKind {
        self.kinds[ty.0 as usize]
    }

    /// The integer type of this width, which is 8, 16, 32 or 64 bits; another one is a compiler bug.
    pub fn int(&self, bits: u8, signed: bool) -> Ty {
        match (bits, signed) {
            (8, false) => Ty::U8,
            (16, false) => Ty::U16,
            (32, false) => Ty::U32,
            (64, false) => Ty::U64,
            (8, true) => Ty::I8,
            (16, true) => Ty::I16,
            (32, true) => Ty::I32,
            (64, true) => Ty::I64,
            (bits, _) => crate::bug!("no integer type of {bits} bits"),
        }
    }

    /// `[N x T]`: an array of `length` elements.
    pub fn array(&mut self, element: Ty, length: u64) -> Ty {
        self.intern(TyKind::Array(element, length))
    }

    /// The type of handles of programs whose attribute has this name.
    pub fn handle(&mut self, kind: &'static str) -> Ty {
        self.intern(TyKind::Handle(Some(kind)))
    }

    /// Whether it is the handle of a loaded program, of any attribute.
    pub fn is_handle(&self, ty: Ty) -> bool {
        matches!(self.kind(ty), TyKind::Handle(_))
    }

    /// `str<N>` for a size in bytes that includes the terminating NUL.
    pub fn string(&mut self, size: u32) -> Ty {
        self.intern(TyKind::Str(size))
    }

    /// To what has no type, since its declaration is wrong, there is no pointer either.
    pub fn ptr(&mut self, to: Ty, space: Space, nullable: bool) -> Ty {
        if to == Ty::ERROR {
            return Ty::ERROR;
        }
        self.intern(TyKind::Ptr { to, space, nullable })
    }

    /// `place<T, SPACE>`: the type of an op that loads and stores take.
    pub fn place(&mut self, of: Ty, space: Space) -> Ty {
        self.intern(TyKind::Place { of, space })
    }

    /// `opt<T>`: a value of the type, or nothing.
    pub fn opt(&mut self, of: Ty) -> Ty {
        self.intern(TyKind::Opt(of))
    }

    /// The type of pointers to functions of this signature.
    pub fn func(&mut self, sig: FnSig) -> Ty {
        let id = SigId(self.sigs.insert_full(sig).0 as u32);
        self.intern(TyKind::Fn(id))
    }

    /// The signature behind an index.
    pub fn sig(&self, id: SigId) -> &FnSig {
        &self.sigs[id.0 as usize]
    }

    /// Makes room for a struct whose fields are filled in later, so that structs may refer to each other by pointer.
    pub fn add_struct(&mut self, def: StructDef) -> StructId {
        self.structs.push(def);
        StructId(self.structs.len() as u32 - 1)
    }

    /// The struct or union behind an index.
    pub fn struct_def(&self, id: StructId) -> &StructDef {
        &self.structs[id.0 as usize]
    }

    /// A struct to change: fields of the kernel's structs are added when the program names them.
    pub fn struct_def_mut(&mut self, id: StructId) -> &mut StructDef {
        &mut self.structs[id.0 as usize]
    }

    /// All structs and unions with their indexes, in the order in which they were entered.
    pub fn structs(&self) -> impl Iterator<Item = (StructId, &StructDef)> {
        self.structs.iter().enumerate().map(|(i, d)| (StructId(i as u32), d))
    }

    /// Enters an enum. It is a type of its own, even if another enum has its name.
    pub fn add_enum(&mut self, def: EnumDef) -> EnumId {
        self.enums.push(def);
        EnumId(self.enums.len() as u32 - 1)
    }

    /// The enum behind an index.
    pub fn enum_def(&self, id: EnumId) -> &EnumDef {
        &self.enums[id.0 as usize]
    }

    /// An enum to change: its variants are checked after the types are declared.
    pub fn enum_def_mut(&mut self, id: EnumId) -> &mut EnumDef {
        &mut self.enums[id.0 as usize]
    }

    /// All enums with their indexes, in the order in which they were entered.
    pub fn enums(&self) -> impl Iterator<Item = (EnumId, &EnumDef)> {
        self.enums.iter().enumerate().map(|(i, d)| (EnumId(i as u32), d))
    }

    /// Width and signedness of what computes as an integer: integers, chars (as `u8`), enums (as their representation).
    /// Not `bool`, not `be`.
    pub fn as_int(&self, ty: Ty) -> Option<(u8, bool)> {
        let kind = self.kind(ty);
        if let TyKind::Enum(id) = kind {
            return self.as_int(self.enum_def(id).repr);
        }
        if let TyKind::Int { bits, signed } = kind {
            Some((bits, signed))
        } else {
            (ty == Ty::CHAR).then_some((8, false))
        }
    }
}

//! The tables of types: contexts, headers, other structs of the kernel, enums.

use crate::tables::form::{Kernel, List, Text, record, words};

record! {
    /// A context struct (`ir-specs/contexts.toml`).
    pub struct ContextSpec {
        pub name: Text,
        /// Other accepted names, such as `XdpContext`.
        #[serde(default)]
        pub aliases: List<Text>,
        /// No context, but a kernel object that programs get pointers to, with fields that the verifier rewrites alike.
        #[serde(default)]
        pub object: bool,
        /// Of such an object, the structs of the kernel's BTF that begin with one, as programs have pointers to them.
        #[serde(default)]
        pub begins: List<Text>,
        /// Its first fields are the registers of the machine, with this before their names; then it has a record for each machine.
        #[serde(default)]
        pub registers: Option<Text>,
        /// The machine of such a record, a name in [`MACHINES`](super::MACHINES).
        #[serde(default)]
        pub machine: Option<Text>,
        pub size: u64,
        /// The field with the length of the whole packet; a part of the packet may lie in pages, outside of the linear bytes.
        #[serde(default)]
        pub length: Option<Text>,
        /// The helper that yields that length, where no field has it.
        #[serde(default)]
        pub length_by: Option<Text>,
        /// The helper that copies any part of the packet.
        #[serde(default)]
        pub load: Option<Text>,
        /// The helper that writes any part of the packet, and keeps pointers into it valid.
        #[serde(default)]
        pub store: Option<Text>,
        /// The helper that makes the first bytes of the packet directly readable.
        #[serde(default)]
        pub pull: Option<Text>,
        /// How a dynptr of the packet is made, from which `load` copies then.
        #[serde(default)]
        pub dynptr: Option<PacketDynptr>,
        #[serde(default)]
        pub fields: List<ContextField>,
        /// Fields that the kernel has and this compiler lacks.
        #[serde(default)]
        pub later: List<Text>,
    }
}

record! {
    /// A kernel function that makes a dynptr of a packet.
    pub struct PacketDynptr {
        /// The field of the context that points to the packet.
        pub field: Text,
        /// A name in [`KFUNCS`](super::KFUNCS).
        pub by: Text,
    }
}

record! {
    /// A field of a context or of a kernel object.
    pub struct ContextField {
        pub name: Text,
        /// Type text as in the language; `packet` fields are `*u8`.
        pub ty: Text,
        pub offset: u64,
        #[serde(default)]
        pub role: FieldRole,
        /// How many bytes the kernel's field has, if the type has fewer, or a packet pointer has not 4.
        #[serde(default)]
        pub width: Option<u64>,
        /// The struct of the kernel's own types that the field points to.
        #[serde(default)]
        pub kernel: Option<Text>,
        /// For a pointer: all fields of its pointee may be read. For a field of an object: only objects behind such pointers have it.
        #[serde(default)]
        pub full: bool,
        /// The program types that may read it; none listed: all that have the context.
        #[serde(default)]
        pub readers: List<Text>,
        /// The program types that may write it.
        #[serde(default)]
        pub writers: List<Text>,
    }
}

words! {
    /// The end of the packet that a field of a context is.
    pub enum FieldRole = Plain {
        Plain,
        /// Start of the packet (`data`).
        PacketStart,
        /// End of the packet (`data_end`).
        PacketEnd,
        /// `data_meta`
        PacketMeta,
    }
}

record! {
    /// A packet header (`ir-specs/uapi/`, `ir-specs/kernel.toml`), a wire format that is never relocated, or a struct that the
    /// kernel keeps in maps (`ir-specs/structs.toml`). Fields may share bytes: those of a union, and short forms.
    pub struct StructSpec {
        pub name: Text,
        /// All fields begin at the same byte; for `docs/predefined.md`.
        #[serde(default)]
        pub union: bool,
        pub size: u64,
        /// The field that a value is where a number is asked for.
        #[serde(default)]
        pub number: Option<Text>,
        /// Programs name the type, and none of its fields; for `docs/predefined.md`.
        #[serde(default)]
        pub opaque: bool,
        #[serde(default)]
        pub fields: List<StructField>,
    }
}

record! {
    /// A field of a header or of another struct of the tables.
    pub struct StructField {
        pub name: Text,
        /// Type text as in the language.
        pub ty: Text,
        pub offset: u64,
        /// `(shift, width)` inside the storage unit of type `ty`.
        #[serde(default)]
        pub bits: Option<(u8, u8)>,
        /// The value where a literal leaves the field out, if that is not zero.
        #[serde(default)]
        pub default: Option<i64>,
        /// The path that the field is short for; for `docs/predefined.md`.
        #[serde(default)]
        pub short: Option<Text>,
    }
}

record! {
    /// The length that a packet header says it has (`ir-specs/header_minima.toml`).
    pub struct HeaderMinimum {
        /// The header.
        pub name: Text,
        pub field: Text,
        /// The minimum of the field.
        pub least: u64,
    }
}

record! {
    /// A struct of the kernel whose layout only BTF has (`ir-specs/kernel_structs.toml`).
    pub struct KernelStruct {
        pub name: Text,
        /// Fields by which a declaration is known as the kernel's; none: the name says it.
        #[serde(default)]
        pub fields: List<Text>,
    }
}

record! {
    /// What an event of the kernel passes in the place of a pointer, by the argument (`ir-specs/null_arguments.toml`).
    pub struct NullArguments {
        /// The event.
        pub name: Text,
        /// Arguments that may be null.
        #[serde(default)]
        pub null: List<usize>,
        /// Arguments that may be an error number.
        #[serde(default)]
        pub error: List<usize>,
    }
}

record! {
    /// A number in an event's record; the kernel writes its low bits alone (`ir-specs/narrow_fields.toml`).
    pub struct NarrowField {
        /// The struct.
        pub name: Text,
        pub field: Text,
        pub bits: u8,
    }
}

record! {
    /// Fields of a struct of the kernel that are never null (`ir-specs/present_fields.toml`).
    pub struct PresentFields {
        /// The struct.
        pub name: Text,
        pub fields: List<Text>,
    }
}

record! {
    /// A struct of functions that programs implement for the kernel (`ir-specs/struct_ops.toml`).
    pub struct StructOpsSpec {
        /// The kernel's struct.
        pub name: Text,
        /// The member with the name by which the kernel finds an implementation.
        #[serde(default)]
        pub named_by: Option<Text>,
        /// What an implementation must have; one of those that `|` parts.
        #[serde(default)]
        pub required: List<Text>,
        /// The members that no implementation may have.
        #[serde(default)]
        pub refused: List<Text>,
        /// The members that may sleep; none: the kernel has no list.
        #[serde(default)]
        pub sleepable: List<Text>,
        /// What the verifier takes a parameter of a type for: a type, and the larger one that begins with it.
        #[serde(default)]
        pub promoted: Option<(Text, Text)>,
        /// Fields of kernel objects that the functions may write.
        #[serde(default)]
        pub writes: List<Text>,
        /// Helpers that the functions may call, besides those that programs of the type may.
        #[serde(default)]
        pub helpers: List<Text>,
        /// Functions and the numbers of their parameters whose references the function owns, and has to release.
        #[serde(default)]
        pub owned: List<(Text, u64)>,
        /// The first kernel (major, minor) that takes implementations; none: all that the compiler supports.
        #[serde(default)]
        pub since: Option<Kernel>,
        /// The bodies of functions that `ksc init` writes, by their members with the names of the parameters: `init(sk)`.
        #[serde(default)]
        pub bodies: List<(Text, Text)>,
        /// What the program declares for them.
        #[serde(default)]
        pub declares: Option<Text>,
    }
}

record! {
    /// A predefined enum (`ir-specs/constants.toml`, `ir-specs/uapi/`).
    pub struct EnumSpec {
        pub name: Text,
        #[serde(default)]
        pub aliases: List<Text>,
        pub repr: Text,
        /// Enums that values of this one are also of: the kernel gives the numbers the same meaning.
        #[serde(default)]
        pub into: List<Text>,
        #[serde(default)]
        pub variants: List<(Text, i64)>,
    }
}

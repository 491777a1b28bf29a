//! The predefined names: the integer types, and those of the tables.

use super::env::{Declared, Entity, Variants};
use super::tree::Const;
use crate::tables::{
    self, CONSTS, CONTEXTS, ContextField, ContextSpec, ENUMS, EnumSpec, FieldRole, HEADERS, KERNEL_STRUCTS,
    SPECIAL_FIELDS, STRUCTS, StructSpec, is_kernel_context, record_class,
};
use crate::types::{BitField, EnumDef, FieldDef, Origin, Space, StructDef, Ty, TyKind, Types, VariantDef};
use rustc_hash::FxHashMap;
use std::cell::OnceCell;

/// Names that the tables declare. There are thousands of constants, so each is made when it is first looked up.
pub struct Names {
    /// Types, and the variants of enums.
    entered: FxHashMap<&'static str, Declared>,
    /// One for each of [`CONSTS`].
    constants: Vec<OnceCell<Declared>>,
}

impl Names {
    fn new() -> Names {
        Names { entered: FxHashMap::default(), constants: CONSTS.iter().map(|_| OnceCell::new()).collect() }
    }

    /// The meaning of a predefined name; none if there is none of this name.
    pub fn get(&self, name: &str) -> Option<&Declared> {
        self.entered.get(name).or_else(|| tables::constant(name).map(|index| self.constant(index)))
    }

    /// Every name, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Declared)> {
        let constants = CONSTS.iter().enumerate().map(|(index, spec)| (spec.name, self.constant(index)));
        self.entered.iter().map(|(name, declared)| (*name, declared)).chain(constants)
    }

    fn constant(&self, index: usize) -> &Declared {
        self.constants[index].get_or_init(|| {
            let spec = &CONSTS[index];
            let ty = spec.ty.map(|text| match self.entered.get(text) {
                Some(Declared { entity: Entity::Type(ty), .. }) => *ty,
                Some(_) | None => crate::bug!("the tables have a constant of type `{text}`"),
            });
            Declared { entity: Entity::Const { value: Const::Int(spec.value), ty }, span: None }
        })
    }
}

/// Names of types without a definition of their own; those with underscores are the kernel's.
const SIMPLE_TYPES: &[(&str, Ty)] = &[
    ("void", Ty::VOID),
    ("bool", Ty::BOOL),
    ("char", Ty::CHAR),
    ("u8", Ty::U8),
    ("u16", Ty::U16),
    ("u32", Ty::U32),
    ("u64", Ty::U64),
    ("i8", Ty::I8),
    ("i16", Ty::I16),
    ("i32", Ty::I32),
    ("i64", Ty::I64),
    ("be16", Ty::BE16),
    ("be32", Ty::BE32),
    ("be64", Ty::BE64),
    ("f64", Ty::F64),
    ("bytes", Ty::BYTES),
    ("size_t", Ty::U64),
    ("int", Ty::I32),
    ("__u8", Ty::U8),
    ("__u16", Ty::U16),
    ("__u32", Ty::U32),
    ("__u64", Ty::U64),
    ("__s8", Ty::I8),
    ("__s16", Ty::I16),
    ("__s32", Ty::I32),
    ("__s64", Ty::I64),
    ("__be16", Ty::BE16),
    ("__be32", Ty::BE32),
    ("__be64", Ty::BE64),
    ("__sum16", Ty::U16),
    ("__wsum", Ty::U32),
    ("PerfAttachment", Ty::LINK),
    ("IterAttachment", Ty::LINK),
    ("ProgramHandle", Ty::HANDLE),
];

/// Enters the predefined types into `types`, and returns the predefined names.
pub fn declare(types: &mut Types) -> Names {
    let mut names = Names::new();
    for &(name, ty) in SIMPLE_TYPES {
        add(&mut names, name, Entity::Type(ty));
    }
    for spec in SPECIAL_FIELDS {
        let ty = structure(types, &mut names, spec.name, Origin::Special, Vec::new(), spec.size, spec.align);
        spec.alias.iter().for_each(|alias| add(&mut names, alias, Entity::Type(ty)));
    }
    // include/uapi/linux/bpf.h
    structure(types, &mut names, "bpf_dynptr", Origin::Dynptr, Vec::new(), 16, 8);
    for spec in ENUMS {
        enumeration(types, &mut names, spec);
    }
    for spec in HEADERS {
        listed(types, &mut names, spec, Origin::Packet);
    }
    for spec in STRUCTS {
        listed(types, &mut names, spec, Origin::Kernel);
    }
    for spec in tables::contexts(types.machine()) {
        context(types, &mut names, spec);
    }
    names
}

/// The type of a text of the tables, such as `u32`, `*u8`, `*bpf_sock?` or `u8[6]`.
pub fn table_type(types: &mut Types, names: &Names, text: &str) -> Ty {
    if let Some(to) = text.strip_prefix('*') {
        let (to, nullable) = to.strip_suffix('?').map_or((to, false), |to| (to, true));
        let to = table_type(types, names, to);
        return pointer(types, to, nullable);
    }
    if let Some((element, length)) = text.strip_suffix(']').and_then(|t| t.split_once('[')) {
        let element = table_type(types, names, element);
        let length = length.parse().unwrap_or_else(|_| crate::bug!("the tables have a type `{text}`"));
        return types.array(element, length);
    }
    if let Some(size) = text.strip_prefix("str(").and_then(|rest| rest.strip_suffix(')')) {
        return types.string(size.parse().unwrap_or_else(|_| crate::bug!("the tables have a type `{text}`")));
    }
    match names.get(text) {
        Some(Declared { entity: Entity::Type(ty), .. }) => *ty,
        Some(_) | None => crate::bug!("the tables have a type `{text}`"),
    }
}

/// A pointer as a declaration says it: to a context or a kernel object it is of that space, to all else of one not known
/// yet.
pub fn pointer(types: &mut Types, to: Ty, nullable: bool) -> Ty {
    let space = match () {
        _ if is_context(types, to) || is_record(types, to) => Space::Ctx,
        // Only the kernel makes them.
        _ if is_kernel_context(types, to) => Space::BtfTrusted,
        _ if types.is_relocated(to) => Space::BtfUntrusted,
        _ if is_object(types, to) => Space::BtfTrusted,
        _ => Space::Any,
    };
    types.ptr(to, space, nullable)
}

/// A kernel object, which is no value of any variable.
pub fn is_object(types: &Types, ty: Ty) -> bool {
    let is_rewritten = matches!(types.kind(ty), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Object);
    is_rewritten || types.is_relocated(ty)
}

/// A struct of the kernel whose layout is not known.
pub fn is_unknown(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Unknown)
}

/// Whether the type is a struct that is the context of programs.
pub fn is_context(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Context)
}

/// The record of an event, which is the context of programs.
pub fn is_record(types: &Types, ty: Ty) -> bool {
    types.is_relocated(ty)
        && matches!(types.kind(ty), TyKind::Struct(id) if record_class(&types.struct_def(id).name).is_some())
}

/// Fields that the kernel has and this compiler lacks, of a predefined struct.
pub fn later_fields(def: &StructDef) -> &'static [&'static str] {
    if def.span.is_some() {
        return &[];
    }
    CONTEXTS.iter().find(|spec| spec.name == def.name).map_or(&[], |spec| spec.later)
}

/// The kernel's struct that a flavour of it names, as `task_struct___old` does: a declaration of some fields that some kernels
/// have.
pub fn flavour_of(name: &str) -> Option<&str> {
    name.split_once("___").map(|(of, _)| of).filter(|of| !of.is_empty())
}

/// Whether a struct that a header declares is one of the kernel's whose layout is not known.
pub fn is_kernel_struct<'n>(name: &str, mut fields: impl Iterator<Item = &'n str>) -> bool {
    let spec = KERNEL_STRUCTS.iter().find(|spec| spec.name == name);
    spec.is_some_and(|spec| spec.fields.is_empty() || fields.any(|field| spec.fields.contains(&field)))
}

/// Whether the type is that of a context's field which points to the packet.
pub fn packet_pointer(types: &Types, ty: Ty) -> bool {
    matches!(types.kind(ty), TyKind::Ptr { space: Space::Packet, .. })
}

fn add(names: &mut Names, name: &'static str, entity: Entity) {
    names.entered.insert(name, Declared { entity, span: None });
}

fn enumeration(types: &mut Types, names: &mut Names, spec: &'static EnumSpec) {
    let repr = table_type(types, names, spec.repr);
    let variants = spec
        .variants
        .iter()
        .map(|&(name, value)| VariantDef { name: name.to_owned(), value: value.into(), span: None })
        .collect();
    let id = types.add_enum(EnumDef { name: spec.name.to_owned(), repr, variants, span: None });
    let ty = types.intern(TyKind::Enum(id));
    for name in std::iter::once(&spec.name).chain(spec.aliases) {
        add(names, name, Entity::Type(ty));
    }
    for &(name, value) in spec.variants {
        if let Some(Declared { entity: Entity::Variants(variants), .. }) = names.entered.get_mut(name) {
            variants.visible.push((id, value.into()));
        } else {
            let visible = vec![(id, value.into())];
            add(names, name, Entity::Variants(Variants { visible, hidden: Vec::new() }));
        }
    }
}

fn listed(types: &mut Types, names: &mut Names, spec: &'static StructSpec, origin: Origin) {
    let fields: Vec<FieldDef> = spec
        .fields
        .iter()
        .map(|field| FieldDef {
            name: field.name.to_owned(),
            bits: field.bits.map(|(shift, width)| {
                let unit = table_type(types, names, field.ty);
                BitField { shift, width, unit, wire: origin == Origin::Packet }
            }),
            ty: table_type(types, names, field.ty),
            offset: field.offset,
            span: None,
        })
        .collect();
    let natural = fields.iter().map(|field| types.align_of(field.ty)).max().unwrap_or(1);
    let align = if origin == Origin::Packet { 1 } else { natural };
    structure(types, names, spec.name, origin, fields, spec.size, align);
}

fn context(types: &mut Types, names: &mut Names, spec: &'static ContextSpec) {
    let fields = spec
        .fields
        .iter()
        .map(|field| FieldDef {
            name: field.name.to_owned(),
            ty: context_field(types, names, field),
            offset: field.offset,
            bits: None,
            span: None,
        })
        .collect();
    let origin = if spec.object { Origin::Object } else { Origin::Context };
    let ty = structure(types, names, spec.name, origin, fields, spec.size, 8);
    for alias in spec.aliases {
        add(names, alias, Entity::Type(ty));
    }
}

fn context_field(types: &mut Types, names: &Names, field: &ContextField) -> Ty {
    match field.role {
        FieldRole::Plain => table_type(types, names, field.ty),
        FieldRole::PacketStart | FieldRole::PacketEnd | FieldRole::PacketMeta => {
            types.ptr(Ty::U8, Space::Packet, false)
        }
    }
}

fn structure(
    types: &mut Types,
    names: &mut Names,
    name: &'static str,
    origin: Origin,
    fields: Vec<FieldDef>,
    size: u64,
    align: u64,
) -> Ty {
    let id = types.add_struct(StructDef { name: name.to_owned(), origin, fields, size, align, span: None });
    let ty = types.intern(TyKind::Struct(id));
    add(names, name, Entity::Type(ty));
    ty
}

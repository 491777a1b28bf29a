//! Types as the runtime sees them where it prints values whole, and the descriptors of tables.

use crate::codegen::abi::{KsSteps, KsTable, KsType, KsTypeField, KsTypeKind};
use crate::codegen::llvm::module::ModuleGen;
use crate::ir::MapDecl;
use crate::types::{FieldDef, StructId, Ty, TyKind};
use inkwell::values::{PointerValue, StructValue};

const _: () = assert!(size_of::<KsType>() == 64 && size_of::<KsTypeField>() == 32 && size_of::<KsTable>() == 24);
const _: () = assert!(size_of::<KsSteps>() == 24);

/// The `KsTable` of a map whose keys are declared with a type.
pub fn table<'c>(g: &mut ModuleGen<'_, 'c>, map: &MapDecl, key: Ty) -> PointerValue<'c> {
    let known = format!("ks.table.{}", map.name);
    if let Some(known) = g.module.get_global(&known) {
        return known.as_pointer_value();
    }
    let (key, value) = (type_of(g, key), type_of(g, map.value));
    let name = g.cx.source_name(&map.name);
    let name = g.text(Some(&name));
    g.constant(&known, g.record(&[name, key.into(), value.into()]).into(), 8)
}

/// The `KsSteps` of a histogram.
pub fn steps<'c>(g: &mut ModuleGen<'_, 'c>, numbers: [i128; 3]) -> PointerValue<'c> {
    let [low, high, step] = numbers;
    let known = format!("ks.steps.{low}.{high}.{step}");
    if let Some(known) = g.module.get_global(&known) {
        return known.as_pointer_value();
    }
    let fields = numbers.map(|number| g.u64(number as i64 as u64));
    g.constant(&known, g.record(&fields).into(), 8)
}

/// The `KsType` of a type, made once.
pub fn type_of<'c>(g: &mut ModuleGen<'_, 'c>, ty: Ty) -> PointerValue<'c> {
    let size = g.cx.types.size_of(ty);
    sized(g, ty, size)
}

/// The same of a value in so many bytes: a bit-field is in an integer that may be smaller than its type.
fn sized<'c>(g: &mut ModuleGen<'_, 'c>, ty: Ty, size: u64) -> PointerValue<'c> {
    let known = format!("ks.type.{}.{size}", g.cx.types.ir_text(ty));
    if let Some(known) = g.module.get_global(&known) {
        return known.as_pointer_value();
    }
    let kind = kind(g, ty);
    let element = if let (TyKind::Array(element, _), KsTypeKind::Array) = (g.cx.types.kind(ty), kind) {
        type_of(g, element)
    } else {
        g.build.null()
    };
    let fields = if let TyKind::Struct(id) = g.cx.types.kind(ty) { fields(g, id) } else { Vec::new() };
    let variants =
        if let TyKind::Enum(id) = g.cx.types.kind(ty) { super::options::variants(g, id) } else { Vec::new() };
    let stacks = g.cx.types.stacks_of(ty).and_then(|of| super::maps(g.ir).position(|map| &*map.name == of));
    let mut record = vec![g.u32(kind as u32), g.u32(stacks.unwrap_or(0) as u32), g.u64(size), element.into()];
    record.extend(g.list("ks.type.fields", &fields));
    record.extend(g.list("ks.variants", &variants));
    record.push(if stacks.is_some() { g.external("ks_stacks") } else { g.build.null().into() });
    g.constant(&known, g.record(&record).into(), 8)
}

/// `KsTypeField`s; without those that only the kernel's helpers read.
fn fields<'c>(g: &mut ModuleGen<'_, 'c>, id: StructId) -> Vec<StructValue<'c>> {
    let fields: Vec<FieldDef> = g.cx.types.struct_def(id).fields.clone();
    let shown = fields.iter().filter(|field| !g.cx.types.has_kept(field.ty)).cloned().collect::<Vec<_>>();
    shown.iter().map(|one| field(g, one)).collect()
}

fn field<'c>(g: &mut ModuleGen<'_, 'c>, field: &FieldDef) -> StructValue<'c> {
    let (size, shift, width) = match field.bits {
        None => (g.cx.types.size_of(field.ty), 0, 0),
        Some(bits) => (g.cx.types.size_of(bits.unit), g.cx.types.shift(bits), bits.width),
    };
    let ty = sized(g, field.ty, size);
    let name = g.text(Some(&field.name));
    g.record(&[name, ty.into(), g.u64(field.offset), g.u32(shift.into()), g.u32(width.into())])
}

/// How many bytes an IPv6 address and a hardware address have.
const ADDRESSES: [u64; 2] = [16, 6];

fn kind(g: &ModuleGen, ty: Ty) -> KsTypeKind {
    let signed = g.is_signed(ty);
    match g.cx.types.kind(ty) {
        TyKind::Bool => KsTypeKind::Bool,
        TyKind::Int { .. } | TyKind::Link if signed => KsTypeKind::Signed,
        TyKind::Int { .. } | TyKind::Link | TyKind::Handle(_) => KsTypeKind::Unsigned,
        TyKind::Be { .. } => KsTypeKind::Be,
        TyKind::Char => KsTypeKind::Char,
        TyKind::F64 => KsTypeKind::F64,
        TyKind::Str(_) | TyKind::Array(Ty::CHAR, _) => KsTypeKind::Str,
        TyKind::Array(Ty::U8, length) if ADDRESSES.contains(&length) => KsTypeKind::Address,
        TyKind::Array(..) => KsTypeKind::Array,
        TyKind::Struct(_) => KsTypeKind::Struct,
        TyKind::Enum(id) if g.cx.types.enum_def(id).stacks().is_some() => KsTypeKind::Stack,
        TyKind::Enum(_) if signed => KsTypeKind::SignedEnum,
        TyKind::Enum(_) => KsTypeKind::Enum,
        TyKind::Ptr { .. } | TyKind::Fn(_) => KsTypeKind::Pointer,
        TyKind::Void | TyKind::Opt(_) | TyKind::Place { .. } | TyKind::Bytes | TyKind::Null | TyKind::Error => {
            crate::bug!("a {} is not printed", g.cx.types.ir_text(ty))
        }
    }
}

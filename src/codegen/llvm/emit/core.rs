//! Dialect `core`: fields of the kernel's structs. LLVM's BPF back end makes relocations of these intrinsics (CO-RE), by
//! the debug information of the struct, which has the fields that the program names.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::super::verifier::record_loads;
use super::ks::from_memory;
use crate::ir::ops::{
    CoreBits, CoreElem, CoreElemSize, CoreExists, CoreField, CorePointer, CoreRecordLoad, CoreTypeInfo, CoreVariant,
};
use crate::ir::{OpData, Opcode, Value};
use crate::types::{Ty, TyKind};
use inkwell::IntPredicate;
use inkwell::attributes::AttributeLoc;
use inkwell::module::Linkage;
use inkwell::values::{BasicValueEnum, CallSiteValue, IntValue, PointerValue};

/// `enum bpf_core_relo_kind` of include/uapi/linux/bpf.h.
const BYTE_OFFSET: u64 = 0;
const BYTE_SIZE: u64 = 1;
const EXISTS: u64 = 2;
const SHIFT_LEFT: u64 = 4;
const SHIFT_RIGHT: u64 = 5;
/// Flags of `llvm.bpf.preserve.type.info` (`BTFTypeInfoFlag` of LLVM's BPFCORE.h).
const TYPE_EXISTS: u64 = 0;
const TYPE_SIZE: u64 = 1;
/// Flags of `llvm.bpf.preserve.enum.value` (`PreserveEnumValue` of the same file).
const VARIANT_EXISTS: u64 = 0;
const VARIANT_VALUE: u64 = 1;

/// The address of a field, at the offset that it has on the kernel that runs.
fn access<'c>(g: &mut FnGen<'_, '_, 'c>, base: Value, field: i128) -> PointerValue<'c> {
    let ty = g.pointee(base);
    let member = g.g.debug.member_index(g.g.cx, ty, field as usize);
    let build = &g.g.build;
    // The type for LLVM's own address computation. The relocation takes its offset from the debug information.
    let element = g.g.context.struct_type(&[build.int_type(8).into()], false);
    let pointer = build.ptr_type().into();
    let args = [g.ptr(base).into(), build.int(32, 0).into(), build.int(32, member).into()];
    let call = build.intrinsic(&g.g.module, "llvm.preserve.struct.access.index", &[pointer, pointer], &args);
    build.element_type(call, AttributeLoc::Param(0), element.into());
    let g = &mut *g.g;
    g.debug.relocate(g.cx, call, ty);
    call.try_as_basic_value().expect_basic("the intrinsic yields a pointer").into_pointer_value()
}

/// The address of an element of an array, at the offset that it has on the kernel that runs.
fn element_access<'c>(g: &mut FnGen<'_, '_, 'c>, base: Value, index: u64) -> PointerValue<'c> {
    let ty = g.pointee(base);
    let build = &g.g.build;
    let element = build.int_type(8).array_type(1);
    let pointer = build.ptr_type().into();
    // One dimension: an array of arrays is accessed by a call for each.
    let args = [g.ptr(base).into(), build.int(32, 1).into(), build.int(32, index).into()];
    let call = build.intrinsic(&g.g.module, "llvm.preserve.array.access.index", &[pointer, pointer], &args);
    build.element_type(call, AttributeLoc::Param(0), element.into());
    let g = &mut *g.g;
    g.debug.relocate(g.cx, call, ty);
    call.try_as_basic_value().expect_basic("the intrinsic yields a pointer").into_pointer_value()
}

pub fn elem(g: &mut FnGen, op: &OpData) {
    let view = CoreElem::of(op);
    let place = element_access(g, view.base(), view.index() as u64);
    g.set(op, place);
}

pub fn elem_size(g: &mut FnGen, op: &OpData) {
    let first = element_access(g, CoreElemSize::of(op).base(), 0);
    let number = info_at(g, first, BYTE_SIZE);
    let number = g.g.build.resize(number, 64, Extend::Zero);
    g.set(op, number);
}

pub fn field(g: &mut FnGen, op: &OpData) {
    let view = CoreField::of(op);
    let place = access(g, view.base(), view.field());
    g.set(op, place);
}

pub fn record_load(g: &mut FnGen, op: &OpData) {
    let view = CoreRecordLoad::of(op);
    let ty = g.result_ty(op);
    let (ctx, place) = (g.ptr(view.ctx()), g.ptr(view.place()));
    let value = record_loads::load(g.g, g.g.memory_type(ty), (ctx, place), part(g, view.place()));
    let value = from_memory(g, ty, value);
    g.set(op, value);
}

/// The name of a field of a record, or of an element of one.
fn part(g: &FnGen, place: Value) -> String {
    let Some(data) = g.func.def(place).map(|op| &g.func.ops[op]) else { return g.types().ir_text(g.func.ty(place)) };
    if data.opcode == Opcode::CoreField {
        let view = CoreField::of(data);
        return format!("{}.{}", part(g, view.base()), view.field());
    }
    if data.opcode == Opcode::CoreElem {
        let view = CoreElem::of(data);
        return format!("{}.{}", part(g, view.base()), view.index());
    }
    g.types().ir_text(g.func.ty(place))
}

pub fn pointer(g: &mut FnGen, op: &OpData) {
    let pointer = g.g.build.int_to_ptr(g.int(CorePointer::of(op).address()));
    g.set(op, pointer);
}

pub fn bits(g: &mut FnGen, op: &OpData) {
    let view = CoreBits::of(op);
    let info = match view.info() {
        "offset" => BYTE_OFFSET,
        "size" => BYTE_SIZE,
        "left" => SHIFT_LEFT,
        "right" => SHIFT_RIGHT,
        other => crate::bug!("`{other}` is nothing that a bit-field has"),
    };
    let number = info_of(g, (view.base(), view.field()), info);
    let bits = g.g.value_type(g.result_ty(op)).into_int_type().get_bit_width();
    let number = g.g.build.resize(number, bits, Extend::Zero);
    g.set(op, number);
}

pub fn exists(g: &mut FnGen, op: &OpData) {
    let view = CoreExists::of(op);
    let number = info_of(g, (view.base(), view.field()), EXISTS);
    let known = g.g.build.compare(IntPredicate::NE, number.into(), g.g.build.int(32, 0).into());
    g.set(op, known);
}

fn info_of<'c>(g: &mut FnGen<'_, '_, 'c>, (base, field): (Value, i128), info: u64) -> IntValue<'c> {
    let place = access(g, base, field);
    info_at(g, place, info)
}

fn info_at<'c>(g: &FnGen<'_, '_, 'c>, place: PointerValue<'c>, info: u64) -> IntValue<'c> {
    let build = &g.g.build;
    let args = [place.into(), build.int(64, info).into()];
    let call = build.intrinsic(&g.g.module, "llvm.bpf.preserve.field.info", &[build.ptr_type().into()], &args);
    call.try_as_basic_value().expect_basic("the intrinsic yields a number").into_int_value()
}

pub fn type_info(g: &mut FnGen, op: &OpData) {
    let view = CoreTypeInfo::of(op);
    let (of, info) = (view.ty(), if view.info() == "exists" { TYPE_EXISTS } else { TYPE_SIZE });
    let number = g.g.debug.next_relocation();
    let build = &g.g.build;
    // The first argument keeps LLVM from merging calls for different types.
    let args = [build.int(32, number).into(), build.int(64, info).into()];
    let call = build.intrinsic(&g.g.module, "llvm.bpf.preserve.type.info", &[], &args);
    g.g.debug.relocate(g.g.cx, call, of);
    answer(g, op, call);
}

pub fn variant(g: &mut FnGen, op: &OpData) {
    let view = CoreVariant::of(op);
    let TyKind::Enum(id) = g.g.cx.types.kind(view.ty()) else { crate::bug!("a variant of no enum") };
    let variant = &g.g.cx.types.enum_def(id).variants[view.variant() as usize];
    // LLVM reads the number as one with a sign: what is larger has the same 64 bits as a negative one.
    let text = format!("{}:{}", variant.name, variant.value as i64);
    let info = if view.info() == "exists" { VARIANT_EXISTS } else { VARIANT_VALUE };
    let number = g.g.debug.next_relocation();
    // LLVM reads the name in this constant, and removes it.
    let text = g.g.context.const_string(text.as_bytes(), true);
    let name = g.g.module.add_global(text.get_type(), None, "core.variant");
    name.set_initializer(&text);
    name.set_constant(true);
    name.set_linkage(Linkage::Private);
    let build = &g.g.build;
    let args = [build.int(32, number).into(), name.as_pointer_value().into(), build.int(64, info).into()];
    let pointer = build.ptr_type().into();
    let call = build.intrinsic(&g.g.module, "llvm.bpf.preserve.enum.value", &[pointer], &args);
    g.g.debug.relocate(g.g.cx, call, view.ty());
    answer(g, op, call);
}

/// The number that an intrinsic yields as the result: a bool is whether it is not zero.
fn answer<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, call: CallSiteValue<'c>) {
    let number = call.try_as_basic_value().expect_basic("the intrinsic yields a number").into_int_value();
    let result = g.result_ty(op);
    let value: BasicValueEnum = if result == Ty::BOOL {
        let zero = number.get_type().const_zero();
        g.g.build.compare(IntPredicate::NE, number.into(), zero.into()).into()
    } else {
        let bits = g.g.value_type(result).into_int_type().get_bit_width();
        g.g.build.resize(number, bits, Extend::Zero).into()
    };
    g.set(op, value);
}

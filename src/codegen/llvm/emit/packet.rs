//! Dialect `packet`: the context, and the packet's bounds.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::ks::{from_memory, to_memory};
use crate::diag::codes::ir::IllFormedIr;
use crate::ir::ops::{PacketCtxLoad, PacketCtxStore, PacketEnd, PacketStart};
use crate::ir::{OpData, Value};
use crate::tables::{FieldRole, workarounds};
use crate::target::Endian;
use crate::types::Ty;
use inkwell::values::{BasicValueEnum, PointerValue};

/// The address of a byte of the context. The intrinsic keeps LLVM from moving the offset away from the access: the
/// verifier takes constant offsets from the context pointer only.
pub(super) fn ctx_place<'c>(g: &FnGen<'_, '_, 'c>, ctx: Value, offset: u64) -> PointerValue<'c> {
    let build = &g.g.build;
    let base = if g.g.cx.options.works_around(workarounds::CONTEXT_OFFSETS) {
        let call = build.intrinsic(&g.g.module, "llvm.preserve.static.offset", &[], &[g.value(ctx).into()]);
        call.try_as_basic_value().expect_basic("the intrinsic yields a pointer").into_pointer_value()
    } else {
        g.ptr(ctx)
    };
    if offset == 0 { base } else { build.offset(base, build.int(64, offset)) }
}

pub(super) fn load_field<'c>(g: &FnGen<'_, '_, 'c>, ctx: Value, field: i128) -> BasicValueEnum<'c> {
    let (offset, ty) = {
        let def = g.field_def(ctx, field);
        (def.offset, def.ty)
    };
    if g.field_role(ctx, field) == FieldRole::Plain {
        let place = ctx_place(g, ctx, offset + before_number(g, ctx, field, ty));
        let value = g.g.build.load(g.g.memory_type(ty), place, g.types().align_of(ty));
        return from_memory(g, ty, value);
    }
    let place = ctx_place(g, ctx, offset);
    // The kernel makes pointers of loads of packet pointers, which are never null. Most are declared as numbers of 32 bits.
    let build = &g.g.build;
    let width = g.field_width(ctx, field).unwrap_or(4);
    let number = build.load(build.int_type(width as u32 * 8).into(), place, width).into_int_value();
    build.not_zero(number);
    build.int_to_ptr(build.resize(number, 64, Extend::Zero)).into()
}

/// Bytes of a context's field before those that have the number, if the kernel's field is wider than its type.
fn before_number(g: &FnGen, ctx: Value, field: i128, ty: Ty) -> u64 {
    let wider = g.field_width(ctx, field).map_or(0, |width| width.saturating_sub(g.types().size_of(ty)));
    match g.types().machine().endian {
        Endian::Little => 0,
        Endian::Big => wider,
    }
}

pub fn ctx_load(g: &mut FnGen, op: &OpData) {
    let view = PacketCtxLoad::of(op);
    let value = load_field(g, view.ctx(), view.field());
    g.set(op, value);
}

pub fn ctx_store(g: &mut FnGen, op: &OpData) {
    let view = PacketCtxStore::of(op);
    let (offset, ty): (u64, Ty) = {
        let def = g.field_def(view.ctx(), view.field());
        (def.offset, def.ty)
    };
    let place = ctx_place(g, view.ctx(), offset);
    let value = to_memory(g, ty, g.value(view.value()));
    match g.field_width(view.ctx(), view.field()) {
        Some(width) if value.is_int_value() => {
            let whole = g.g.build.resize(value.into_int_value(), width as u32 * 8, Extend::Zero);
            g.g.build.store(place, whole.into(), width);
        }
        Some(_) | None => g.g.build.store(place, value, g.types().align_of(ty)),
    }
}

/// Loads the context's field of this role.
fn bound(g: &mut FnGen, op: &OpData, ctx: Value, role: FieldRole) {
    let fields = g.struct_in(ctx).fields.len();
    let Some(field) = (0..fields as i128).find(|&f| g.field_role(ctx, f) == role) else {
        // The checker lets no program ask; IR may declare a context without these fields.
        let why = format!("{} has no packet", g.types().ir_text(g.func.ty(ctx)));
        g.g.cx.error(op.loc.span, IllFormedIr { why });
        g.g.failed = true;
        let null = g.g.build.ptr_type().const_null();
        return g.set(op, null);
    };
    let value = load_field(g, ctx, field);
    g.set(op, value);
}

pub fn start(g: &mut FnGen, op: &OpData) {
    bound(g, op, PacketStart::of(op).ctx(), FieldRole::PacketStart);
}

pub fn end(g: &mut FnGen, op: &OpData) {
    bound(g, op, PacketEnd::of(op).ctx(), FieldRole::PacketEnd);
}

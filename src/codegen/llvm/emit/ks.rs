//! Dialect `ks`: the ops that passes leave.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::super::memory::part_align;
use super::super::types::{context_field, field_role};
use crate::diag::codes::ir::BadIr;
use crate::diag::codes::refused::MemoryRefused;
use crate::ir::ops::{
    CoreField, KsAddr, KsBits, KsConst, KsCopy, KsCounted, KsDeref, KsElem, KsField, KsGlobal, KsLoad, KsPrint,
    KsStore, KsStr, KsZero,
};
use crate::ir::{Global, GlobalKind, OpData, Opcode, Value};
use crate::tables::{FieldRole, is_kernel_context};
use crate::target::{Maps, Target};
use crate::types::{FieldDef, Space, StructDef, Ty, TyKind};
use inkwell::values::{BasicValueEnum, PointerValue};
use inkwell::{AtomicOrdering, AtomicRMWBinOp, IntPredicate};

pub use super::calls::{call, call_pointer, func};

pub fn const_(g: &mut FnGen, op: &OpData) {
    let bits = KsConst::of(op).value() as u64;
    let ty = g.g.value_type(g.result_ty(op));
    let value: BasicValueEnum = if ty.is_float_type() {
        ty.into_float_type().const_float(f64::from_bits(bits)).into()
    } else {
        ty.into_int_type().const_int(bits, false).into()
    };
    g.set(op, value);
}

pub fn null(g: &mut FnGen, op: &OpData) {
    let null = g.g.value_type(g.result_ty(op)).const_zero();
    g.set(op, null);
}

pub fn str(g: &mut FnGen, op: &OpData) {
    let mut bytes = KsStr::of(op).bytes().to_vec();
    bytes.push(0);
    let place = g.g.string(&bytes);
    g.set(op, place);
}

/// Its slot was made with the function.
pub fn var(_: &mut FnGen, _: &OpData) {}

pub fn zero(g: &mut FnGen, op: &OpData) {
    let place = KsZero::of(op).place();
    if g.in_object(place) {
        return g.zero_object(op, place);
    }
    let (align, words) = (g.align(place), g.has_words_anywhere(place));
    for (from, to) in g.parts(g.pointee(place), &[place]) {
        g.zero((g.part(place, from), part_align(align, from)), to - from, words);
    }
}

/// Memory of spaces that a plain load or store cannot reach is refused: never a wrong access.
fn reachable(g: &mut FnGen, op: &OpData, place: Value) -> bool {
    let TyKind::Place { space, .. } = g.types().kind(g.func.ty(place)) else { return true };
    let refused = g.g.facts.verified && matches!(space, Space::BtfUntrusted | Space::User | Space::Ctx);
    if refused {
        g.g.cx
            .error(op.loc.span, MemoryRefused { memory: space.text().to_owned() })
            .help("copy what you need into a variable first: `var v = *p`");
        g.g.failed = true;
    }
    !refused
}

pub fn load(g: &mut FnGen, op: &OpData) {
    let place = KsLoad::of(op).place();
    let ty = g.result_ty(op);
    if !reachable(g, op, place) {
        let zero = g.g.value_type(ty).const_zero();
        return g.set(op, zero);
    }
    let value = g.g.build.load(g.g.memory_type(ty), g.ptr(place), g.align(place));
    let of_global = matches!(g.types().kind(g.func.ty(place)), TyKind::Place { space: Space::Global, .. });
    if g.g.tuning.reloads && g.g.facts.verified && of_global {
        g.g.build.keep_load(value);
    }
    if of_kernel_context(g, place) || g.in_object(place) {
        g.g.build.keep_load(value);
    }
    if ty == Ty::BOOL && g.g.own_bools.has(g.func, place) {
        g.g.build.is_bool(value.into_int_value());
    }
    let value = from_memory(g, ty, value);
    g.set(op, value);
}

/// Whether a place is a field of a context that the kernel's BTF describes. To the verifier each load of such a pointer yields another
/// pointer
/// that may be null; LLVM takes two loads for equal and would drop the test of one.
fn of_kernel_context(g: &FnGen, place: Value) -> bool {
    let Some(field) = g.func.def(place).map(|op| &g.func.ops[op]).filter(|op| op.opcode == Opcode::CoreField) else {
        return false;
    };
    is_kernel_context(g.types(), g.pointee(CoreField::of(field).base()))
}

/// A bool in memory that others write may be any byte.
pub fn from_memory<'c>(g: &FnGen<'_, '_, 'c>, ty: crate::types::Ty, value: BasicValueEnum<'c>) -> BasicValueEnum<'c> {
    if g.types().kind(ty) != TyKind::Bool {
        return value;
    }
    let build = &g.g.build;
    build.compare(IntPredicate::NE, value, build.int(8, 0).into()).into()
}

pub fn to_memory<'c>(g: &FnGen<'_, '_, 'c>, ty: crate::types::Ty, value: BasicValueEnum<'c>) -> BasicValueEnum<'c> {
    if g.types().kind(ty) != TyKind::Bool {
        return value;
    }
    g.g.build.resize(value.into_int_value(), 8, Extend::Zero).into()
}

pub fn store(g: &mut FnGen, op: &OpData) {
    let view = KsStore::of(op);
    let place = view.place();
    if !reachable(g, op, place) {
        return;
    }
    let value = to_memory(g, g.pointee(place), g.value(view.value()));
    if g.in_object(place) {
        return g.g.build.store_volatile(g.ptr(place), value, g.align(place));
    }
    g.g.build.store(g.ptr(place), value, g.align(place));
}

pub fn copy(g: &mut FnGen, op: &OpData) {
    let view = KsCopy::of(op);
    let (to, from) = (view.to(), view.from());
    if !reachable(g, op, to) || !reachable(g, op, from) {
        return;
    }
    if g.in_object(to) || g.in_object(from) {
        return g.copy_object(op, to, from);
    }
    let (to_align, from_align) = (g.align(to), g.align(from));
    let words = g.has_words_anywhere(to) && g.has_words_anywhere(from);
    let parts = g.parts(g.pointee(to), &[to, from]);
    for &(start, end) in &parts {
        let target = (g.part(to, start), part_align(to_align, start));
        let source = (g.part(from, start), part_align(from_align, start));
        g.copy(target, source, end - start, words);
    }
    // The copy leaves out what only the kernel touches, which stays zero.
    if parts != [(0, g.types().size_of(g.pointee(to)))] && g.on_stack(to) {
        for (start, end) in g.types().kept_bytes(g.pointee(to)) {
            g.zero((g.part(to, start), part_align(to_align, start)), end - start, words);
        }
    }
}

impl<'c> FnGen<'_, '_, 'c> {
    /// The address of a part of a place.
    fn part(&self, place: Value, offset: u64) -> PointerValue<'c> {
        let pointer = self.ptr(place);
        if offset == 0 { pointer } else { self.g.build.offset(pointer, self.g.build.int(64, offset)) }
    }

    /// The bytes of a value, from and to, that BPF code touches when it copies or clears the places: all but those of the
    /// kernel, which the verifier protects where one of them is a map's entry.
    fn parts(&self, ty: Ty, places: &[Value]) -> Vec<(u64, u64)> {
        let size = self.types().size_of(ty);
        if !self.g.facts.verified || places.iter().all(|&place| self.on_stack(place)) {
            return vec![(0, size)];
        }
        let (mut parts, mut at) = (Vec::new(), 0);
        for (start, end) in self.types().kept_bytes(ty) {
            parts.push((at, start));
            at = end;
        }
        parts.push((at, size));
        parts.into_iter().filter(|(from, to)| from < to).collect()
    }

    fn on_stack(&self, place: Value) -> bool {
        matches!(self.types().kind(self.func.ty(place)), TyKind::Place { space: Space::Stack, .. })
    }
}

impl FnGen<'_, '_, '_> {
    /// The definition of a field of the struct that a place holds.
    pub fn field_def(&self, base: Value, field: i128) -> &FieldDef {
        &self.struct_in(base).fields[field as usize]
    }

    /// The struct that a place holds.
    pub fn struct_in(&self, place: Value) -> &StructDef {
        let ty = self.pointee(place);
        let TyKind::Struct(id) = self.types().kind(ty) else {
            crate::bug!("{} has no fields", self.types().ir_text(ty));
        };
        self.types().struct_def(id)
    }

    /// The role of a field of the context that a pointer points to.
    pub fn field_role(&self, ctx: Value, field: i128) -> FieldRole {
        field_role(self.types().machine(), self.struct_in(ctx), self.field_def(ctx, field))
    }

    /// How many bytes a context's field has in the kernel, where the type does not say.
    pub fn field_width(&self, ctx: Value, field: i128) -> Option<u64> {
        context_field(self.types().machine(), self.struct_in(ctx), self.field_def(ctx, field))?.width
    }
}

pub fn field(g: &mut FnGen, op: &OpData) {
    let view = KsField::of(op);
    let offset = g.field_def(view.base(), view.field()).offset;
    let base = g.ptr(view.base());
    let place = if offset == 0 { base } else { g.g.build.offset(base, g.g.build.int(64, offset)) };
    g.set(op, place);
}

pub fn elem(g: &mut FnGen, op: &OpData) {
    let view = KsElem::of(op);
    let element = g.g.memory_type(g.pointee(op.results[0]));
    // The index is in range, so it is no negative number whatever its type.
    let index = g.g.build.resize(g.int(view.index()), 64, Extend::ZeroNonNegative);
    let place = g.g.build.element(g.ptr(view.base()), element, index);
    g.set(op, place);
}

pub fn bits(g: &mut FnGen, op: &OpData) {
    let view = KsBits::of(op);
    let unit_ty = g.pointee(view.place());
    let unit = g.g.build.load(g.g.memory_type(unit_ty), g.ptr(view.place()), g.align(view.place()));
    let unit = unit.into_int_value();
    let ty = unit.get_type();
    let build = &g.g.build;
    let shifted = match view.shift() {
        0 => unit,
        shift => build.shr(unit, ty.const_int(shift as u64, false), false),
    };
    let mask = u64::MAX >> (64 - view.width());
    let result = g.result_ty(op);
    let bits = g.g.value_type(result).into_int_type().get_bit_width();
    let value = if g.types().as_int(result).is_some_and(|(_, signed)| signed) {
        // The highest bit is the sign: it goes to the top, and comes back with copies of itself.
        let above = u64::from(ty.get_bit_width()) - view.width() as u64;
        let top = build.shl(shifted, ty.const_int(above, false));
        let value = build.shr(top, ty.const_int(above, false), true);
        build.resize(value, bits, Extend::Sign)
    } else {
        build.resize(build.and(shifted, ty.const_int(mask, false)), bits, Extend::Zero)
    };
    g.set(op, value);
}

pub fn addr(g: &mut FnGen, op: &OpData) {
    let pointer = g.ptr(KsAddr::of(op).place());
    g.set(op, pointer);
}

pub fn deref(g: &mut FnGen, op: &OpData) {
    let place = g.ptr(KsDeref::of(op).pointer());
    g.set(op, place);
}

pub fn global(g: &mut FnGen, op: &OpData) {
    let name = KsGlobal::of(op).global();
    let place = match g.g.data.get(name) {
        Some(&place) => place,
        None if g.g.facts.maps == Maps::ByRuntime => super::host::shared_global(g, name),
        None => crate::bug!("@{name} is data of user space alone"),
    };
    g.set(op, place);
}

/// Processors may count at the same time.
pub fn counted(g: &mut FnGen, op: &OpData) {
    let is_own = |global: &&Global| {
        global.kind == GlobalKind::Counters && global.section.is_some() == (g.g.facts.maps == Maps::InPlace)
    };
    let counters = g.g.ir.globals.iter().find(is_own).and_then(|global| g.g.data.get(&global.name));
    let Some(&counters) = counters else {
        // Only IR text can ask for this.
        g.g.cx.error(op.loc.span, BadIr { why: "there are no counters".to_owned() });
        g.g.failed = true;
        return;
    };
    let (index, one) = (g.g.build.int(64, KsCounted::of(op).point() as u64), g.g.build.int(64, 1));
    let place = g.g.build.element(counters, g.g.build.int_type(64).into(), index);
    g.g.build.atomic(AtomicRMWBinOp::Add, place, one, AtomicOrdering::Monotonic);
}

pub fn print(g: &mut FnGen, op: &OpData) {
    let view = KsPrint::of(op);
    match g.g.target {
        Target::Bpf => super::print::bpf::emit(g, op, &view),
        Target::Host => super::print::host::emit(g, &view),
        Target::Kmod => super::not_by_llvm(g.g.target),
    }
}

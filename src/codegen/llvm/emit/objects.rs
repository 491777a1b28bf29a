//! Objects of BPF programs, made and freed by the kernel, and the lists and trees of them.
//!
//! The verifier knows such an object by its type: an access is inside one field, and at an offset that is known
//! (`btf_struct_walk` in kernel/bpf/btf.c). LLVM would join those of fields side by side, so they are volatile.

use super::super::function::FnGen;
use crate::diag::codes::refused::OverLimit;
use crate::ir::ops::{BpfObjectAdd, BpfObjectCall, HostDelete, HostNew, KsDeref, KsElem, KsField};
use crate::ir::{OpData, OpId, Opcode, Value};
use crate::types::{FnSig, Space, Ty, TyKind, Types};
use inkwell::IntPredicate;
use inkwell::values::{BasicValueEnum, PointerValue};

/// A flag of `llvm.bpf.btf.type.id` (`BTFTypeIdFlag` of LLVM's BPFCORE.h): the id in the object's own BTF.
const LOCAL_ID: u64 = 0;

/// The most loads or stores of one copy.
const MAX_UNITS: u64 = 128;

impl<'c> FnGen<'_, '_, 'c> {
    /// Whether a place may be in an object of a BPF program.
    pub fn in_object(&self, place: Value) -> bool {
        self.g.facts.verified && self.func.def(place).is_some_and(|op| self.leads_to_object(op))
    }

    fn leads_to_object(&self, op: OpId) -> bool {
        let data = &self.func.ops[op];
        let base = if data.opcode == Opcode::KsField {
            KsField::of(data).base()
        } else if data.opcode == Opcode::KsElem {
            KsElem::of(data).base()
        } else {
            let is_deref = data.opcode == Opcode::KsDeref;
            return is_deref && self.types().is_object_pointer(self.func.ty(KsDeref::of(data).pointer()));
        };
        self.func.def(base).is_some_and(|op| self.leads_to_object(op))
    }

    /// The parts of an object that a copy or a clearing touches, each of one field, in units of as many bytes as are aligned.
    fn units(&mut self, op: &OpData, ty: Ty, align: u64) -> Vec<(u64, u64)> {
        let mut members = Vec::new();
        accessible(self.types(), ty, 0, &mut members);
        let mut units = Vec::new();
        for (start, end) in members {
            let mut at = start;
            while at < end {
                let aligned = align.min(8).min(if at == 0 { 8 } else { 1 << at.trailing_zeros().min(3) });
                let fits = std::iter::successors(Some(aligned), |unit: &u64| Some(unit / 2));
                let unit = fits.into_iter().find(|unit| at + unit <= end).unwrap_or(1);
                units.push((at, unit));
                at += unit;
            }
        }
        if units.len() as u64 > MAX_UNITS {
            let what = format!("an object of {} fields and elements, made or copied at once", units.len());
            self.g
                .cx
                .error(op.loc.span, OverLimit { what, most: MAX_UNITS.to_string() })
                .help("keep what is long in a map, under a key in the object");
            self.g.failed = true;
            units.clear();
        }
        units
    }

    fn at(&self, base: PointerValue<'c>, offset: u64) -> PointerValue<'c> {
        if offset == 0 { base } else { self.g.build.offset(base, self.g.build.int(64, offset)) }
    }

    /// Copies a value when the source or the destination is in an object.
    pub fn copy_object(&mut self, op: &OpData, to: Value, from: Value) {
        let (ty, align) = (self.pointee(to), self.align(to).min(self.align(from)));
        let (to_object, from_object) = (self.in_object(to), self.in_object(from));
        // The copy of an object has no link, but bytes for one.
        for (start, end) in self.types().kept_bytes(ty) {
            if !to_object {
                let at = self.at(self.ptr(to), start);
                self.zero((at, 8), end - start, false);
            }
        }
        let (to, from) = (self.ptr(to), self.ptr(from));
        for (at, unit) in self.units(op, ty, align) {
            let int = self.g.build.int_type(unit as u32 * 8).into();
            let value = self.g.build.load(int, self.at(from, at), unit);
            if from_object {
                self.g.build.keep_load(value);
            }
            match to_object {
                true => self.g.build.store_volatile(self.at(to, at), value, unit),
                false => self.g.build.store(self.at(to, at), value, unit),
            }
        }
    }

    pub fn zero_object(&mut self, op: &OpData, place: Value) {
        let (pointer, align) = (self.ptr(place), self.align(place));
        self.clear(op, (pointer, align), self.pointee(place));
    }

    fn clear(&mut self, op: &OpData, (pointer, align): (PointerValue<'c>, u64), ty: Ty) {
        for (at, unit) in self.units(op, ty, align) {
            let zero = self.g.build.int(unit as u32 * 8, 0).into();
            self.g.build.store_volatile(self.at(pointer, at), zero, unit);
        }
    }

    fn any_pointer(&mut self) -> Ty {
        self.g.cx.types.ptr(Ty::VOID, Space::Any, true)
    }

    /// The number of a type in the BTF of the object, which the loader fills in.
    fn type_id(&mut self, of: Ty) -> BasicValueEnum<'c> {
        let number = self.g.debug.next_relocation();
        let build = &self.g.build;
        let args = [build.int(32, number).into(), build.int(64, LOCAL_ID).into()];
        let call = build.intrinsic(&self.g.module, "llvm.bpf.btf.type.id", &[], &args);
        self.g.debug.relocate(self.g.cx, call, of);
        call.try_as_basic_value().expect_basic("the intrinsic yields a number")
    }
}

/// The bytes of fields without fields of their own, from and to: neither padding nor what only the kernel touches. An array of
/// numbers is one field.
fn accessible(types: &Types, ty: Ty, at: u64, found: &mut Vec<(u64, u64)>) {
    let kind = types.kind(ty);
    if let TyKind::Struct(id) = kind {
        let fields = types.struct_def(id).fields.iter().filter(|_| !types.is_kept(ty));
        fields.for_each(|field| accessible(types, field.ty, at + field.offset, found));
    } else if let TyKind::Array(element, length) = kind
        && types.holds_struct(element)
    {
        (0..length).for_each(|index| accessible(types, element, at + index * types.size_of(element), found));
    } else {
        found.push((at, at + types.size_of(ty)));
    }
}

/// The kernel does not clear what it allocates (`bpf_obj_new_impl` of kernel/bpf/helpers.c).
pub fn new(g: &mut FnGen, op: &OpData) {
    let TyKind::Ptr { to, .. } = g.types().kind(g.result_ty(op)) else { crate::bug!("`new` yields no pointer") };
    let (any, id, null) = (g.any_pointer(), g.type_id(to), g.g.build.null());
    let object = g.call_kfunc("bpf_obj_new_impl", any, &[(Ty::U64, id), (any, null.into())]);
    let Some(object) = object.filter(|_| HostNew::of(op).size() > 0) else { return };
    let (some, done) = (g.g.build.block(g.llvm, "made"), g.g.build.block(g.llvm, "made.done"));
    let absent = g.g.build.compare(IntPredicate::EQ, object, null.into());
    g.g.build.cond_br(absent, done, some);
    g.g.build.go_to(some);
    g.clear(op, (object.into_pointer_value(), 8), to);
    g.g.build.br(done);
    g.g.build.go_to(done);
    g.set(op, object);
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    let object = g.ptr(HostDelete::of(op).pointer());
    let (any, null) = (g.any_pointer(), g.g.build.null());
    let (some, done) = (g.g.build.block(g.llvm, "freed"), g.g.build.block(g.llvm, "freed.done"));
    let absent = g.g.build.compare(IntPredicate::EQ, object.into(), null.into());
    g.g.build.cond_br(absent, done, some);
    g.g.build.go_to(some);
    g.call_kfunc("bpf_obj_drop_impl", Ty::VOID, &[(any, object.into()), (any, null.into())]);
    g.g.build.br(done);
    g.g.build.go_to(done);
}

/// The functions that add take two more arguments, which the verifier fills in.
pub fn object_call(g: &mut FnGen, op: &OpData) {
    let view = BpfObjectCall::of(op);
    let function = String::from_utf8_lossy(view.function()).into_owned();
    let operands = [view.owner()].into_iter().chain(view.args().iter().copied());
    let mut args: Vec<_> = operands.map(|value| (g.func.ty(value), g.value(value))).collect();
    match op.results.first() {
        Some(&result) => {
            if let Some(value) = g.call_kfunc(&function, g.func.ty(result), &args) {
                g.set(op, value);
            }
        }
        None => {
            args.extend(hidden(g));
            g.call_kfunc(&function, Ty::I32, &args);
        }
    }
}

fn hidden<'c>(g: &mut FnGen<'_, '_, 'c>) -> [(Ty, BasicValueEnum<'c>); 2] {
    let (any, null, zero) = (g.any_pointer(), g.g.build.null().into(), g.g.build.int(64, 0).into());
    [(any, null), (Ty::U64, zero)]
}

pub fn object_add(g: &mut FnGen, op: &OpData) {
    let view = BpfObjectAdd::of(op);
    let Some(callback) = g.g.funcs.get(view.callback()) else {
        crate::bug!("there is no function @{}", view.callback());
    };
    let callback = callback.as_global_value().as_pointer_value().into();
    let function = String::from_utf8_lossy(view.function()).into_owned();
    let object = g.func.ty(view.object());
    let less = g.g.cx.types.func(FnSig { params: vec![object, object], result: Ty::BOOL });
    let mut args =
        vec![(g.func.ty(view.owner()), g.value(view.owner())), (object, g.value(view.object())), (less, callback)];
    args.extend(hidden(g));
    g.call_kfunc(&function, Ty::I32, &args);
}

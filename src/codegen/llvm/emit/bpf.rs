//! Dialect `bpf`: calls of helpers.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::super::verifier::{known_limits, tested_records};
use super::helper_effects;
use super::mem::packet_sum;
use crate::ir::ops::{
    BpfAdvance, BpfClamp, BpfDrain, BpfForEach, BpfForget, BpfHelper, BpfIterDestroy, BpfIterNew, BpfIterNext, BpfLock,
    BpfLoop, BpfOpaque, BpfOwn, BpfPacketDynptr, BpfPositive, BpfTailCall, BpfTimerCallback, BpfUnlock, BpfWhole,
};
use crate::ir::{OpData, Value};
use crate::session::Mcpu;
use crate::tables::{self, context_of, workarounds};
use crate::types::Ty;
use inkwell::types::BasicTypeEnum;
use inkwell::values::{BasicValueEnum, CallSiteValue};

impl<'c> FnGen<'_, '_, 'c> {
    /// Arguments of a function that is not ours: integers are at least 32 bits wide.
    pub fn promoted(&self, args: &[Value]) -> Vec<BasicValueEnum<'c>> {
        let promote = |&arg: &Value| {
            let value = self.value(arg);
            if value.is_int_value() && value.into_int_value().get_type().get_bit_width() < 32 {
                let extend = if self.g.is_signed(self.func.ty(arg)) { Extend::Sign } else { Extend::Zero };
                return self.g.build.resize(value.into_int_value(), 32, extend).into();
            }
            value
        };
        args.iter().map(promote).collect()
    }

    /// Calls a helper by its name. Integers narrower than 32 bits must have been extended.
    pub fn call_helper(
        &self,
        name: &str,
        result: Option<BasicTypeEnum<'c>>,
        args: &[BasicValueEnum<'c>],
    ) -> Option<BasicValueEnum<'c>> {
        let Some(spec) = tables::helper(name) else {
            crate::bug!("helpers.toml has no `{name}`");
        };
        let call = self.g.build.helper(spec.number, result, args);
        helper_effects::mark(self.g, call, spec, args);
        call.try_as_basic_value().basic()
    }
}

pub use super::kfuncs::{kfunc, kfunc_exists};
pub use super::objects::{object_add, object_call};

pub fn seq_print(g: &mut FnGen, op: &OpData) {
    super::print::bpf::emit_seq(g, op);
}

pub fn stream_print(g: &mut FnGen, op: &OpData) {
    super::print::bpf::emit_stream(g, op);
}

pub fn seq_write(g: &mut FnGen, op: &OpData) {
    super::print::bpf::emit_seq_write(g, op);
}

pub fn helper(g: &mut FnGen, op: &OpData) {
    let view = BpfHelper::of(op);
    let args = g.promoted(view.args());
    let result = op.results.first().map(|&r| g.g.value_type(g.func.ty(r)));
    if let Some(value) = g.call_helper(view.helper(), result, &args) {
        g.set(op, value);
    }
}

pub fn tail_call(g: &mut FnGen, op: &OpData) {
    let view = BpfTailCall::of(op);
    let map = super::map::place(g, view.map()).into();
    let index = g.g.build.resize(g.int(view.index()), 32, Extend::Zero).into();
    let context = g.value(view.context());
    g.call_helper("bpf_tail_call", None, &[context, map, index]);
}

pub fn lock(g: &mut FnGen, op: &OpData) {
    let lock = g.value(BpfLock::of(op).lock());
    g.call_helper(op.helper(), Some(g.g.build.int_type(64).into()), &[lock]);
}

pub fn unlock(g: &mut FnGen, op: &OpData) {
    let lock = g.value(BpfUnlock::of(op).lock());
    g.call_helper(op.helper(), Some(g.g.build.int_type(64).into()), &[lock]);
}

pub fn loop_(g: &mut FnGen, op: &OpData) {
    let view = BpfLoop::of(op);
    let Some(callback) = g.g.funcs.get(view.callback()) else {
        crate::bug!("there is no function @{}", view.callback());
    };
    let callback = callback.as_global_value().as_pointer_value().into();
    let flags = g.g.build.int(64, 0).into();
    let long = g.g.build.int_type(64).into();
    // The helper takes 32 bits, but where the kernel writes the loop in place of the call it compares all of the register,
    // whose upper half is anything before v3.
    let count = g.g.build.resize(g.int(view.count()), 64, Extend::Zero).into();
    g.call_helper(op.helper(), Some(long), &[count, callback, g.value(view.frame()), flags]);
}

pub fn for_each(g: &mut FnGen, op: &OpData) {
    let view = BpfForEach::of(op);
    let Some(callback) = g.g.funcs.get(view.callback()) else {
        crate::bug!("there is no function @{}", view.callback());
    };
    let callback = callback.as_global_value().as_pointer_value().into();
    let map = super::map::place(g, view.map()).into();
    let flags = g.g.build.int(64, 0).into();
    let long = g.g.build.int_type(64).into();
    g.call_helper(op.helper(), Some(long), &[map, callback, g.value(view.frame()), flags]);
}

pub fn timer_callback(g: &mut FnGen, op: &OpData) {
    let view = BpfTimerCallback::of(op);
    let Some(callback) = g.g.funcs.get(view.callback()) else {
        crate::bug!("there is no function @{}", view.callback());
    };
    let callback = callback.as_global_value().as_pointer_value().into();
    let long = g.g.build.int_type(64).into();
    let status = g.call_helper(op.helper(), Some(long), &[g.value(view.timer()), callback]);
    g.set_maybe(op, status);
}

pub fn drain(g: &mut FnGen, op: &OpData) {
    let view = BpfDrain::of(op);
    let Some(callback) = g.g.funcs.get(view.callback()) else {
        crate::bug!("there is no function @{}", view.callback());
    };
    let callback = callback.as_global_value().as_pointer_value().into();
    let map = super::map::place(g, view.map()).into();
    let (frame, flags) = (g.g.build.null().into(), g.g.build.int(64, 0).into());
    let long = g.g.build.int_type(64).into();
    let count = g.call_helper(op.helper(), Some(long), &[map, callback, frame, flags]);
    g.set_maybe(op, count);
}

pub fn iter_new(g: &mut FnGen, op: &OpData) {
    let view = BpfIterNew::of(op);
    let iterator = (g.func.ty(view.iterator()), g.value(view.iterator()));
    let (start, end) = (g.g.build.int(32, 0).into(), g.value(view.count()));
    g.call_kfunc("bpf_iter_num_new", Ty::I32, &[iterator, (Ty::I32, start), (Ty::I32, end)]);
}

pub fn iter_next(g: &mut FnGen, op: &OpData) {
    let iterator = BpfIterNext::of(op).iterator();
    let args = [(g.func.ty(iterator), g.value(iterator))];
    if let Some(number) = g.call_kfunc("bpf_iter_num_next", g.func.ty(op.results[0]), &args) {
        g.set(op, number);
    }
}

pub fn iter_destroy(g: &mut FnGen, op: &OpData) {
    let iterator = BpfIterDestroy::of(op).iterator();
    let args = [(g.func.ty(iterator), g.value(iterator))];
    g.call_kfunc("bpf_iter_num_destroy", Ty::VOID, &args);
}

/// The kernel function is declared with the context of packets, which is what its BTF says.
pub fn packet_dynptr(g: &mut FnGen, op: &OpData) {
    let view = BpfPacketDynptr::of(op);
    let (ctx, ty) = (view.ctx(), g.func.ty(view.ctx()));
    let Some(spec) = context_of(g.types(), ty) else { crate::bug!("a packet without a context") };
    let field = spec.dynptr.as_ref().and_then(|of| Some((of.by, spec.fields.iter().position(|f| f.name == of.field)?)));
    let Some((by, field)) = field else { crate::bug!("no dynptr is made of a `{}`", spec.name) };
    let packet = (ty, super::packet::load_field(g, ctx, field as i128));
    let flags = (Ty::U64, g.g.build.int(64, 0).into());
    let dynptr = (g.func.ty(view.dynptr()), g.value(view.dynptr()));
    g.call_kfunc(by, Ty::I32, &[packet, flags, dynptr]);
}

pub fn forget(g: &mut FnGen, op: &OpData) {
    let value = g.int(BpfForget::of(op).value());
    let width = value.get_type().get_bit_width();
    let halves = width == 32 && g.g.cx.options.mcpu >= Mcpu::V3;
    let widened = halves && g.g.cx.options.works_around(workarounds::FORGOTTEN_HALVES);
    if widened {
        g.g.cx.worked_around(workarounds::FORGOTTEN_HALVES);
    }
    let value = if width == 32 && (!halves || widened) {
        let wide = g.g.build.asm_forget(g.g.build.resize(value, 64, Extend::Zero));
        g.g.build.resize(wide, 32, Extend::Zero)
    } else {
        g.g.build.asm_forget(value)
    };
    g.set(op, value);
}

pub fn positive(g: &mut FnGen, op: &OpData) {
    let value = g.g.build.asm_unary("if $0 > 0 goto +1\n\t$0 = 1", "=r,0", g.int(BpfPositive::of(op).value()));
    g.set(op, value);
}

pub fn whole(g: &mut FnGen, op: &OpData) {
    let value = g.g.build.asm_unary("", "=r,0", g.int(BpfWhole::of(op).value()));
    g.set(op, value);
}

pub fn advance(g: &mut FnGen, op: &OpData) {
    let view = BpfAdvance::of(op);
    let (base, offset) = (g.ptr(view.pointer()), g.int(view.offset()));
    let sum = if offset.is_const() {
        g.g.build.offset(base, offset)
    } else {
        packet_sum(g, base, offset, u64::try_from(view.limit()).ok())
    };
    g.set(op, sum);
}

pub fn own(g: &mut FnGen, op: &OpData) {
    let number = g.int(BpfOwn::of(op).value());
    let value = if g.g.cx.options.works_around(workarounds::CONSISTENT_OFFSETS) {
        g.g.build.asm_consistent(number)
    } else {
        g.g.build.asm_settled(number)
    };
    g.set(op, value);
}

pub fn opaque(g: &mut FnGen, op: &OpData) {
    let pointer = g.g.build.asm_pointer(g.ptr(BpfOpaque::of(op).pointer()));
    tested_records::mark_same(g.g, pointer);
    g.set(op, pointer);
}

/// As assembly: LLVM would compare one copy of the value and use another, which verifiers before 6.4 do not connect.
///
/// LLVM for v1 has `constant > x` for `x < constant`, whose outcome old verifiers do not predict: they walk into branches
/// that are never taken with a smallest value above the largest, and only the mask reconciles the two.
pub fn clamp(g: &mut FnGen, op: &OpData) {
    let view = BpfClamp::of(op);
    let limit = view.limit();
    let mask = i128::from((limit as u64 + 1).next_power_of_two() - 1);
    let masked = format!("$0 &= {mask}");
    let compared = format!("if $0 <= {limit} goto +1\n\t$0 = {limit}");
    let text = match i32::try_from(mask) {
        Ok(_) if mask == limit => masked,
        Ok(_) if g.g.cx.options.mcpu == Mcpu::V1 => format!("{masked}\n\t{compared}"),
        Ok(_) | Err(_) => compared,
    };
    let value = g.g.build.asm_unary(&text, "=r,0", g.int(view.value()));
    if let Some(call) = value.as_instruction().and_then(|made_by| CallSiteValue::try_from(made_by).ok()) {
        g.g.build.computes(call);
    }
    known_limits::mark(g.g, value, limit as u64);
    g.set(op, value);
}

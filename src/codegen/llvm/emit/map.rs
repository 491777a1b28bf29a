//! Dialect `map`: helpers in BPF code, the runtime in user space.

use super::super::builder::Extend;
use super::super::function::FnGen;
use super::super::host::handlers;
use super::super::verifier::tested_records;
use super::host::runtime;
use super::print::histograms;
use crate::ir::ops::{
    KsFunc, MapAddress, MapBind, MapClear, MapContains, MapCopy, MapCopyCpu, MapCpus, MapDelete, MapDiscard, MapHold,
    MapIterFree, MapIterNew, MapIterNext, MapListen, MapLookup, MapMigrate, MapNewRecord, MapObjectEntry, MapOnEvent,
    MapOpenInner, MapOutput, MapPeek, MapPop, MapPush, MapRedirect, MapSetInner, MapSocket, MapSubmit, MapTimerCancel,
    MapUpdate, MapUpdateCpu, MapUpdateWith,
};
use crate::ir::{OpData, Opcode, Symbol, Value};
use crate::tables::{ObjectSpec, ValueRule};
use crate::target::Maps;
use crate::types::{Ty, TyKind};
use inkwell::IntPredicate;
use inkwell::attributes::AttributeLoc;
use inkwell::values::{BasicValue, BasicValueEnum, CallSiteValue, PointerValue};

/// `BPF_F_LOCK` of include/uapi/linux/bpf.h where values hold a lock: the entry is written while it is held. In user space
/// the runtime adds it.
fn lock_flag(g: &FnGen, map: &Symbol) -> u64 {
    let locked = g.g.ir.map(map).is_some_and(|map| g.types().has_lock(map.value));
    if locked && g.g.facts.maps == Maps::InPlace { 4 } else { 0 }
}

/// Where a map is: the object's variable, or what a bound map's place holds.
pub fn place<'c>(g: &FnGen<'_, '_, 'c>, map: &Symbol) -> PointerValue<'c> {
    if let Some(&kept) = g.bound.get(map) {
        return g.g.build.load(g.g.build.ptr_type().into(), kept, 8).into_pointer_value();
    }
    match g.g.data.get(map) {
        Some(&place) => place,
        None => crate::bug!("there is no map @{map}"),
    }
}

/// A map's number in the descriptor; a bound map has the one that is kept in its place.
pub fn map_index<'c>(g: &FnGen<'_, '_, 'c>, map: &Symbol) -> BasicValueEnum<'c> {
    if g.bound.contains_key(map) {
        let kept = place(g, map);
        return g.g.build.resize(g.g.build.ptr_to_int(kept), 32, Extend::Zero).into();
    }
    match super::super::host::maps(g.g.ir).position(|m| m.name == *map) {
        Some(index) => g.number(index as u32),
        None => crate::bug!("there is no map @{map}"),
    }
}

pub fn bind(g: &mut FnGen, op: &OpData) {
    let view = MapBind::of(op);
    let place = g.ptr(view.place());
    g.bound.insert(view.map().clone(), place);
}

pub fn print(g: &mut FnGen, op: &OpData) {
    super::print::whole::map(g, op);
}

pub fn timer_cancel(g: &mut FnGen, op: &OpData) {
    let timer = g.value(MapTimerCancel::of(op).timer());
    let long = g.g.build.int_type(64).into();
    if let Some(status) = g.call_helper(op.helper(), Some(long), &[timer]) {
        let status = g.g.build.resize(status.into_int_value(), 32, Extend::Zero);
        g.set(op, status);
    }
}

pub fn address(g: &mut FnGen, op: &OpData) {
    let address = place(g, MapAddress::of(op).map());
    g.set(op, address);
}

pub fn hold(g: &mut FnGen, op: &OpData) {
    let name = MapHold::of(op).map();
    if g.g.facts.maps == Maps::ByRuntime {
        runtime(g, "ks_arena", None, &[map_index(g, name)]);
    } else {
        g.g.build.asm_use(place(g, name));
    }
}

pub fn set_inner(g: &mut FnGen, op: &OpData) {
    let view = MapSetInner::of(op);
    let args = [map_index(g, view.map()), g.value(view.key()), map_index(g, view.inner())];
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, "ks_map_set_inner", Some(int), &args);
    g.set_maybe(op, status);
}

pub fn open_inner(g: &mut FnGen, op: &OpData) {
    let view = MapOpenInner::of(op);
    let Some(template) = g.g.ir.map(view.map()).and_then(|outer| outer.inner.clone()) else {
        crate::bug!("@{} holds no maps", view.map())
    };
    let args = [map_index(g, view.map()), g.value(view.key()), map_index(g, &template)];
    let ptr = g.g.build.ptr_type().into();
    let inner = runtime(g, "ks_map_inner", Some(ptr), &args);
    g.set_maybe(op, inner);
}

pub fn lookup(g: &mut FnGen, op: &OpData) {
    let view = MapLookup::of(op);
    let ptr = g.g.build.ptr_type().into();
    let map = place(g, view.map()).into();
    let entry = match object(g, view.map()) {
        None => g.call_helper(op.helper(), Some(ptr), &[map, g.value(view.key())]),
        Some(spec) => {
            let [none, find]: [BasicValueEnum; 2] = [g.g.build.null().into(), g.g.build.int(64, 0).into()];
            g.call_helper(spec.get, Some(ptr), &[map, pointer_in(g, view.key()), none, find])
        }
    };
    g.set_maybe(op, entry);
}

pub fn socket(g: &mut FnGen, op: &OpData) {
    let view = MapSocket::of(op);
    let ptr = g.g.build.ptr_type().into();
    let socket = g.call_helper(op.helper(), Some(ptr), &[place(g, view.map()).into(), g.value(view.key())]);
    g.set_maybe(op, socket);
}

/// `BPF_LOCAL_STORAGE_GET_F_CREATE` of include/uapi/linux/bpf.h.
const CREATE: u64 = 1;

pub fn object_entry(g: &mut FnGen, op: &OpData) {
    let view = MapObjectEntry::of(op);
    let Some(spec) = object(g, view.map()) else { crate::bug!("the entries of @{} belong to no objects", view.map()) };
    let ptr = g.g.build.ptr_type().into();
    let (init, create) = (g.value(view.init()), g.g.build.int(64, CREATE).into());
    let args = [place(g, view.map()).into(), pointer_in(g, view.key()), init, create];
    let entry = g.call_helper(spec.get, Some(ptr), &args);
    g.set_maybe(op, entry);
}

/// How the objects are found that the entries belong to.
fn object(g: &FnGen, map: &Symbol) -> Option<&'static ObjectSpec> {
    g.g.ir.map(map)?.kind.object.as_ref()
}

/// The pointer to an object that a key holds.
fn pointer_in<'c>(g: &FnGen<'_, '_, 'c>, key: Value) -> BasicValueEnum<'c> {
    g.g.build.load(g.g.build.ptr_type().into(), g.ptr(key), 8)
}

pub fn update(g: &mut FnGen, op: &OpData) {
    let view = MapUpdate::of(op);
    let (key, value) = (g.value(view.key()), g.value(view.value()));
    let flags = g.g.build.int(64, view.flags() as u64 | lock_flag(g, view.map())).into();
    let of_cgroups = g.g.ir.map(view.map()).is_some_and(|map| map.kind.value == ValueRule::Cgroup);
    let symbol = if of_cgroups { "ks_cgroup_enter" } else { "ks_map_update" };
    status(g, op, (op.helper(), symbol), view.map(), &[key, value, flags]);
}

pub fn update_with(g: &mut FnGen, op: &OpData) {
    let view = MapUpdateWith::of(op);
    let (key, value) = (g.value(view.key()), g.value(view.value()));
    let lock = g.g.build.int(64, lock_flag(g, view.map()));
    let flags = g.g.build.or(g.int(view.flags()), lock).into();
    status(g, op, (op.helper(), "ks_map_update"), view.map(), &[key, value, flags]);
}

pub fn push(g: &mut FnGen, op: &OpData) {
    let view = MapPush::of(op);
    let value = g.value(view.value());
    let any = g.g.build.int(64, 0).into();
    let args = [value, any];
    let args = if g.g.facts.maps == Maps::ByRuntime { &args[..1] } else { &args };
    status(g, op, (op.helper(), "ks_map_push"), view.map(), args);
}

/// A helper or a function of the runtime that takes the map first and yields 0 or a negative errno.
fn status<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    (helper, symbol): (&str, &str),
    map: &Symbol,
    args: &[BasicValueEnum<'c>],
) {
    if g.g.facts.maps == Maps::ByRuntime {
        let mut all = vec![map_index(g, map)];
        all.extend(args);
        let int = g.g.build.int_type(32).into();
        let status = runtime(g, symbol, Some(int), &all);
        return g.set_maybe(op, status);
    }
    let mut all = vec![place(g, map).into()];
    all.extend(args);
    let long = g.g.build.int_type(64).into();
    let status = g.call_helper(helper, Some(long), &all);
    status_result(g, op, status);
}

pub fn pop(g: &mut FnGen, op: &OpData) {
    let view = MapPop::of(op);
    let to = g.value(view.to());
    present(g, op, (op.helper(), "ks_map_pop"), view.map(), to);
}

pub fn peek(g: &mut FnGen, op: &OpData) {
    let view = MapPeek::of(op);
    let to = g.value(view.to());
    present(g, op, (op.helper(), "ks_map_peek"), view.map(), to);
}

pub fn contains(g: &mut FnGen, op: &OpData) {
    let view = MapContains::of(op);
    let value = g.value(view.value());
    present(g, op, (op.helper(), "ks_map_contains"), view.map(), value);
}

/// A helper that yields 0, or a function of the runtime that yields true, where there is a value.
fn present<'c>(
    g: &mut FnGen<'_, '_, 'c>,
    op: &OpData,
    (helper, symbol): (&str, &str),
    map: &Symbol,
    value: BasicValueEnum<'c>,
) {
    if g.g.facts.maps == Maps::ByRuntime {
        let bool = g.g.build.int_type(1).into();
        let args = [map_index(g, map), value];
        let present = runtime(g, symbol, Some(bool), &args);
        return g.set_maybe(op, present);
    }
    let long = g.g.build.int_type(64).into();
    let status = g.call_helper(helper, Some(long), &[place(g, map).into(), value]);
    let zero: BasicValueEnum = g.g.build.int(64, 0).into();
    let present = status.map(|status| g.g.build.compare(IntPredicate::EQ, status, zero));
    g.set_maybe(op, present.map(Into::into));
}

pub fn delete(g: &mut FnGen, op: &OpData) {
    let view = MapDelete::of(op);
    let (key, helper) = match object(g, view.map()).filter(|_| g.g.facts.maps == Maps::InPlace) {
        None => (g.value(view.key()), op.helper()),
        Some(spec) => (pointer_in(g, view.key()), spec.delete),
    };
    let symbol = if histograms::is_one(g, view.map()) { "ks_hist_delete" } else { "ks_map_delete" };
    status(g, op, (helper, symbol), view.map(), &[key]);
}

pub fn cpus(g: &mut FnGen, op: &OpData) {
    let view = MapCpus::of(op);
    let args = [map_index(g, view.map()), g.value(view.key())];
    let int = g.g.build.int_type(32).into();
    let count = runtime(g, "ks_map_cpus", Some(int), &args);
    g.set_maybe(op, count);
}

pub fn copy_cpu(g: &mut FnGen, op: &OpData) {
    let view = MapCopyCpu::of(op);
    let args = [map_index(g, view.map()), g.value(view.key()), g.value(view.cpu()), g.value(view.to())];
    let bool = g.g.build.int_type(1).into();
    let present = runtime(g, "ks_map_lookup_cpu", Some(bool), &args);
    g.set_maybe(op, present);
}

pub fn update_cpu(g: &mut FnGen, op: &OpData) {
    let view = MapUpdateCpu::of(op);
    let args = [map_index(g, view.map()), g.value(view.key()), g.value(view.cpu()), g.value(view.value())];
    let int = g.g.build.int_type(32).into();
    let status = runtime(g, "ks_map_update_cpu", Some(int), &args);
    g.set_maybe(op, status);
}

pub fn redirect(g: &mut FnGen, op: &OpData) {
    let view = MapRedirect::of(op);
    let [key, flags] = [view.key(), view.flags()].map(|value| g.g.build.resize(g.int(value), 64, Extend::Zero).into());
    let long = g.g.build.int_type(64).into();
    let action = g.call_helper(op.helper(), Some(long), &[place(g, view.map()).into(), key, flags]);
    status_result(g, op, action);
}

/// `BPF_F_CURRENT_CPU` of include/uapi/linux/bpf.h.
const CURRENT_CPU: u64 = 0xffff_ffff;

pub fn output(g: &mut FnGen, op: &OpData) {
    let view = MapOutput::of(op);
    let size = g.g.build.int(64, g.types().size_of(g.pointee(view.value()))).into();
    let (map, value) = (place(g, view.map()).into(), g.value(view.value()));
    let long = g.g.build.int_type(64).into();
    let status = match view.context() {
        Some(context) => {
            let flags = g.g.build.int(64, CURRENT_CPU).into();
            g.call_helper("bpf_perf_event_output", Some(long), &[g.value(context), map, flags, value, size])
        }
        None => {
            let flags = g.g.build.int(64, 0).into();
            g.call_helper("bpf_ringbuf_output", Some(long), &[map, value, size, flags])
        }
    };
    status_result(g, op, status);
}

pub fn new_record(g: &mut FnGen, op: &OpData) {
    let ptr = g.g.build.ptr_type().into();
    if g.g.facts.maps == Maps::ByRuntime {
        let args = [map_index(g, MapNewRecord::of(op).map())];
        let record = runtime(g, "ks_user_ring_reserve", Some(ptr), &args);
        return g.set_maybe(op, record);
    }
    let TyKind::Ptr { to, .. } = g.types().kind(g.func.ty(op.results[0])) else {
        crate::bug!("a record has an address")
    };
    let size = g.g.build.int(64, g.types().size_of(to)).into();
    let flags = g.g.build.int(64, 0).into();
    let record = g.call_helper(op.helper(), Some(ptr), &[place(g, MapNewRecord::of(op).map()).into(), size, flags]);
    // Nothing else leads to it, so that clearing what is written afterwards goes away.
    let call = record.and_then(|record| CallSiteValue::try_from(record.as_instruction_value()?).ok());
    if let Some(call) = call {
        g.g.build.attribute(call, AttributeLoc::Return, "noalias");
    }
    if let Some(record) = record {
        tested_records::mark_record(g.g, record.into_pointer_value());
    }
    g.set_maybe(op, record);
}

pub fn submit(g: &mut FnGen, op: &OpData) {
    let view = MapSubmit::of(op);
    end_record(g, (op.helper(), "ks_user_ring_submit"), view.map(), view.record());
}

pub fn discard(g: &mut FnGen, op: &OpData) {
    let view = MapDiscard::of(op);
    end_record(g, (op.helper(), "ks_user_ring_discard"), view.map(), view.record());
}

/// With flags 0: the kernel then decides whether to wake the reader.
fn end_record(g: &mut FnGen, (helper, symbol): (&str, &str), map: &Symbol, record: Value) {
    if g.g.facts.maps == Maps::ByRuntime {
        let args = [map_index(g, map), g.value(record)];
        runtime(g, symbol, None, &args);
        return;
    }
    let flags = g.g.build.int(64, 0).into();
    g.call_helper(helper, None, &[g.value(record), flags]);
}

pub fn on_event(g: &mut FnGen, op: &OpData) {
    let view = MapOnEvent::of(op);
    let TyKind::Fn(sig) = g.types().kind(g.func.ty(view.handler())) else { crate::bug!("a handler is a function") };
    let sig = g.types().sig(sig).clone();
    let known = g.func.def(view.handler()).map(|def| &g.func.ops[def]).filter(|def| def.opcode == Opcode::KsFunc);
    let in_place = known.map(|def| handlers::in_place(g, KsFunc::of(def).func(), &sig, op.loc.span));
    // As `ks_on_event` of runtime/src/abi.rs takes them.
    let bits =
        [in_place.is_some() || sig.result != Ty::VOID, sig.params.len() > 1, view.tails() != 0, in_place.is_some()];
    let form = bits.iter().rev().fold(0, |form, &bit| form << 1 | u64::from(bit));
    let handler =
        in_place.map_or_else(|| g.value(view.handler()), |wrapper| wrapper.as_global_value().as_pointer_value().into());
    let args = [map_index(g, view.map()), handler, g.g.build.int(32, form).into()];
    runtime(g, "ks_on_event", None, &args);
}

pub fn migrate(g: &mut FnGen, op: &OpData) {
    let view = MapMigrate::of(op);
    let text = |text: &[u8]| g.g.string(&[text, b"\0"].concat()).into();
    let [name, key, old] = [view.name(), view.key(), view.old()].map(text);
    let key = if view.key().is_empty() { g.g.build.ptr_type().const_null().into() } else { key };
    let size = g.g.build.int(64, view.size() as u64).into();
    let args = [map_index(g, view.map()), g.value(view.make()), name, key, old, size];
    runtime(g, "ks_migrate", None, &args);
}

pub fn listen(g: &mut FnGen, op: &OpData) {
    let args = [map_index(g, MapListen::of(op).map())];
    runtime(g, "ks_listen", None, &args);
}

/// Helpers return a `long`; the language has an `i32`.
fn status_result<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, status: Option<BasicValueEnum<'c>>) {
    let status = status.map(|s| g.g.build.resize(s.into_int_value(), 32, Extend::Sign).into());
    g.set_maybe(op, status);
}

pub fn copy(g: &mut FnGen, op: &OpData) {
    let view = MapCopy::of(op);
    let args = [map_index(g, view.map()), g.value(view.key()), g.value(view.to())];
    let bool = g.g.build.int_type(1).into();
    let symbol = if histograms::is_one(g, view.map()) { "ks_hist_read" } else { "ks_map_lookup" };
    let present = runtime(g, symbol, Some(bool), &args);
    g.set_maybe(op, present);
}

pub fn iter_new(g: &mut FnGen, op: &OpData) {
    let map = MapIterNew::of(op).map();
    if histograms::is_one(g, map) {
        return histograms::iter(g, op, map, None);
    }
    let args = [map_index(g, map)];
    let ptr = g.g.build.ptr_type().into();
    let iterator = runtime(g, "ks_map_iter_new", Some(ptr), &args);
    g.set_maybe(op, iterator);
}

pub fn iter_ordered(g: &mut FnGen, op: &OpData) {
    super::print::whole::iter(g, op);
}

pub fn clear(g: &mut FnGen, op: &OpData) {
    let name = MapClear::of(op).map();
    let args = [map_index(g, name)];
    runtime(g, if histograms::is_one(g, name) { "ks_hist_clear" } else { "ks_map_clear" }, None, &args);
}

/// A call of `ks_hist_add`, in user space.
pub fn add(g: &mut FnGen, op: &OpData) {
    histograms::add(g, op);
}

/// A call of `ks_print_hist`.
pub fn print_hist(g: &mut FnGen, op: &OpData) {
    histograms::print_map(g, op);
}

pub fn copy_hist(g: &mut FnGen, op: &OpData) {
    histograms::copy(g, op);
}

pub fn iter_next(g: &mut FnGen, op: &OpData) {
    let view = MapIterNext::of(op);
    let args = [g.value(view.iterator()), g.value(view.key()), g.value(view.value())];
    let bool = g.g.build.int_type(1).into();
    let more = runtime(g, "ks_map_iter_next", Some(bool), &args);
    g.set_maybe(op, more);
}

pub fn iter_free(g: &mut FnGen, op: &OpData) {
    let args = [g.value(MapIterFree::of(op).iterator())];
    runtime(g, "ks_map_iter_free", None, &args);
}

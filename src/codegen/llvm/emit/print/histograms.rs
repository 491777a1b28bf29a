//! Histograms in user space: the runtime counts, reads and draws them.

use super::super::super::function::FnGen;
use super::super::super::host::tables;
use super::super::host::runtime;
use super::super::map::map_index;
use crate::ir::ops::{HostHistCount, HostHistNext, HostHistPercentile, HostHistSum, HostPrintHist};
use crate::ir::ops::{MapAdd, MapCopyHist, MapPrintHist};
use crate::ir::{OpData, Symbol, Value};
use crate::tables::KeyRule;
use crate::types::Ty;
use inkwell::values::BasicValueEnum;

/// Whether a map's entries are histograms.
pub fn is_one(g: &FnGen, map: &Symbol) -> bool {
    g.g.ir.map(map).is_some_and(|map| map.kind.buckets.is_some())
}

/// `map.add`
pub fn add(g: &mut FnGen, op: &OpData) {
    let view = MapAdd::of(op);
    let is_signed = g.g.is_signed(g.func.ty(view.value()));
    let steps = tables::steps(g.g, [view.low(), view.high(), view.step()]);
    let is_signed = g.g.build.int(1, u64::from(is_signed));
    let (value, times) = (g.value(view.value()), g.value(view.times()));
    let args = [map_index(g, view.map()), steps.into(), g.value(view.key()), value, is_signed.into(), times];
    runtime(g, "ks_hist_add", None, &args);
}

/// `map.print_hist`
pub fn print_map(g: &mut FnGen, op: &OpData) {
    let view = MapPrintHist::of(op);
    let name = g.g.cx.source_name(view.map());
    let name = g.g.string(&[name.as_bytes(), b"\0".as_slice()].concat());
    let is_keyed = g.g.ir.map(view.map()).is_some_and(|map| map.kind.key == KeyRule::Any);
    let key = if is_keyed { tables::type_of(g.g, view.keys()) } else { g.g.build.null() };
    let steps = tables::steps(g.g, [view.low(), view.high(), view.step()]);
    let args = [map_index(g, view.map()), name.into(), key.into(), steps.into(), g.value(view.top())];
    runtime(g, "ks_print_hist", None, &args);
}

/// `map.copy_hist`
pub fn copy(g: &mut FnGen, op: &OpData) {
    let view = MapCopyHist::of(op);
    let null = g.g.build.null().into();
    let args = [map_index(g, view.map()), null, g.value(view.to())];
    runtime(g, "ks_hist_read", Some(g.g.build.int_type(1).into()), &args);
}

/// A walk over a map of histograms: in no order, or in that of so many values, for so many keys of a type.
pub fn iter(g: &mut FnGen, op: &OpData, map: &Symbol, ordered: Option<(Ty, Value)>) {
    let (key, top) = match ordered {
        Some((keys, top)) => (tables::type_of(g.g, keys), g.value(top)),
        None => (g.g.build.null(), g.g.build.int(64, u64::MAX).into()),
    };
    let args = [map_index(g, map), key.into(), top];
    let ptr = g.g.build.ptr_type().into();
    let iterator = runtime(g, "ks_hist_iter", Some(ptr), &args);
    g.set_maybe(op, iterator);
}

/// `host.hist_count`
pub fn count(g: &mut FnGen, op: &OpData) {
    let view = HostHistCount::of(op);
    let args = histogram(g, view.histogram(), [view.low(), view.high(), view.step()]);
    number(g, op, "ks_hist_count", &args);
}

/// `host.hist_sum`
pub fn sum(g: &mut FnGen, op: &OpData) {
    let view = HostHistSum::of(op);
    let args = histogram(g, view.histogram(), [view.low(), view.high(), view.step()]);
    number(g, op, "ks_hist_sum", &args);
}

/// `host.hist_percentile`
pub fn percentile(g: &mut FnGen, op: &OpData) {
    let view = HostHistPercentile::of(op);
    let [place, buckets, steps] = histogram(g, view.histogram(), [view.low(), view.high(), view.step()]);
    let p = g.value(view.p());
    number(g, op, "ks_hist_percentile", &[place, buckets, steps, p]);
}

/// `host.hist_next`
pub fn next(g: &mut FnGen, op: &OpData) {
    let view = HostHistNext::of(op);
    let [place, buckets, steps] = histogram(g, view.histogram(), [view.low(), view.high(), view.step()]);
    let args = [place, buckets, steps, g.value(view.position()), g.value(view.least()), g.value(view.count())];
    let int = g.g.build.int_type(32).into();
    let next = runtime(g, "ks_hist_next", Some(int), &args);
    g.set_maybe(op, next);
}

/// `host.print_hist`
pub fn print_one(g: &mut FnGen, op: &OpData) {
    let view = HostPrintHist::of(op);
    let name = g.g.string(&[view.name(), b"\0".as_slice()].concat());
    let [place, buckets, steps] = histogram(g, view.histogram(), [view.low(), view.high(), view.step()]);
    runtime(g, "ks_print_one_hist", None, &[name.into(), place, buckets, steps]);
}

/// A histogram as the runtime takes it: where it is, how many buckets it has, and which.
fn histogram<'c>(g: &mut FnGen<'_, '_, 'c>, place: Value, steps: [i128; 3]) -> [BasicValueEnum<'c>; 3] {
    let size = g.types().size_of(g.pointee(place));
    let buckets = (size / COUNT - 1) as u32;
    [g.value(place), g.g.u32(buckets), tables::steps(g.g, steps).into()]
}

/// The bytes of a count, and of the sum in front of them.
const COUNT: u64 = 8;

fn number<'c>(g: &mut FnGen<'_, '_, 'c>, op: &OpData, symbol: &str, args: &[BasicValueEnum<'c>]) {
    let int = g.g.build.int_type(64).into();
    let number = runtime(g, symbol, Some(int), args);
    g.set_maybe(op, number);
}

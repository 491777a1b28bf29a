//! Dialect `csum`.

use super::super::builder::{Build, Extend};
use super::super::function::FnGen;
use crate::ir::OpData;
use crate::ir::ops::{CsumFold, CsumUpdate};
use inkwell::values::IntValue;

pub fn fold(g: &mut FnGen, op: &OpData) {
    let sum = g.int(CsumFold::of(op).sum());
    let folded = folded(&g.g.build, sum);
    g.set(op, folded);
}

/// `~(~check + ~old + fresh)` in the arithmetic of one's complement.
pub fn update(g: &mut FnGen, op: &OpData) {
    let view = CsumUpdate::of(op);
    let (check, old, fresh) = (g.int(view.check()), g.int(view.old()), g.int(view.fresh()));
    let build = &g.g.build;
    // Five numbers of 16 bits at most: no carry is lost.
    let mut sum = build.resize(inverted(build, check), 32, Extend::Zero);
    for value in [inverted(build, old), fresh] {
        for half in halves(build, value) {
            sum = build.add(sum, half);
        }
    }
    let folded = folded(build, sum);
    g.set(op, folded);
}

/// The parts of 16 bits, as numbers of 32 bits.
fn halves<'c>(build: &Build<'c>, value: IntValue<'c>) -> Vec<IntValue<'c>> {
    if value.get_type().get_bit_width() == 16 {
        return vec![build.resize(value, 32, Extend::Zero)];
    }
    vec![build.and(value, build.int(32, 0xffff)), build.shr(value, build.int(32, 16), false)]
}

/// A sum of 32 bits. Added to itself with its halves exchanged, it has the sum of the halves in its upper one, and what that carries is
/// added by the lower one, which carries too.
fn folded<'c>(build: &Build<'c>, sum: IntValue<'c>) -> IntValue<'c> {
    let half = build.int(32, 16);
    let (low, high) = (build.shl(sum, half), build.shr(sum, half, false));
    let both = build.add(build.add(sum, low), high);
    build.resize(inverted(build, build.shr(both, half, false)), 16, Extend::Zero)
}

fn inverted<'c>(build: &Build<'c>, value: IntValue<'c>) -> IntValue<'c> {
    build.xor(value, value.get_type().const_all_ones())
}

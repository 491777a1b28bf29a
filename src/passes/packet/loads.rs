//! Copies of parts of the packet into other memory (`packet.load`), by the helper of its context.

use super::{NAME, access};
use crate::fold::CompareOp;
use crate::ir::ops::PacketLoad;
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::types::{Ty, TyKind, Types};

/// The verifier wants to know that there is a byte, and that the place has room for all. Whether there were any.
pub fn lower(func: &mut Function, types: &mut Types) -> bool {
    let loads: Vec<OpId> = func.ids_of(Opcode::PacketLoad).collect();
    for &op in &loads {
        let view = PacketLoad::of(&func.ops[op]);
        let (ctx, offset, to, count) = (view.ctx(), view.offset(), view.to(), view.count());
        let TyKind::Place { of, space } = types.kind(func.ty(to)) else { crate::bug!("a copy goes to a place") };
        let (room, address) = (i128::from(types.size_of(of)), types.ptr(of, space, false));
        let known = func.known(types, count);
        let mut b = Builder::before(func, op, NAME);
        let mut load = |b: &mut Builder<'_>, count: Value| {
            let to = b.ks_addr(to, address);
            access::copy(b, types, ctx, [offset, to, count]);
        };
        if known.is_some() {
            load(&mut b, count);
        } else {
            let (zero, one) = (b.ks_const(0, Ty::U64), b.ks_const(1, Ty::U64));
            let some = b.arith_cmp(count, zero, CompareOp::Ne.word(), Ty::BOOL);
            let then = |b: &mut Builder<'_>| {
                let more = b.arith_sub(count, one, Ty::U64);
                let more = b.bpf_clamp(more, room - 1, Ty::U64);
                let count = b.arith_add(more, one, Ty::U64);
                load(b, count);
                b.done();
            };
            b.either(some, &[], then, |b| b.done());
        }
        func.erase(op);
    }
    !loads.is_empty()
}

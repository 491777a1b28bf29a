//! `elements`: bounds variable indexes of arrays where the kernel's verifier sees it.
//!
//! Every variable index is tested before it reaches `ks.elem`, but LLVM may test one copy of the number and index with
//! another, or drop a test whose outcome it knows (`x % 10`, the index of a loop). Then the verifier does not know that
//! the address is in bounds. So the number goes through `bpf.clamp`, which does not change it: a mask where the largest
//! index is one, else a jump that the verifier removes where it knows the limit already. Where a bound is not enough,
//! the access is repeated for each element (`per_element`).
//!
//! Removes no op. Before `loop-form`, which counts the ops of bodies.

mod per_element;

pub use per_element::repeated_index;

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::{BpfClamp, KsElem};
use crate::ir::{Builder, Function, Module, Opcode, Value};
use crate::passes::analysis::pointees::Pointees;
use crate::session::Session;
use crate::tables::workarounds;
use crate::types::{Ty, TyKind, Types};

const NAME: &str = "elements";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Bound variable indexes of arrays",
    after: &[],
    before: &[("loop-form", "counts what bodies hold, and this pass adds to it")],
    because: Because::Verifier(&[workarounds::ELEMENTS]),
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let pointees = Pointees::of(module, &cx.types);
    module.funcs.iter_mut().fold(Changed::No, |changed, func| changed.or(function(func, &pointees, cx)))
}

fn function(func: &mut Function, pointees: &Pointees, cx: &mut Session) -> Changed {
    let mut changed = if per_element::expand(func, pointees, &mut cx.types) { Changed::Yes } else { Changed::No };
    for op in func.walk() {
        if func.ops[op].opcode != Opcode::KsElem {
            continue;
        }
        let view = KsElem::of(&func.ops[op]);
        let (base, index) = (view.base(), view.index());
        if func.known(&cx.types, index).is_some() {
            continue;
        }
        let TyKind::Place { of, .. } = cx.types.kind(func.ty(base)) else { crate::bug!("elements are of a place") };
        let kind = cx.types.kind(of);
        let length = if let TyKind::Array(_, length) = kind {
            length
        } else if let TyKind::Str(size) = kind {
            size.into()
        } else {
            crate::bug!("a `{}` has no elements", cx.types.ir_text(of))
        };
        let limit = i128::from(length) - 1;
        if is_limited(func, index, limit) {
            continue;
        }
        let (mut number, limit) = masked(func, &cx.types, index, limit).unwrap_or((index, limit));
        let mut b = Builder::before(func, op, NAME);
        if b.func.ty(number) != Ty::U64 {
            number = b.arith_cast(number, Ty::U64);
        }
        let bounded = b.bpf_clamp(number, limit, Ty::U64);
        func.ops[op].operands[1] = bounded;
        changed = Changed::Yes;
    }
    changed
}

/// Whether an index has this limit already, or a lower one.
fn is_limited(func: &Function, index: Value, limit: i128) -> bool {
    let made = func.def(index).map(|op| &func.ops[op]);
    made.is_some_and(|made| made.opcode == Opcode::BpfClamp && BpfClamp::of(made).limit() <= limit)
}

/// For an index that is the low bits of a number, as `x & 15` or `x % 16`: the number and the largest index. `bpf.clamp` takes those bits
/// itself, so that the number is masked once.
fn masked(func: &Function, types: &Types, index: Value, limit: i128) -> Option<(Value, i128)> {
    let data = &func.ops[func.def(index)?];
    let known = |operand: usize| func.known(types, data.operands[operand]);
    let (number, mask) = if data.opcode == Opcode::ArithCast {
        let from = data.operands[0];
        types.as_int(func.ty(from))?;
        return masked(func, types, from, limit);
    } else if data.opcode == Opcode::ArithAnd {
        match (known(0), known(1)) {
            (None, Some(mask)) => (data.operands[0], mask),
            (Some(mask), None) => (data.operands[1], mask),
            (Some(_), Some(_)) | (None, None) => return None,
        }
    } else if data.opcode == Opcode::KsRem && !types.as_int(func.ty(index))?.1 {
        (data.operands[0], known(1)? - 1)
    } else {
        return None;
    };
    let low_bits = mask > 0 && (mask + 1).count_ones() == 1;
    (low_bits && mask <= limit).then_some((number, mask))
}

//! `elements`: variable indexes of arrays are bounded where the kernel's verifier sees it.
//!
//! Every variable index was tested before it came to `ks.elem`, but LLVM may test one copy of the number and index with
//! another, or drop a test whose outcome it knows (`x % 10`, the index of a loop), and then the verifier does not know that
//! the address is in bounds. So the number goes through `bpf.clamp`, which leaves it as it is; where the verifier knows the
//! limit already it takes out that jump. Where a bound is not enough the access stands once for each element (`choices`).
//! Takes no op away. Before `loop-form`, which counts what bodies hold.

mod choices;

use super::{Changed, Declarations, Pass, Run};
use crate::ir::ops::KsElem;
use crate::ir::{Builder, Function, Opcode};
use crate::session::Session;
use crate::types::{Ty, TyKind};

const NAME: &str = "elements";
pub static PASS: Pass = Pass { name: NAME, summary: "Bound variable indexes of arrays", run: Run::Function(run) };

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let mut changed = if choices::expand(func, &module.pointees, &mut cx.types) { Changed::Yes } else { Changed::No };
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
        let mut b = Builder::before(func, op, NAME);
        let mut number = index;
        if b.func.ty(number) != Ty::U64 {
            number = b.arith_cast(number, Ty::U64);
        }
        let bounded = b.bpf_clamp(number, i128::from(length) - 1, Ty::U64);
        func.ops[op].operands[1] = bounded;
        changed = Changed::Yes;
    }
    changed
}

//! `results`: clamps the result of a program to the range that the kernel accepts.
//!
//! Takes the control-flow graph of `to-cf`. Before each `cf.ret` of a program whose form has a range of results, it
//! replaces a value that may be outside of the range by the nearest end. Such values are computed: the checker refuses
//! constants. The verifier learns the range from these comparisons, so they are right before the return.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::CfRet;
use crate::ir::{Builder, Function, OpId, Opcode, Role, Value};
use crate::session::Session;
use crate::types::{Ty, Types};

const NAME: &str = "results";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Keep results in the range of the kernel",
    after: &[("to-cf", "makes a return of each exit")],
    before: &[("numeric", "takes the divisions and shifts of all passes")],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let Role::Program { spec, mode, .. } = &func.role else { return Changed::No };
    let Some((least, most)) = spec.form(mode).and_then(|form| form.returns) else { return Changed::No };
    let (least, most) = (i128::from(least), i128::from(most));
    let returns = func.ids_of(Opcode::CfRet);
    let outside: Vec<(OpId, Value)> =
        returns.filter_map(|op| CfRet::of(&func.ops[op]).value().map(|value| (op, value))).collect();
    let mut changed = Changed::No;
    for (op, value) in outside {
        if is_within(func, &cx.types, value, (least, most)) {
            continue;
        }
        let clamped = clamp(func, &cx.types, op, value, (least, most));
        func.ops[op].operands[0] = clamped;
        changed = Changed::Yes;
    }
    changed
}

fn is_within(func: &Function, types: &Types, value: Value, (least, most): (i128, i128)) -> bool {
    let known = func.known(types, value).is_some_and(|number| (least..=most).contains(&number));
    known || func.ty(value) == Ty::BOOL
}

fn clamp(func: &mut Function, types: &Types, op: OpId, value: Value, (least, most): (i128, i128)) -> Value {
    let ty = func.ty(value);
    let signed = types.as_int(ty).is_some_and(|(_, signed)| signed);
    let mut b = Builder::before(func, op, NAME);
    let mut value = value;
    let high = b.ks_const(most, ty);
    let is_low = b.arith_cmp(value, high, "lt", Ty::BOOL);
    value = b.arith_select(is_low, value, high, ty);
    if signed {
        let low = b.ks_const(least, ty);
        let is_high = b.arith_cmp(value, low, "gt", Ty::BOOL);
        value = b.arith_select(is_high, value, low, ty);
    }
    value
}

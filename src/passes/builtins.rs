//! `builtins`: lowers a builtin of both sides to the helper or the runtime function of the module's side.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{KsBuiltin, KsFill};
use crate::ir::{Attr, Builder, Function, OpData, OpId, Opcode, Value};
use crate::session::Session;
use crate::tables::{self, BuiltinSpec, Half, workarounds};
use crate::target::Target;
use crate::types::{Ty, TyKind};
use std::collections::HashMap;

const NAME: &str = "builtins";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Choose the helper or runtime function of builtins",
    after: &[],
    before: &[],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let Some(target) = module.target else { return Changed::No };
    let mut changed = Changed::No;
    let mut results = HashMap::new();
    for op in func.walk() {
        let data = &func.ops[op];
        let Some(builtin) = called(data) else { continue };
        let fills = data.opcode == Opcode::KsFill;
        match target {
            Target::Bpf if fills => fill(func, cx, op, builtin),
            Target::Bpf => results.extend(helper(func, op, builtin)),
            Target::Host => {
                let opcode = if fills { Opcode::HostFill } else { Opcode::HostCall };
                let operands = data.operands.clone();
                func.become_op(op, opcode, operands, callee(builtin, target));
            }
            Target::Kmod => crate::bug!("`{}` is called as it is in a module", builtin.name),
        }
        changed = Changed::Yes;
    }
    func.replace_values(&results);
    changed
}

/// The builtin of both sides that an op calls.
pub(super) fn called(op: &OpData) -> Option<&'static BuiltinSpec> {
    let name = if op.opcode == Opcode::KsBuiltin {
        KsBuiltin::of(op).builtin()
    } else if op.opcode == Opcode::KsFill {
        KsFill::of(op).builtin()
    } else {
        return None;
    };
    let Some(builtin) = tables::builtin(name) else { crate::bug!("no builtin is named `{name}`") };
    Some(builtin)
}

fn callee(builtin: &BuiltinSpec, target: Target) -> Vec<Attr> {
    match builtin.callee(target) {
        Some(callee) => vec![Attr::Symbol(callee.into())],
        None => crate::bug!("`{}` does not exist on target {}", builtin.name, target.name()),
    }
}

/// Calls the helper; yields the values that the op's result, and its uses, become where the builtin is a half of the helper's result.
fn helper(func: &mut Function, op: OpId, builtin: &BuiltinSpec) -> Option<(Value, Value)> {
    let (operands, attrs) = (func.ops[op].operands.clone(), callee(builtin, Target::Bpf));
    let Some(half) = builtin.half else {
        func.become_op(op, Opcode::BpfHelper, operands, attrs);
        return None;
    };
    let result = func.ops[op].results[0];
    let ty = func.ty(result);
    let Some(Attr::Symbol(name)) = attrs.first() else { crate::bug!("a helper has a name") };
    let mut b = Builder::before(func, op, NAME);
    let call = b.bpf_helper(&operands, name, &[Ty::U64]);
    let mut value = b.result(call);
    if half == Half::High {
        let bits = b.ks_const(32, Ty::U64);
        value = b.arith_shr(value, bits, Ty::U64);
    }
    let value = b.arith_cast(value, ty);
    func.erase(op);
    Some((result, value))
}

/// Calls a helper that takes an address and a number of bytes behind its arguments.
fn fill(func: &mut Function, cx: &mut Session, op: OpId, builtin: &BuiltinSpec) {
    let (mut operands, attrs) = (func.ops[op].operands.clone(), callee(builtin, Target::Bpf));
    let place = operands.remove(0);
    let TyKind::Place { of, space } = cx.types.kind(func.ty(place)) else { crate::bug!("what is filled is a place") };
    let (size, pointer) = (cx.types.size_of(of), cx.types.ptr(of, space, false));
    let helper = builtin.bpf.and_then(tables::helper);
    let writes_all = helper.is_some_and(|helper| cx.options.fills(helper));
    let mut b = Builder::before(func, op, NAME);
    if !writes_all {
        // The bytes of a text behind its NUL are zero.
        b.ks_zero(place);
    }
    if helper.is_some_and(|helper| helper.fills) && !writes_all {
        cx.worked_around(workarounds::UNPADDED_NAMES);
    }
    operands.push(b.ks_addr(place, pointer));
    operands.push(b.ks_const(i128::from(size), Ty::U32));
    func.become_op(op, Opcode::BpfHelper, operands, attrs);
}

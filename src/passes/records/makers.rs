//! Functions that return records.

use super::aliases::{Derived, Makers, Root};
use crate::diag::codes::events::RecordOpen;
use crate::ir::ops::KsCall;
use crate::ir::{Function, Module, OpId, Opcode, Uses, Value};
use crate::session::Session;
use crate::types::{TyKind, Types};
use std::collections::BTreeSet;

/// The functions that return records, and where the pointers of all functions lead to. A record that a function gets from another one and
/// returns is its own record too, so this repeats until nothing is added.
pub(super) fn find(module: &Module, types: &Types) -> (Makers, Vec<Derived>) {
    let mut makers = Makers::new();
    loop {
        let derived: Vec<Derived> = module.funcs.iter().map(|func| Derived::of(func, types, &makers)).collect();
        let before = makers.len();
        for (func, derived) in std::iter::zip(&module.funcs, &derived) {
            // Only what may be null is tested, and a test is where the caller's record begins.
            if !matches!(types.kind(func.result), TyKind::Ptr { nullable: true, .. }) {
                continue;
            }
            for op in func.walk() {
                if let Some(record) = returned(func, derived, op)
                    && func.ops[record].opcode != Opcode::MapReserveSized
                {
                    makers.entry(func.name.clone()).or_insert_with(|| derived.map(record).clone());
                }
            }
        }
        if makers.len() == before {
            return (makers, derived);
        }
    }
}

/// The record that an op returns.
fn returned(func: &Function, derived: &Derived, op: OpId) -> Option<OpId> {
    let data = &func.ops[op];
    let value = *data.operands.first().filter(|_| data.opcode == Opcode::KsReturn)?;
    match derived.root(value)? {
        (Root::Record(record), true) => Some(record),
        (Root::Record(_) | Root::Param(_), _) => None,
    }
}

/// The record that an op returns to callers that know of it.
pub(super) fn handed_over(func: &Function, derived: &Derived, makers: &Makers, op: OpId) -> Option<Root> {
    let record = returned(func, derived, op)?;
    (makers.get(&func.name) == Some(derived.map(record))).then_some(Root::Record(record))
}

/// The pointer that `value` is where it is present: of a value that may be null, that.
pub(super) fn tested(func: &Function, value: Value) -> Value {
    match func.def(value).map(|op| &func.ops[op]) {
        Some(data) if data.opcode == Opcode::MemSome => data.operands[0],
        Some(_) | None => value,
    }
}

/// Reports calls whose records nothing takes.
pub(super) fn check_calls(func: &Function, makers: &Makers, cx: &mut Session) {
    let uses = func.uses();
    for data in func.all() {
        let (Some(&result), true) = (data.results.first(), data.opcode == Opcode::KsCall) else { continue };
        let Some(map) = makers.get(KsCall::of(data).callee()) else { continue };
        if uses.users(result).is_empty() {
            let what = format!("a record of `{}`", cx.names.of(map));
            let callee = cx.source_name(KsCall::of(data).callee());
            let help = format!("test it where it is returned: `if (var e = {callee}(…)) {{ … }}`");
            cx.error(data.loc.span, RecordOpen { what }).label(format!("`{callee}` returns it")).help(help);
        }
    }
}

/// The calls whose records are kept before they are tested. Another one is the operand of one test, or returned to a caller that tests it.
pub(super) fn kept_calls(func: &Function, derived: &Derived, makers: &Makers) -> BTreeSet<OpId> {
    let uses = func.uses();
    let mut kept = BTreeSet::new();
    for (op, data) in func.each() {
        let (Some(&result), true) = (data.results.first(), data.opcode == Opcode::KsCall) else { continue };
        let users = uses.users(result);
        let is_tested = users.len() == 1 && taken(func, derived, makers, &uses, users[0]);
        if makers.contains_key(KsCall::of(data).callee()) && !is_tested && !users.is_empty() {
            kept.insert(op);
        }
    }
    kept
}

/// Whether a `ks.if` asks whether the call has thrown, in which case it has returned null.
pub(super) fn is_throw_of(func: &Function, call: OpId, op: OpId) -> bool {
    let (data, block) = (&func.ops[call], func.ops[call].block);
    if data.opcode != Opcode::KsCall || func.ops[op].block != block {
        return false;
    }
    let Some(&thrown) = data.operands.last() else { return false };
    let mut behind = func.blocks[block].ops.iter().skip_while(|&&other| other != call).skip(1);
    let asks = |&other: &OpId| func.ops[other].opcode == Opcode::KsLoad && func.ops[other].operands[0] == thrown;
    let load = behind.next().filter(|other| asks(other));
    let uses = |value: &Value, of: OpId| {
        func.def(*value).is_some_and(|def| func.ops[def].operands.contains(&func.ops[of].results[0]))
    };
    load.is_some_and(|&load| func.ops[op].operands.first().is_some_and(|condition| uses(condition, load)))
}

/// Whether an op tests what a call returned, or returns it to a caller that does.
fn taken(func: &Function, derived: &Derived, makers: &Makers, uses: &Uses, op: OpId) -> bool {
    let data = &func.ops[op];
    if data.opcode == Opcode::ArithCast || data.opcode == Opcode::MemSome {
        let users = uses.users(data.results[0]);
        return users.len() == 1 && users.iter().all(|&user| taken(func, derived, makers, uses, user));
    }
    data.opcode == Opcode::KsIfSome || handed_over(func, derived, makers, op).is_some()
}

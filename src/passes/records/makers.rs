//! Functions that return records.

use super::aliases::{Derived, Makers, Root};
use crate::diag::codes::events::{RecordKept, RecordOpen};
use crate::ir::ops::KsCall;
use crate::ir::{Function, Module, OpId, Opcode, Uses, Value};
use crate::session::Session;
use crate::types::{TyKind, Types};

/// The functions that return records, and where the pointers of all functions lead to. What a function returns of another one
/// is its own record, so until nothing is added.
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

/// Reports calls whose records nothing takes, or that are kept before they are tested.
pub(super) fn check_calls(func: &Function, derived: &Derived, makers: &Makers, cx: &mut Session) {
    let uses = func.uses();
    for op in func.walk() {
        let data = &func.ops[op];
        let (Some(&result), true) = (data.results.first(), data.opcode == Opcode::KsCall) else { continue };
        let Some(map) = makers.get(KsCall::of(data).callee()) else { continue };
        let what = format!("a record of `{}`", cx.names.of(map));
        let callee = cx.source_name(KsCall::of(data).callee());
        let help = format!("test it where it is returned: `if (var e = {callee}(…)) {{ … }}`");
        let taken = |op: &OpId| taken(func, derived, makers, &uses, *op);
        let users = uses.users(result);
        if users.is_empty() {
            cx.error(data.loc.span, RecordOpen { what }).label(format!("`{callee}` returns it")).help(help);
        } else if users.len() > 1 || !users.iter().all(taken) {
            let place = "by a value that may be null".to_owned();
            cx.error(data.loc.span, RecordKept { what, place }).label(format!("`{callee}` returns it")).help(help);
        }
    }
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

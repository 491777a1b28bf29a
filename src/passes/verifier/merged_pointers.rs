//! `merged-pointers`: a pointer that is one of several stays one value in LLVM.
//!
//! If a pointer is null on one path and an address on another, LLVM duplicates its uses behind the condition that
//! decided, or tests that condition again in place of the pointer. The verifier, which may have forgotten the outcome,
//! then follows null, or a pointer that was not tested. So at each join (a variable with more than one assignment,
//! memory, the result of a branch or of a call) the pointer goes through `bpf.opaque`. Removes no op. Runs while
//! branches yield values, after all passes that make branches.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::passes::analysis::stored_once;
use crate::session::Session;
use crate::tables::workarounds;
use crate::types::{Space, TyKind, Types};
use std::collections::{HashMap, HashSet};

const NAME: &str = "merged-pointers";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Hide the sources of pointers from LLVM",
    after: &[
        ("locks", "makes branches and calls"),
        ("percpu-vars", "makes branches and calls"),
        ("strings", "makes branches and calls"),
    ],
    before: &[("to-cf", "takes the branches, and this pass looks at what they yield")],
    because: Because::Verifier(&[workarounds::MERGED_POINTERS]),
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let types = &cx.types;
    let once = stored_once(func);
    let used: HashSet<Value> = func.walk().into_iter().flat_map(|op| func.ops[op].operands.clone()).collect();
    let merged: Vec<(OpId, Value)> = func
        .walk()
        .into_iter()
        .filter(|&op| merges(func, &once, op))
        .flat_map(|op| func.ops[op].results.iter().map(move |&result| (op, result)))
        .filter(|&(_, result)| is_pointer(func, types, result) && used.contains(&result))
        .collect();
    let mut made = HashMap::new();
    for &(op, pointer) in &merged {
        let ty = func.ty(pointer);
        made.insert(pointer, Builder::after(func, op, NAME).bpf_opaque(pointer, ty));
    }
    func.replace_values(&made);
    for (_, pointer) in &merged {
        let op = func.def(made[pointer]).unwrap_or_else(|| crate::bug!("an op makes the pointer"));
        func.ops[op].operands[0] = *pointer;
    }
    let tested = hide_tested(func, types);
    if merged.is_empty() { tested } else { Changed::Yes }
}

/// Hides from LLVM a pointer that a branch tests for null and yields if it is not null. If the other branch yields null, LLVM drops the
/// test and takes the pointer itself for the result, which for the verifier may then be null.
fn hide_tested(func: &mut Function, types: &Types) -> Changed {
    let mut changed = Changed::No;
    let branches: Vec<OpId> = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsIf).collect();
    for op in branches {
        let Some(pointer) = tested(func, op).filter(|&pointer| is_pointer(func, types, pointer)) else { continue };
        for region in func.ops[op].regions.clone() {
            let Some(&end) = func.blocks[func.only_block(region)].ops.last() else { continue };
            let yields = func.ops[end].opcode == Opcode::KsYield && func.ops[end].operands.len() == 1;
            if yields && without_casts(func, func.ops[end].operands[0]) == pointer {
                let value = func.ops[end].operands[0];
                let ty = func.ty(value);
                func.ops[end].operands[0] = Builder::before(func, end, NAME).bpf_opaque(value, ty);
                changed = Changed::Yes;
            }
        }
    }
    changed
}

/// The pointer that a branch compares with null.
fn tested(func: &Function, op: OpId) -> Option<Value> {
    let condition = &func.ops[func.def(*func.ops[op].operands.first()?)?];
    let is_null = |value: Value| func.def(value).is_some_and(|def| func.ops[def].opcode == Opcode::KsNull);
    let pointer = match condition.operands[..] {
        [pointer] if condition.opcode == Opcode::MemIsNull => pointer,
        [pointer, null] if condition.opcode == Opcode::ArithCmp && is_null(null) => pointer,
        _ => return None,
    };
    Some(without_casts(func, pointer))
}

fn without_casts(func: &Function, value: Value) -> Value {
    match func.def(value).map(|def| &func.ops[def]) {
        Some(data) if data.opcode == Opcode::ArithCast => without_casts(func, data.operands[0]),
        Some(_) | None => value,
    }
}

/// Whether the results of an op may be one of several values.
fn merges(func: &Function, once: &HashMap<Value, Value>, op: OpId) -> bool {
    let data = &func.ops[op];
    if data.opcode == Opcode::KsLoad {
        return !once.contains_key(&data.operands[0]);
    }
    matches!(data.opcode, Opcode::KsIf | Opcode::KsMatch | Opcode::KsCall)
}

/// Contexts have to stay what they are, and pointers into arenas are numbers.
fn is_pointer(func: &Function, types: &Types, value: Value) -> bool {
    matches!(types.kind(func.ty(value)), TyKind::Ptr { space, .. } if !matches!(space, Space::Ctx | Space::Arena))
}

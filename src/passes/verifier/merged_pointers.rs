//! `merged-pointers`: a pointer that is one of several stays one value in LLVM.
//!
//! If a pointer is null on one path and an address on another, LLVM duplicates its uses behind the condition that
//! decided, or tests that condition again in place of the pointer. The verifier, which may have forgotten the outcome,
//! then follows null, or a pointer that was not tested. So at each join (a variable with more than one assignment,
//! memory, the result of a branch or of a call) the pointer goes through `bpf.opaque`. Removes no op. Runs while
//! branches yield values, after all passes that make branches.

use super::{Changed, Declarations, Need, Pass, Run};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::kernels::Kernels;
use crate::passes::analysis::stored_once;
use crate::session::Session;
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
    verifier: Some(Need {
        kernels: Kernels::ALL,
        why: "the verifier follows a null pointer to an access that LLVM made of a condition which the verifier has forgotten",
    }),
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
    if merged.is_empty() { Changed::No } else { Changed::Yes }
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

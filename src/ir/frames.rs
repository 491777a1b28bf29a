//! The sizes of functions' local variables.

use super::callgraph::CallGraph;
use super::ops::KsVar;
use super::{Function, Module, OpId, Opcode};
use crate::diag::Diagnostic;
use crate::session::Session;
use crate::types::{TyKind, Types};

pub fn variables(func: &Function) -> impl Iterator<Item = OpId> {
    func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsVar)
}

/// In bytes.
pub fn size(func: &Function, types: &Types, op: OpId) -> u64 {
    let TyKind::Place { of, .. } = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("a variable that is no place")
    };
    types.size_of(of)
}

/// The largest local variables of a function and of those that it calls, in words.
pub fn largest(module: &Module, cx: &Session, name: &str) -> Option<String> {
    let root = module.funcs.iter().position(|func| &*func.name == name)?;
    let reached = CallGraph::of(module).reach([root]);
    let funcs: Vec<&Function> =
        module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at)).map(|(_, func)| func).collect();
    words(cx, &funcs)
}

/// The largest variables of the program in these functions; not those that passes made.
pub fn words(cx: &Session, funcs: &[&Function]) -> Option<String> {
    let mut vars: Vec<(u64, String)> = Vec::new();
    for func in funcs {
        for op in variables(func).filter(|&op| func.ops[op].loc.made_by.is_none()) {
            let name = String::from_utf8_lossy(KsVar::of(&func.ops[op]).name()).into_owned();
            let place = if name.is_empty() { "a value".to_owned() } else { format!("`{name}`") };
            vars.push((size(func, &cx.types, op), format!("{place} in `{}`", cx.names.of(&func.name))));
        }
    }
    vars.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    let words: Vec<String> = vars.iter().take(4).map(|(size, var)| format!("{var} {size} bytes")).collect();
    (!words.is_empty()).then(|| format!("the largest: {}", words.join(", ")))
}

/// The notes of the error about a BPF stack that is too small.
pub fn refuse_bpf(error: &mut Diagnostic, largest: Option<String>) {
    error.notes.extend(largest);
    error.help("keep large data in a map entry or a global variable instead of a local variable");
}

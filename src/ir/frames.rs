//! The sizes of functions' local variables.

use super::callgraph::CallGraph;
use super::ops::KsVar;
use super::{Function, Module, OpId, Opcode};
use crate::diag::Diagnostic;
use crate::session::Session;
use crate::source::Span;
use crate::tables::MAX_PERCPU_VALUE;
use crate::types::{TyKind, Types};

/// Variables that an error lists, and the least bytes of one.
const LISTED: usize = 4;
const LEAST: u64 = 16;

/// The `ks.var` ops of a function at any depth, in order of the text.
pub fn variables(func: &Function) -> impl Iterator<Item = OpId> {
    func.ids_of(Opcode::KsVar)
}

/// In bytes.
pub fn size(func: &Function, types: &Types, op: OpId) -> u64 {
    let TyKind::Place { of, .. } = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("a variable that is no place")
    };
    types.size_of(of)
}

/// The largest local variables of a function and of those that it calls.
pub fn largest(module: &Module, cx: &Session, name: &str) -> Vec<Variable> {
    let Some(root) = module.funcs.iter().position(|func| &*func.name == name) else { return Vec::new() };
    let reached = CallGraph::of(module).reach([root]);
    let funcs: Vec<&Function> =
        module.funcs.iter().enumerate().filter(|(at, _)| reached.contains(*at)).map(|(_, func)| func).collect();
    largest_of(cx, &funcs)
}

/// A local variable, as messages have it.
pub struct Variable {
    size: u64,
    what: String,
    span: Span,
}

/// The largest variables of the program in these functions; not those that passes made.
fn largest_of(cx: &Session, funcs: &[&Function]) -> Vec<Variable> {
    let mut vars = Vec::new();
    for func in funcs {
        for op in variables(func).filter(|&op| func.ops[op].loc.made_by.is_none()) {
            let name = String::from_utf8_lossy(KsVar::of(&func.ops[op]).name()).into_owned();
            let place = if name.is_empty() { "a value".to_owned() } else { format!("`{name}`") };
            let what = format!("{place} in `{}`", cx.names.of(&func.name));
            vars.push(Variable { size: size(func, &cx.types, op), what, span: func.ops[op].loc.span });
        }
    }
    vars.sort_by_key(|var| std::cmp::Reverse(var.size));
    vars.truncate(LISTED);
    vars
}

/// The largest variables in words, for a message; none if there are none.
pub fn words(cx: &Session, funcs: &[&Function]) -> Option<String> {
    let words: Vec<String> =
        largest_of(cx, funcs).iter().map(|var| format!("{} {} bytes", var.what, var.size)).collect();
    (!words.is_empty()).then(|| format!("the largest: {}", words.join(", ")))
}

/// The notes of an error about a BPF stack that is too small, each at its variable.
pub fn list(error: &mut Diagnostic, largest: Vec<Variable>) {
    for Variable { size, what, span } in largest.into_iter().filter(|var| var.size >= LEAST) {
        error.note(span, format!("{what}: {size} bytes"));
    }
}

/// The notes of the error about a BPF stack that is too small, and what to do.
pub fn refuse_bpf(error: &mut Diagnostic, largest: Vec<Variable>) {
    let beyond_entries = largest.iter().any(|variable| variable.size > MAX_PERCPU_VALUE);
    list(error, largest);
    if beyond_entries {
        error.help(format!("local variables of BPF code have at most {MAX_PERCPU_VALUE} bytes"));
    }
    error.help("keep large data in a map entry or a global variable instead of a local variable");
}

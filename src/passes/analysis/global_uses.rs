//! Which globals the ops of a function name, read and write; uses that a side cannot have.

use crate::diag::Diagnostic;
use crate::diag::codes::contexts::BpfOnly;
use crate::diag::codes::maps::ConfigWrite;
use crate::diag::codes::shared::VariableOfOthers;
use crate::ir::ops::{KmodLocked, KsGlobal};
use crate::ir::{Function, GlobalKind, Module, OpData, OpId, Opcode, Symbol, Uses, Value};
use crate::session::Session;
use crate::tables::{OpTrait, OperandKind};
use crate::target::Facts;
use std::collections::HashMap;

/// The global that an op names.
pub fn global_of(op: &OpData) -> Option<&Symbol> {
    if op.opcode == Opcode::KmodLocked {
        return Some(KmodLocked::of(op).lock());
    }
    (op.opcode == Opcode::KsGlobal).then(|| KsGlobal::of(op).global())
}

/// The global that each place, and each pointer into it, belongs to.
pub fn roots(func: &Function, ops: &[OpId]) -> HashMap<Value, Symbol> {
    let mut roots: HashMap<Value, Symbol> = HashMap::new();
    for &op in ops {
        let data = &func.ops[op];
        let root = match global_of(data) {
            Some(name) => Some(name.clone()),
            None if data.opcode.has(OpTrait::Pure) => data.operands.iter().find_map(|o| roots.get(o).cloned()),
            None => None,
        };
        if let (Some(root), Some(&result)) = (root, data.results.first()) {
            roots.insert(result, root);
        }
    }
    roots
}

/// The globals that an op may write.
pub fn written(func: &Function, op: OpId, roots: &HashMap<Value, Symbol>) -> Vec<Symbol> {
    let data = &func.ops[op];
    let operands = data.operands.iter().enumerate().filter(|&(index, _)| data.may_write(index));
    operands.filter_map(|(_, value)| roots.get(value).cloned()).collect()
}

/// Reports variables of BPF code alone that user space uses, and configs that BPF code writes. `called_from` adds how the
/// function is reached.
pub fn check(module: &Module, cx: &mut Session, func: &Function, facts: &Facts, called_from: &dyn Fn(&mut Diagnostic)) {
    let ops = func.walk();
    let (roots, uses) = (roots(func, &ops), func.uses());
    let kind = |name: &Symbol| module.global(name).map(|global| global.kind);
    for op in ops {
        let data = &func.ops[op];
        let span = data.loc.span;
        if let Some(name) = global_of(data).filter(|name| (kind(name) == Some(GlobalKind::Private)) != facts.is_module)
        {
            let (name, code) = (cx.source_name(name), facts.code.to_owned());
            let error = cx.error(span, VariableOfOthers { name: name.clone(), code });
            if facts.is_module {
                error.help(format!("a variable of the module is declared `@private var {name}`"));
            } else {
                error.help("a `@kfunc` function can read and write it");
            }
            called_from(error);
            continue;
        }
        let private = global_of(data).filter(|_| !facts.has_private_globals).and_then(|name| {
            let kind = kind(name)?;
            let word = if kind == GlobalKind::Local { "local" } else { "percpu" };
            matches!(kind, GlobalKind::Local | GlobalKind::Percpu).then_some((name, word))
        });
        let entry = data.map().filter(|name| module.map(name).is_some_and(|map| map.private));
        let private = private.or_else(|| entry.filter(|_| !facts.has_private_globals).map(|name| (name, "local")));
        if let Some((name, word)) = private {
            let (name, func) = (cx.source_name(name), cx.source_name(&func.name));
            let declared = name.rsplit('.').next().unwrap_or_default();
            let error = cx.error(span, BpfOnly { what: format!("`{word} var {name}`"), func });
            error.help(format!("what both sides see is declared `var {declared}`"));
            called_from(error);
        } else if !facts.writes_configs {
            let is_config = |name: &&Symbol| kind(name) == Some(GlobalKind::Config);
            for name in assigned(data, &roots).filter(is_config) {
                let error = cx.error(span, ConfigWrite { name: cx.source_name(name) });
                called_from(error.help("user space writes it; what BPF code changes is a global variable: `var g: T`"));
            }
            // Any user of the address could write, but for the place that it is again.
            let is_taken = data.opcode == Opcode::KsAddr && !is_place_again(func, &uses, data.results[0]);
            let taken = data.operands.first().filter(|_| is_taken).and_then(|of| roots.get(of));
            if let Some(name) = taken.filter(is_config) {
                let error = cx.error(span, ConfigWrite { name: cx.source_name(name) });
                called_from(error.help("take the address of a copy: `var copy = …`, `&copy`"));
            }
        }
    }
}

/// Whether a pointer is only followed, to a place of whatever type: what is written there the place says.
fn is_place_again(func: &Function, uses: &Uses, pointer: Value) -> bool {
    uses.users(pointer).iter().all(|&user| {
        let opcode = func.ops[user].opcode;
        let is_cast = opcode == Opcode::ArithCast;
        opcode == Opcode::KsDeref || is_cast && is_place_again(func, uses, func.ops[user].results[0])
    })
}

/// The globals that an op itself writes.
fn assigned<'r>(op: &'r OpData, roots: &'r HashMap<Value, Symbol>) -> impl Iterator<Item = &'r Symbol> {
    let outs =
        std::iter::zip(&op.operands, op.opcode.spec().operands).filter(|(_, spec)| spec.kind == OperandKind::Out);
    outs.filter_map(|(value, _)| roots.get(value))
}

//! `locks`: a body under a lock becomes a scope that takes and releases it.
//!
//! Takes `bpf.locked`. Leaves `bpf.lock` and a `ks.scope` whose clean-up is `bpf.unlock`, so that every exit releases the lock. Reports ops
//! that have become calls, since the verifier allows none while a lock is held. So it runs after all passes that make calls (`maps`,
//! `outline`, `percpu-vars`).

use super::{Because, Changed, Pass, Run, exits, percpu_vars};
use crate::diag::codes::shared::CallInLock;
use crate::ir::ops::{BpfHelper, BpfKfunc, BpfLocked, BpfObjectAdd, KsCall};
use crate::ir::{Builder, Function, Module, OpData, OpId, Opcode, Symbol};
use crate::session::{Session, SourceNames};
use crate::source::Span;
use crate::tables::OpTrait;
use std::collections::BTreeMap;

const NAME: &str = "locks";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Take and release the locks of entries",
    after: &[("maps", "makes calls"), ("outline", "makes calls"), ("percpu-vars", "makes calls")],
    before: &[("to-cf", "writes the end of a scope on each of its exits")],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    for (less, added) in orders(module) {
        if let Some(func) = module.func(&less) {
            let refused = func.all().find(|op| is_refused(op));
            if let Some(op) = refused {
                let error = cx.error(op.loc.span, CallInLock { what: in_words(op, &cx.names) });
                error.note(added, "it orders a tree, whose lock is held here");
            }
        }
    }
    for func in &mut module.funcs {
        if let Changed::Yes = function(func, cx) {
            changed = Changed::Yes;
        }
    }
    changed
}

/// The functions that order trees, each with the first place where an object is added.
fn orders(module: &Module) -> BTreeMap<Symbol, Span> {
    let mut found = BTreeMap::new();
    for func in &module.funcs {
        for op in func.all_of(Opcode::BpfObjectAdd) {
            found.entry(BpfObjectAdd::of(op).callback().clone()).or_insert(op.loc.span);
        }
    }
    found
}

fn function(func: &mut Function, cx: &mut Session) -> Changed {
    let locked: Vec<OpId> = func.ids_of(Opcode::BpfLocked).collect();
    for &op in &locked {
        check(func, cx, op);
    }
    for &op in &locked {
        lower(func, op);
    }
    if locked.is_empty() { Changed::No } else { Changed::Yes }
}

fn check(func: &Function, cx: &mut Session, locked: OpId) {
    let mut inside = Vec::new();
    func.walk_region(BpfLocked::of(&func.ops[locked]).body_region(), &mut inside);
    let mut said: Option<Span> = None;
    for op in inside.into_iter().map(|op| &func.ops[op]).filter(|op| is_refused(op)) {
        let span = op.loc.span;
        if said.replace(span) == Some(span) {
            continue;
        }
        let error = cx.error(span, CallInLock { what: in_words(op, &cx.names) });
        error.note(func.ops[locked].loc.span.start(), "the lock is taken here");
        error.help(if op.opcode == Opcode::BpfLocked {
            "an entry has one lock, and a program holds one at a time"
        } else {
            "do it before the `lock` block and keep the result in a variable, or after it"
        });
    }
}

/// The lists and trees of the entry are what the lock is for. Objects are made and freed by calls.
fn is_refused(op: &OpData) -> bool {
    let is_for = matches!(op.opcode, Opcode::BpfObjectCall | Opcode::BpfObjectAdd);
    !is_for && op.opcode.has(OpTrait::Calls) || matches!(op.opcode, Opcode::HostNew | Opcode::HostDelete)
}

/// The construct of the source, as a message begins.
fn in_words(op: &OpData, names: &SourceNames) -> String {
    if op.opcode == Opcode::KsCall {
        return format!("a call of `{}`", names.of(KsCall::of(op).callee()));
    }
    if op.opcode == Opcode::BpfHelper {
        return format!("a call of `{}`", BpfHelper::of(op).helper());
    }
    if op.opcode == Opcode::BpfKfunc {
        return format!("a call of `{}`", BpfKfunc::of(op).function());
    }
    if matches!(op.opcode, Opcode::BpfLoop | Opcode::BpfRepeat) {
        return "a loop without a small constant bound, which is a call of `bpf_loop`,".to_owned();
    }
    if op.opcode == Opcode::KsPrint && op.loc.made_by == Some(exits::PASS.name) {
        return "the message of a `panic` or `assert`".to_owned();
    }
    match op.map() {
        Some(name) if op.loc.made_by == Some(percpu_vars::PASS.name) => {
            format!("a use of `percpu var {}`", names.of(name))
        }
        Some(name) => format!("an access to the map `{}`", names.of(name)),
        None if op.opcode == Opcode::BpfLocked => "a second `lock`".to_owned(),
        None => format!("`{}`", op.opcode.spec().name.rsplit('.').next().unwrap_or_default()),
    }
}

fn lower(func: &mut Function, op: OpId) {
    let view = BpfLocked::of(&func.ops[op]);
    let (lock, body) = (view.lock(), view.body_region());
    let mut b = Builder::before(func, op, NAME);
    b.bpf_lock(lock);
    let (cleanup, block) = b.region(&[]);
    let loc = b.loc;
    b.ks_scope(vec![body, cleanup]);
    let mut b = Builder::at_end(func, block, loc);
    b.bpf_unlock(lock);
    b.done();
    func.erase(op);
}

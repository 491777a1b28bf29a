//! `records`: each record of a ring buffer is submitted or discarded, once, on every path.
//!
//! Takes the whole program after `reach`. Changes nothing; reports records that are lost, used after they are gone, or stored where the
//! analysis cannot follow them. The verifier refuses the first two; in the third case user space could read a record that BPF code still
//! writes.
//!
//! `aliases.rs` finds the record that a value leads to, `flow.rs` the ops that use it, those of deferred code included. A function that
//! submits or discards the pointee of a parameter *takes* it: at its calls the record is gone, and in its body the parameter is a record
//! from the start. A function that returns a record *makes* it: its callers test its result, and the record is theirs.

pub mod aliases;
mod flow;
mod makers;
mod report;

use super::{Because, Changed, Pass, Run, exits};
use crate::diag::codes::events::RecordCallee;
use crate::diag::codes::refused::SizedRecordEnded;
use crate::ir::ops::{KsCall, KsFunc, MapDiscard, MapSubmit};
use crate::ir::{Function, Module, OpData, Opcode, Symbol, Value};
use crate::session::Session;
use aliases::{Derived, Makers, Root};
use std::collections::{BTreeMap, BTreeSet};

pub static PASS: Pass = Pass {
    name: "records",
    summary: "Follow the records of ring buffers",
    after: &[("reach", "refuses what the kind of a map does not have")],
    before: &[("split", "begins the lists that move code")],
    because: Because::Language,
    run: Run::Module(run),
};

/// The parameters that functions take, each with the ring buffer that it is a record of.
type Taken = BTreeMap<(Symbol, usize), Symbol>;

/// The parameters that may point into records.
type Lent = BTreeSet<(Symbol, usize)>;

/// The effects of functions on the records of their callers.
#[derive(Clone, Copy)]
struct Callees<'a> {
    taken: &'a Taken,
    lent: &'a Lent,
    makers: &'a Makers,
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let has_records = |func: &Function| func.walk().into_iter().any(|op| is_of_records(&func.ops[op]));
    if !module.funcs.iter().any(has_records) {
        return Changed::No;
    }
    let lowered = exits::lowered(module, &mut cx.types);
    let module = lowered.as_ref();
    let (makers, derived) = makers::find(module, &cx.types);
    let taken = taken(module, &derived);
    let lent = lent(module, &derived);
    for (func, derived) in std::iter::zip(&module.funcs, &derived) {
        check_pointers(module, cx, func, (&taken, &makers));
        makers::check_calls(func, &makers, cx);
        check_sized(func, derived, &taken, cx);
        flow::check(func, derived, Callees { taken: &taken, lent: &lent, makers: &makers }, cx);
    }
    Changed::No
}

fn is_of_records(op: &OpData) -> bool {
    let begins = matches!(op.opcode, Opcode::MapReserve | Opcode::MapReserveSized);
    begins || matches!(op.opcode, Opcode::MapSubmit | Opcode::MapDiscard)
}

/// What ends a record: the operands that an op takes, each with its ring buffer.
fn ends(op: &OpData, taken: &Taken) -> Vec<(Value, Symbol)> {
    if op.opcode == Opcode::MapSubmit {
        let view = MapSubmit::of(op);
        return vec![(view.record(), view.map().clone())];
    }
    if op.opcode == Opcode::MapDiscard {
        let view = MapDiscard::of(op);
        return vec![(view.record(), view.map().clone())];
    }
    if op.opcode != Opcode::KsCall {
        return Vec::new();
    }
    let view = KsCall::of(op);
    let args = view.args().iter().enumerate();
    args.filter_map(|(at, &arg)| Some((arg, taken.get(&(view.callee().clone(), at))?.clone()))).collect()
}

/// A parameter is taken where it, as a whole, reaches what ends a record. Callers of a function that does take theirs, so
/// until nothing is added.
fn taken(module: &Module, derived: &[Derived]) -> Taken {
    let mut taken = Taken::new();
    loop {
        let before = taken.len();
        for (func, derived) in std::iter::zip(&module.funcs, derived) {
            for op in func.walk() {
                for (value, map) in ends(&func.ops[op], &taken) {
                    if let Some((Root::Param(index), true)) = derived.root(value) {
                        taken.entry((func.name.clone(), index)).or_insert(map);
                    }
                }
            }
        }
        if taken.len() == before {
            return taken;
        }
    }
}

/// The parameters that calls give pointers into records.
fn lent(module: &Module, derived: &[Derived]) -> Lent {
    let mut lent = Lent::new();
    loop {
        let before = lent.len();
        for (func, derived) in std::iter::zip(&module.funcs, derived) {
            for op in func.all_of(Opcode::KsCall) {
                let view = KsCall::of(op);
                for (at, &arg) in view.args().iter().enumerate() {
                    let into_record = match derived.root(arg) {
                        Some((Root::Record(_), _)) => true,
                        Some((Root::Param(index), _)) => lent.contains(&(func.name.clone(), index)),
                        None => false,
                    };
                    if into_record {
                        lent.insert((view.callee().clone(), at));
                    }
                }
            }
        }
        if lent.len() == before {
            return lent;
        }
    }
}

/// Reports records that end in other functions than they began in, where ending them takes the kernel's handle.
fn check_sized(func: &Function, derived: &Derived, taken: &Taken, cx: &mut Session) {
    for op in func.all_of(Opcode::KsCall) {
        let roots = ends(op, taken).into_iter().filter_map(|(value, _)| derived.root(value));
        for (root, _) in roots {
            let Root::Record(reserve) = root else { continue };
            if func.ops[reserve].opcode == Opcode::MapReserveSized {
                let callee = cx.source_name(KsCall::of(op).callee());
                cx.error(op.loc.span, SizedRecordEnded { callee })
                    .note(func.ops[reserve].loc.span, "it is reserved here")
                    .help("let the function that reserves the record submit or discard it, and hand over `e.tail`");
            }
        }
    }
}

/// Reports functions that take or make records and are values.
fn check_pointers(module: &Module, cx: &mut Session, func: &Function, (taken, makers): (&Taken, &Makers)) {
    for op in func.all_of(Opcode::KsFunc) {
        let name = KsFunc::of(op).func();
        let ends = taken.keys().any(|(func, _)| func == name);
        if ends || makers.contains_key(name) {
            let declared = module.func(name).map(|callee| callee.name_span);
            let what = if ends { "submits or discards" } else { "returns" }.to_owned();
            let error = cx.error(op.loc.span, RecordCallee { func: cx.source_name(name), what });
            if let Some(declared) = declared {
                error.note(declared, "declared here");
            }
        }
    }
}

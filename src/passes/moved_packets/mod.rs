//! `moved-packets`: nothing uses a pointer into the packet behind a call that may have moved the packet.
//!
//! Takes the whole program after `reach`. Reports the uses. From such a call on all pointers into the packet are dead, each until
//! it gets another value. Which pointers these are is known by their types; a pointer to any memory is one where a call gives the
//! function a pointer into the packet (`pointers.rs`). A view (`bytes`) lives as long as its `packet.view`, a pointer like others;
//! nothing else is about these, so this pass drops them.

mod pointers;

use super::analysis::moving::Moving;
use super::{Because, Changed, Pass, Run, exits};
use crate::dataflow::{self, Analysis, Lattice, Point};
use crate::diag::codes::contexts::MovedPacket;
use crate::ir::flow::{Edge, Graph, Step};
use crate::ir::ops::{KsLoad, KsVar};
use crate::ir::{Function, Module, OpId, Opcode, Value, ValueDef};
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::types::{Ty, TyKind, Types};
use pointers::{Packets, Pointers};
use std::collections::{BTreeMap, BTreeSet};

pub static PASS: Pass = Pass {
    name: "moved-packets",
    summary: "Follow the pointers into packets that are moved",
    after: &[("reach", "knows what is BPF code")],
    before: &[
        ("split", "begins the lists that move code"),
        ("exits", "makes blocks and variables that are not in the text"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let moving = Moving::of(module);
    if !moving.is_empty() {
        let lowered = exits::lowered(module, &mut cx.types);
        let packets = Packets::of(&lowered, &cx.types);
        let mut reported = Reported::new();
        for (func, pointers) in std::iter::zip(&lowered.funcs, &packets.funcs) {
            check(func, &mut Moves { func, moving: &moving, pointers }, &packets, &mut reported, cx);
        }
    }
    module.funcs.iter_mut().map(drop_views).fold(Changed::No, Changed::or)
}

/// Drops each `packet.view` and what is done with it.
fn drop_views(func: &mut Function) -> Changed {
    let (mut views, mut dropped) = (BTreeSet::new(), BTreeSet::new());
    for (op, data) in func.each() {
        if data.opcode != Opcode::PacketView && !data.operands.iter().any(|operand| views.contains(operand)) {
            continue;
        }
        views.extend(data.results.iter().copied());
        if data.opcode == Opcode::KsStore && views.insert(data.operands[0]) {
            dropped.extend(func.def(data.operands[0]));
        }
        dropped.insert(op);
    }
    for &op in &dropped {
        func.erase(op);
    }
    if dropped.is_empty() { Changed::No } else { Changed::Yes }
}

/// Where a use was reported, and of what. A function that takes views is there once for each kind of them.
type Reported = BTreeSet<(FileId, u32, String)>;

fn check(func: &Function, moves: &mut Moves<'_>, packets: &Packets, reported: &mut Reported, cx: &mut Session) {
    let graph = Graph::of(func);
    let mut start = Known::default();
    moves.define(&func.blocks[func.entry()].args, &mut start);
    dataflow::forward(&graph, moves, start).visit(moves, |moves, (point, known)| {
        let Point::Op(op) = point else { return };
        for (value, moved) in moves.used(op, known) {
            let span = func.ops[op].loc.span;
            let name = name(&cx.types, func, value, cx.sources.text(span));
            if !reported.insert((span.file, span.lo, name.clone())) {
                continue;
            }
            let help = if is_view(&cx.types, func.ty(value)) {
                "view it again after the call"
            } else {
                "get the pointer again behind the call"
            };
            let error = cx.error(span, MovedPacket { name }).note(moved, "this call may move the packet");
            if let Some(call) = param(func, value).and_then(|param| packets.given(&func.name, param)) {
                error.note(call, "this call passes a pointer into the packet");
            }
            error.help(help);
        }
    });
}

struct Moves<'m> {
    func: &'m Function,
    moving: &'m Moving,
    pointers: &'m Pointers,
}

/// The values and variables that may lead into the packet; those that are dead with the call that may have moved it.
#[derive(Clone, Default)]
struct Known(BTreeMap<Value, Option<Span>>);

impl Lattice for Known {
    fn join(&mut self, other: &Known) -> bool {
        let mut changed = false;
        for (&pointer, &dead) in &other.0 {
            let known = self.0.entry(pointer).or_insert_with(|| {
                changed = true;
                dead
            });
            changed |= known.is_none() && dead.is_some();
            *known = known.or(dead);
        }
        changed
    }
}

impl Analysis for Moves<'_> {
    type State = Known;

    fn step(&mut self, op: OpId, known: &mut Known) {
        let data = &self.func.ops[op];
        // One report for each pointer is enough.
        for (used, _) in self.used(op, known) {
            known.0.remove(&used);
        }
        if self.moving.is_moved_by(self.func, data) {
            known.0.values_mut().for_each(|dead| *dead = dead.or(Some(data.loc.span)));
        }
        if matches!(data.opcode, Opcode::KsStore | Opcode::KsZero) {
            known.0.remove(&data.operands[0]);
            let stored = data.operands.get(1).filter(|value| self.pointers.values.contains(value));
            let variable = self.pointers.variables.get(&data.operands[0]);
            known.0.extend(variable.filter(|_| stored.is_some()).map(|&variable| (variable, None)));
        }
        self.define(&data.results, known);
    }

    fn edge(&mut self, edge: &Edge, known: &mut Known) {
        let made = match edge.step {
            Step::Into(op, region) => {
                let block = self.func.only_block(self.func.ops[op].regions[region]);
                &self.func.blocks[block].args
            }
            Step::Behind(op) => &self.func.ops[op].results,
            Step::Successor(_) | Step::Out => return,
        };
        self.define(made, known);
    }
}

impl Moves<'_> {
    fn define(&self, values: &[Value], known: &mut Known) {
        known.0.extend(values.iter().filter(|value| self.pointers.values.contains(value)).map(|&value| (value, None)));
    }

    /// The dead pointers that an op uses.
    fn used(&self, op: OpId, known: &Known) -> Vec<(Value, Span)> {
        let data = &self.func.ops[op];
        let mut used = Vec::new();
        for (index, operand) in data.operands.iter().enumerate() {
            let writes = index == 0 && matches!(data.opcode, Opcode::KsStore | Opcode::KsZero);
            let names = self.pointers.variables.contains(operand) && (writes || data.opcode == Opcode::KsAddr);
            let dead = known.0.get(operand).copied().flatten().filter(|_| !names);
            used.extend(dead.map(|moved| (*operand, moved)));
        }
        used
    }
}

/// The index of the parameter that a value is.
fn param(func: &Function, value: Value) -> Option<usize> {
    match func.values[value].def {
        ValueDef::Arg(block, index) => (block == func.entry()).then_some(index as usize),
        ValueDef::Result(..) => None,
    }
}

/// Whether a value is the life of a view, or the variable that holds it.
fn is_view(types: &Types, ty: Ty) -> bool {
    if let TyKind::Ptr { to: inner, .. } | TyKind::Place { of: inner, .. } = types.kind(ty) {
        return inner == Ty::BYTES || is_view(types, inner);
    }
    false
}

/// The name of a pointer; of one that is bound where it is tested, as the text of its use begins.
fn name(types: &Types, func: &Function, value: Value, used: &str) -> String {
    if let Some(param) = param(func, value) {
        return func.params[param].name.clone();
    }
    if let Some(data) = func.def(value).map(|op| &func.ops[op]) {
        if data.opcode == Opcode::KsVar {
            return String::from_utf8_lossy(KsVar::of(data).name()).into_owned();
        }
        if data.opcode == Opcode::KsLoad && is_view(types, func.ty(value)) {
            return name(types, func, KsLoad::of(data).place(), used);
        }
    }
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let name = used.trim_start_matches(|c| !is_part(c)).split(|c| !is_part(c)).next();
    name.unwrap_or_default().to_owned()
}

//! The function that a loop's body becomes.

use super::frame::{Exit, Placed, free_values, is_loop};
use super::hide::{equated_places, hide, hideable, written_places};
use super::{GO_ON, NAME, STOP, TARGETS};
use crate::ir::ops::BpfTurns;
use crate::ir::{Builder, Function, Loc, OpId, Opcode, Param, RegionId, Role, Symbol, Value, clone};
use crate::passes::loop_form;
use crate::types::{Ty, Types};
use std::collections::HashMap;

/// `fn name(turn: u32, frame: *Frame) -> i64` with the body of the loop `op` of `func`, and whether it uses `zero`.
pub fn make(
    func: &Function,
    types: &mut Types,
    op: OpId,
    frame: &Placed,
    (name, zero): (&Symbol, &Symbol),
) -> (Function, bool) {
    let data = &func.ops[op];
    let body = BpfTurns::of(data).body_region();
    let span = data.loc.span;
    let loc = Loc { span, made_by: Some(NAME) };
    let pointer = frame.pointer(types);
    let params =
        vec![Param { name: "turn".into(), ty: Ty::U32, span }, Param { name: "frame".into(), ty: pointer, span }];
    let mut callback = Function::new(name, span, span, Role::Helper, params, Ty::I64);
    callback.targets = TARGETS;
    let (turn, address, entry) = (callback.param(0), callback.param(1), callback.entry());
    let mut values: HashMap<Value, Value> = HashMap::new();
    let mut b = Builder::at_end(&mut callback, entry, loc);
    let place = frame.place_type(types);
    let place = b.ks_deref(address, place);
    let free = free_values(func, body);
    for &value in &free {
        frame.import(func, &mut b, types, place, &mut values, value);
    }
    let hidden = hidden_each_turn(func, types, body, &free);
    for &(variable, ty) in &hidden {
        hide(&mut b, types, zero, values[&variable], ty);
    }
    let start = b.func.blocks[entry].ops.len();
    let block = func.only_block(body);
    values.extend(func.blocks[block].args.iter().map(|&arg| (arg, turn)));
    clone::ops(func, block, &mut callback, entry, &mut values);
    let first = callback.blocks[entry].ops[start];
    let region = callback.body;
    Ends { callback: &mut callback, types, frame, place }.region(region, Depth::Body);
    if frame.is_left(op) {
        stay_out(&mut Builder::before(&mut callback, first, NAME), types, frame, place);
    }
    (callback, !hidden.is_empty())
}

/// The variables of outside that a body writes, and compares so that the verifier gets to know them.
fn hidden_each_turn(func: &Function, types: &Types, body: RegionId, free: &[Value]) -> Vec<(Value, Ty)> {
    let (written, equated) = (written_places(func, body), equated_places(func, body));
    let candidates = free.iter().filter(|value| written.contains(value) && equated.contains(value));
    candidates
        .filter_map(|&value| Some((value, hideable(func, types, value)?)))
        .filter(|(_, ty)| *ty != Ty::BOOL)
        .collect()
}

/// A turn after the one that left the loop.
fn stay_out(b: &mut Builder<'_>, types: &mut Types, frame: &Placed, place: Value) {
    let left = frame.test_exit(b, types, place, None);
    let stop = |b: &mut Builder<'_>| {
        let stop = b.ks_const(STOP, Ty::I64);
        b.ks_return(Some(stop));
    };
    b.either(left, &[], stop, |b| b.done());
}

/// Where an end of a region stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The region is the body itself.
    Body,
    /// In a branch of the body.
    Branch,
    /// In a loop inside the body.
    Loop,
}

/// Turns the ways out of the body into results of the callback.
struct Ends<'a> {
    callback: &'a mut Function,
    types: &'a mut Types,
    frame: &'a Placed,
    /// The frame's, in the callback.
    place: Value,
}

impl Ends<'_> {
    fn region(&mut self, region: RegionId, depth: Depth) {
        for op in self.callback.blocks[self.callback.only_block(region)].ops.clone() {
            self.op(op, depth);
            let opcode = self.callback.ops[op].opcode;
            let inside = if is_loop(opcode) || depth == Depth::Loop { Depth::Loop } else { Depth::Branch };
            for inner in self.callback.ops[op].regions.clone() {
                self.region(inner, inside);
            }
        }
    }

    fn op(&mut self, op: OpId, depth: Depth) {
        let opcode = self.callback.ops[op].opcode;
        if opcode == Opcode::KsReturn {
            let value = self.callback.ops[op].operands.first().copied();
            self.leave(op, Exit::Return, value);
        } else if opcode == Opcode::KsBreak && depth != Depth::Loop {
            // The condition of a `while` says so again, should there be another turn.
            if self.callback.ops[op].loc.made_by == Some(loop_form::PASS.name) {
                self.end(op, STOP);
            } else {
                self.leave(op, Exit::Break, None);
            }
        } else if (opcode == Opcode::KsContinue && depth != Depth::Loop)
            || (opcode == Opcode::KsYield && depth == Depth::Body)
        {
            self.end(op, GO_ON);
        }
    }

    fn leave(&mut self, op: OpId, exit: Exit, value: Option<Value>) {
        let mut b = Builder::before(self.callback, op, NAME);
        self.frame.set_exit(&mut b, self.types, self.place, (exit, value));
        self.end(op, STOP);
    }

    fn end(&mut self, op: OpId, code: i128) {
        let code = Builder::before(self.callback, op, NAME).ks_const(code, Ty::I64);
        self.callback.become_op(op, Opcode::KsReturn, vec![code], Vec::new());
    }
}

//! The function that a loop's body becomes.

use super::frame::{Placed, free_values};
use super::{NAME, TARGETS};
use crate::ir::ops::BpfTurns;
use crate::ir::{Builder, Function, Loc, OpId, Opcode, Param, RegionId, Role, Symbol, Value, clone};
use crate::types::{Ty, Types};
use std::collections::HashMap;

/// What a callback tells the helper.
const GO_ON: i128 = 0;
const STOP: i128 = 1;

/// `fn name(turn: u32, frame: *Frame) -> i64` with the body of the loop `op` of `func`.
pub fn make(func: &Function, types: &mut Types, op: OpId, frame: &Placed, name: &Symbol) -> Function {
    let data = &func.ops[op];
    let body = BpfTurns::of(data).body_region();
    let span = data.loc.span;
    let pointer = frame.pointer(types);
    let params =
        vec![Param { name: "turn".into(), ty: Ty::U32, span }, Param { name: "frame".into(), ty: pointer, span }];
    let mut callback = Function::new(name, span, span, Role::Helper, params, Ty::I64);
    callback.targets = TARGETS;
    let (turn, address, entry) = (callback.param(0), callback.param(1), callback.entry());
    let mut values: HashMap<Value, Value> = HashMap::new();
    let mut b = Builder::at_end(&mut callback, entry, Loc { span, made_by: Some(NAME) });
    let place = frame.place_type(types);
    let place = b.ks_deref(address, place);
    for value in free_values(func, body) {
        frame.import(func, &mut b, types, place, &mut values, value);
    }
    let block = func.only_block(body);
    values.extend(func.blocks[block].args.iter().map(|&arg| (arg, turn)));
    clone::ops(func, block, &mut callback, entry, &mut values);
    let body = callback.body;
    Ends { callback: &mut callback, types, frame, place }.region(body, Depth::Body);
    callback
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
            let is_loop = matches!(opcode, Opcode::KsWhile | Opcode::KsFor | Opcode::BpfTurns);
            let inside = if is_loop || depth == Depth::Loop { Depth::Loop } else { Depth::Branch };
            for inner in self.callback.ops[op].regions.clone() {
                self.region(inner, inside);
            }
        }
    }

    fn op(&mut self, op: OpId, depth: Depth) {
        let opcode = self.callback.ops[op].opcode;
        if opcode == Opcode::KsReturn {
            let value = self.callback.ops[op].operands.first().copied();
            let mut b = Builder::before(self.callback, op, NAME);
            self.frame.set_exit(&mut b, self.types, self.place, value);
            self.end(op, STOP);
        } else if opcode == Opcode::KsBreak && depth != Depth::Loop {
            self.end(op, STOP);
        } else if (opcode == Opcode::KsContinue && depth != Depth::Loop)
            || (opcode == Opcode::KsYield && depth == Depth::Body)
        {
            self.end(op, GO_ON);
        }
    }

    fn end(&mut self, op: OpId, code: i128) {
        let code = Builder::before(self.callback, op, NAME).ks_const(code, Ty::I64);
        self.callback.become_op(op, Opcode::KsReturn, vec![code], Vec::new());
    }
}

//! Edits that passes share.

use super::ops::KsConst;
use super::{Attr, BlockId, Function, OpId, Opcode, RegionId, Uses, Value};
use crate::fold;
use crate::types::Types;
use std::collections::HashMap;

impl Function {
    /// Takes an op out of its block. Its results must have no uses left, or be replaced in the same pass.
    pub fn erase(&mut self, op: OpId) {
        let at = self.position(op);
        let block = self.ops[op].block;
        self.blocks[block].ops.remove(at);
    }

    /// Puts, in all operands, what `map` says for a value in its place; chains are followed.
    pub fn replace_values(&mut self, map: &HashMap<Value, Value>) {
        if map.is_empty() {
            return;
        }
        for op in self.walk() {
            for operand in &mut self.ops[op].operands {
                while let Some(&new) = map.get(operand) {
                    *operand = new;
                }
            }
        }
    }

    /// The ops that use each value.
    pub fn uses(&self) -> Uses {
        Uses::of(self)
    }

    /// The number that a value is known to be: a constant, also after conversions.
    pub fn known(&self, types: &Types, value: Value) -> Option<i128> {
        let data = &self.ops[self.def(value)?];
        if data.opcode == Opcode::KsConst {
            return Some(KsConst::of(data).value());
        }
        if data.opcode == Opcode::ArithCast {
            let (bits, signed) = types.as_int(self.ty(value))?;
            return Some(fold::wrap(self.known(types, data.operands[0])?, bits, signed));
        }
        None
    }

    /// Makes another op of an op, in place; results and location stay.
    pub fn become_op(&mut self, op: OpId, opcode: Opcode, operands: Vec<Value>, attrs: Vec<Attr>) {
        let data = &mut self.ops[op];
        data.opcode = opcode;
        data.operands = operands;
        data.attrs = attrs;
    }

    /// Moves the ops of `block` from index `at` on to the end of `to`.
    pub fn move_tail(&mut self, block: BlockId, at: usize, to: BlockId) {
        let tail = self.blocks[block].ops.split_off(at);
        for &op in &tail {
            self.ops[op].block = to;
        }
        self.blocks[to].ops.extend(&tail);
    }

    /// Puts what a structured region holds, which ends in a yield, in the place of the op that holds it. Yields, for
    /// `replace_values`, what the op's results and the region's arguments are then.
    pub fn dissolve(&mut self, op: OpId, region: RegionId, args: &[Value]) -> HashMap<Value, Value> {
        let (inner, outer) = (self.only_block(region), self.ops[op].block);
        let mut ops = self.blocks[inner].ops.take();
        let yielded = ops.pop().map(|end| self.ops[end].operands.clone()).unwrap_or_default();
        let results = self.ops[op].results.iter().copied().zip(yielded);
        let map = results.chain(self.blocks[inner].args.iter().copied().zip(args.iter().copied())).collect();
        for &op in &ops {
            self.ops[op].block = outer;
        }
        let at = self.position(op);
        self.blocks[outer].ops.replace(at, &ops);
        map
    }

    /// Removes the arguments of a structured region's block, after their uses were replaced.
    pub fn drop_args(&mut self, region: RegionId) {
        let block = self.only_block(region);
        self.blocks[block].args.clear();
    }
}

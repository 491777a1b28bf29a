//! Makes ops at a place of a function. One method for each op is generated from `ir-specs/ops/` (see `ops.rs`).

use super::{Attr, BlockId, Function, Loc, OpData, OpId, Opcode, RegionId, Value, ValueData, ValueDef};
use crate::fold::ArithOp;
use crate::types::Ty;

/// Inserts ops one after the other: at the end of a block, or before an op.
pub struct Builder<'f> {
    pub func: &'f mut Function,
    pub block: BlockId,
    /// Index in the block where the next op goes; none: at its end.
    at: Option<usize>,
    pub loc: Loc,
}

impl<'f> Builder<'f> {
    /// A builder that appends ops to a block, with `loc` as their location.
    pub fn at_end(func: &'f mut Function, block: BlockId, loc: Loc) -> Builder<'f> {
        Builder { func, block, at: None, loc }
    }

    /// Ops go before `op` and take its location, marked as made by `pass`.
    pub fn before(func: &'f mut Function, op: OpId, pass: &'static str) -> Builder<'f> {
        let OpData { block, loc, .. } = func.ops[op];
        let at = Some(func.position(op));
        Builder { func, block, at, loc: Loc { made_by: Some(pass), ..loc } }
    }

    /// Ops go after `op` and take its location, marked as made by `pass`.
    pub fn after(func: &'f mut Function, op: OpId, pass: &'static str) -> Builder<'f> {
        let mut builder = Builder::before(func, op, pass);
        builder.at = builder.at.map(|at| at + 1);
        builder
    }

    /// Goes on at the end of another block.
    pub fn go_to(&mut self, block: BlockId) {
        self.block = block;
        self.at = None;
    }

    /// A region of one block with these arguments.
    pub fn region(&mut self, args: &[Ty]) -> (RegionId, BlockId) {
        let region = self.func.add_region();
        let block = self.func.add_block(region, args);
        (region, block)
    }

    /// A `ks.if` whose two regions these functions fill, with their yields or exits.
    pub fn either(
        &mut self,
        condition: Value,
        results: &[Ty],
        then: impl FnOnce(&mut Builder<'_>),
        otherwise: impl FnOnce(&mut Builder<'_>),
    ) -> OpId {
        let (then_region, then_block) = self.region(&[]);
        let (else_region, else_block) = self.region(&[]);
        let op = self.ks_if(condition, results, vec![then_region, else_region]);
        let loc = self.loc;
        then(&mut Builder::at_end(self.func, then_block, loc));
        otherwise(&mut Builder::at_end(self.func, else_block, loc));
        op
    }

    /// Puts ops that were taken out of their block at the end of this one.
    pub fn adopt(&mut self, ops: &[OpId]) {
        for &op in ops {
            self.func.ops[op].block = self.block;
        }
        self.func.blocks[self.block].ops.extend(ops);
    }

    /// Ends a region that yields nothing.
    pub fn done(&mut self) {
        self.ks_yield(&[]);
    }

    /// Makes an op of any kind at the builder's place and sets the parent of its regions. The generated methods call it; the verifier
    /// checks it against the op's record.
    pub fn insert(
        &mut self,
        opcode: Opcode,
        operands: Vec<Value>,
        attrs: Vec<Attr>,
        results: &[Ty],
        regions: Vec<RegionId>,
        successors: Vec<BlockId>,
    ) -> OpId {
        let data = OpData {
            opcode,
            operands,
            results: Vec::new(),
            attrs,
            regions: regions.clone(),
            successors,
            loc: self.loc,
            block: self.block,
        };
        let op = self.func.ops.push(data);
        for (index, &ty) in results.iter().enumerate() {
            let value = self.func.values.push(ValueData { ty, def: ValueDef::Result(op, index as u32) });
            self.func.ops[op].results.push(value);
        }
        for region in regions {
            self.func.regions[region].parent = Some(op);
        }
        let ops = &mut self.func.blocks[self.block].ops;
        match &mut self.at {
            Some(at) => {
                ops.insert(*at, op);
                *at += 1;
            }
            None => ops.push(op),
        }
        op
    }

    /// An operator of the language on `f64`, which the checker has allowed there.
    pub fn float_arith(&mut self, op: ArithOp, left: Value, right: Value) -> Value {
        match op {
            ArithOp::Add => self.float_add(left, right, Ty::F64),
            ArithOp::Sub => self.float_sub(left, right, Ty::F64),
            ArithOp::Mul => self.float_mul(left, right, Ty::F64),
            ArithOp::Div => self.float_div(left, right, Ty::F64),
            ArithOp::Rem => self.float_rem(left, right, Ty::F64),
            ArithOp::And | ArithOp::Or | ArithOp::Xor | ArithOp::Shl | ArithOp::Shr => {
                crate::bug!("`f64` has no operator {op:?}")
            }
        }
    }

    /// The only result of an op that has one.
    pub fn result(&self, op: OpId) -> Value {
        self.func.ops[op].results[0]
    }

    /// The first result of an op; none if it has none.
    pub fn first_result(&self, op: OpId) -> Option<Value> {
        self.func.ops[op].results.first().copied()
    }
}

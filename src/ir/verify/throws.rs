//! Throws, handlers, and what is deferred.

use super::Checker;
use crate::ir::ops::{KsDefer, KsThrow, KsTry};
use crate::ir::{OpId, Opcode, RegionId, Throws, ValueDef};
use std::collections::BTreeSet;

impl Checker<'_> {
    pub(super) fn throws(&self) -> Result<(), String> {
        let ops = self.func.walk();
        let structured = [Opcode::KsThrow, Opcode::KsCancel, Opcode::KsTry, Opcode::KsDefer];
        if self.func.regions[self.func.body].blocks.len() > 1
            && let Some(&op) = ops.iter().find(|&&op| structured.contains(&self.func.ops[op].opcode))
        {
            return Err(self.say(op, "it is in no structured function"));
        }
        let is = |opcode: Opcode| ops.iter().copied().filter(move |&op| self.func.ops[op].opcode == opcode);
        is(Opcode::KsTry).try_for_each(|op| self.handlers(op))?;
        is(Opcode::KsThrow).try_for_each(|op| self.throw(op))?;
        if let Some(op) = is(Opcode::KsCancel).next().filter(|_| !self.func.cancels) {
            return Err(self.say(op, "the function is none that `cancels`"));
        }
        if is(Opcode::KsDefer).next().is_none() {
            return Ok(());
        }
        let last = self.func.last_regions();
        is(Opcode::KsDefer).try_for_each(|op| self.deferred(op, &last))
    }

    fn handlers(&self, op: OpId) -> Result<(), String> {
        let view = KsTry::of(&self.func.ops[op]);
        let (codes, handlers) = (view.codes(), view.handlers_region().len());
        let different: BTreeSet<i128> = codes.iter().copied().collect();
        if different.len() < codes.len() || codes.iter().any(|&code| i32::try_from(code).is_err()) {
            return Err(self.say(op, "its codes are no different numbers of 32 bits"));
        }
        if handlers < codes.len().max(1) || handlers > codes.len() + 1 {
            return Err(self.say(op, &format!("it has {handlers} handlers for {} codes", codes.len())));
        }
        Ok(())
    }

    fn throw(&self, op: OpId) -> Result<(), String> {
        let line = KsThrow::of(&self.func.ops[op]).line();
        if line < 1 || i32::try_from(line).is_err() {
            return Err(self.say(op, &format!("{line} is no line")));
        }
        if self.is_taken(op) { Ok(()) } else { Err(self.say(op, "nothing takes what it throws")) }
    }

    /// Whether a handler may take what is thrown, or it leaves the function.
    fn is_taken(&self, throw: OpId) -> bool {
        let mut inside = throw;
        while let Some(around) = self.func.around(inside) {
            let data = &self.func.ops[around];
            let region = self.func.blocks[self.func.ops[inside].block].region;
            if data.opcode == Opcode::KsTry && data.regions[0] == region {
                return true;
            }
            if data.opcode == Opcode::KsDefer {
                return false;
            }
            inside = around;
        }
        self.func.throws != Throws::Never
    }

    fn deferred(&self, op: OpId, last: &BTreeSet<RegionId>) -> Result<(), String> {
        let body = KsDefer::of(&self.func.ops[op]).body_region();
        if let Some(&(exit, _)) = self.func.exits(body).first() {
            return Err(self.say(exit, "it leaves what is deferred"));
        }
        let mut around = op;
        while let Some(holder) = self.func.around(around) {
            let opcode = self.func.ops[holder].opcode;
            if opcode.is_loop() || opcode == Opcode::KsDefer {
                return Err(self.say(op, "it is in a loop, or in what is deferred"));
            }
            around = holder;
        }
        let mut inside = Vec::new();
        self.func.walk_region(body, &mut inside);
        for &operand in inside.iter().flat_map(|&op| &self.func.ops[op].operands) {
            let region = match self.func.values[operand].def {
                ValueDef::Result(def, _) => self.func.blocks[self.func.ops[def].block].region,
                ValueDef::Arg(block, _) => self.func.blocks[block].region,
            };
            let holder = self.func.regions[region].parent;
            let is_own = holder.is_some_and(|holder| holder == op || self.func.is_inside(holder, op));
            let is_variable = self.func.def(operand).is_some_and(|def| self.func.ops[def].opcode == Opcode::KsVar);
            if !is_own && !is_variable && !last.contains(&region) {
                return Err(self.say(op, "it uses a value that may not be there when the function ends"));
            }
        }
        Ok(())
    }
}

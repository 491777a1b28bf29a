//! Checks that a module is well formed: what every pass may rely on and must leave behind.
//!
//! 1. Operands, results, attributes, regions and successors of an op have the number and kinds that its record says.
//! 2. Every use of a value is dominated by its definition: earlier in the same block, in a block around it, or (in a
//!    control-flow graph) in a block that dominates.
//! 3. Every block ends in a region end or terminator, and holds none before its end.
//! 4. Optionals are used only by `ks.if_some` and `ks.is_some`.
//! 5. Types agree where they must: in loads, stores, copies and comparisons, in ops with the trait `SameTypes`, and between a
//!    branch's operands and the block's arguments.
//! 6. The cases of a `ks.match` are disjoint and hold only numbers of the subject's type.
//! 7. Symbols name things of the module; calls fit the callee's signature.
//! 8. An exit has something around it to leave; a scope's clean-up is left by its yield alone.
//! 9. A throw has a handler around it or a function that may throw; deferred code is left by its end alone, and is in no loop.
//! 10. The arguments and the yield of a region have the number and types that its op prescribes.
//! 11. Values have types of values; results have the kinds that emitters take them for; fields, elements and cases are there.
//! 12. Structs hold their fields; the value of a variable is as long as its type.
//! 13. Tail calls are of programs, in programs, with their context; of a target's module, through an array that has the callee.
//! 14. There is no op that a pass up to here lowers, and none that the target rejects.

mod attrs;
mod declarations;
mod graph;
mod regions;
mod results;
mod tails;
mod throws;
mod types;

use super::ops::KsScope;
use super::{Exit, Function, MapDecl, Module, OpId, Opcode, RegionId, Value};
use crate::session::Session;
use crate::tables::{Many, OpTrait};
use std::collections::HashMap;

/// Why the module is not well formed.
pub fn module(module: &Module, cx: &Session) -> Result<(), String> {
    declarations::check(module, cx)?;
    let maps = module.maps.iter().map(|map| (&*map.name, map)).collect();
    let funcs = module.funcs.iter().map(|f| (&*f.name, f)).collect();
    for func in &module.funcs {
        let checker = Checker { module, cx, func, funcs: &funcs, maps: &maps };
        checker.function().map_err(|why| format!("in @{}: {why}", func.name))?;
    }
    Ok(())
}

struct Checker<'a> {
    module: &'a Module,
    cx: &'a Session,
    func: &'a Function,
    /// The module's functions by name.
    funcs: &'a HashMap<&'a str, &'a Function>,
    maps: &'a HashMap<&'a str, &'a MapDecl>,
}

/// The values that an op may use.
struct Visible(Vec<bool>);

impl Visible {
    fn set(&mut self, value: Value, is_visible: bool) {
        self.0[usize::from(value)] = is_visible;
    }

    fn has(&self, value: Value) -> bool {
        self.0[usize::from(value)]
    }
}

impl Checker<'_> {
    fn function(&self) -> Result<(), String> {
        let mut seen = Visible(vec![false; self.func.values.len()]);
        self.region(self.func.body, &mut seen)?;
        if self.func.regions[self.func.body].blocks.len() > 1 {
            graph::dominance(self.func)?;
        }
        self.body()?;
        self.optionals()?;
        self.exits()?;
        self.throws()?;
        self.tails()
    }

    /// `seen` holds what is visible here: structured code scopes values by nesting.
    fn region(&self, region: RegionId, seen: &mut Visible) -> Result<(), String> {
        let blocks = &self.func.regions[region].blocks;
        if blocks.is_empty() {
            return Err("a region without blocks".into());
        }
        let mut here = Vec::new();
        for &block in blocks {
            let data = &self.func.blocks[block];
            for &arg in &data.args {
                if !self.is_value(self.func.ty(arg)) {
                    let ty = self.cx.types.ir_text(self.func.ty(arg));
                    return Err(format!("a block takes a value of type {ty}"));
                }
                here.push(arg);
            }
            if blocks.len() > 1 {
                // Order of the text says nothing in a graph; `graph::dominance` checks it.
                here.extend(data.ops.iter().flat_map(|&op| self.func.ops[op].results.iter().copied()));
            }
        }
        here.iter().for_each(|&value| seen.set(value, true));
        for &block in blocks {
            let ops = &self.func.blocks[block].ops;
            for (index, &op) in ops.iter().enumerate() {
                if self.func.ops[op].block != block {
                    return Err(self.say(op, "it is in a block that it does not name"));
                }
                self.op(op, index + 1 == ops.len(), seen)?;
                for &result in &self.func.ops[op].results {
                    seen.set(result, true);
                    here.push(result);
                }
            }
            if ops.is_empty() {
                return Err("a block without ops".into());
            }
        }
        for value in here {
            seen.set(value, false);
        }
        Ok(())
    }

    fn op(&self, op: OpId, last: bool, seen: &mut Visible) -> Result<(), String> {
        let opcode = self.func.ops[op].opcode;
        self.shape(op)?;
        self.results(op)?;
        for &operand in &self.func.ops[op].operands {
            if !seen.has(operand) {
                return Err(self.say(op, "an operand is not defined before it"));
            }
        }
        let ends = opcode.has(OpTrait::RegionEnd) || opcode.has(OpTrait::Terminator);
        if ends != last {
            return Err(
                self.say(op, if last { "its block does not end in a terminator" } else { "it is not the last" })
            );
        }
        self.types(op)?;
        self.attrs(op)?;
        self.legal(op)?;
        self.regions(op)?;
        for &region in &self.func.ops[op].regions {
            self.region(region, seen)?;
        }
        Ok(())
    }

    /// Numbers of operands, results, attributes, regions, successors.
    fn shape(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        let spec = data.opcode.spec();
        let least = spec.operands.iter().filter(|o| o.many == Many::One).count();
        let open = spec.operands.iter().any(|o| o.many == Many::Any);
        let most = if open { usize::MAX } else { spec.operands.len() };
        let given = data.operands.len();
        if given < least || given > most {
            return Err(self.say(op, &format!("it has {given} operands")));
        }
        let several = |specs: usize, many: bool, given: usize| if many { given + 1 >= specs } else { given == specs };
        let fits = |specs: &[&str], given: usize| {
            several(specs.len(), specs.last().is_some_and(|last| last.ends_with('*')), given)
        };
        if !several(spec.results.len(), spec.results.last().is_some_and(|last| last.many), data.results.len()) {
            return Err(self.say(op, &format!("it has {} results", data.results.len())));
        }
        if !fits(spec.regions, data.regions.len()) {
            return Err(self.say(op, &format!("it has {} regions", data.regions.len())));
        }
        if !fits(spec.successors, data.successors.len()) {
            return Err(self.say(op, &format!("it has {} successors", data.successors.len())));
        }
        if data.attrs.len() != spec.attrs.len() {
            return Err(self.say(op, &format!("it has {} attributes", data.attrs.len())));
        }
        Ok(())
    }

    /// Nothing is left of what earlier passes lower or the target rejects.
    fn legal(&self, op: OpId) -> Result<(), String> {
        use crate::tables::On;
        let Some(target) = self.module.target else { return Ok(()) };
        let spec = self.func.ops[op].opcode.spec();
        match spec.on[target] {
            On::Emit => Ok(()),
            On::Reject(_) => Err(self.say(op, &format!("target {} rejects it", target.name()))),
            On::Lower(pass) => {
                let done = self.module.after.is_some_and(|after| target.has_run(pass, after));
                if done { Err(self.say(op, &format!("pass {pass} should have lowered it"))) } else { Ok(()) }
            }
        }
    }

    fn exits(&self) -> Result<(), String> {
        let beyond = self.func.exits(self.func.body).into_iter().find(|&(_, exit)| exit != Exit::Return);
        if let Some((op, _)) = beyond {
            return Err(self.say(op, "there is nothing around it that it could leave"));
        }
        for op in self.func.ids_of(Opcode::KsScope) {
            let cleanup = KsScope::of(&self.func.ops[op]).cleanup_region();
            if let Some(&(op, _)) = self.func.exits(cleanup).first() {
                return Err(self.say(op, "it leaves the clean-up of a scope"));
            }
        }
        Ok(())
    }

    fn optionals(&self) -> Result<(), String> {
        for (op, data) in self.func.each() {
            let is_test = matches!(data.opcode, Opcode::KsIfSome | Opcode::KsIsSome);
            let takes = data.operands.iter().any(|&o| self.is_optional(o));
            if takes && !is_test {
                return Err(self.say(op, "only ks.if_some and ks.is_some take an optional"));
            }
        }
        Ok(())
    }

    fn is_optional(&self, value: Value) -> bool {
        matches!(self.cx.types.kind(self.func.ty(value)), crate::types::TyKind::Opt(_))
    }

    fn say(&self, op: OpId, why: &str) -> String {
        let data = &self.func.ops[op];
        let made_by = data.loc.made_by.map_or(String::new(), |pass| format!(" (made by {pass})"));
        let place = self.cx.sources.line_col(data.loc.span);
        format!("{}:{}: {}{made_by}: {why}", place.line, place.column, data.opcode.name())
    }
}

//! Tail calls, and the programs in maps.

use super::Checker;
use crate::ir::ops::KsTailReturn;
use crate::ir::{Function, MapDecl, Module, Opcode, Role};
use crate::tables::ValueRule;
use crate::target::Maps;

impl Checker<'_> {
    pub(super) fn tails(&self) -> Result<(), String> {
        let ops = self.func.walk();
        ops.into_iter().filter(|&op| self.func.ops[op].opcode == Opcode::KsTailReturn).try_for_each(|op| {
            let view = KsTailReturn::of(&self.func.ops[op]);
            let callee = view.callee();
            if !is_program(self.func) || !self.funcs.get(&**callee).is_some_and(|callee| is_program(callee)) {
                return Err(self.say(op, "only a program hands over, to another one"));
            }
            if self.func.params.is_empty() || view.context() != self.func.param(0) {
                return Err(self.say(op, "its context is not that of the program"));
            }
            if self.module.target.is_some() && !self.module.maps.iter().any(|map| map.programs.contains(callee)) {
                return Err(self.say(op, &format!("no map holds @{callee}")));
            }
            Ok(())
        })
    }
}

pub(super) fn is_program(func: &Function) -> bool {
    matches!(func.role, Role::Program { .. })
}

/// The programs that the loader puts into a map.
pub(super) fn slots(module: &Module, map: &MapDecl) -> Result<(), String> {
    if !map.programs.is_empty() && map.kind.value != ValueRule::Program {
        return Err(format!("map @{} holds no programs", map.name));
    }
    if map.programs.len() as u64 > u64::from(map.max_entries) {
        return Err(format!("map @{} has more programs than entries", map.name));
    }
    let has_code = module.target.is_none_or(|target| target.facts().maps == Maps::InPlace);
    match map.programs.iter().find(|name| has_code && !module.func(name).is_some_and(is_program)) {
        Some(name) => Err(format!("map @{} holds @{name}, which is no program", map.name)),
        None => Ok(()),
    }
}

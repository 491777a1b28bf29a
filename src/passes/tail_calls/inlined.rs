//! Programs whose bodies take the place of their only tail call: small ones, which hand over to no other.
//!
//! Such a program keeps its function and its entry in the array, so any loader and `test` may run it alone.

use crate::ir::callgraph::tail_called;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Symbol, clone};
use crate::passes::analysis::moving::Moving;
use std::collections::{BTreeMap, HashMap};

/// The most ops of such a program.
const SMALL: usize = 64;

/// The programs that tail calls name.
pub struct Stages {
    /// How many tail calls name each.
    calls: BTreeMap<Symbol, usize>,
    /// Each of them, or why it is not inlined.
    stages: BTreeMap<Symbol, Result<Function, &'static str>>,
    moving: Moving,
}

impl Stages {
    /// `never`: why none is inlined.
    pub fn of(module: &Module, never: Option<&'static str>) -> Stages {
        let mut calls: BTreeMap<Symbol, usize> = BTreeMap::new();
        for func in &module.funcs {
            for name in func.walk().into_iter().filter_map(|op| tail_called(&func.ops[op])) {
                *calls.entry(name.clone()).or_default() += 1;
            }
        }
        let named = module.funcs.iter().filter(|func| calls.contains_key(&func.name));
        let stage = |func: &Function| never.or_else(|| obstacle(func)).map_or_else(|| Ok(func.clone()), Err);
        let stages = named.map(|func| (func.name.clone(), stage(func))).collect();
        Stages { calls, stages, moving: Moving::of(module) }
    }

    /// The program, if its body may take the place of a tail call in `caller`; or why not.
    pub fn inlined(&self, caller: &Function, callee: &Symbol) -> Result<&Function, String> {
        let count = self.calls.get(callee).copied().unwrap_or_default();
        if count > 1 {
            return Err(format!("{count} tail calls name it"));
        }
        let stage = match self.stages.get(callee) {
            Some(Ok(stage)) => stage,
            Some(Err(why)) => return Err((*why).to_owned()),
            None => return Err("it is in another module".to_owned()),
        };
        // The ops that make a packet linear run when a program begins, which would be before the move.
        if self.moving.contains(&caller.name) {
            return Err("its caller may move the packet".to_owned());
        }
        let same_params = std::iter::zip(&stage.params, &caller.params).all(|(own, given)| own.ty == given.ty);
        if stage.result != caller.result || !same_params || stage.params.len() > caller.params.len() {
            return Err("its caller has another type".to_owned());
        }
        Ok(stage)
    }
}

/// The size of a function in ops of the IR.
pub fn size(func: &Function) -> usize {
    func.walk().len()
}

fn obstacle(func: &Function) -> Option<&'static str> {
    let hands_over = |op: OpId| matches!(func.ops[op].opcode, Opcode::KsTailReturn | Opcode::BpfTailCall);
    if func.walk().into_iter().any(hands_over) {
        return Some("it hands over to others");
    }
    (size(func) > SMALL).then_some("it is large")
}

/// Puts the body of a program at the end of a block, with its returns.
pub fn put(b: &mut Builder<'_>, stage: &Function) {
    let params = stage.blocks[stage.entry()].args.iter().copied();
    let mut values: HashMap<_, _> = params.enumerate().map(|(index, param)| (param, b.func.param(index))).collect();
    clone::ops(stage, stage.entry(), b.func, b.block, &mut values);
}

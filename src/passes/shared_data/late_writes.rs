//! Which globals user space may write after the object may be loaded, and where.
//!
//! A `load`, an access to a map and an access to a variable that exists once the object is loaded may load it. Errs towards "may be written".

use crate::ir::{Module, OpData, OpId, Opcode, Symbol, Value};
use crate::passes::analysis::after_event::{self, Watch};
use crate::passes::analysis::global_uses::{global_of, roots, written};
use crate::source::Span;
use std::collections::{BTreeMap, HashMap};

/// A write after which what BPF code relied on would be wrong.
#[derive(Clone, Copy)]
pub struct Late {
    pub write: Span,
    pub cause: Cause,
}

/// Why a write may come after the object was loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    After(after_event::Cause),
    /// The address of what is written is taken.
    Address,
}

/// The first late write of each global that has one.
pub fn find(module: &Module) -> BTreeMap<Symbol, Late> {
    let roots = module.funcs.iter().map(|func| roots(func, &func.walk())).collect();
    let mut loads = Loads { module, roots, late: BTreeMap::new() };
    after_event::follow(module, &mut loads);
    for (at, func) in module.funcs.iter().enumerate().filter(|(_, func)| func.targets.any(|on| on.writes_configs)) {
        for op in func.walk() {
            loads.addressed(at, &func.ops[op]);
        }
    }
    loads.late
}

struct Loads<'m> {
    module: &'m Module,
    /// For each function, the global variables to which its values lead.
    roots: Vec<HashMap<Value, Symbol>>,
    late: BTreeMap<Symbol, Late>,
}

impl Watch for Loads<'_> {
    fn begins(&self, op: &OpData) -> bool {
        let of_kernel = |name: &Symbol| self.module.global(name).is_some_and(|global| global.kind.exists_once_loaded());
        op.opcode == Opcode::HostLoad
            || global_of(op).is_some_and(of_kernel)
            // A handler is only remembered; a name is bound before there is a map.
            || !matches!(op.opcode, Opcode::MapOnEvent | Opcode::MapMigrate | Opcode::MapBind) && op.map().is_some()
    }

    fn after(&mut self, func: usize, op: OpId, cause: after_event::Cause) {
        let body = &self.module.funcs[func];
        for name in written(body, op, &self.roots[func]) {
            let write = body.ops[op].loc.span;
            self.late.entry(name).or_insert(Late { write, cause: Cause::After(cause) });
        }
    }
}

impl Loads<'_> {
    /// A global whose address is taken may be written at any time.
    fn addressed(&mut self, func: usize, op: &OpData) {
        if op.opcode == Opcode::KsAddr
            && let Some(name) = self.roots[func].get(&op.operands[0])
        {
            self.late.entry(name.clone()).or_insert(Late { write: op.loc.span, cause: Cause::Address });
        }
    }
}

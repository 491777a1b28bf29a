//! Which maps a call may change.

use crate::ir::callgraph::called;
use crate::ir::{Attr, Function, MapDecl, Module, OpData, Symbol, Value};
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// The maps whose entries something may update or delete.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Changes {
    These(BTreeSet<Symbol>),
    Any,
}

impl Changes {
    fn nothing() -> Changes {
        Changes::These(BTreeSet::new())
    }

    fn add(&mut self, other: &Changes) {
        match (self, other) {
            (Changes::These(own), Changes::These(more)) => own.extend(more.iter().cloned()),
            (own @ Changes::These(_), Changes::Any) => *own = Changes::Any,
            (Changes::Any, Changes::These(_) | Changes::Any) => {}
        }
    }

    /// Whether the map may be changed.
    pub fn contains(&self, map: &Symbol) -> bool {
        match self {
            Changes::These(maps) => maps.contains(map),
            Changes::Any => true,
        }
    }
}

/// What each function of a module changes.
pub struct Effects {
    maps: HashMap<Symbol, MapDecl>,
    funcs: HashMap<Symbol, Changes>,
}

impl Effects {
    /// The effects of each function of a module, with those of its callees.
    pub fn of(module: &Module, types: &Types) -> Effects {
        let maps = module.maps.iter().map(|map| (map.name.clone(), map.clone())).collect();
        let mut effects = Effects { maps, funcs: HashMap::new() };
        let calls: Vec<BTreeSet<&Symbol>> = module.funcs.iter().map(callees).collect();
        for func in &module.funcs {
            let mut own = Changes::nothing();
            let ops = func.all();
            for data in ops.filter(|data| called(data).is_none()) {
                own.add(&effects.of_op(func, types, data));
            }
            effects.funcs.insert(func.name.clone(), own);
        }
        loop {
            let mut grown = false;
            for (func, callees) in module.funcs.iter().zip(&calls) {
                let mut all = effects.of_call(&func.name);
                callees.iter().for_each(|callee| all.add(&effects.of_call(callee)));
                grown |= effects.funcs.insert(func.name.clone(), all.clone()).is_none_or(|before| before != all);
            }
            if !grown {
                return effects;
            }
        }
    }

    /// The declaration of a map; none if the module has no map of this name.
    pub fn map(&self, name: &Symbol) -> Option<&MapDecl> {
        self.maps.get(name)
    }

    /// A function without a body here may do anything.
    fn of_call(&self, callee: &Symbol) -> Changes {
        self.funcs.get(callee).cloned().unwrap_or(Changes::Any)
    }

    /// What one op, without its regions, changes. Entries of arrays stay where they are.
    pub fn of_op(&self, func: &Function, types: &Types, data: &OpData) -> Changes {
        if let Some(callee) = called(data) {
            return self.of_call(callee);
        }
        if !data.opcode.has(OpTrait::WritesMemory) {
            return Changes::nothing();
        }
        let takes_map = |&operand: &Value| {
            matches!(
                types.kind(func.ty(operand)),
                TyKind::Ptr { space: Space::Map, .. } | TyKind::Place { space: Space::Map, .. }
            )
        };
        let named = data.attrs.iter().find_map(|attr| match attr {
            Attr::Symbol(name) => self.map(name),
            Attr::Int(_) | Attr::Bool(_) | Attr::Str(_) | Attr::Type(_) | Attr::Word(_) | Attr::Ints(_) => None,
        });
        match named {
            // It may be any of the maps that are like it.
            Some(map) if map.bound => Changes::Any,
            _ if data.operands.iter().any(takes_map) => Changes::Any,
            Some(map) if !map.kind.array => Changes::These(BTreeSet::from([map.name.clone()])),
            Some(_) | None => Changes::nothing(),
        }
    }
}

fn callees(func: &Function) -> BTreeSet<&Symbol> {
    let ops = func.all();
    ops.filter_map(called).collect()
}

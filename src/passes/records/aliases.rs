//! Which values of a function lead to a record, or to what a pointer parameter points to.

use crate::ir::ops::{KsCall, KsIfSome, KsStore};
use crate::ir::{Function, OpData, OpId, Opcode, Symbol, Value};
use crate::passes::analysis::pointer_sources::yielded;
use crate::tables::OpTrait;
use crate::types::{TyKind, Types};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The functions whose results are records, each with the ring buffer.
pub type Makers = BTreeMap<Symbol, Symbol>;

/// The target of a pointer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Root {
    /// The record of this `map.reserve` or `map.reserve_sized`, or of this call of a function that yields one.
    Record(OpId),
    /// The pointee of the parameter.
    Param(usize),
}

/// A pointer, a place, or an optional of one; whether it is of the whole record.
type Leads = (Root, bool);

/// The values of one function that lead to records.
#[derive(Default)]
pub struct Derived {
    roots: HashMap<Value, Leads>,
    /// Variables that hold pointers to one root, and are neither assigned anything else nor have their address taken.
    names: HashSet<Value>,
    /// The ring buffers of the records.
    maps: HashMap<OpId, Symbol>,
}

impl Derived {
    /// Finds them by following pointers through the ops; `makers` are the functions that return records.
    pub fn of(func: &Function, types: &Types, makers: &Makers) -> Derived {
        let mut derived = Derived::default();
        for (index, param) in func.params.iter().enumerate() {
            if let TyKind::Ptr { .. } = types.kind(param.ty) {
                derived.roots.insert(func.param(index), (Root::Param(index), true));
            }
        }
        let (ops, uses) = (func.walk(), func.uses());
        loop {
            let before = (derived.roots.len(), derived.names.len());
            for &op in &ops {
                derived.visit(func, types, makers, op);
            }
            for &op in &ops {
                if func.ops[op].opcode == Opcode::KsVar {
                    let place = func.ops[op].results[0];
                    derived.variable(func, uses.users(place), place);
                }
            }
            if (derived.roots.len(), derived.names.len()) == before {
                return derived;
            }
        }
    }

    /// The record or parameter that a value leads to, and whether to the whole of it; none for other values.
    pub fn root(&self, value: Value) -> Option<Leads> {
        self.roots.get(&value).copied()
    }

    /// The ring buffer of a record.
    pub fn map(&self, record: OpId) -> &Symbol {
        self.maps.get(&record).unwrap_or_else(|| crate::bug!("a record is one of a map"))
    }

    /// Whether the place is a variable that is another name of one root.
    pub fn is_name(&self, place: Value) -> bool {
        self.names.contains(&place)
    }

    fn visit(&mut self, func: &Function, types: &Types, makers: &Makers, op: OpId) {
        let data = &func.ops[op];
        if data.opcode == Opcode::KsCall
            && let Some(map) = makers.get(KsCall::of(data).callee())
        {
            self.maps.insert(op, map.clone());
            self.roots.extend(data.results.first().map(|&result| (result, (Root::Record(op), true))));
            return;
        }
        if matches!(data.opcode, Opcode::MapReserve | Opcode::MapReserveSized) {
            self.maps.extend(data.map().map(|map| (op, map.clone())));
            self.roots.insert(data.results[0], (Root::Record(op), true));
            // By the kernel's handle code reaches the rest of the record.
            self.roots.extend(data.operands.first().map(|&dynptr| (dynptr, (Root::Record(op), false))));
            return;
        }
        if data.opcode == Opcode::KsIfSome {
            let some = func.only_block(KsIfSome::of(data).some_region());
            if let (Some(leads), Some(&arg)) = (self.root(data.operands[0]), func.blocks[some].args.first()) {
                self.roots.insert(arg, leads);
            }
        }
        let Some(&result) = data.results.first() else { return };
        if matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome | Opcode::KsMatch) {
            self.joined(func, data, result);
            return;
        }
        if !leads_on(types, func, result) {
            return;
        }
        let Some((root, whole)) = data.operands.iter().find_map(|&operand| self.root(operand)) else { return };
        if data.opcode == Opcode::KsLoad {
            if self.is_name(data.operands[0]) {
                self.roots.insert(result, (root, whole));
            }
        } else if data.opcode.has(OpTrait::Pure) {
            let same = matches!(
                data.opcode,
                Opcode::ArithCast | Opcode::KsDeref | Opcode::KsAddr | Opcode::MemSome | Opcode::MemSomeIf
            );
            self.roots.insert(result, (root, whole && same));
        } else if matches!(data.opcode, Opcode::KsCall | Opcode::KsCallPointer) {
            // It may be a pointer to a part of what it was given.
            self.roots.insert(result, (root, false));
        }
    }

    /// The result of branches that yield pointers to one root, or null: `&e->items[i]` is one, null where `i` is out of range.
    fn joined(&mut self, func: &Function, data: &OpData, result: Value) {
        let mut found: Option<Leads> = None;
        for value in data.regions.iter().filter_map(|&region| yielded(func, region, 0)) {
            match (self.root(value), found) {
                (None, _) if is_null(func, value) => {}
                (None, _) => return,
                (Some((root, _)), Some((other, _))) if root != other => return,
                (Some((root, whole)), before) => found = Some((root, whole && before.is_none_or(|(_, w)| w))),
            }
        }
        self.roots.extend(found.map(|leads| (result, leads)));
    }

    /// A variable in which only pointers to one root, and null, are stored.
    fn variable(&mut self, func: &Function, users: &[OpId], place: Value) {
        let mut found: Option<Leads> = None;
        for data in users.iter().map(|&op| &func.ops[op]) {
            if data.opcode == Opcode::KsStore && data.operands[0] == place {
                let value = KsStore::of(data).value();
                match (self.root(value), found) {
                    (None, _) if is_null(func, value) => {}
                    (None, _) => return,
                    (Some((root, _)), Some((other, _))) if root != other => return,
                    (Some((root, whole)), before) => found = Some((root, whole && before.is_none_or(|(_, w)| w))),
                }
            } else if !matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero) {
                return;
            }
        }
        if let Some(leads) = found {
            self.names.insert(place);
            self.roots.insert(place, leads);
        }
    }
}

fn is_null(func: &Function, value: Value) -> bool {
    func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::KsNull)
}

/// Whether a value of the type can lead to memory.
fn leads_on(types: &Types, func: &Function, value: Value) -> bool {
    let mut kind = types.kind(func.ty(value));
    if let TyKind::Opt(of) = kind {
        kind = types.kind(of);
    }
    matches!(kind, TyKind::Ptr { .. } | TyKind::Place { .. })
}

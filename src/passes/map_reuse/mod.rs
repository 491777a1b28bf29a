//! `map-reuse`: an entry that was looked up already is not looked up again.
//!
//! Takes `map.lookup`, which `maps` made, in structured code. One of the same map and an equal key gets the pointer of the
//! earlier one, if that comes first on every way and nothing in between can update or delete an entry of the map: nothing
//! of the kind happens to arrays, whose entries stay where they are. What a loop's body looks up is not taken from outside
//! of it. BPF only: user space has no pointers into maps.

mod numbers;

use super::{Changed, Declarations, Pass, Run};
use crate::ir::ops::MapLookup;
use crate::ir::{Attr, Function, MapDecl, OpId, Opcode, RegionId, Symbol, Value};
use crate::session::Session;
use crate::tables::OpTrait;
use crate::types::{Space, TyKind, Types};
use numbers::{Contents, Number, Numbers};
use std::collections::HashMap;

pub static PASS: Pass =
    Pass { name: "map-reuse", summary: "Look up an entry once where that is enough", run: Run::Function(run) };

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let mut reuse = Reuse {
        func,
        types: &cx.types,
        maps: &module.maps,
        numbers: Numbers::of(func, &cx.types),
        replaced: HashMap::new(),
        erased: Vec::new(),
    };
    reuse.region(func.body, &mut Known::default());
    let Reuse { replaced, erased, .. } = reuse;
    func.replace_values(&replaced);
    let changed = if erased.is_empty() { Changed::No } else { Changed::Yes };
    for op in erased {
        func.erase(op);
    }
    changed
}

/// An entry, or its absence, that is still what the map holds.
#[derive(Clone)]
struct Lookup {
    map: Symbol,
    key: Number,
    pointer: Value,
}

/// What is known at one point of the function.
#[derive(Clone, Default)]
struct Known {
    contents: Contents,
    lookups: Vec<Lookup>,
}

struct Reuse<'f> {
    func: &'f Function,
    types: &'f Types,
    maps: &'f [MapDecl],
    numbers: Numbers<'f>,
    replaced: HashMap<Value, Value>,
    erased: Vec<OpId>,
}

impl Reuse<'_> {
    fn region(&mut self, region: RegionId, known: &mut Known) {
        let func = self.func;
        for &op in &func.blocks[func.only_block(region)].ops {
            let data = &func.ops[op];
            if data.opcode == Opcode::MapLookup {
                self.lookup(op, known);
            } else if data.regions.is_empty() {
                self.numbers.step(op, &mut known.contents);
                self.forget(op, known);
            } else {
                self.regions(op, known);
            }
        }
    }

    fn lookup(&mut self, op: OpId, known: &mut Known) {
        let view = MapLookup::of(&self.func.ops[op]);
        let (map, pointer) = (view.map(), self.func.ops[op].results[0]);
        // A bound map is another one each time that it is bound.
        if self.maps.iter().any(|known| known.name == *map && known.bound) {
            return;
        }
        let Some(key) = self.numbers.content(view.key(), &mut known.contents) else { return };
        match known.lookups.iter().find(|lookup| lookup.map == *map && lookup.key == key) {
            Some(earlier) => {
                self.replaced.insert(pointer, earlier.pointer);
                self.erased.push(op);
            }
            None => known.lookups.push(Lookup { map: map.clone(), key, pointer }),
        }
    }

    fn regions(&mut self, op: OpId, known: &mut Known) {
        let func = self.func;
        let data = &func.ops[op];
        let repeats = matches!(data.opcode, Opcode::KsWhile | Opcode::KsFor | Opcode::BpfWalk | Opcode::BpfTurns);
        for &region in &data.regions {
            let mut inner = if repeats { Known::default() } else { known.clone() };
            self.region(region, &mut inner);
        }
        self.numbers.forget(op, &mut known.contents);
        self.forget(op, known);
        for &region in &data.regions {
            let mut ops = Vec::new();
            func.walk_region(region, &mut ops);
            for op in ops {
                self.numbers.forget(op, &mut known.contents);
                self.forget(op, known);
            }
        }
    }

    /// Forgets the entries that an op may update or delete.
    fn forget(&self, op: OpId, known: &mut Known) {
        let data = &self.func.ops[op];
        if !data.opcode.has(OpTrait::WritesMemory) {
            return;
        }
        let named = data.attrs.iter().find_map(|attr| match attr {
            Attr::Symbol(name) => self.maps.iter().find(|map| map.name == *name),
            Attr::Int(_) | Attr::Bool(_) | Attr::Str(_) | Attr::Type(_) | Attr::Word(_) | Attr::Ints(_) => None,
        });
        let takes_map = |&operand: &Value| {
            matches!(
                self.types.kind(self.func.ty(operand)),
                TyKind::Ptr { space: Space::Map, .. } | TyKind::Place { space: Space::Map, .. }
            )
        };
        let any =
            data.opcode == Opcode::KsCall || named.is_some_and(|map| map.bound) || data.operands.iter().any(takes_map);
        known.lookups.retain(|lookup| {
            let moves = self.maps.iter().any(|map| map.name == lookup.map && !map.kind.array);
            !moves || (!any && named.is_none_or(|map| map.name != lookup.map))
        });
    }
}

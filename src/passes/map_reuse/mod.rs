//! `map-reuse`: replaces a lookup by an earlier one of the same key.
//!
//! Takes `map.lookup`, which `maps` made, in structured code. A lookup gets the pointer of an earlier one of the same
//! map with an equal key, if that dominates it and nothing in between can update or delete an entry of the map. Entries
//! of arrays never move, so nothing invalidates their lookups. If only the path on which the entry was absent updates
//! the map, as in `m[k] += 1`, only that path looks up again. A lookup in a loop's body does not use one from outside
//! of it. A write of a key into the variable that holds it already is left out: LLVM keeps it if a helper has got the variable's address
//! in between. BPF only: user space has no pointers into maps.

mod effects;
mod joins;
mod value_numbers;

use super::{Because, Changed, Pass, Run};
use crate::diag::lowered::{MapReused, MapReusedIfFound};
use crate::ir::ops::MapLookup;
use crate::ir::{Builder, Function, OpData, OpId, Opcode, RegionId, Symbol, Value};
use crate::passes::analysis::pointer_uses::PointerUses;
use crate::session::Session;
use crate::types::{Ty, Types};
use effects::Effects;
use std::collections::HashMap;
use value_numbers::{Contents, Number, Numbers};

const NAME: &str = "map-reuse";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Look up an entry once where that is enough",
    after: &[("maps", "makes the lookups that this pass looks for")],
    before: &[
        ("optionals", "tests what lookups yield"),
        ("loop-form", "takes structured loops, which this pass looks at"),
    ],
    because: Because::Speed,
    run: Run::Module(run),
};

fn run(module: &mut crate::ir::Module, cx: &mut Session) -> Changed {
    let (effects, pointers) = (Effects::of(module, &cx.types), PointerUses::of(module, &cx.types));
    module.funcs.iter_mut().fold(Changed::No, |changed, func| changed.or(reuse(func, &effects, &pointers, cx)))
}

fn reuse(func: &mut Function, effects: &Effects, pointers: &PointerUses, cx: &mut Session) -> Changed {
    let lookups = func.all_of(Opcode::MapLookup).count();
    if lookups == 0 || func.all().filter_map(OpData::map).count() < 2 {
        return Changed::No;
    }
    let mut reuse = Reuse {
        func,
        types: &cx.types,
        effects,
        numbers: Numbers::of(func, &cx.types, pointers),
        replaced: HashMap::new(),
        erased: Vec::new(),
        repeated: Vec::new(),
        again: Vec::new(),
    };
    reuse.region(func.body, &mut Known::default());
    let Reuse { mut replaced, erased, repeated, again, .. } = reuse;
    let changed = if erased.is_empty() && repeated.is_empty() && again.is_empty() { Changed::No } else { Changed::Yes };
    for &op in &erased {
        let map = cx.source_name(MapLookup::of(&func.ops[op]).map());
        cx.explain_instead(func.ops[op].loc.span, &MapReused { map });
    }
    for (op, pointer) in again {
        let map = cx.source_name(MapLookup::of(&func.ops[op]).map());
        cx.explain_instead(func.ops[op].loc.span, &MapReusedIfFound { map });
        replaced.insert(func.ops[op].results[0], look_up_where_null(func, op, pointer));
        func.erase(op);
    }
    func.replace_values(&replaced);
    for op in erased.into_iter().chain(repeated) {
        func.erase(op);
    }
    changed
}

/// The pointer, or if that is null what the lookup finds.
fn look_up_where_null(func: &mut Function, op: OpId, pointer: Value) -> Value {
    let (key, map) = (MapLookup::of(&func.ops[op]).key(), MapLookup::of(&func.ops[op]).map().clone());
    let ty = func.ty(func.ops[op].results[0]);
    let mut b = Builder::before(func, op, NAME);
    let null = b.mem_is_null(pointer, Ty::BOOL);
    let either = b.either(
        null,
        &[ty],
        |b| {
            let found = b.map_lookup(key, &map, ty);
            b.ks_yield(&[found]);
        },
        |b| {
            b.ks_yield(&[pointer]);
        },
    );
    func.ops[either].results[0]
}

/// An entry, or its absence, that is still what the map holds.
#[derive(Clone, PartialEq)]
struct Lookup {
    /// First: it differs most often, and names are slow to compare.
    pointer: Value,
    map: Symbol,
    key: Number,
}

/// So many lookups are known at one point, the latest: where paths meet, each is compared with all others.
const MAX_KNOWN: usize = 128;

/// The facts at one point of the function.
#[derive(Clone, Default)]
struct Known {
    contents: Contents,
    lookups: Vec<Lookup>,
    /// The lookups that still hold if they have found an entry.
    found: Vec<Lookup>,
}

struct Reuse<'f> {
    func: &'f Function,
    types: &'f Types,
    effects: &'f Effects,
    numbers: Numbers<'f>,
    replaced: HashMap<Value, Value>,
    erased: Vec<OpId>,
    /// Ops that write a key where it already is.
    repeated: Vec<OpId>,
    /// Lookups to be done only where an earlier one, this pointer, has found nothing.
    again: Vec<(OpId, Value)>,
}

fn latest(lookups: &mut Vec<Lookup>) {
    lookups.drain(..lookups.len().saturating_sub(MAX_KNOWN));
}

impl Reuse<'_> {
    fn region(&mut self, region: RegionId, known: &mut Known) {
        let func = self.func;
        for &op in &func.blocks[func.only_block(region)].ops {
            let data = &func.ops[op];
            if data.opcode == Opcode::MapLookup {
                self.lookup(op, known);
            } else if data.regions.is_empty() {
                if self.numbers.step(op, &mut known.contents) {
                    self.repeated.push(op);
                }
                self.forget(op, known);
            } else if matches!(data.opcode, Opcode::KsIf | Opcode::KsIfSome) {
                self.branches(op, known);
            } else {
                self.regions(op, known);
            }
        }
    }

    fn lookup(&mut self, op: OpId, known: &mut Known) {
        let view = MapLookup::of(&self.func.ops[op]);
        let (map, pointer) = (view.map(), self.func.ops[op].results[0]);
        // A bound map is another one each time that it is bound.
        if self.effects.map(map).is_some_and(|known| known.bound) {
            return;
        }
        let Some(key) = self.numbers.content(view.key(), &mut known.contents) else { return };
        let same = |lookup: &&Lookup| lookup.map == *map && lookup.key == key;
        if let Some(earlier) = known.lookups.iter().find(same) {
            self.replaced.insert(pointer, earlier.pointer);
            self.erased.push(op);
            return;
        }
        if let Some(at) = known.found.iter().position(|lookup| same(&lookup)) {
            self.again.push((op, known.found.remove(at).pointer));
        }
        known.lookups.push(Lookup { pointer, map: map.clone(), key });
        latest(&mut known.lookups);
    }

    /// Loops, blocks, and whatever else holds regions.
    fn regions(&mut self, op: OpId, known: &mut Known) {
        let func = self.func;
        let data = &func.ops[op];
        let mut before = if data.opcode.is_loop() { Known::default() } else { known.clone() };
        for &region in &data.regions {
            self.region(region, &mut before.clone());
            // Its clean-up comes after any part of the body.
            if data.opcode == Opcode::KsScope {
                self.forget_region(region, &mut before);
            }
        }
        self.numbers.forget(op, &mut known.contents);
        self.forget(op, known);
        for &region in &data.regions {
            self.forget_region(region, known);
        }
    }

    /// Forgets what any part of a region may change.
    fn forget_region(&mut self, region: RegionId, known: &mut Known) {
        let mut ops = Vec::new();
        self.func.walk_region(region, &mut ops);
        for op in ops {
            self.numbers.forget(op, &mut known.contents);
            self.forget(op, known);
        }
    }

    /// Forgets the entries that an op may update or delete.
    fn forget(&self, op: OpId, known: &mut Known) {
        let changes = self.effects.of_op(self.func, self.types, &self.func.ops[op]);
        let stays = |lookup: &Lookup| {
            !changes.contains(&lookup.map) || self.effects.map(&lookup.map).is_some_and(|map| map.kind.array)
        };
        known.lookups.retain(stays);
        known.found.retain(stays);
    }
}

//! `percpu-vars`: a `percpu var` becomes the entry of a per-CPU map.
//!
//! Takes `ks.global` of such a variable in BPF code. Leaves a lookup in a `percpu_array` of the variable's name with
//! one entry. The entry always exists, but the verifier requires a test. One lookup serves the rest of its block. After
//! `outline`: a callback looks up by itself, which is cheaper than an address in the frame.

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsGlobal;
use crate::ir::{BlockId, Builder, Function, Global, GlobalKind, MapDecl, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::tables::{MAP_KINDS, MapKindSpec};
use crate::types::{Space, Ty, Types};
use std::collections::{BTreeSet, HashMap};

const NAME: &str = "percpu-vars";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Keep per-CPU variables in maps",
    after: &[("outline", "makes callbacks, each of which looks up for itself")],
    before: &[("to-cf", "takes the branches that this pass makes")],
    because: Because::Target,
    run: Run::Module(run),
};

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let vars: Vec<Global> = module.globals.iter().filter(|g| g.kind == GlobalKind::Percpu).cloned().collect();
    if vars.is_empty() {
        return Changed::No;
    }
    module.globals.retain(|g| g.kind != GlobalKind::Percpu);
    let mut used = BTreeSet::new();
    for func in &mut module.funcs {
        used.extend(function(func, &vars, &mut cx.types));
    }
    module.maps.extend(vars.into_iter().filter(|var| used.contains(&var.name)).map(map));
    Changed::Yes
}

fn map(var: Global) -> MapDecl {
    MapDecl::new(var.name, kind(), Ty::U32, var.ty, 1, var.span)
}

/// The kind of map that has an array of entries for each CPU.
pub fn kind() -> &'static MapKindSpec {
    let found = MAP_KINDS.iter().find(|kind| kind.array && kind.percpu && kind.buckets.is_none());
    found.unwrap_or_else(|| crate::bug!("there is no kind of map with an array for each CPU"))
}

/// Yields the variables that the function uses.
fn function(func: &mut Function, vars: &[Global], types: &mut Types) -> BTreeSet<Symbol> {
    let mut used = BTreeSet::new();
    let mut key = None;
    let mut found = HashMap::new();
    let (mut places, mut replaced) = (HashMap::new(), Vec::new());
    let ops: Vec<OpId> = func.ids_of(Opcode::KsGlobal).collect();
    for op in ops {
        let name = KsGlobal::of(&func.ops[op]).global().clone();
        if let Some(var) = vars.iter().find(|var| var.name == name) {
            let place = match known(func, &found, op, &name) {
                Some(place) => place,
                None => {
                    let key = *key.get_or_insert_with(|| zero_key(func, types));
                    let place = look_up(&mut Builder::before(func, op, NAME), types, key, (&name, var.ty));
                    found.insert((func.ops[op].block, name.clone()), place);
                    place
                }
            };
            places.insert(func.ops[op].results[0], place);
            replaced.push(op);
            used.insert(name);
        }
    }
    func.replace_values(&places);
    for op in replaced {
        func.erase(op);
    }
    used
}

/// Where a variable was looked up before, in the block of the op or in one around it: ops are visited in order of the text,
/// so that control has come by there.
fn known(func: &Function, found: &HashMap<(BlockId, Symbol), Value>, op: OpId, name: &Symbol) -> Option<Value> {
    let block = func.ops[op].block;
    found.get(&(block, name.clone())).copied().or_else(|| {
        let around = func.regions[func.blocks[block].region].parent?;
        known(func, found, around, name)
    })
}

/// The only key, stored once.
fn zero_key(func: &mut Function, types: &mut Types) -> Value {
    let entry = func.entry();
    let Some(&first) = func.blocks[entry].ops.first() else { crate::bug!("a function without an end") };
    let place = types.place(Ty::U32, Space::Stack);
    let mut b = Builder::before(func, first, NAME);
    let key = b.ks_var(b"key", place);
    let zero = b.ks_const(0, Ty::U32);
    b.ks_store(key, zero);
    key
}

/// The place of an entry of such a map, of this CPU, by a place with its index. The entry exists, but the verifier requires a test.
pub fn look_up(b: &mut Builder<'_>, types: &mut Types, key: Value, (name, ty): (&Symbol, Ty)) -> Value {
    let pointer = types.ptr(ty, Space::Percpu, true);
    let (not_null, place) = (types.ptr(ty, Space::Percpu, false), types.place(ty, Space::Percpu));
    let found = b.map_lookup(key, name, pointer);
    let null = b.mem_is_null(found, Ty::BOOL);
    b.either(
        null,
        &[],
        |b| {
            b.ks_unreachable();
        },
        |b| b.done(),
    );
    let found = b.arith_cast(found, not_null);
    b.ks_deref(found, place)
}

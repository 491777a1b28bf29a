//! `events`: counts dropped events and refused insertions, and checks that someone handles those that `dispatch` waits for.
//!
//! Takes the whole program after `reach`. If the program uses `m.dropped()` anywhere, each failure to send through the map atomically adds
//! 1 to a variable of both sides. A failure costs that one instruction, and without `dropped` nothing. Leaves reads of the variables for
//! `map.dropped`. `refusals` has the counters of `refused(m)`. Reports maps that `dispatch` listens to though they have no handler. Marks
//! the registrations of handlers of maps whose records may have bytes after the value.
//!
//! What BPF code sends (`map.output`) reaches handlers in user space through `runtime/src/session/events/`. `map.on_event` registers a handler,
//! and `map.listen` names the maps of the next `ks_dispatch`. The pass `events` makes the shared variable `dropped`. `passes/records/`
//! tracks each ring-buffer record before any pass moves code; it accepts only what the verifier's reference tracking accepts. The pass
//! `dynptrs` releases those of variable size by their handles, also where there was no room.

mod refusals;

use super::{Because, Changed, Pass, Run};
use crate::diag::codes::events::NoHandler;
use crate::diag::codes::refused::InnerMapCall;
use crate::ir::metrics::has_time;
use crate::ir::ops::{KsIfSome, MapDropped, MapListen, MapOnEvent, MapOutput};
use crate::ir::{
    Attr, Builder, Function, Global, GlobalKind, MetricDecl, MetricNumber, Module, OpData, OpId, Opcode, Symbol,
};
use crate::session::{Session, SourceNames};
use crate::tables::MapAccess;
use crate::target::Target;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "events";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Count what finds no room",
    after: &[("reach", "refuses what the kind of a map lacks")],
    before: &[("shared-data", "gives sections to the variables that this pass makes, which both sides see")],
    because: Because::Target,
    run: Run::Module(run),
};

/// The counter of each map whose drops are asked for.
type Counters = BTreeMap<Symbol, Symbol>;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    check_handlers(module, cx);
    check_counted(module, cx);
    let changed = refusals::run(module, cx).or(mark_tails(module, &cx.types));
    let counted = named(module, |op| (op.opcode == Opcode::MapDropped).then(|| MapDropped::of(op).map().clone()));
    let counted = if becomes_python(module) { all_counted(module) } else { counted };
    if counted.is_empty() {
        return changed;
    }
    let counters = counted.into_iter().map(|map| (map.clone(), counter(module, &cx.names, &map, "dropped")));
    let counters: Counters = counters.collect();
    for func in &mut module.funcs {
        for op in func.walk() {
            if func.ops[op].opcode == Opcode::MapDropped {
                let counter = &counters[MapDropped::of(&func.ops[op]).map()];
                read(func, &mut cx.types, op, counter);
            } else if matches!(func.ops[op].opcode, Opcode::MapReserve | Opcode::MapReserveSized) {
                count_reserve(func, &mut cx.types, op, &counters);
            } else if func.ops[op].opcode == Opcode::MapOutput {
                count_output(func, &mut cx.types, op, &counters);
            }
        }
    }
    Changed::Yes
}

/// Whether `exec` replaces the process with a script, which may ask for any number.
fn becomes_python(module: &Module) -> bool {
    module.funcs.iter().any(|func| func.walk().into_iter().any(|op| func.ops[op].opcode == Opcode::HostExec))
}

/// The maps for which BPF code can count what finds no room.
fn all_counted(module: &Module) -> BTreeSet<Symbol> {
    let counts = |map: &&crate::ir::MapDecl| map.kind.on[Target::Bpf].contains(&MapAccess::Dropped) && !map.bound;
    module.maps.iter().filter(counts).map(|map| map.name.clone()).collect()
}

/// Where handlers are registered, notes whether records may have bytes after the value: the runtime refuses those of another
/// size, which another program has sent.
fn mark_tails(module: &mut Module, types: &Types) -> Changed {
    let mut tailed = BTreeSet::new();
    for func in &module.funcs {
        for op in func.walk().into_iter().map(|op| &func.ops[op]) {
            let Some(map) = op.map().and_then(|name| module.map(name)) else { continue };
            if has_tail(func, types, op, map.value) {
                tailed.insert(map.name.clone());
            }
        }
    }
    let mut changed = Changed::No;
    for func in &mut module.funcs {
        for op in func.walk() {
            let data = &func.ops[op];
            if data.opcode == Opcode::MapOnEvent && tailed.contains(MapOnEvent::of(data).map()) {
                let (operands, map) = (data.operands.clone(), MapOnEvent::of(data).map().clone());
                func.become_op(op, Opcode::MapOnEvent, operands, vec![Attr::Symbol(map), Attr::Int(1)]);
                changed = Changed::Yes;
            }
        }
    }
    changed
}

/// Whether an op makes records with bytes after the value, or hands such bytes to a handler.
fn has_tail(func: &Function, types: &Types, op: &OpData, value: Ty) -> bool {
    if op.opcode == Opcode::MapReserve {
        let TyKind::Opt(record) = types.kind(func.ty(op.results[0])) else { return false };
        return matches!(types.kind(record), TyKind::Ptr { to, .. } if to != value);
    }
    if op.opcode == Opcode::MapOnEvent {
        let TyKind::Fn(sig) = types.kind(func.ty(op.operands[0])) else { return false };
        return types.sig(sig).params.len() > 1;
    }
    op.opcode == Opcode::MapReserveSized
}

fn named(module: &Module, name: impl Fn(&OpData) -> Option<Symbol>) -> BTreeSet<Symbol> {
    module.funcs.iter().flat_map(|func| func.walk().into_iter().filter_map(|op| name(&func.ops[op]))).collect()
}

/// Makes the variable that counts for a map, which `--metrics` serves; `what` is in its name.
fn counter(module: &mut Module, names: &SourceNames, map: &Symbol, what: &str) -> Symbol {
    let span = module.map(map).map_or_else(|| crate::bug!("no map @{map}"), |map| map.span);
    let taken = |name: &str| {
        module.globals.iter().any(|global| &*global.name == name)
            || module.funcs.iter().any(|func| &*func.name == name)
            || module.maps.iter().any(|map| &*map.name == name)
    };
    let mut name = format!("{map}__{what}");
    while taken(&name) {
        name.push('_');
    }
    let name = Symbol::from(name.as_str());
    let kind = GlobalKind::Var;
    module.globals.push(Global { name: name.clone(), ty: Ty::U64, init: vec![0; 8], kind, section: None, span });
    if module.tests.is_empty() && has_time(&module.funcs) {
        let docs = format!("What found no room in `{}`", names.of(map));
        let numbers = vec![MetricNumber { docs: String::new(), grows: true }];
        module.metrics.push(MetricDecl { of: name.clone(), key: Ty::VOID, docs, steps: None, numbers });
    }
    name
}

/// `m.dropped()` and `refused(m)` are the value of the counter.
fn read(func: &mut Function, types: &mut Types, op: OpId, counter: &Symbol) {
    let place = types.place(Ty::U64, Space::Global);
    let place = Builder::before(func, op, NAME).ks_global(counter, place);
    func.become_op(op, Opcode::KsLoad, vec![place], Vec::new());
}

/// Counts an output that failed.
fn count_output(func: &mut Function, types: &mut Types, op: OpId, counters: &Counters) {
    let Some(counter) = counters.get(MapOutput::of(&func.ops[op]).map()) else { return };
    let status = func.ops[op].results[0];
    let mut b = Builder::after(func, op, NAME);
    let zero = b.ks_const(0, Ty::I32);
    let failed = b.arith_cmp(status, zero, "lt", Ty::BOOL);
    let count = |b: &mut Builder<'_>| {
        add_one(b, types, counter);
        b.done();
    };
    b.either(failed, &[], count, |b| b.done());
}

/// Counts where a record was asked for and there is none.
fn count_reserve(func: &mut Function, types: &mut Types, op: OpId, counters: &Counters) {
    let Some(counter) = func.ops[op].map().and_then(|map| counters.get(map)) else { return };
    let record = func.ops[op].results[0];
    for &test in func.uses().users(record) {
        if func.ops[test].opcode != Opcode::KsIfSome {
            continue;
        }
        let none = func.only_block(KsIfSome::of(&func.ops[test]).none_region());
        let Some(&first) = func.blocks[none].ops.first() else { crate::bug!("a region without an end") };
        add_one(&mut Builder::before(func, first, NAME), types, counter);
    }
}

fn add_one(b: &mut Builder<'_>, types: &mut Types, counter: &Symbol) {
    let place = types.place(Ty::U64, Space::Global);
    let place = b.ks_global(counter, place);
    let one = b.ks_const(1, Ty::U64);
    b.mem_atomic(place, one, "add");
}

/// Reports counters of maps that may also be sent through under other names: as maps out of a map of maps.
fn check_counted(module: &Module, cx: &mut Session) {
    let sends = |op: &OpData| matches!(op.opcode, Opcode::MapOutput | Opcode::MapReserve | Opcode::MapReserveSized);
    check_bound(module, cx, (Opcode::MapDropped, "dropped"), (&sends, "through which is sent"));
}

/// Reports reads of a counter whose map may be counted under another name: one out of a map of maps, of the same kind and
/// value, that has ops which count. `how` is how these use it, for the message.
fn check_bound(
    module: &Module,
    cx: &mut Session,
    (read, counter): (Opcode, &str),
    (counts, how): (&dyn Fn(&OpData) -> bool, &str),
) {
    let used = named(module, |op| op.map().filter(|_| counts(op)).cloned());
    let taken_out = module.maps.iter().filter(|map| map.bound && used.contains(&map.name)).collect::<Vec<_>>();
    for func in &module.funcs {
        for op in func.walk().into_iter().map(|op| &func.ops[op]).filter(|op| op.opcode == read) {
            let Some(map) = op.map().and_then(|name| module.map(name)) else { continue };
            if taken_out.iter().any(|bound| bound.kind.name == map.kind.name && bound.value == map.value) {
                let name = cx.names.of(&map.name);
                let why = format!("does not count for `{name}`, which may be in a map of maps {how}");
                cx.error(op.loc.span, InnerMapCall { what: counter.to_owned(), why })
                    .help("send through the map by its own name, or count in a variable");
            }
        }
    }
}

/// Reports what is listened to in vain.
fn check_handlers(module: &Module, cx: &mut Session) {
    let handled = named(module, |op| (op.opcode == Opcode::MapOnEvent).then(|| MapOnEvent::of(op).map().clone()));
    for func in module.funcs.iter().filter(|func| func.targets.any(|on| !on.in_kernel)) {
        for op in func.walk().into_iter().map(|op| &func.ops[op]).filter(|op| op.opcode == Opcode::MapListen) {
            let name = MapListen::of(op).map();
            let Some(map) = module.map(name).filter(|_| !handled.contains(name)) else { continue };
            let value = cx.types.name(map.value);
            let similar = format!("{name}_callback");
            let name = cx.source_name(name);
            let error = cx.error(op.loc.span, NoHandler { name: name.clone() });
            if let Some(callback) = module.funcs.iter().find(|func| *func.name == *similar) {
                error.note(callback.name_span, format!("it does not take a `*{value}` and yield an `i32` or nothing"));
            }
            let declared = name.rsplit('.').next().unwrap_or_default();
            error.help(format!(
                "write `{name}.on_event(handler)`, or beside it a function `fn {declared}_callback(e: *{value}) -> i32`"
            ));
        }
    }
}

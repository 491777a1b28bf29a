//! `assign-ops`: `place op= value` becomes a load, an operation and a store, or one atomic operation.
//!
//! Takes `ks.assign_op`. Leaves `mem.atomic` for `+=` and `-=` on shared 32- and 64-bit integers, which the language
//! defines as atomic: BPF code's entries of maps that are not per CPU, arenas, and globals of both sides. Leaves plain
//! operations for the rest. `fetch_add` and the like also become plain operations on the stack and in packets: nobody
//! else changes that memory, and the kernel allows no atomic operations on it. After `maps` and `map-places`, which
//! make assignments with operators; before `numeric`, which expands divisions and shifts.

use super::analysis::pointees::{self, Pointees};
use super::analysis::pointer_sources::updates_of_packets;
use super::analysis::root;
use super::{Because, Changed, Pass, Run};
use crate::diag::codes::limits::{AtomicInPacket, NotAtomic};
use crate::diag::codes::refused::ArenaAtomic;
use crate::fold::ArithOp;
use crate::ir::ops::{KsAssignOp, KsGlobal, MemCompareExchange, MemFetch};
use crate::ir::{Builder, Function, Global, GlobalKind, Index, Module, OpId, Opcode, Symbol, Value};
use crate::kernels::FirstKernel;
use crate::session::Session;
use crate::tables::MAP_KINDS;
use crate::target::{Maps, Target};
use crate::types::{Origin, Space, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

const NAME: &str = "assign-ops";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Expand assignments with an operator",
    after: &[("maps", "makes assignments with an operator"), ("map-places", "makes assignments with an operator")],
    before: &[("numeric", "takes the divisions and shifts that this pass makes")],
    because: Because::Language,
    run: Run::Module(run),
};

/// The facts about the module that decide on an update.
struct Around<'m> {
    target: Option<Target>,
    globals: &'m [Global],
    index: &'m Index,
    pointees: Pointees,
    updates_of_packets: BTreeSet<(Symbol, OpId)>,
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let pointees = Pointees::of(module, &cx.types);
    let updates_of_packets = updates_of_packets(module, &cx.types, &pointees);
    let Module { target, globals, funcs, index, .. } = module;
    let around = Around { target: *target, globals, index, pointees, updates_of_packets };
    funcs.iter_mut().fold(Changed::No, |changed, func| changed.or(function(func, &around, cx)))
}

fn function(func: &mut Function, module: &Around<'_>, cx: &mut Session) -> Changed {
    let mut changed = Changed::No;
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        if opcode == Opcode::KsAssignOp {
            expand(func, module, cx, op);
            changed = Changed::Yes;
        } else if matches!(opcode, Opcode::MemFetch | Opcode::MemCompareExchange) {
            changed = changed.or(fetch(func, module, cx, op));
        }
    }
    changed
}

/// An atomic operation that yields the old value becomes a plain one where nobody else sees the place.
fn fetch(func: &mut Function, module: &Around<'_>, cx: &mut Session, op: OpId) -> Changed {
    let place = func.ops[op].operands[0];
    let TyKind::Place { of, space } = cx.types.kind(func.ty(place)) else { crate::bug!("an update of no place") };
    let alone = matches!(space, Space::Stack | Space::Packet)
        || (space == Space::Any && !is_shared(func, module, &cx.types, place, space));
    if !alone {
        refuse_packet(func, module, cx, op);
        refuse_arena(func, module, cx, op);
        return Changed::No;
    }
    let data = func.ops[op].clone();
    let mut b = Builder::before(func, op, NAME);
    let old = b.ks_load(place, of);
    let new = if data.opcode == Opcode::MemFetch {
        let view = MemFetch::of(&data);
        if view.op() == "exchange" { view.value() } else { operation(&mut b, view.op(), old, view.value(), of) }
    } else {
        let view = MemCompareExchange::of(&data);
        let expected = b.arith_cmp(old, view.expected(), "eq", Ty::BOOL);
        b.arith_select(expected, view.value(), old, of)
    };
    b.ks_store(place, new);
    func.replace_values(&HashMap::from([(data.results[0], old)]));
    func.erase(op);
    Changed::Yes
}

/// Whether a place is a part of a struct that does not promise the alignment. Such a part may lie in two cache lines, where
/// some processors refuse an atomic operation of the kernel's.
fn is_packed_field(func: &Function, types: &Types, place: Value, align: u64) -> bool {
    let Some(data) = func.def(place).map(|op| &func.ops[op]) else { return false };
    if !matches!(data.opcode, Opcode::KsField | Opcode::KsElem) {
        return false;
    }
    let base = data.operands[0];
    let TyKind::Place { of, .. } = types.kind(func.ty(base)) else { return false };
    let own = matches!(types.kind(of), TyKind::Struct(id) if types.struct_def(id).origin.is_own());
    own && types.align_of(of) < align || is_packed_field(func, types, base, align)
}

/// Reports an atomic update of what may be in the packet: the kernel has none there.
fn refuse_packet(func: &Function, module: &Around<'_>, cx: &mut Session, op: OpId) {
    if module.updates_of_packets.contains(&(func.name.clone(), op)) {
        cx.error(func.ops[op].loc.span, AtomicInPacket {})
            .help("use one variable for pointers into packets and another for those to what CPUs share");
    }
}

const ARENA_ATOMIC: &str = "an atomic operation in an arena";

/// The first kernel in which BPF code has atomic operations on arenas, if the object may meet older ones.
fn arena_lacks(module: &Around<'_>, cx: &Session, space: Space) -> Option<FirstKernel> {
    let arena = MAP_KINDS.iter().find(|kind| kind.is_arena()).filter(|_| space == Space::Arena && in_place(module))?;
    cx.options.lacks(arena.atomics)
}

/// Reports an atomic operation on an arena that kernels refuse.
fn refuse_arena(func: &Function, module: &Around<'_>, cx: &mut Session, op: OpId) {
    let data = &func.ops[op];
    let (span, space) = (data.loc.span, cx.types.space(func.ty(data.operands[0])).unwrap_or(Space::Any));
    if let Some(version) = arena_lacks(module, cx, space) {
        cx.needs_kernel(span, ARENA_ATOMIC.to_owned(), version);
    }
    let machine = cx.types.machine();
    let has = |word: &String| !machine.arena_lacks.contains(&word.as_str());
    let word = (data.opcode == Opcode::MemFetch).then(|| MemFetch::of(data).op().to_owned());
    if let Some(word) = word.filter(|word| space == Space::Arena && in_place(module) && !has(word)) {
        let machine = machine.name.to_string();
        cx.error(span, ArenaAtomic { word, machine })
            .help("repeat `compare_exchange` until it yields what it expected");
    }
}

/// Whether an update reaches the memory that others see. On the host an entry is a copy until it is written back.
fn in_place(module: &Around<'_>) -> bool {
    module.target.is_some_and(|target| target.facts().maps == Maps::InPlace)
}

fn expand(func: &mut Function, module: &Around<'_>, cx: &mut Session, op: OpId) {
    let view = KsAssignOp::of(&func.ops[op]);
    let (place, value, compute) = (view.place(), view.value(), view.compute());
    let word = view.op().to_owned();
    let TyKind::Place { of, space } = cx.types.kind(func.ty(place)) else { crate::bug!("an assignment to no place") };
    let types = &cx.types;
    let shared = matches!(word.as_str(), "add" | "sub") && is_shared(func, module, types, place, space);
    let packed = is_packed_field(func, types, place, types.align_of(of));
    let fits = !packed && matches!(types.kind(of), TyKind::Int { bits: 32 | 64, .. });
    let mut lacking = arena_lacks(module, cx, space);
    if let Some(version) = lacking.filter(|_| shared && fits && !cx.options.min_kernel_given) {
        cx.needs_kernel(func.ops[op].loc.span, ARENA_ATOMIC.to_owned(), version);
        lacking = None;
    }
    let types = &cx.types;
    let atomic = shared && fits && lacking.is_none();
    // A function of several targets warns once, for BPF.
    let warns = if in_place(module) {
        space != Space::Any && !is_locked(func, op)
    } else {
        !func.targets.any(|on| on.maps == Maps::InPlace)
    };
    if shared && !atomic && warns && types.as_int(of).is_some() {
        let ty = types.name(of);
        let help = match lacking.filter(|_| fits) {
            Some(version) => format!("from Linux {version} on it would be: `min_kernel \"{version}\"`"),
            None if packed => "a field of a packed struct never is".to_owned(),
            None => "a `u32` or `u64` is updated atomically".to_owned(),
        };
        cx.warn(func.ops[op].loc.span, NotAtomic { ty }).help(help);
    }
    if atomic {
        refuse_packet(func, module, cx, op);
    }
    let mut b = Builder::before(func, op, NAME);
    if atomic {
        // Modulo the place's width it makes no difference in which width the sum is computed.
        let mut value = cast(&mut b, value, of);
        if word == "sub" {
            let zero = b.ks_const(0, of);
            value = b.arith_sub(zero, value, of);
        }
        b.mem_atomic(place, value, "add");
    } else {
        let old = b.ks_load(place, of);
        let old = cast(&mut b, old, compute);
        let new = operation(&mut b, &word, old, value, compute);
        let new = cast(&mut b, new, of);
        b.ks_store(place, new);
    }
    func.erase(op);
}

fn cast(b: &mut Builder<'_>, value: Value, ty: Ty) -> Value {
    if b.func.ty(value) == ty { value } else { b.arith_cast(value, ty) }
}

fn operation(b: &mut Builder<'_>, word: &str, left: Value, right: Value, ty: Ty) -> Value {
    if let (Ty::F64, Some(op)) = (ty, ArithOp::from_word(word)) {
        return b.float_arith(op, left, right);
    }
    match word {
        "add" => b.arith_add(left, right, ty),
        "sub" => b.arith_sub(left, right, ty),
        "mul" => b.arith_mul(left, right, ty),
        "div" => b.ks_div(left, right, ty),
        "rem" => b.ks_rem(left, right, ty),
        "and" => b.arith_and(left, right, ty),
        "or" => b.arith_or(left, right, ty),
        "xor" => b.arith_xor(left, right, ty),
        "shl" => b.ks_shl(left, right, ty),
        "shr" => b.ks_shr(left, right, ty),
        other => crate::bug!("no assignment operator is called `{other}`"),
    }
}

/// Whether an op is under a lock.
fn is_locked(func: &Function, op: OpId) -> bool {
    func.around(op).is_some_and(|around| func.ops[around].opcode == Opcode::BpfLocked || is_locked(func, around))
}

/// Whether others may change the place at the same time.
fn is_shared(func: &Function, module: &Around<'_>, types: &Types, place: Value, space: Space) -> bool {
    let root = root(func, place);
    if space == Space::MapValue {
        return in_place(module);
    }
    if space == Space::Global {
        let global = root.filter(|&op| func.ops[op].opcode == Opcode::KsGlobal);
        return global.is_none_or(|op| {
            let name = KsGlobal::of(&func.ops[op]).global();
            let global = module.index.globals.find(module.globals, name);
            global.is_some_and(|global| global.section.is_some() && global.kind != GlobalKind::Local)
        });
    }
    // A pointer whose origin is not known. The kernel refuses atomic operations on packets, so not on their headers.
    let unknown = || in_place(module) && root.is_none_or(|op| may_be_shared(func, module, types, op));
    space == Space::Arena || space == Space::Any && unknown()
}

/// Whether a pointer that is followed may point to what others see; the kernel refuses atomic operations on packets.
fn may_be_shared(func: &Function, module: &Around<'_>, types: &Types, op: OpId) -> bool {
    let place = func.ops[op].results[0];
    let Some((to, _)) = pointees::followed(func, types, place) else { return true };
    let in_packet = matches!(types.kind(to), TyKind::Struct(id) if types.struct_def(id).origin == Origin::Packet);
    !in_packet && module.pointees.shared.contains(&to)
}

//! `packet`: lowers access to the packet to pointers and bounds checks.
//!
//! Takes `packet.len` and `packet.at`. Leaves `packet.start`/`packet.end` (loaded once for the whole function, unless
//! something in it moves the packet), pointer arithmetic, and `mem.some_if` for `optionals` to test, so it runs before
//! that. The check has the shape that the kernel's verifier follows:
//! - the pointer that was compared is the one that is used: one SSA value;
//! - a variable offset is bounded before it is added. The verifier learns nothing from a comparison with a pointer whose
//!   offset could exceed 0xffff, and refuses to add an offset that could be negative.
//!
//! A part of a packet may lie in pages: programs make linear what is near (`pull`), or copy a part where it is not linear
//! (`copies`), as the kernel lets them (`access`). The linear part is always accessed directly.
//!
//! A header that an earlier test covers gets no test of its own (`length_tests`): comparisons of the length with
//! constants become comparisons of pointers, from which the verifier learns.
//!
//! `programs.toml` says whether programs of a type access packets by pointers, and which forms see linear packets alone; `contexts.toml`
//! names the helpers for the rest. Where a part may not be linear, the pass `packet` follows its pointer (`packet/uses.rs`) and makes a
//! copy on the path on which it is not; behind each op that may write the copy, a helper writes the same bytes to the packet, and before a
//! read that another write may have reached, it copies again (`packet/writes.rs`). A pointer that cannot be followed is an error of
//! `packet-rules`, or makes a `@tc` program linearise the packet at its start.

mod access;
mod blocks;
pub mod bytes;
mod copies;
mod covered;
mod explained;
mod forgotten_lengths;
mod known_lengths;
mod length_tests;
mod loads;
mod offsets;
mod open_views;
mod pull;
pub mod rules;
mod shared;
mod uses;
mod views;
mod wider_tests;
mod writes;

use super::analysis::moving::Moving;
use super::{Because, Changed, Pass, Run};
use crate::fold::CompareOp;
use crate::ir::numbers::params;
use crate::ir::numbers::{Number, Numbers, SMALL_OFFSET, Writes};
use crate::ir::ops::PacketAt;
use crate::ir::{Attr, BlockId, Builder, Function, Module, OpId, Opcode, Value, ValueDef};
use crate::session::Session;
use crate::tables::workarounds;
use crate::types::{Space, Ty, Types};
use access::Access;
use copies::Plan;
use covered::Covered;
use length_tests::Tested;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wider_tests::Wider;

const NAME: &str = "packet";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Check the bounds of packet accesses",
    after: &[],
    before: &[
        ("optionals", "tests the optionals that this pass makes"),
        ("loop-form", "takes the structured loops outside of which this pass loads pointers"),
        ("assign-ops", "expands the assignments that this pass makes"),
    ],
    because: Because::Language,
    run: Run::Module(run),
};

/// `MAX_PACKET_OFF` of the kernel's verifier.
const MAX_OFFSET: u64 = 0xffff;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    // Before what makes packets linear: nothing lives then that it could end.
    let moving = Moving::of(module);
    let access = Access::of(module, &cx.types);
    let mut changed = open_views::untested(module, &mut cx.types, &moving, &access);
    if cx.options.works_around(workarounds::FORGOTTEN_LENGTHS) {
        let paged = std::iter::zip(&mut module.funcs, &access).filter(|(_, access)| access.paged);
        for (func, _) in paged {
            changed = changed.or(if forgotten_lengths::forget(func) { Changed::Yes } else { Changed::No });
        }
    }
    let plans = Plan::of(module, &cx.types, &access);
    pull::pull(module, cx, &plans);
    let params = params::of(module, &cx.types);
    for (((func, access), plan), params) in module.funcs.iter_mut().zip(access).zip(&plans).zip(&params) {
        let moves = moving.contains(&func.name);
        changed = changed.or(function(func, (moves, access, plan), params, cx));
    }
    changed
}

/// The largest values of a function's parameters, and the writes to its variables.
type Known<'a> = (&'a [Number], &'a Writes);

/// The packet's first byte and the byte after its last.
#[derive(Clone, Copy)]
struct Bounds {
    start: Value,
    end: Value,
}

fn function(
    func: &mut Function,
    (moves, access, plan): (bool, Access, &Plan),
    params: &[Number],
    cx: &mut Session,
) -> Changed {
    let types = &mut cx.types;
    let mut lowered = Vec::new();
    let folds = !moves && known_lengths::fold(func, types, &Tested::of(func, types, (&plan.far, &Wider::new())));
    let sizes = access::sizes(func, types, access) | folds;
    let loads = loads::lower(func, types);
    let accesses: Vec<OpId> = func
        .walk()
        .into_iter()
        .filter(|&op| matches!(func.ops[op].opcode, Opcode::PacketLen | Opcode::PacketAt))
        .collect();
    let mut by_ctx: BTreeMap<Value, Vec<OpId>> = BTreeMap::new();
    for &op in &accesses {
        by_ctx.entry(func.ops[op].operands[0]).or_default().push(op);
    }
    let byte = types.ptr(Ty::U8, Space::Packet, false);
    if !access.direct {
        lowered.extend(accesses.iter().filter_map(|&op| explained::access(func, types, (op, plan), access, false)));
        uses::accesses(func).collect::<Vec<_>>().into_iter().for_each(|op| copied(func, types, op, plan));
        cx.explain_all(lowered);
        return if accesses.is_empty() && !sizes && !loads { Changed::No } else { Changed::Yes };
    }
    let (tested, wider) = if moves { Default::default() } else { wider_tests::widened(func, types, &plan.far) };
    let covered = if moves { Covered::new() } else { covered::covered(func, types, params, &plan.far) };
    let mut pointers: HashMap<OpId, Value> = HashMap::new();
    let writes = Writes::of(func);
    for (ctx, accesses) in by_ctx {
        let shared =
            if moves || !at_entry(func, ctx) { None } else { Some(load(func, anchor(func, &accesses), ctx, byte)) };
        let unused = shared.map(|bounds| learn(func, &tested, ctx, bounds, byte)).unwrap_or_default();
        for op in accesses.into_iter().filter(|op| !unused.contains(op)) {
            let bounds = shared.unwrap_or_else(|| load(func, op, ctx, byte));
            if func.ops[op].opcode == Opcode::PacketLen {
                length(func, op, bounds);
            } else {
                let of = covered.get(&op).and_then(|&(of, further)| Some((*pointers.get(&of)?, further)));
                let is_there = of.is_some() || shared.is_some() && tested.accesses.contains(&op);
                lowered.extend(explained::access(func, types, (op, plan), access, is_there));
                let end = wider.get(&op).copied();
                let pointer = header(func, types, (op, plan), (bounds, byte), (is_there, end, (params, &writes)), of);
                pointers.insert(op, pointer);
            }
        }
    }
    cx.explain_all(lowered);
    if accesses.is_empty() && !sizes && !loads { Changed::No } else { Changed::Yes }
}

/// Whether a value is known in the whole function from its entry block on.
fn at_entry(func: &Function, value: Value) -> bool {
    match func.values[value].def {
        ValueDef::Arg(block, _) => block == func.entry(),
        ValueDef::Result(op, _) => func.ops[op].block == func.entry(),
    }
}

fn load(func: &mut Function, before: OpId, ctx: Value, byte: Ty) -> Bounds {
    let mut b = Builder::before(func, before, NAME);
    Bounds { start: b.packet_start(ctx, byte), end: b.packet_end(ctx, byte) }
}

/// The op before which to put what all `ops` use: in the innermost block that holds them all, outside loops.
fn anchor(func: &Function, ops: &[OpId]) -> OpId {
    let paths: Vec<Vec<(BlockId, OpId)>> = ops.iter().map(|&op| path(func, op)).collect();
    let mut level = 0;
    let block_at = |path: &Vec<(BlockId, OpId)>, level: usize| path.get(level).map(|&(block, _)| block);
    while let Some(block) = block_at(&paths[0], level + 1)
        && paths.iter().all(|path| block_at(path, level + 1) == Some(block))
    {
        level += 1;
    }
    let block = paths[0][level].0;
    let holders: BTreeSet<OpId> = paths.iter().map(|path| path[level].1).collect();
    let first = func.blocks[block].ops.iter().copied().find(|op| holders.contains(op));
    first.unwrap_or_else(|| crate::bug!("an op is in its block"))
}

/// The blocks around an op, outermost first, each with the op that holds it there; it ends at the first loop.
fn path(func: &Function, op: OpId) -> Vec<(BlockId, OpId)> {
    let mut path = Vec::new();
    let mut at = Some(op);
    while let Some(op) = at {
        if matches!(func.ops[op].opcode, Opcode::KsWhile | Opcode::KsFor) {
            path.clear();
        }
        let block = func.ops[op].block;
        path.push((block, op));
        at = func.regions[func.blocks[block].region].parent;
    }
    path.reverse();
    path
}

/// Comparisons that show the length become such of pointers; variables that hold the address of a header are read where
/// it is known to be there as that address. Yields the lengths that were only compared; they are gone.
fn learn(func: &mut Function, tested: &Tested, ctx: Value, bounds: Bounds, byte: Ty) -> BTreeSet<OpId> {
    let mut lengths = BTreeSet::new();
    for (&op, test) in tested.comparisons.iter().filter(|(_, test)| test.ctx == ctx) {
        lengths.insert(test.length);
        let mut b = Builder::before(func, op, NAME);
        let after = constant(&mut b, bounds, test.bytes.into(), byte);
        let pred = if test.outcome { CompareOp::Le } else { CompareOp::Gt };
        func.become_op(op, Opcode::ArithCmp, vec![after, bounds.end], vec![Attr::Word(pred.word().into())]);
    }
    let mut read = HashMap::new();
    for (&op, header) in tested.loads.iter().filter(|(_, header)| header.ctx == ctx) {
        let result = func.ops[op].results[0];
        let ty = func.ty(result);
        let mut b = Builder::before(func, op, NAME);
        let pointer = constant(&mut b, bounds, header.offset.into(), byte);
        read.insert(result, b.arith_cast(pointer, ty));
    }
    func.replace_values(&read);
    for (&op, _) in tested.loads.iter().filter(|(_, header)| header.ctx == ctx) {
        func.erase(op);
    }
    let uses = func.uses();
    lengths.retain(|&op| uses.users(func.ops[op].results[0]).is_empty());
    lengths.iter().for_each(|&op| func.erase(op));
    lengths
}

fn length(func: &mut Function, op: OpId, bounds: Bounds) {
    let mut b = Builder::before(func, op, NAME);
    let end = b.arith_cast(bounds.end, Ty::U64);
    let start = b.arith_cast(bounds.start, Ty::U64);
    let length = b.arith_sub(end, start, Ty::U64);
    func.become_op(op, Opcode::BpfWhole, vec![length], Vec::new());
}

/// A part of a packet into which no pointer leads.
fn copied(func: &mut Function, types: &mut Types, op: OpId, plan: &Plan) {
    let of = uses::part(func, types, op);
    let (pointer_type, found) = (types.ptr(of, Space::Packet, false), types.place(of, Space::Packet));
    let (inside, pointer) = match plan.far.contains_key(&op) {
        true => copies::or_copy(func, types, (op, plan), None, pointer_type),
        // It was reported.
        false => {
            let mut b = Builder::before(func, op, NAME);
            (b.ks_const(0, Ty::BOOL), b.ks_null(pointer_type))
        }
    };
    let place = Builder::before(func, op, NAME).ks_deref(pointer, found);
    func.become_op(op, Opcode::MemSomeIf, vec![inside, place], Vec::new());
}

/// `is_there`: it was tested before. `end`: the test asks for so much of the packet. `behind`: it begins so many bytes behind this pointer.
/// Yields the pointer.
fn header(
    func: &mut Function,
    types: &mut Types,
    (op, plan): (OpId, &Plan),
    (bounds, byte): (Bounds, Ty),
    (is_there, end, known_of): (bool, Option<u64>, Known),
    behind: Option<(Value, u64)>,
) -> Value {
    let offset = PacketAt::of(&func.ops[op]).offset();
    let of = uses::part(func, types, op);
    let found = types.place(of, Space::Packet);
    let size = types.size_of(of);
    let limit = MAX_OFFSET.saturating_sub(size);
    let known = func.known(types, offset);
    let pointer_type = types.ptr(of, Space::Packet, false);
    let mut b = Builder::before(func, op, NAME);
    let (inside, pointer) = match known {
        Some(offset) if (0..=i128::from(limit)).contains(&offset) => {
            let pointer = constant(&mut b, bounds, offset, byte);
            let size = end.map_or(size, |end| end.saturating_sub(offset as u64));
            let inside =
                if is_there { b.ks_const(1, Ty::BOOL) } else { ends_inside(&mut b, bounds, pointer, (size, byte)) };
            (inside, b.arith_cast(pointer, pointer_type))
        }
        Some(_) => (b.ks_const(0, Ty::BOOL), b.arith_cast(bounds.start, pointer_type)),
        None if let Some((start, further)) = behind => {
            let pointer = constant(&mut b, Bounds { start, ..bounds }, further.into(), byte);
            (b.ks_const(1, Ty::BOOL), b.arith_cast(pointer, pointer_type))
        }
        None => variable(&mut b, types, bounds, (offset, known_of), (size, pointer_type, byte)),
    };
    let (inside, pointer) = match plan.far.contains_key(&op) && !is_there {
        true => copies::or_copy(func, types, (op, plan), Some((inside, pointer)), pointer_type),
        false => (inside, pointer),
    };
    let place = Builder::before(func, op, NAME).ks_deref(pointer, found);
    func.become_op(op, Opcode::MemSomeIf, vec![inside, place], Vec::new());
    pointer
}

fn constant(b: &mut Builder<'_>, bounds: Bounds, offset: i128, byte: Ty) -> Value {
    if offset == 0 {
        return bounds.start;
    }
    let offset = b.ks_const(offset, Ty::U64);
    b.mem_ptr_add(bounds.start, offset, byte)
}

/// Whether so many bytes at a pointer are in the packet.
fn ends_inside(b: &mut Builder<'_>, bounds: Bounds, pointer: Value, (size, byte): (u64, Ty)) -> Value {
    let size = b.ks_const(i128::from(size), Ty::U64);
    let after = b.mem_ptr_add(pointer, size, byte);
    b.arith_cmp(after, bounds.end, "le", Ty::BOOL)
}

/// Whether so many bytes at an offset are in the packet, and the pointer to them. The verifier follows each addition to a pointer,
/// so an offset is added only where it is within the limit.
fn variable(
    b: &mut Builder<'_>,
    types: &Types,
    bounds: Bounds,
    (offset, (params, writes)): (Value, Known),
    (size, pointer_type, byte): (u64, Ty, Ty),
) -> (Value, Value) {
    let ranges = Numbers::with_writes(b.func, types, Cow::Borrowed(writes)).with_params(params);
    let near = |&(_, constant): &(Value, u64)| constant <= MAX_OFFSET.saturating_sub(size);
    let (offset, constant) = Some(offsets::split(b.func, types, &ranges, offset)).filter(near).unwrap_or((offset, 0));
    let limit = MAX_OFFSET.saturating_sub(size.saturating_add(constant));
    let largest = ranges.largest(offset).filter(|&largest| largest <= limit);
    let ty = b.func.ty(offset);
    let Some((bits, _)) = types.as_int(ty) else { crate::bug!("an offset is an integer") };
    // A negative offset is far beyond the end.
    let mut offset = offset;
    for wider in [types.int(bits, false), Ty::U64] {
        if b.func.ty(offset) != wider {
            offset = b.arith_cast(offset, wider);
        }
    }
    let add = |b: &mut Builder<'_>, offset: Value, largest: u64| {
        let start = b.bpf_advance(bounds.start, offset, largest.into(), byte);
        let pointer = self::constant(b, Bounds { start, ..bounds }, constant.into(), byte);
        let inside = ends_inside(b, bounds, pointer, (size, byte));
        (inside, b.arith_cast(pointer, pointer_type))
    };
    if let Some(largest) = largest.filter(|&largest| (largest.max(SMALL_OFFSET) + 1).next_power_of_two() <= limit + 1) {
        return add(b, offset, largest);
    }
    let offset = b.bpf_own(offset, Ty::U64);
    let most = b.ks_const(limit.into(), Ty::U64);
    let bounded = b.arith_cmp(offset, most, "le", Ty::BOOL);
    let access = |b: &mut Builder<'_>| {
        // It stays as it is. On a path that is never taken a verifier may know of a number that it is at least 30 and at most 26
        // (seen on 6.1), and does not take the sum for an address then; a mask reconciles the two.
        let offset = b.bpf_clamp(offset, MAX_OFFSET.into(), Ty::U64);
        let (inside, pointer) = add(b, offset, MAX_OFFSET);
        b.ks_yield(&[inside, pointer]);
    };
    let beyond = |b: &mut Builder<'_>| {
        let (no, none) = (b.ks_const(0, Ty::BOOL), b.ks_null(pointer_type));
        b.ks_yield(&[no, none]);
    };
    let either = b.either(bounded, &[Ty::BOOL, pointer_type], access, beyond);
    let results = &b.func.ops[either].results;
    (results[0], results[1])
}

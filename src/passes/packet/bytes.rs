//! `packet-bytes`: reads of packets in loops take blocks of many bytes.
//!
//! Takes `packet.byte` and `packet.block`. A loop over the bytes of a view would look for the end of the packet before each, and be a callback
//! for each. It becomes a loop over blocks, in which a plain loop reads the bytes of a block, if the verifier can walk as many iterations, and
//! the body neither writes to the packet nor calls anything: a call takes longer than the read of a byte, and leaves the verifier more states.
//! The inner loop works on copies of the variables that are numbers, which stay in registers. Other bytes are read one by one. Before
//! `loop-form`, which chooses forms by the size of what this pass leaves.

use super::access::Access;
use super::{blocks, load};
use crate::fold::CompareOp;
use crate::ir::numbers::{LONGEST_PACKET, Numbers};
use crate::ir::ops::{ArithAdd, KsFor, PacketBlock, PacketByte};
use crate::ir::{Builder, Exit, Function, Loc, Module, OpId, Opcode, RegionId, Value, ValueDef};
use crate::passes::loops::{first_iterations, loop_form};
use crate::passes::{Because, Changed, Pass, Run};
use crate::session::Session;
use crate::tables::{OpTrait, workarounds};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap};

/// The name of the pass, which is also in the places of the loops that it makes.
pub const NAME: &str = "packet-bytes";

pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Read the bytes of packets by blocks",
    after: &[
        ("packet", "lowers the other accesses"),
        ("assign-ops", "gives bodies the size that they keep"),
        ("elements", "would repeat accesses for each byte of a block"),
    ],
    before: &[("loop-form", "chooses the form of the loops that this pass makes")],
    because: Because::Language,
    run: Run::Module(run),
};

/// The largest block, and the operations that the verifier may walk for one.
const LARGEST: u64 = 64;
const SMALLEST: u64 = 8;
const WALKED: u64 = 1 << 11;
/// The bytes of the stack that a function's variables and its blocks have together, if there are blocks.
const STACK: u64 = 320;
/// The most such loops of a module, each as often as its function is walked: one can take a tenth of what the verifier walks at all.
const MOST: u64 = 4;
/// The same from 6.12 on, where the loop over blocks is an open-coded iterator: there 6.12 joins fewer states, and walks three such loops whose
/// branches depend on their numbers more than a million times.
const MOST_OF_ITERATORS: u64 = 2;

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let traced = cx.options.works_around(workarounds::TRACED_LOOPS);
    let types = &mut cx.types;
    let access = Access::of(module, types);
    let times: Vec<u64> = module.funcs.iter().map(|func| times_walked(module, func)).collect();
    let mut left = if traced { MOST } else { MOST_OF_ITERATORS };
    let mut changed = Changed::No;
    for ((func, access), times) in module.funcs.iter_mut().zip(access).zip(times) {
        // Kernels before 6.12 walk such a loop up to 60 times as often.
        if times > 0 && !(traced && times > 1) {
            in_blocks(func, types, times, &mut left);
        }
        let reads = func.walk().into_iter();
        let reads: Vec<OpId> =
            reads.filter(|&op| matches!(func.ops[op].opcode, Opcode::PacketByte | Opcode::PacketBlock)).collect();
        let byte = types.ptr(Ty::U8, Space::Packet, false);
        for op in reads {
            changed = Changed::Yes;
            let is_block = func.ops[op].opcode == Opcode::PacketBlock;
            let ctx = if is_block { PacketBlock::of(&func.ops[op]).ctx() } else { PacketByte::of(&func.ops[op]).ctx() };
            let direct = access.direct.then(|| (load(func, op, ctx, byte), byte));
            if is_block {
                blocks::lower(func, types, op, direct);
            } else {
                blocks::lower_byte(func, types, op, direct, access);
            }
        }
    }
    changed
}

/// How often the verifier walks a function that reads bytes of packets; 0 for others.
fn times_walked(module: &Module, func: &Function) -> u64 {
    if func.ids_of(Opcode::PacketByte).next().is_some() { loop_form::times_walked(module, &func.name) } else { 0 }
}

/// A loop over bytes.
struct Walk {
    op: OpId,
    reads: Vec<OpId>,
    ctx: Value,
    /// Where in the packet the byte of index 0 is; none if that is the first byte.
    base: Option<Value>,
    /// The bytes of a block.
    size: u64,
}

/// `times`: how often the verifier walks the function. `left`: how many walks there may still be.
fn in_blocks(func: &mut Function, types: &mut Types, times: u64, left: &mut u64) {
    let loops: Vec<OpId> = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::KsFor).collect();
    let mut room = STACK.saturating_sub(variables(func, types));
    let mut walks = Vec::new();
    for op in loops {
        if times <= *left
            && let Some(walk) = Walk::of(func, types, op, room.min(LARGEST))
        {
            room -= walk.size;
            *left -= times;
            walks.push(walk);
        }
    }
    let numbers = first_iterations::numbers(func, types);
    let mut values = HashMap::new();
    for walk in walks {
        let copied = first_iterations::copied(func, walk.op, KsFor::of(&func.ops[walk.op]).body_region(), &numbers);
        walk.split(func, types, &copied, &mut values);
    }
    func.replace_values(&values);
}

/// The bytes of a function's variables.
fn variables(func: &Function, types: &Types) -> u64 {
    let size = |op: OpId| {
        let TyKind::Place { of, .. } = types.kind(func.ty(func.ops[op].results[0])) else { return 0 };
        types.size_of(of)
    };
    func.ids_of(Opcode::KsVar).map(size).fold(0, u64::saturating_add)
}

impl Walk {
    /// None if a loop is no such one. `room`: the bytes that a block may have.
    fn of(func: &Function, types: &Types, op: OpId, room: u64) -> Option<Walk> {
        let view = KsFor::of(&func.ops[op]);
        let body = view.body_region();
        let index = func.blocks[func.only_block(body)].args[0];
        if func.known(types, view.low()) != Some(0) || view.inclusive() || func.ty(index) != Ty::U64 {
            return None;
        }
        let mut inside = Vec::new();
        func.walk_region(body, &mut inside);
        let own: BTreeSet<OpId> = inside.iter().copied().collect();
        let is_outer = |value: Value| match func.values[value].def {
            ValueDef::Result(def, _) => !own.contains(&def),
            ValueDef::Arg(block, _) => {
                block != func.only_block(body)
                    && func.regions[func.blocks[block].region].parent.is_none_or(|parent| !own.contains(&parent))
            }
        };
        let base = |read: OpId| {
            let offset = PacketByte::of(&func.ops[read]).offset();
            if offset == index {
                return Some(None);
            }
            let sum = &func.ops[func.def(offset)?];
            if sum.opcode != Opcode::ArithAdd {
                return None;
            }
            let sum = ArithAdd::of(sum);
            let base = if sum.right() == index { sum.left() } else { sum.right() };
            ([sum.left(), sum.right()].contains(&index) && is_outer(base)).then_some(Some(base))
        };
        let all = inside.iter().copied().filter(|&op| func.ops[op].opcode == Opcode::PacketByte);
        let reads: Vec<(OpId, Option<Value>)> = all.filter_map(|read| Some((read, base(read)?))).collect();
        let &(first, base) = reads.first()?;
        let ctx = PacketByte::of(&func.ops[first]).ctx();
        let is_same =
            |&&(read, other): &&(OpId, Option<Value>)| other == base && PacketByte::of(&func.ops[read]).ctx() == ctx;
        let reads: Vec<OpId> = reads.iter().filter(is_same).map(|&(read, _)| read).collect();
        if !is_outer(ctx) || inside.iter().any(|&op| calls_or_writes(func, types, op)) {
            return None;
        }
        let most = Numbers::of(func, types).largest(view.high()).unwrap_or(LARGEST).clamp(1, LARGEST);
        let mut size = most.next_power_of_two();
        while size > room || !loop_form::can_follow_forgetting(func, types, body, (size, WALKED)) {
            size /= 2;
            if size < SMALLEST {
                return None;
            }
        }
        Some(Walk { op, reads, ctx, base, size })
    }

    /// Makes the loop one over blocks, with a plain loop over the bytes of each. `values`: what takes the place of others.
    fn split(
        self,
        func: &mut Function,
        types: &mut Types,
        copied: &BTreeSet<Value>,
        values: &mut HashMap<Value, Value>,
    ) {
        let view = KsFor::of(&func.ops[self.op]);
        let (high, body) = (view.high(), view.body_region());
        let loc = func.ops[self.op].loc;
        let breaks = func.exits(body).into_iter().filter(|(_, exit)| *exit == Exit::Break);
        let breaks: Vec<OpId> = breaks.map(|(end, _)| end).collect();
        let mut b = Builder::before(func, self.op, NAME);
        let (most, round) = (b.ks_const(LONGEST_PACKET - 1, Ty::U64), b.ks_const(i128::from(self.size) - 1, Ty::U64));
        let (zero, bits) = (b.ks_const(0, Ty::U64), b.ks_const(self.size.ilog2().into(), Ty::U64));
        let length = b.arith_and(high, most, Ty::U64);
        let rounded = b.arith_add(length, round, Ty::U64);
        let blocks = b.arith_shr(rounded, bits, Ty::U64);
        let (outer, outer_block) = b.region(&[Ty::U64]);
        b.loc = loc;
        b.ks_for(zero, blocks, false, vec![outer]);
        let number = func.blocks[outer_block].args[0];
        let mut b = Builder::at_end(func, outer_block, Loc { made_by: Some(NAME), ..loc });
        let at = b.arith_shl(number, bits, Ty::U64);
        let rest = b.arith_sub(length, at, Ty::U64);
        let size = b.ks_const(self.size.into(), Ty::U64);
        let is_less = b.arith_cmp(rest, size, CompareOp::Lt.word(), Ty::BOOL);
        let count = b.arith_select(is_less, rest, size, Ty::U64);
        let from = self.base.map_or(at, |base| b.arith_add(base, at, Ty::U64));
        let array = types.array(Ty::U8, self.size);
        let (place, address) = (types.place(array, Space::Packet), types.ptr(array, Space::Packet, false));
        let byte = types.ptr(Ty::U8, Space::Packet, false);
        let block = b.packet_block(self.ctx, from, count, place);
        let block = b.ks_addr(block, address);
        let block = b.arith_cast(block, byte);
        // LLVM would end the inner loop at the smaller of both ends, which the verifier does not know.
        let hidden = b.bpf_forget(count, Ty::U64);
        let flag = types.place(Ty::BOOL, Space::Stack);
        let left = (!breaks.is_empty()).then(|| {
            let left = b.ks_var(b"left", flag);
            let no = b.ks_const(0, Ty::BOOL);
            b.ks_store(left, no);
            left
        });
        let copies: Vec<(Value, Value, Ty)> = copied
            .iter()
            .map(|&variable| {
                let place = b.func.ty(variable);
                let TyKind::Place { of, .. } = types.kind(place) else { crate::bug!("a variable is a place") };
                let copy = b.ks_var(b"copy", place);
                let value = b.ks_load(variable, of);
                b.ks_store(copy, value);
                (variable, copy, of)
            })
            .collect();
        b.ks_for(zero, size, false, vec![body]);
        for &(variable, copy, of) in &copies {
            let value = b.ks_load(copy, of);
            b.ks_store(variable, value);
        }
        if let Some(left) = left {
            let left = b.ks_load(left, Ty::BOOL);
            let leave = |b: &mut Builder<'_>| {
                b.ks_break();
            };
            b.either(left, &[], leave, |b| b.done());
        }
        b.done();
        let copies = copies.into_iter().map(|(variable, copy, _)| (variable, copy)).collect();
        first_iterations::replace_in(func, body, &copies);
        for end in breaks {
            let mut b = Builder::before(func, end, NAME);
            let yes = b.ks_const(1, Ty::BOOL);
            left.into_iter().for_each(|left| {
                b.ks_store(left, yes);
            });
        }
        self.read(func, types, body, (at, block, hidden), values);
        func.erase(self.op);
    }

    /// Makes a body read the bytes of a block.
    fn read(
        &self,
        func: &mut Function,
        types: &mut Types,
        body: RegionId,
        (at, block, count): (Value, Value, Value),
        values: &mut HashMap<Value, Value>,
    ) {
        let holder = func.only_block(body);
        let index = func.blocks[holder].args[0];
        func.blocks[holder].args.clear();
        let inner = func.add_block_arg(holder, Ty::U64);
        let Some(&first) = func.blocks[holder].ops.first() else { crate::bug!("a region without an end") };
        let mut b = Builder::before(func, first, NAME);
        let more = b.arith_cmp(inner, count, CompareOp::Lt.word(), Ty::BOOL);
        let leave = |b: &mut Builder<'_>| {
            b.ks_break();
        };
        b.either(more, &[], |b| b.done(), leave);
        values.insert(index, b.arith_add(at, inner, Ty::U64));
        let (byte, place) = (types.ptr(Ty::U8, Space::Packet, false), types.place(Ty::U8, Space::Packet));
        for &read in &self.reads {
            let mut b = Builder::before(func, read, NAME);
            let pointer = b.mem_ptr_add(block, inner, byte);
            let part = b.ks_deref(pointer, place);
            func.become_op(read, Opcode::KsLoad, vec![part], Vec::new());
        }
    }
}

/// Whether an op calls a function or a helper, or may write to the packet.
fn calls_or_writes(func: &Function, types: &Types, op: OpId) -> bool {
    let data = &func.ops[op];
    let to_packet = |value: Value| {
        let kind = types.kind(func.ty(value));
        let (TyKind::Place { space, .. } | TyKind::Ptr { space, .. }) = kind else { return false };
        matches!(space, Space::Packet | Space::Any | Space::Ctx)
    };
    let writes = data.opcode.has(OpTrait::WritesMemory)
        && data.operands.iter().enumerate().any(|(at, &value)| data.may_write(at) && to_packet(value));
    data.opcode.has(OpTrait::Calls) || writes || data.moves_packet()
}

//! Parts of packets that may lie in pages: where one is not directly accessible, a helper copies it to a variable, and another one copies
//! writes to the variable back to the packet.
//!
//! A copy has the bytes of the packet as long as it is used: behind each op that may write it, the bytes that were written go to
//! the packet; before an op that reads it behind a write to another part that may overlap it, they are copied again.

use super::NAME;
use super::access::{self, Access};
use super::shared::{self, Variable};
use super::uses::{Followed, Follower, Use, accesses, is_around, part};
use super::writes::{Write, Writing, given_twice, overlap, range};
use crate::fold::CompareOp;
use crate::ir::numbers::Numbers;
use crate::ir::ops::{KsVar, PacketAt};
use crate::ir::{Builder, Function, Module, OpData, OpId, Opcode, Value};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::{BTreeMap, BTreeSet};

/// The lowering of the packet accesses of one function.
#[derive(Default)]
pub struct Plan {
    /// The accesses that copy, each with what becomes of it.
    pub far: BTreeMap<OpId, Followed>,
    /// Some access can do with the linear packet alone.
    pub whole: bool,
    /// The ops at which pointers go where no copy can follow, with programs that cannot make the packet linear.
    pub kept: Vec<OpId>,
    /// The writes through the pointers of all accesses.
    pub writes: Vec<Write>,
    /// For each access that copies, the ops before which it must copy again.
    again: BTreeMap<OpId, Vec<Use>>,
    /// The variables of copies that share them.
    shared: BTreeMap<OpId, Variable>,
}

impl Plan {
    /// The plan of each function of a module.
    pub fn of(module: &Module, types: &Types, access: &[Access]) -> Vec<Plan> {
        let follower = Follower::new(module, types);
        let mut followed = Vec::new();
        let mut writes: Vec<Vec<Write>> = Vec::new();
        for (at, func) in module.funcs.iter().enumerate() {
            let all: BTreeMap<OpId, Followed> = accesses(func).map(|op| (op, follower.access(at, op))).collect();
            writes.push(all.iter().flat_map(|(&op, found)| Write::of_access(func, types, op, found)).collect());
            followed.push(all);
        }
        let writing = Writing::of(module, &writes);
        let mut plans = Vec::new();
        for (((func, followed), writes), &access) in module.funcs.iter().zip(followed).zip(writes).zip(access) {
            let plan = Plan { writes, ..Plan::default() };
            plans.push(plan.decided((func, types), access, followed, &writing));
        }
        plans
    }

    fn decided(
        mut self,
        (func, types): (&Function, &Types),
        access: Access,
        followed: BTreeMap<OpId, Followed>,
        writing: &Writing<'_>,
    ) -> Plan {
        let ranges = Numbers::of(func, types);
        for (&op, found) in &followed {
            let context = access::context(func, types, PacketAt::of(&func.ops[op]).ctx());
            let is_near = access.direct && near_end(func, types, &ranges, op, access.near).is_some();
            let Some(context) = context.filter(|context| access.paged && context.load.is_some() && !is_near) else {
                continue;
            };
            let kept = found.kept.or_else(|| writing.passed((func, types), op, found));
            let kept = kept.or_else(|| given_twice((func, types), op, &followed));
            if kept.is_none() && (found.writes.is_empty() || context.store.is_some()) {
                self.far.insert(op, found.clone());
            } else {
                self.whole = true;
                self.kept.extend(kept.filter(|_| !access.pulls));
            }
        }
        self.again = again(func, types, &self, writing);
        let is_read = |op: &OpId| self.again.get(op).is_none_or(Vec::is_empty);
        let only_read = self.far.iter().filter(|&(op, found)| found.writes.is_empty() && is_read(op));
        let copied = only_read.map(|(&op, found)| (op, found, types.size_of(held(func, types, op, found).0)));
        self.shared = shared::variables(func, &copied.collect::<Vec<_>>());
        self
    }
}

/// The reads of copies that may be behind a write to other parts. A write reads the copy if it may
/// leave bytes of it as they are that go to the packet all the same: if it is not known which bytes it writes, or to which copy.
fn again(func: &Function, types: &Types, plan: &Plan, writing: &Writing<'_>) -> BTreeMap<OpId, Vec<Use>> {
    let mut found = BTreeMap::new();
    if plan.far.is_empty() {
        return found;
    }
    let order: BTreeMap<OpId, usize> = func.walk().into_iter().enumerate().map(|(at, op)| (op, at)).collect();
    let mut writes = plan.writes.clone();
    for &op in order.keys() {
        writes.extend(writing.at(&func.ops[op]).into_iter().map(|bytes| Write { op, access: None, bytes }));
    }
    for (&access, followed) in &plan.far {
        let is_other = |op| plan.writes.iter().any(|write| write.op == op && write.access != Some(access));
        let is_unsure = |&&(op, bytes): &&Use| bytes.is_none() || is_other(op);
        let stored: BTreeSet<OpId> = followed.writes.iter().filter(is_unsure).map(|&(op, _)| op).collect();
        let reads = followed.reads.iter().copied().filter(|(op, _)| !stored.contains(op));
        let reads = reads.chain(stored.iter().map(|&op| (op, None)));
        let behind = |read: &Use| {
            let bytes = range(func, types, access, read.1);
            writes.iter().any(|write| {
                let in_loop = func.loops(write.op).any(|around| func.is_inside(read.0, around));
                let after = order[&write.op] > order[&access] && order[&write.op] < order[&read.0];
                write.access != Some(access) && (after || in_loop) && overlap(bytes, write.bytes)
            })
        };
        found.insert(access, reads.filter(behind).collect());
    }
    found
}

/// The end of a part, if it is near.
pub fn near_end(func: &Function, types: &Types, ranges: &Numbers<'_>, op: OpId, limit: u64) -> Option<u64> {
    let offset = PacketAt::of(&func.ops[op]).offset();
    let largest = match func.known(types, offset) {
        Some(offset) => u64::try_from(offset).ok()?,
        None => ranges.largest(offset)?,
    };
    largest.checked_add(types.size_of(part(func, types, op))).filter(|&end| end <= limit)
}

/// The variables of an access that copies.
struct Copy {
    /// The bytes.
    slot: Value,
    /// Whether they were copied, and from where.
    taken: Option<(Value, Value)>,
}

/// A part that may not be linear: where it is not, a copy of it. `direct` is whether it is, and the pointer where it would be; none
/// if no pointer may lead there. Yields whether the part is there, and a pointer of type `ty`.
pub fn or_copy(
    func: &mut Function,
    types: &mut Types,
    (op, plan): (OpId, &Plan),
    direct: Option<(Value, Value)>,
    ty: Ty,
) -> (Value, Value) {
    let of = part(func, types, op);
    let view = PacketAt::of(&func.ops[op]);
    let (ctx, offset) = (view.ctx(), view.offset());
    let (held, before) = plan.far.get(&op).map_or((of, 0), |found| held(func, types, op, found));
    let copy = variables(func, types, op, plan, held);
    let (address, size) = (types.ptr(held, Space::Stack, false), i128::from(types.size_of(held)));
    let TyKind::Place { of: own, .. } = types.kind(func.ty(copy.slot)) else { crate::bug!("a variable is a place") };
    let slot_address = types.ptr(own, Space::Stack, false);
    let mut b = Builder::before(func, op, NAME);
    let mut copied = |b: &mut Builder<'_>| {
        // The helper takes 32 bits, and nothing at an offset that needs the highest.
        let most = b.ks_const(i128::from(u64::from(u32::MAX) - before), Ty::U64);
        let wide = if b.func.ty(offset) == Ty::U64 { offset } else { b.arith_cast(offset, Ty::U64) };
        let small = b.arith_cmp(wide, most, CompareOp::Lt.word(), Ty::BOOL);
        let offset = b.arith_select(small, wide, most, Ty::U64);
        let mut offset = b.arith_cast(offset, Ty::U32);
        if before > 0 {
            let before = b.ks_const(before.into(), Ty::U32);
            offset = b.arith_add(offset, before, Ty::U32);
        }
        let own = b.ks_addr(copy.slot, slot_address);
        let address = if slot_address == address { own } else { b.arith_cast(own, address) };
        let size = b.ks_const(size, Ty::U32);
        let status = access::copy(b, types, ctx, [offset, address, size]);
        let zero = b.ks_const(0, Ty::I64);
        let read = b.arith_cmp(status, zero, CompareOp::Eq.word(), Ty::BOOL);
        if let Some((taken, from)) = copy.taken {
            b.ks_store(from, offset);
            b.ks_store(taken, read);
        }
        (read, b.arith_cast(address, ty))
    };
    let Some((inside, pointer)) = direct else { return copied(&mut b) };
    let linear = |b: &mut Builder<'_>| {
        let (yes, no) = (b.ks_const(1, Ty::BOOL), b.ks_const(0, Ty::BOOL));
        if let Some((taken, _)) = copy.taken {
            b.ks_store(taken, no);
        }
        b.ks_yield(&[yes, pointer]);
    };
    let paged = |b: &mut Builder<'_>| {
        let (read, pointer) = copied(b);
        b.ks_yield(&[read, pointer]);
    };
    let either = b.either(inside, &[Ty::BOOL, ty], linear, paged);
    let results = &b.func.ops[either].results;
    let found = (results[0], results[1]);
    if let Some(taken) = copy.taken {
        keep(func, types, (op, plan), (copy.slot, taken));
    }
    found
}

/// What is copied of a part, and how many bytes of the part are before that: if nothing reads or writes the part, its last byte is enough to
/// show that it is there.
fn held(func: &Function, types: &Types, op: OpId, found: &Followed) -> (Ty, u64) {
    let of = part(func, types, op);
    let is_used = !found.reads.is_empty() || !found.writes.is_empty();
    if is_used { (of, 0) } else { (Ty::U8, types.size_of(of).saturating_sub(1)) }
}

/// The variable of a copy that shares it, at the start of the body of the loop around, or of the function.
fn shared(func: &mut Function, types: &mut Types, op: OpId, Variable { number, words }: Variable) -> Value {
    let name = format!("copy{number}");
    let mut inside = op;
    while let Some(around) = func.around(inside).filter(|&around| !func.ops[around].opcode.is_loop()) {
        inside = around;
    }
    let block = func.ops[inside].block;
    let is_shared = |data: &OpData| data.opcode == Opcode::KsVar && data.loc.made_by == Some(NAME);
    let mut own = func.blocks[block].ops.iter().map(|&op| &func.ops[op]).filter(|data| is_shared(data));
    if let Some(found) = own.find(|data| KsVar::of(data).name() == name.as_bytes()) {
        return found.results[0];
    }
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let words = types.array(Ty::U64, words);
    let place = types.place(words, Space::Stack);
    Builder::before(func, first, NAME).ks_var(name.as_bytes(), place)
}

/// The variables are declared where all uses of the part see them.
fn variables(func: &mut Function, types: &mut Types, op: OpId, plan: &Plan, of: Ty) -> Copy {
    let again = plan.again.get(&op).into_iter().flatten();
    let followed = plan.far.get(&op);
    let uses: Vec<OpId> = again.chain(followed.into_iter().flat_map(|f| &f.writes)).map(|&(op, _)| op).collect();
    let place = types.place(of, Space::Stack);
    if let Some(&variable) = plan.shared.get(&op) {
        return Copy { slot: shared(func, types, op, variable), taken: None };
    }
    if uses.is_empty() {
        return Copy { slot: Builder::before(func, op, NAME).ks_var(b"copy", place), taken: None };
    }
    let (flag, number) = (types.place(Ty::BOOL, Space::Stack), types.place(Ty::U32, Space::Stack));
    let near = uses.iter().all(|&user| is_around(func, op, user));
    let before = func.blocks[func.entry()].ops.first().copied().filter(|_| !near).unwrap_or(op);
    let mut b = Builder::before(func, before, NAME);
    let slot = b.ks_var(b"copy", place);
    let (taken, from) = (b.ks_var(b"copied", flag), b.ks_var(b"copied_from", number));
    let (no, zero) = (b.ks_const(0, Ty::BOOL), b.ks_const(0, Ty::U32));
    b.ks_store(taken, no);
    b.ks_store(from, zero);
    Copy { slot, taken: Some((taken, from)) }
}

/// Keeps a copy and the packet equal: `taken` is whether it was copied, and from where.
fn keep(
    func: &mut Function,
    types: &mut Types,
    (op, plan): (OpId, &Plan),
    (slot, (taken, from)): (Value, (Value, Value)),
) {
    let ctx = PacketAt::of(&func.ops[op]).ctx();
    let context = access::context(func, types, ctx);
    let of = part(func, types, op);
    let whole = (0, types.size_of(of));
    let (address, byte) = (types.ptr(of, Space::Stack, false), types.ptr(Ty::U8, Space::Stack, false));
    let transfer = |b: &mut Builder<'_>, helper: &'static str, bytes: Option<(u64, u64)>| {
        let taken = b.ks_load(taken, Ty::BOOL);
        let (start, size) = bytes.unwrap_or(whole);
        let call = |b: &mut Builder<'_>| {
            let (from, start32) = (b.ks_load(from, Ty::U32), b.ks_const(start.into(), Ty::U32));
            let from = b.arith_add(from, start32, Ty::U32);
            let to = b.ks_addr(slot, address);
            let (to, start) = (b.arith_cast(to, byte), b.ks_const(start.into(), Ty::U64));
            let to = b.mem_ptr_add(to, start, byte);
            let size = b.ks_const(size.into(), Ty::U32);
            b.bpf_helper(&[ctx, from, to, size], &helper.into(), &[Ty::I64]);
            b.done();
        };
        b.either(taken, &[], call, |b| b.done());
    };
    let load = context.and_then(|context| context.load);
    for &(read, bytes) in plan.again.get(&op).into_iter().flatten() {
        if let Some(load) = load {
            transfer(&mut Builder::before(func, read, NAME), load, bytes);
        }
    }
    let store = context.and_then(|context| context.store);
    for &(write, bytes) in plan.far.get(&op).into_iter().flat_map(|followed| &followed.writes) {
        if let Some(store) = store {
            transfer(&mut Builder::after(func, write, NAME), store, bytes);
        }
    }
}

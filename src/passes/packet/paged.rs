//! Packets of which programs directly read a part alone: the rest of an `__sk_buff` lies in pages.
//!
//! What a program may look at near the start, where headers are, it makes linear when it begins, if that is not so already:
//! then no packet pointer lives that this could end, and all accesses there read and write the packet itself. What is read
//! farther off, or at an offset that nothing bounds, is read through a copy where it is not linear.

use super::NAME;
use crate::fold::CompareOp;
use crate::ir::callgraph::CallGraph;
use crate::ir::ops::{KsCopy, KsIfSome, KsStore, PacketAt, PacketLoad, PacketSize};
use crate::ir::value_ranges::Ranges;
use crate::ir::{Builder, Function, Module, OpId, Opcode, Role, Uses, Value};
use crate::tables::{CONTEXTS, ContextSpec, HELPERS};
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeSet;

/// Headers are nearer than this: of Ethernet, IP and TCP with all options, with room for tunnels.
const NEAR: u64 = 256;

/// Of programs that cannot make more linear: IP and TCP headers without options, which the kernel has looked at before.
const LOOKED_AT: u64 = 40;

/// The Ethernet header is always linear: drivers look at it (`eth_type_trans`).
const ALWAYS: u64 = 14;

/// Longer parts are not copied to the stack.
const LONGEST_COPY: u64 = 128;

/// The context that a pointer points to, if its packet may be paged.
fn context(func: &Function, types: &Types, ctx: Value) -> Option<&'static ContextSpec> {
    context_of(func, types, ctx).filter(|context| context.length.is_some())
}

fn context_of(func: &Function, types: &Types, ctx: Value) -> Option<&'static ContextSpec> {
    let TyKind::Ptr { to, .. } = types.kind(func.ty(ctx)) else { return None };
    let TyKind::Struct(id) = types.kind(to) else { return None };
    let name = &types.struct_def(id).name;
    CONTEXTS.iter().find(|context| context.name == *name)
}

fn field(context: &ContextSpec, name: &str) -> i128 {
    let index = context.fields.iter().position(|field| field.name == name);
    index.unwrap_or_else(|| crate::bug!("`{}` has no field `{name}`", context.name)) as i128
}

/// The whole length: a field of the context, or what is directly readable.
pub fn sizes(func: &mut Function, types: &Types) -> bool {
    let sizes: Vec<OpId> = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::PacketSize).collect();
    for &op in &sizes {
        let ctx = PacketSize::of(&func.ops[op]).ctx();
        let Some((context, length)) = context(func, types, ctx).and_then(|c| Some((c, c.length?))) else {
            func.become_op(op, Opcode::PacketLen, vec![ctx], Vec::new());
            continue;
        };
        let mut b = Builder::before(func, op, NAME);
        let length = b.packet_ctx_load(ctx, field(context, length), Ty::U32);
        func.become_op(op, Opcode::ArithCast, vec![length], Vec::new());
    }
    !sizes.is_empty()
}

/// For each function: what ends there or before is linear, or is made so by the programs that reach it.
pub fn limits(module: &Module, types: &Types) -> Vec<u64> {
    let mut limits = vec![NEAR; module.funcs.len()];
    let graph = CallGraph::of(module);
    for (at, func) in module.funcs.iter().enumerate() {
        if let Role::Program { .. } = func.role
            && pulling(func, types).is_none()
        {
            let reached = graph.reach([at]);
            (0..limits.len()).filter(|&other| reached.contains(other)).for_each(|other| limits[other] = LOOKED_AT);
        }
    }
    limits
}

/// How a program makes the start of its packet linear: the helper, and the context's field with the whole length.
fn pulling(func: &Function, types: &Types) -> Option<(&'static str, i128)> {
    let Role::Program { spec, .. } = &func.role else { return None };
    // A program may leave out the parameter; then it looks at no packet.
    let &ctx = func.blocks[func.entry()].args.first()?;
    let context = self::context(func, types, ctx)?;
    let helper = HELPERS.iter().find(|helper| Some(helper.name) == context.pull && spec.may_call(helper).is_some())?;
    Some((helper.name, field(context, context.length?)))
}

/// The end of a part, if it is near.
fn near_end(func: &Function, types: &Types, ranges: &Ranges<'_>, op: OpId, limit: u64) -> Option<u64> {
    let offset = PacketAt::of(&func.ops[op]).offset();
    let largest = match func.known(types, offset) {
        Some(offset) => u64::try_from(offset).ok()?,
        None => ranges.largest(offset)?,
    };
    largest.checked_add(types.size_of(part(func, types, op))).filter(|&end| end <= limit)
}

/// What a `packet.at` looks for.
fn part(func: &Function, types: &Types, op: OpId) -> Ty {
    let TyKind::Opt(found) = types.kind(func.ty(func.ops[op].results[0])) else {
        crate::bug!("packet.at yields an optional")
    };
    let TyKind::Place { of, .. } = types.kind(found) else { crate::bug!("packet.at yields a place") };
    of
}

fn accesses(func: &Function) -> impl Iterator<Item = OpId> {
    func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::PacketAt)
}

/// The parts that are read through a copy where they are not linear.
pub fn far(func: &Function, types: &Types, limit: u64) -> BTreeSet<OpId> {
    let ranges = Ranges::of(func, types);
    let reads = Reads { func, uses: func.uses() };
    let is_far = |&op: &OpId| {
        let paged = context(func, types, PacketAt::of(&func.ops[op]).ctx()).is_some();
        paged
            && near_end(func, types, &ranges, op, limit).is_none()
            && types.size_of(part(func, types, op)) <= LONGEST_COPY
            && reads.only_reads(func.ops[op].results[0], true)
    };
    accesses(func).filter(is_far).collect()
}

/// Makes linear what programs look at near the start of their packets. For each function: how far that is, with what it calls.
pub fn pull(module: &mut Module, types: &mut Types) {
    let ends: Vec<u64> = module.funcs.iter().map(|func| farthest(func, types)).collect();
    let graph = CallGraph::of(module);
    for at in 0..module.funcs.len() {
        let reached = graph.reach([at]);
        let end = (0..ends.len()).filter(|&other| reached.contains(other)).map(|other| ends[other]).max().unwrap_or(0);
        let func = &mut module.funcs[at];
        if let Some(by) = pulling(func, types)
            && end > ALWAYS
        {
            pull_at_start(func, types, func.param(0), end, by);
        }
    }
}

fn farthest(func: &Function, types: &Types) -> u64 {
    let ranges = Ranges::of(func, types);
    let paged = |&op: &OpId| context(func, types, PacketAt::of(&func.ops[op]).ctx()).is_some();
    accesses(func).filter(paged).filter_map(|op| near_end(func, types, &ranges, op, NEAR)).max().unwrap_or(0)
}

fn pull_at_start(func: &mut Function, types: &mut Types, ctx: Value, end: u64, (helper, length): (&str, i128)) {
    let Some(&first) = func.blocks[func.entry()].ops.first() else { return };
    let byte = types.ptr(Ty::U8, Space::Packet, false);
    let mut b = Builder::before(func, first, NAME);
    let (start, stop) = (b.packet_start(ctx, byte), b.packet_end(ctx, byte));
    let wanted = b.ks_const(end.into(), Ty::U64);
    let after = b.mem_ptr_add(start, wanted, byte);
    let short = b.arith_cmp(after, stop, CompareOp::Gt.word(), Ty::BOOL);
    let pull = |b: &mut Builder<'_>| {
        let whole = b.packet_ctx_load(ctx, length, Ty::U32);
        let most = b.ks_const(end.into(), Ty::U32);
        let less = b.arith_cmp(whole, most, CompareOp::Lt.word(), Ty::BOOL);
        let wanted = b.arith_select(less, whole, most, Ty::U32);
        let (stop, start) = (b.arith_cast(stop, Ty::U64), b.arith_cast(start, Ty::U64));
        let linear = b.arith_sub(stop, start, Ty::U64);
        let linear = b.bpf_whole(linear, Ty::U64);
        let wide = b.arith_cast(wanted, Ty::U64);
        let paged = b.arith_cmp(linear, wide, CompareOp::Lt.word(), Ty::BOOL);
        let call = |b: &mut Builder<'_>| {
            b.bpf_helper(&[ctx, wanted], &helper.into(), &[Ty::I64]);
            b.done();
        };
        b.either(paged, &[], call, |b| b.done());
        b.done();
    };
    b.either(short, &[], pull, |b| b.done());
}

/// A part that may not be linear: where it is not, a copy of it. `inside` is whether it is, `pointer` where it would be.
pub fn or_copy(
    b: &mut Builder<'_>,
    types: &mut Types,
    (ctx, offset, of): (Value, Value, Ty),
    (inside, pointer): (Value, Value),
) -> (Value, Value) {
    let Some(helper) = context(b.func, types, ctx).and_then(|context| context.load) else { return (inside, pointer) };
    let ty = b.func.ty(pointer);
    let slot_type = types.place(of, Space::Stack);
    let address_type = types.ptr(of, Space::Stack, false);
    let slot = b.ks_var(b"copy", slot_type);
    let size = i128::from(types.size_of(of));
    let linear = |b: &mut Builder<'_>| {
        let yes = b.ks_const(1, Ty::BOOL);
        b.ks_yield(&[yes, pointer]);
    };
    let copied = |b: &mut Builder<'_>| {
        // The helper takes 32 bits, and nothing at an offset that needs the highest.
        let most = b.ks_const(u32::MAX.into(), Ty::U64);
        let wide = if b.func.ty(offset) == Ty::U64 { offset } else { b.arith_cast(offset, Ty::U64) };
        let small = b.arith_cmp(wide, most, CompareOp::Lt.word(), Ty::BOOL);
        let offset = b.arith_select(small, wide, most, Ty::U64);
        let offset = b.arith_cast(offset, Ty::U32);
        let address = b.ks_addr(slot, address_type);
        let size = b.ks_const(size, Ty::U32);
        let call = b.bpf_helper(&[ctx, offset, address, size], &helper.into(), &[Ty::I64]);
        let status = b.result(call);
        let zero = b.ks_const(0, Ty::I64);
        let read = b.arith_cmp(status, zero, CompareOp::Eq.word(), Ty::BOOL);
        let pointer = b.arith_cast(address, ty);
        b.ks_yield(&[read, pointer]);
    };
    let op = b.either(inside, &[Ty::BOOL, ty], linear, copied);
    let results = &b.func.ops[op].results;
    (results[0], results[1])
}

/// Copies of the packet, by the helper of its context. The verifier wants to know that there is a byte, and that the place has
/// room for all.
pub fn loads(func: &mut Function, types: &mut Types) -> bool {
    let loads: Vec<OpId> = func.walk().into_iter().filter(|&op| func.ops[op].opcode == Opcode::PacketLoad).collect();
    for &op in &loads {
        let view = PacketLoad::of(&func.ops[op]);
        let (ctx, offset, to, count) = (view.ctx(), view.offset(), view.to(), view.count());
        let TyKind::Place { of, space } = types.kind(func.ty(to)) else { crate::bug!("a copy goes to a place") };
        let (room, address) = (i128::from(types.size_of(of)), types.ptr(of, space, false));
        let helper = context_of(func, types, ctx).and_then(|context| context.load);
        let helper = helper.unwrap_or_else(|| crate::bug!("a context without a helper that copies its packet"));
        let known = func.known(types, count);
        let mut b = Builder::before(func, op, NAME);
        let load = |b: &mut Builder<'_>, count: Value| {
            let to = b.ks_addr(to, address);
            b.bpf_helper(&[ctx, offset, to, count], &helper.into(), &[Ty::I64]);
        };
        if known.is_some() {
            load(&mut b, count);
        } else {
            let (zero, one) = (b.ks_const(0, Ty::U64), b.ks_const(1, Ty::U64));
            let some = b.arith_cmp(count, zero, CompareOp::Ne.word(), Ty::BOOL);
            let then = |b: &mut Builder<'_>| {
                let more = b.arith_sub(count, one, Ty::U64);
                let more = b.bpf_clamp(more, room - 1, Ty::U64);
                let count = b.arith_add(more, one, Ty::U64);
                load(b, count);
                b.done();
            };
            b.either(some, &[], then, |b| b.done());
        }
        func.erase(op);
    }
    !loads.is_empty()
}

/// Follows what becomes of a part of a packet.
struct Reads<'f> {
    func: &'f Function,
    uses: Uses,
}

impl Reads<'_> {
    /// Whether all uses of an optional, place or pointer read. A variable may hold the pointer, where `kept` says so: one that
    /// goes on to another could outlive the copy.
    fn only_reads(&self, value: Value, kept: bool) -> bool {
        self.uses_of(value).all(|op| self.reads(op, value, kept))
    }

    fn uses_of(&self, value: Value) -> impl Iterator<Item = OpId> {
        self.uses.users(value).iter().copied()
    }

    fn reads(&self, op: OpId, value: Value, kept: bool) -> bool {
        let func = self.func;
        let data = &func.ops[op];
        let on = |kept| data.results.first().is_none_or(|&result| self.only_reads(result, kept));
        let reading = [
            Opcode::KsLoad,
            Opcode::KsBits,
            Opcode::KsIsSome,
            Opcode::MemIsNull,
            Opcode::ArithCmp,
            Opcode::StrEq,
            Opcode::StrLen,
            Opcode::StrStartsWith,
        ];
        if reading.contains(&data.opcode) {
            return true;
        }
        if [Opcode::KsField, Opcode::KsElem, Opcode::KsAddr, Opcode::KsDeref, Opcode::ArithCast].contains(&data.opcode)
        {
            return data.operands[0] == value && on(kept);
        }
        if data.opcode == Opcode::KsCopy {
            return KsCopy::of(data).to() != value;
        }
        if data.opcode == Opcode::KsIfSome {
            let region = KsIfSome::of(data).some_region();
            let args = &func.blocks[func.only_block(region)].args;
            return args.iter().all(|&place| self.only_reads(place, kept));
        }
        if data.opcode == Opcode::KsYield {
            let parent = func.regions[func.blocks[data.block].region].parent;
            let results = parent.map(|parent| &func.ops[parent].results);
            return results.is_some_and(|results| results.iter().all(|&result| self.only_reads(result, kept)));
        }
        data.opcode == Opcode::KsStore && kept && self.held(KsStore::of(data).place(), value)
    }

    /// Whether a variable that holds the pointer is only read, and what it holds then.
    fn held(&self, variable: Value, pointer: Value) -> bool {
        let func = self.func;
        if variable == pointer || func.def(variable).is_none_or(|op| func.ops[op].opcode != Opcode::KsVar) {
            return false;
        }
        self.uses_of(variable).all(|op| {
            let data = &func.ops[op];
            let stores = data.opcode == Opcode::KsStore && KsStore::of(data).place() == variable
                || data.opcode == Opcode::KsZero;
            stores || data.opcode == Opcode::KsLoad && self.only_reads(data.results[0], false)
        })
    }
}

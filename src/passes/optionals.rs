//! `optionals`: lowers tests of optionals to tests of pointers and conditions.
//!
//! Takes `ks.if_some` and `ks.is_some` over `mem.some` (a pointer that may be null) and `mem.some_if` (a value and its condition), to which
//! `maps`, `map-places` and `packet` lower their lookups; so it runs after those. Leaves `ks.if`, with the region's argument replaced by
//! the value, and no optionals. An optional that is certainly there is not tested.

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{KsIfSome, KsIsSome, MemSome, MemSomeIf};
use crate::ir::{Builder, Function, OpId, Opcode, RegionId, Value};
use crate::session::Session;
use crate::types::{Ty, TyKind, Types};
use std::collections::HashMap;

const NAME: &str = "optionals";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Lower optionals to conditions",
    after: &[("packet", "makes optionals"), ("maps", "makes optionals"), ("map-places", "makes optionals")],
    before: &[("to-cf", "takes the branches that this pass makes")],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, _: &Declarations, cx: &mut Session) -> Changed {
    let mut values = HashMap::new();
    let mut made = Vec::new();
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        if opcode == Opcode::KsIfSome {
            if_some(func, &mut cx.types, op, &mut values);
        } else if opcode == Opcode::KsIsSome {
            is_some(func, op);
        } else if matches!(opcode, Opcode::MemSome | Opcode::MemSomeIf) {
            made.push(op);
        }
    }
    func.replace_values(&values);
    let changed = if made.is_empty() { Changed::No } else { Changed::Yes };
    for op in made {
        func.erase(op);
    }
    changed
}

/// The op that makes an optional.
fn origin(func: &Function, optional: Value) -> OpId {
    func.def(optional).unwrap_or_else(|| crate::bug!("an optional is the result of an op"))
}

fn if_some(func: &mut Function, types: &mut Types, op: OpId, values: &mut HashMap<Value, Value>) {
    let view = KsIfSome::of(&func.ops[op]);
    let (optional, some, none) = (view.optional(), view.some_region(), view.none_region());
    let made = origin(func, optional);
    if func.ops[made].opcode == Opcode::MemSome {
        let pointer = MemSome::of(&func.ops[made]).pointer();
        let null = Builder::before(func, op, NAME).mem_is_null(pointer, Ty::BOOL);
        func.become_op(op, Opcode::KsIf, vec![null], Vec::new());
        func.ops[op].regions = vec![none, some];
        bind_pointee(func, types, pointer, some, values);
    } else {
        let view = MemSomeIf::of(&func.ops[made]);
        let (condition, value) = (view.condition(), view.value());
        if func.known(types, condition) == Some(1) && func.ends_in_yield(some) {
            values.extend(func.dissolve(op, some, &[value]));
            return;
        }
        func.become_op(op, Opcode::KsIf, vec![condition], Vec::new());
        bind(func, some, value, values);
    }
}

/// Replaces the region's argument.
fn bind(func: &mut Function, region: RegionId, value: Value, values: &mut HashMap<Value, Value>) {
    let block = func.only_block(region);
    if let Some(&arg) = func.blocks[block].args.first() {
        values.insert(arg, value);
        func.drop_args(region);
    }
}

/// Replaces the region's argument by the pointer, which is not null there, or by the place that it points to.
fn bind_pointee(
    func: &mut Function,
    types: &mut Types,
    pointer: Value,
    region: RegionId,
    values: &mut HashMap<Value, Value>,
) {
    let block = func.only_block(region);
    let Some(&arg) = func.blocks[block].args.first() else { return };
    let Some(&first) = func.blocks[block].ops.first() else { crate::bug!("a region without an end") };
    let wanted = func.ty(arg);
    let mut b = Builder::before(func, first, NAME);
    let value = if let TyKind::Place { of, space } = types.kind(wanted) {
        let not_null = types.ptr(of, space, false);
        let pointer = b.arith_cast(pointer, not_null);
        b.ks_deref(pointer, wanted)
    } else {
        b.arith_cast(pointer, wanted)
    };
    values.insert(arg, value);
    func.drop_args(region);
}

fn is_some(func: &mut Function, op: OpId) {
    let made = origin(func, KsIsSome::of(&func.ops[op]).optional());
    let mut b;
    let condition = if func.ops[made].opcode == Opcode::MemSome {
        let pointer = MemSome::of(&func.ops[made]).pointer();
        b = Builder::before(func, op, NAME);
        let null = b.mem_is_null(pointer, Ty::BOOL);
        (null, 0)
    } else {
        let condition = MemSomeIf::of(&func.ops[made]).condition();
        b = Builder::before(func, op, NAME);
        (condition, 1)
    };
    let (condition, wanted) = condition;
    let wanted = b.ks_const(wanted, Ty::BOOL);
    func.become_op(op, Opcode::ArithCmp, vec![condition, wanted], vec![crate::ir::Attr::Word("eq".into())]);
}

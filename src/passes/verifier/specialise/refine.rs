//! The types of a function's values, from what is known of its pointers.

use super::{NAME, Origin, space, with_space};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::passes::Changed;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::HashMap;

/// Brings the types of a function in line with what is known of its pointers.
pub(super) fn refine(func: &mut Function, types: &mut Types) -> Changed {
    let mut changed = Changed::No;
    loop {
        let mut again = false;
        for op in func.walk() {
            again |= look_through(func, types, op);
            again |= derived(func, types, op);
            again |= loaded(func, types, op);
        }
        for op in func.walk() {
            again |= func.ops[op].opcode == Opcode::KsVar && variable(func, types, op);
        }
        if !again {
            break;
        }
        changed = Changed::Yes;
    }
    for op in func.walk() {
        changed = changed.or(fit(func, types, op));
    }
    changed
}

/// Where a pointer to known memory goes to where others are meant too it is converted.
fn fit(func: &mut Function, types: &mut Types, op: OpId) -> Changed {
    let mut changed = Changed::No;
    for index in 0..func.ops[op].operands.len() {
        let (ty, Some(wanted)) = (func.ty(func.ops[op].operands[index]), wanted(func, types, op, index)) else {
            continue;
        };
        let (Some(known), Some(open)) = (space(types, ty), space(types, wanted)) else { continue };
        let forgets = open == Space::Any || (known, open) == (Space::BtfTrusted, Space::BtfUntrusted);
        if ty != wanted && forgets {
            let operand = func.ops[op].operands[index];
            let wanted = with_space(types, ty, open);
            func.ops[op].operands[index] = Builder::before(func, op, NAME).arith_cast(operand, wanted);
            changed = Changed::Yes;
        }
    }
    changed
}

/// The type that an operand of an op that hands on values must have.
fn wanted(func: &Function, types: &Types, op: OpId, index: usize) -> Option<Ty> {
    let data = &func.ops[op];
    if data.opcode == Opcode::KsReturn {
        return Some(func.result);
    }
    if data.opcode == Opcode::KsYield {
        let around = func.around(op)?;
        return func.ops[around].results.get(index).map(|&result| func.ty(result));
    }
    if data.opcode == Opcode::KsStore
        && index == 1
        && let TyKind::Place { of, .. } = types.kind(func.ty(data.operands[0]))
    {
        return Some(of);
    }
    (data.opcode == Opcode::ArithCmp).then(|| func.ty(data.operands[1 - index]))
}

/// A pointer without the conversions that only change how its memory is named; none if those change what it points to. An object of the
/// kernel is followed as what the program takes it for, so a conversion to another struct hides it.
fn root(func: &Function, types: &Types, pointer: Value) -> Value {
    let is_cast = |&op: &OpId| func.ops[op].opcode == Opcode::ArithCast;
    let followed = Origin::of(types, func.ty(pointer)) == Some(Origin::Object);
    let Some(op) = func.def(pointer).filter(is_cast).filter(|_| !followed) else { return pointer };
    let inner = func.ops[op].operands[0];
    let (TyKind::Ptr { to: from, space, .. }, TyKind::Ptr { to, .. }) =
        (types.kind(func.ty(inner)), types.kind(func.ty(pointer)))
    else {
        return pointer;
    };
    let hides = from != to && matches!(space, Space::BtfTrusted | Space::BtfUntrusted);
    if hides { pointer } else { root(func, types, inner) }
}

fn origin(func: &Function, types: &Types, pointer: Value) -> Option<Origin> {
    Origin::of(types, func.ty(root(func, types, pointer)))
}

/// Gives an op that uses a pointer of an open space the same pointer in its own space, where that is known.
fn look_through(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let uses = matches!(func.ops[op].opcode, Opcode::KsDeref | Opcode::MemSome | Opcode::KsCall);
    let mut changed = false;
    for index in 0..func.ops[op].operands.len() {
        let operand = func.ops[op].operands[index];
        if uses
            && let Some(origin) = origin(func, types, operand)
            && space(types, func.ty(operand)) == Some(origin.unknown())
        {
            let pointer = root(func, types, operand);
            let ty = known_pointer(types, (func.ty(operand), func.ty(pointer)), origin);
            let cast = Builder::before(func, op, NAME).arith_cast(pointer, ty);
            func.ops[op].operands[index] = cast;
            changed = true;
        }
    }
    changed
}

/// The type of a pointer of an open space that is another one of this origin.
fn known_pointer(types: &mut Types, (open, known): (Ty, Ty), origin: Origin) -> Ty {
    match origin {
        Origin::Packet | Origin::Stack => with_space(types, open, origin.space()),
        // It is not null, which the type of the other one says.
        Origin::Object => known,
    }
}

/// Results whose memory is that of an operand.
fn derived(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let data = &func.ops[op];
    let Some(&first) = data.operands.first() else { return false };
    let of = types.kind(func.ty(first));
    let follows =
        matches!(data.opcode, Opcode::KsDeref | Opcode::KsField | Opcode::KsElem | Opcode::KsAddr | Opcode::MemSome);
    if let (true, TyKind::Ptr { space, .. } | TyKind::Place { space, .. }) = (follows, of) {
        let result = data.results[0];
        return retype(func, types, result, space);
    }
    if data.opcode == Opcode::KsIfSome
        && let TyKind::Opt(there) = of
        && let Some(space) = space(types, there)
    {
        let argument = func.blocks[func.only_block(data.regions[0])].args[0];
        return retype(func, types, argument, space);
    }
    false
}

/// A pointer that is loaded from an object of the kernel which the verifier follows, and is not null, leads to such an object too.
fn loaded(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let data = &func.ops[op];
    if data.opcode != Opcode::KsLoad {
        return false;
    }
    let (from, result) = (types.kind(func.ty(data.operands[0])), data.results[0]);
    let of = types.kind(func.ty(result));
    let (
        TyKind::Place { space: Space::BtfTrusted, .. },
        TyKind::Ptr { to, space: Space::BtfUntrusted, nullable: false },
    ) = (from, of)
    else {
        return false;
    };
    let uses = func.uses();
    let is_known = |&user: &OpId| {
        func.ops[user].opcode == Opcode::ArithCast
            && space(types, func.ty(func.ops[user].results[0])) == Some(Space::BtfTrusted)
    };
    if !types.is_relocated(to) || uses.users(result).iter().all(is_known) {
        return false;
    }
    let ty = types.ptr(to, Space::BtfTrusted, false);
    let followed = Builder::after(func, op, NAME).arith_cast(result, ty);
    func.replace_values(&HashMap::from([(result, followed)]));
    if let Some(cast) = func.def(followed) {
        func.ops[cast].operands[0] = result;
    }
    true
}

/// Makes a known memory of an open one in a value's type.
fn retype(func: &mut Function, types: &mut Types, value: Value, space: Space) -> bool {
    let open = if matches!(space, Space::Packet | Space::Stack) {
        Space::Any
    } else if space == Space::BtfTrusted {
        Space::BtfUntrusted
    } else {
        return false;
    };
    let old = func.ty(value);
    let new = known_type(types, old, (open, space));
    func.values[value].ty = new;
    new != old
}

fn known_type(types: &mut Types, ty: Ty, (open, known): (Space, Space)) -> Ty {
    let kind = types.kind(ty);
    if let TyKind::Ptr { to, space, nullable } = kind
        && space == open
    {
        return types.ptr(to, known, nullable);
    }
    if let TyKind::Place { of, space } = kind
        && space == open
    {
        return types.place(of, known);
    }
    if let TyKind::Opt(of) = kind {
        let of = known_type(types, of, (open, known));
        return types.opt(of);
    }
    ty
}

/// A pointer variable in which nothing but pointers to one known memory and null is stored, and whose address goes nowhere. One for an object
/// of the kernel is stored to once: the verifier tells apart how it came to know objects, also where paths join.
fn variable(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let place = func.ops[op].results[0];
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return false };
    let users: Vec<OpId> = func.walk().into_iter().filter(|&user| func.ops[user].operands.contains(&place)).collect();
    let stores = users.iter().copied().filter(|&user| func.ops[user].opcode == Opcode::KsStore);
    let stored: Vec<Value> = stores.map(|store| root(func, types, func.ops[store].operands[1])).collect();
    let Some(known) = stored.iter().find_map(|&value| origin(func, types, value)) else { return false };
    let plain = |user: &OpId| {
        let data = &func.ops[*user];
        data.opcode == Opcode::KsLoad
            || (data.opcode == Opcode::KsZero && known != Origin::Object)
            || (data.opcode == Opcode::KsStore && data.operands[0] == place)
    };
    let is_null = |value: Value| func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::KsNull);
    let fits = stored.iter().all(|&value| origin(func, types, value) == Some(known) || is_null(value));
    let once = known != Origin::Object || stored.len() == 1;
    if space(types, of) != Some(known.unknown()) || !users.iter().all(plain) || !fits || !once {
        return false;
    }
    let of = with_space(types, of, known.space());
    func.values[place].ty = types.place(of, Space::Stack);
    for user in users {
        if func.ops[user].opcode == Opcode::KsLoad {
            let result = func.ops[user].results[0];
            func.values[result].ty = of;
        } else if func.ops[user].opcode == Opcode::KsStore {
            let value = root(func, types, func.ops[user].operands[1]);
            let value = Builder::before(func, user, NAME).arith_cast(value, of);
            func.ops[user].operands[1] = value;
        }
    }
    true
}

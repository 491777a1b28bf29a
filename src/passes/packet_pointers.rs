//! `packet-pointers`: code that gets pointers into the packet knows that they are such.
//!
//! The verifier treats them unlike others: no atomic operations, no variable offsets. Takes a BPF module where a pointer of a
//! parameter or a variable may be to any memory. Where a call hands over packet pointers it makes a copy of the callee, one
//! for each set of parameters that get them, whose types say so; a variable that holds nothing else has that type too. Before
//! the passes that look at spaces.

use super::{Changed, Pass, Run};
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeMap;

const NAME: &str = "packet-pointers";
pub static PASS: Pass = Pass { name: NAME, summary: "Copy functions that get packet pointers", run: Run::Module(run) };

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut copies: BTreeMap<(Symbol, Vec<usize>), Symbol> = BTreeMap::new();
    let mut changed = Changed::No;
    let mut at = 0;
    while at < module.funcs.len() {
        changed = changed.or(refine(&mut module.funcs[at], &mut cx.types));
        for op in module.funcs[at].walk() {
            let Some((callee, params)) = hands_over(module, &cx.types, at, op) else { continue };
            let name = match copies.get(&(callee.clone(), params.clone())) {
                Some(name) => name.clone(),
                None => {
                    let Some(copy) = copy(module, &mut cx.types, &callee, &params) else { continue };
                    let name = copy.name.clone();
                    module.funcs.push(copy);
                    copies.insert((callee, params), name.clone());
                    name
                }
            };
            module.funcs[at].ops[op].attrs = vec![Attr::Symbol(name)];
            changed = Changed::Yes;
        }
        at += 1;
    }
    drop_unused(module, &copies);
    changed
}

/// The callee of a call, and the parameters of any memory that get packet pointers.
fn hands_over(module: &Module, types: &Types, caller: usize, op: OpId) -> Option<(Symbol, Vec<usize>)> {
    let func = &module.funcs[caller];
    if func.ops[op].opcode != Opcode::KsCall {
        return None;
    }
    let view = KsCall::of(&func.ops[op]);
    let callee = module.func(view.callee())?;
    let pairs = std::iter::zip(view.args(), &callee.params).enumerate();
    let handed = pairs.filter(|(_, (arg, param))| {
        space(types, param.ty) == Some(Space::Any) && space(types, func.ty(**arg)) == Some(Space::Packet)
    });
    let params: Vec<usize> = handed.map(|(index, _)| index).collect();
    (!params.is_empty()).then(|| (view.callee().clone(), params))
}

/// The callee, with parameters that point into the packet.
fn copy(module: &Module, types: &mut Types, callee: &Symbol, params: &[usize]) -> Option<Function> {
    let mut copy = module.func(callee)?.clone();
    let positions: String = params.iter().map(|index| format!("_{index}")).collect();
    let name = format!("{callee}__packet{positions}");
    copy.name = name.as_str().into();
    for &index in params {
        let ty = in_packet(types, copy.params[index].ty);
        copy.params[index].ty = ty;
        let value = copy.param(index);
        copy.values[value].ty = ty;
    }
    Some(copy)
}

/// Functions whose calls all go to copies are gone; an only copy takes the place and the name.
fn drop_unused(module: &mut Module, copies: &BTreeMap<(Symbol, Vec<usize>), Symbol>) {
    let mut originals: Vec<&Symbol> = copies.keys().map(|(name, _)| name).collect();
    originals.sort();
    originals.dedup();
    for original in originals {
        if module.funcs.iter().any(|func| func.name != *original && names(func, original)) {
            continue;
        }
        let of_it: Vec<&Symbol> =
            copies.iter().filter(|((name, _), _)| name == original).map(|(_, copy)| copy).collect();
        let position = |module: &Module, name: &Symbol| module.funcs.iter().position(|func| func.name == *name);
        let Some(at) = position(module, original) else { continue };
        module.funcs.remove(at);
        if let [copy] = of_it.as_slice()
            && let Some(from) = position(module, copy)
        {
            let mut func = module.funcs.remove(from);
            func.name = original.clone();
            module.funcs.insert(at, func);
            module.funcs.iter_mut().for_each(|func| rename(func, copy, original));
        }
    }
}

/// Whether an op of the function names another.
fn names(func: &Function, other: &Symbol) -> bool {
    func.walk().into_iter().flat_map(|op| &func.ops[op].attrs).any(|attr| *attr == Attr::Symbol(other.clone()))
}

fn rename(func: &mut Function, from: &Symbol, to: &Symbol) {
    for op in func.walk() {
        for attr in &mut func.ops[op].attrs {
            if *attr == Attr::Symbol(from.clone()) {
                *attr = Attr::Symbol(to.clone());
            }
        }
    }
}

fn space(types: &Types, ty: Ty) -> Option<Space> {
    if let TyKind::Ptr { space, .. } = types.kind(ty) { Some(space) } else { None }
}

fn in_packet(types: &mut Types, ty: Ty) -> Ty {
    let TyKind::Ptr { to, nullable, .. } = types.kind(ty) else { crate::bug!("a packet pointer is a pointer") };
    types.ptr(to, Space::Packet, nullable)
}

/// Brings the types of a function in line with what is known of its pointers.
fn refine(func: &mut Function, types: &mut Types) -> Changed {
    let mut changed = Changed::No;
    loop {
        let mut again = false;
        for op in func.walk() {
            again |= look_through(func, types, op);
            again |= derived(func, types, op);
        }
        for op in func.walk() {
            again |= func.ops[op].opcode == Opcode::KsVar && variable(func, types, op);
        }
        if !again {
            return changed;
        }
        changed = Changed::Yes;
    }
}

/// A pointer without the conversions that only change how its memory is named; none if those change what it points to.
fn root(func: &Function, types: &Types, pointer: Value) -> Value {
    let from = func.def(pointer).filter(|&op| func.ops[op].opcode == Opcode::ArithCast);
    match from.map(|op| func.ops[op].operands[0]) {
        Some(inner) if space(types, func.ty(inner)).is_some() => root(func, types, inner),
        Some(_) | None => pointer,
    }
}

fn is_packet(func: &Function, types: &Types, pointer: Value) -> bool {
    space(types, func.ty(root(func, types, pointer))) == Some(Space::Packet)
}

/// What uses a packet pointer as one to any memory uses it as what it is.
fn look_through(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let uses = matches!(func.ops[op].opcode, Opcode::KsDeref | Opcode::MemSome | Opcode::KsCall);
    let mut changed = false;
    for index in 0..func.ops[op].operands.len() {
        let operand = func.ops[op].operands[index];
        if uses && space(types, func.ty(operand)) == Some(Space::Any) && is_packet(func, types, operand) {
            let pointer = root(func, types, operand);
            let ty = in_packet(types, func.ty(operand));
            let cast = Builder::before(func, op, NAME).arith_cast(pointer, ty);
            func.ops[op].operands[index] = cast;
            changed = true;
        }
    }
    changed
}

/// Results whose memory is that of an operand.
fn derived(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let data = &func.ops[op];
    let (opcode, operands, regions) = (data.opcode, data.operands.clone(), data.regions.clone());
    let Some(&first) = operands.first() else { return false };
    let of = types.kind(func.ty(first));
    let is_in_packet =
        matches!(of, TyKind::Ptr { space: Space::Packet, .. } | TyKind::Place { space: Space::Packet, .. });
    let follows =
        matches!(opcode, Opcode::KsDeref | Opcode::KsField | Opcode::KsElem | Opcode::KsAddr | Opcode::MemSome);
    if follows && is_in_packet {
        let result = func.ops[op].results[0];
        return retype(func, types, result);
    }
    if opcode == Opcode::KsIfSome
        && let TyKind::Opt(there) = of
        && space(types, there) == Some(Space::Packet)
    {
        let block = func.only_block(regions[0]);
        let argument = func.blocks[block].args[0];
        return retype(func, types, argument);
    }
    false
}

/// Makes the packet of any memory in a value's type.
fn retype(func: &mut Function, types: &mut Types, value: Value) -> bool {
    let old = func.ty(value);
    let new = packet_type(types, old);
    func.values[value].ty = new;
    new != old
}

fn packet_type(types: &mut Types, ty: Ty) -> Ty {
    let kind = types.kind(ty);
    if let TyKind::Ptr { to, space: Space::Any, nullable } = kind {
        return types.ptr(to, Space::Packet, nullable);
    }
    if let TyKind::Place { of, space: Space::Any } = kind {
        return types.place(of, Space::Packet);
    }
    if let TyKind::Opt(of) = kind {
        let of = packet_type(types, of);
        return types.opt(of);
    }
    ty
}

/// A pointer variable in which nothing but packet pointers and null is stored, and whose address goes nowhere.
fn variable(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let place = func.ops[op].results[0];
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return false };
    if space(types, of) != Some(Space::Any) {
        return false;
    }
    let users: Vec<OpId> = func.walk().into_iter().filter(|&user| func.ops[user].operands.contains(&place)).collect();
    let plain = |user: &OpId| {
        let data = &func.ops[*user];
        matches!(data.opcode, Opcode::KsLoad | Opcode::KsZero)
            || (data.opcode == Opcode::KsStore && data.operands[0] == place)
    };
    let stores: Vec<OpId> = users.iter().copied().filter(|&user| func.ops[user].opcode == Opcode::KsStore).collect();
    let stored = |store: &OpId| func.ops[*store].operands[1];
    let is_null = |value: Value| func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::KsNull);
    let known = |store: &OpId| is_packet(func, types, stored(store));
    let fits = stores.iter().all(|store| known(store) || is_null(root(func, types, stored(store))));
    if !users.iter().all(plain) || !fits || !stores.iter().any(known) {
        return false;
    }
    let of = in_packet(types, of);
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

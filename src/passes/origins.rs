//! `origins`: code that gets pointers to the stack or into the packet knows that they are such.
//!
//! The verifier treats them unlike others: it allows no atomic operations on packets and none at a variable offset of the
//! stack, which nobody else changes anyway, and no variable offsets into packets. Takes a BPF module where a pointer of a
//! parameter or a variable may be to any memory. Where a call hands over such pointers, and the callee does what depends on
//! it, it makes a copy of the callee, one for each set of parameters that get them, whose types say so; a variable that holds
//! nothing else has that type too. Before the passes that look at spaces.

use super::{Changed, Pass, Run};
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::types::{Space, Ty, TyKind, Types};
use std::collections::BTreeMap;

const NAME: &str = "origins";
pub static PASS: Pass =
    Pass { name: NAME, summary: "Copy functions for where their pointers come from", run: Run::Module(run) };

/// A function, and the parameters whose memory is known.
type Copied = (Symbol, Vec<(usize, Origin)>);

/// What a pointer is known to point to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Packet,
    Stack,
}

impl Origin {
    fn of(types: &Types, ty: Ty) -> Option<Origin> {
        match space(types, ty) {
            Some(Space::Packet) => Some(Origin::Packet),
            Some(Space::Stack) => Some(Origin::Stack),
            Some(_) | None => None,
        }
    }

    fn space(self) -> Space {
        match self {
            Origin::Packet => Space::Packet,
            Origin::Stack => Space::Stack,
        }
    }
}

fn run(module: &mut Module, cx: &mut Session) -> Changed {
    let mut copies: BTreeMap<Copied, Symbol> = BTreeMap::new();
    let mut changed = Changed::No;
    let mut at = 0;
    while at < module.funcs.len() {
        changed = changed.or(refine(&mut module.funcs[at], &mut cx.types));
        for op in module.funcs[at].walk() {
            let Some(copied) = hands_over(module, &cx.types, at, op) else { continue };
            let name = match copies.get(&copied) {
                Some(name) => name.clone(),
                None => {
                    let Some(copy) = copy(module, &mut cx.types, &copied) else { continue };
                    let name = copy.name.clone();
                    module.funcs.push(copy);
                    copies.insert(copied, name.clone());
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

/// The callee of a call, and its parameters of any memory that get pointers to known memory.
fn hands_over(module: &Module, types: &Types, caller: usize, op: OpId) -> Option<Copied> {
    let func = &module.funcs[caller];
    if func.ops[op].opcode != Opcode::KsCall {
        return None;
    }
    let view = KsCall::of(&func.ops[op]);
    let callee = module.func(view.callee())?;
    let mut params = Vec::new();
    for (index, (&arg, param)) in std::iter::zip(view.args(), &callee.params).enumerate() {
        if let (Some(Space::Any), Some(origin)) = (space(types, param.ty), Origin::of(types, func.ty(arg))) {
            params.push((index, origin));
        }
    }
    if !params.iter().any(|&(_, origin)| origin == Origin::Packet) && !updates(module, callee) {
        return None;
    }
    (!params.is_empty()).then(|| (view.callee().clone(), params))
}

/// Whether a function, or one that it calls, updates a place, which is atomic in shared memory.
fn updates(module: &Module, func: &Function) -> bool {
    func.walk().into_iter().any(|op| {
        let data = &func.ops[op];
        let callee = (data.opcode == Opcode::KsCall).then(|| module.func(KsCall::of(data).callee())).flatten();
        data.opcode == Opcode::KsAssignOp || callee.is_some_and(|callee| updates(module, callee))
    })
}

/// The callee, with parameters that say where they point to.
fn copy(module: &Module, types: &mut Types, (callee, params): &Copied) -> Option<Function> {
    let mut copy = module.func(callee)?.clone();
    let mut name = format!("{callee}_");
    for &(index, origin) in params {
        name += &format!("_{}_{index}", origin.space().text());
        let ty = with_space(types, copy.params[index].ty, origin.space());
        copy.params[index].ty = ty;
        let value = copy.param(index);
        copy.values[value].ty = ty;
    }
    copy.name = name.as_str().into();
    Some(copy)
}

/// Functions whose calls all go to copies are gone; an only copy takes the place and the name.
fn drop_unused(module: &mut Module, copies: &BTreeMap<Copied, Symbol>) {
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

/// The pointer type, into this memory.
fn with_space(types: &mut Types, ty: Ty, space: Space) -> Ty {
    let TyKind::Ptr { to, nullable, .. } = types.kind(ty) else { crate::bug!("a pointer points to memory") };
    types.ptr(to, space, nullable)
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

fn origin(func: &Function, types: &Types, pointer: Value) -> Option<Origin> {
    Origin::of(types, func.ty(root(func, types, pointer)))
}

/// What uses a pointer to known memory as one to any uses it as what it is.
fn look_through(func: &mut Function, types: &mut Types, op: OpId) -> bool {
    let uses = matches!(func.ops[op].opcode, Opcode::KsDeref | Opcode::MemSome | Opcode::KsCall);
    let mut changed = false;
    for index in 0..func.ops[op].operands.len() {
        let operand = func.ops[op].operands[index];
        if uses
            && space(types, func.ty(operand)) == Some(Space::Any)
            && let Some(origin) = origin(func, types, operand)
        {
            let pointer = root(func, types, operand);
            let ty = with_space(types, func.ty(operand), origin.space());
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

/// Makes a known memory of any memory in a value's type.
fn retype(func: &mut Function, types: &mut Types, value: Value, space: Space) -> bool {
    if !matches!(space, Space::Packet | Space::Stack) {
        return false;
    }
    let old = func.ty(value);
    let new = known_type(types, old, space);
    func.values[value].ty = new;
    new != old
}

fn known_type(types: &mut Types, ty: Ty, space: Space) -> Ty {
    let kind = types.kind(ty);
    if let TyKind::Ptr { to, space: Space::Any, nullable } = kind {
        return types.ptr(to, space, nullable);
    }
    if let TyKind::Place { of, space: Space::Any } = kind {
        return types.place(of, space);
    }
    if let TyKind::Opt(of) = kind {
        let of = known_type(types, of, space);
        return types.opt(of);
    }
    ty
}

/// A pointer variable in which nothing but pointers to one known memory and null is stored, and whose address goes nowhere.
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
    let stores = users.iter().copied().filter(|&user| func.ops[user].opcode == Opcode::KsStore);
    let stored: Vec<Value> = stores.map(|store| root(func, types, func.ops[store].operands[1])).collect();
    let is_null = |value: Value| func.def(value).is_some_and(|op| func.ops[op].opcode == Opcode::KsNull);
    let Some(known) = stored.iter().find_map(|&value| origin(func, types, value)) else { return false };
    let fits = stored.iter().all(|&value| origin(func, types, value) == Some(known) || is_null(value));
    if !users.iter().all(plain) || !fits {
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

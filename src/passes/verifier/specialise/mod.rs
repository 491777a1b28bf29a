//! `specialise`: code that gets pointers to the stack or into the packet knows that they are such.
//!
//! The verifier treats them unlike others: it allows no atomic operations on packets and none at a variable offset of the stack, which
//! nobody else changes anyway, and no variable offsets into packets. Takes a BPF module where a pointer of a parameter or a variable may be
//! to any memory. If a call passes such pointers, and the callee has ops that depend on their memory, the pass makes a copy of the callee,
//! one for each set of parameters that get them, with their types; a variable that holds only such pointers gets that type too. Before the
//! passes that look at spaces.
//!
//! A `*T` is `ptr<T, any>` if its memory is unknown: the verifier tracks the memory of a pointer on each path, so one function can
//! serve stack, globals and map entries where no operation asks for one of them. Where one variable may point to the stack and to
//! shared memory, `elements` takes the addresses of the stack at constant offsets, at which atomic operations are allowed. Pointers
//! that the verifier cannot track are errors: pointer arithmetic (`reach`), pointers stored outside the stack (`stored_pointers`),
//! pointers that callbacks pass out (`outline`), and locks that may not be those of map entries (`lock-places`).

mod copies;

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Builder, Function, Module, OpId, Opcode, Symbol, Value};
use crate::session::Session;
use crate::tables::OpTrait;
use crate::tables::workarounds;
use crate::types::{Space, Ty, TyKind, Types};
use copies::{Copied, Copies, copy, drop_unused};
use std::collections::HashMap;
use std::rc::Rc;

const NAME: &str = "specialise";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Copy functions per memory that their pointers point to",
    after: &[("function-pointers", "makes all callees known")],
    before: &[
        ("packet", "looks at the memory of pointers"),
        ("maps", "looks at the memory of pointers"),
        ("lock-places", "looks at the memory of pointers"),
        ("assign-ops", "updates shared memory atomically, and other memory not"),
    ],
    because: Because::Verifier(&[workarounds::SPECIALISE]),
    run: Run::Module(run),
};

/// The known memory of a pointer.
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
    let mut copies = Copies::default();
    let mut updates = Updates::default();
    let mut changed = Changed::No;
    let mut at = 0;
    while at < module.funcs.len() {
        changed = changed.or(refine(&mut module.funcs[at], &mut cx.types));
        for op in module.funcs[at].walk() {
            let Some(copied) = hands_over(module, &cx.types, (at, op), &mut updates) else { continue };
            let copied = copies.of_original(copied);
            let name = match copies.names.get(&copied) {
                Some(name) => name.clone(),
                None => {
                    let Some(copy) = copy(module, &mut cx.types, &copied) else { continue };
                    let name = copy.name.clone();
                    Rc::make_mut(&mut cx.names).derive(&name, &copied.0);
                    module.funcs.push(copy);
                    copies.add(copied, name.clone());
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
fn hands_over(module: &Module, types: &Types, (caller, op): (usize, OpId), updates: &mut Updates) -> Option<Copied> {
    let func = &module.funcs[caller];
    if func.ops[op].opcode != Opcode::KsCall {
        return None;
    }
    let view = KsCall::of(&func.ops[op]);
    // A function that is verified by itself has no copies.
    let callee = module.func(view.callee()).filter(|callee| !callee.global)?;
    let mut params = Vec::new();
    for (index, (&arg, param)) in std::iter::zip(view.args(), &callee.params).enumerate() {
        if let (Some(Space::Any), Some(origin)) = (space(types, param.ty), Origin::of(types, func.ty(arg))) {
            params.push((index, origin));
        }
    }
    let matters = params.iter().any(|&(_, origin)| origin == Origin::Packet)
        || (!params.is_empty() && updates.of(module, view.callee()));
    matters.then(|| (view.callee().clone(), params))
}

/// Which functions, or functions that they call, update a place, which is atomic in shared memory.
#[derive(Default)]
struct Updates(HashMap<Symbol, bool>);

impl Updates {
    fn of(&mut self, module: &Module, name: &Symbol) -> bool {
        if let Some(&known) = self.0.get(name) {
            return known;
        }
        let Some(func) = module.func(name) else { return false };
        let updates = func.walk().into_iter().any(|op| {
            let data = &func.ops[op];
            data.opcode.has(OpTrait::Updates)
                || (data.opcode == Opcode::KsCall && self.of(module, KsCall::of(data).callee()))
        });
        self.0.insert(name.clone(), updates);
        updates
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
            break;
        }
        changed = Changed::Yes;
    }
    for op in func.walk() {
        changed = changed.or(fit(func, types, op));
    }
    changed
}

/// Where a pointer to known memory goes to where any is meant it is converted.
fn fit(func: &mut Function, types: &mut Types, op: OpId) -> Changed {
    let mut changed = Changed::No;
    for index in 0..func.ops[op].operands.len() {
        let (ty, Some(wanted)) = (func.ty(func.ops[op].operands[index]), wanted(func, types, op, index)) else {
            continue;
        };
        if ty != wanted && space(types, ty).is_some() && space(types, wanted) == Some(Space::Any) {
            let operand = func.ops[op].operands[index];
            let wanted = with_space(types, ty, Space::Any);
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

/// Gives an op that uses a pointer of the space `any` the same pointer in its own space, where that is known.
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

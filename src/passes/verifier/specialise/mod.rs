//! `specialise`: code that gets pointers to the stack, into the packet or to objects of the kernel knows that they are such.
//!
//! The verifier treats them unlike others: it allows no atomic operations on packets and none at a variable offset of the stack, which
//! nobody else changes anyway, and no variable offsets into packets. Takes a BPF module where a pointer of a parameter or a variable may be
//! to any memory. If a call passes such pointers, and the callee has ops that depend on their memory, the pass makes a copy of the callee,
//! one for each set of parameters that get them, with their types; a variable that holds only such pointers gets that type too
//! (`refine.rs`). Before the passes that look at spaces.
//!
//! A parameter that is a pointer to a struct of the kernel takes pointers of any origin too, so its fields are read by a helper that reads
//! zeros where the address is bad. In a copy for objects that the verifier follows they are loaded, as in a program that gets such an object.
//!
//! A `*T` is `ptr<T, any>` if its memory is unknown: the verifier tracks the memory of a pointer on each path, so one function can
//! serve stack, globals and map entries where no operation asks for one of them. Where one variable may point to the stack and to
//! shared memory, `elements` takes the addresses of the stack at constant offsets, at which atomic operations are allowed. Pointers
//! that the verifier cannot track are errors: pointer arithmetic (`reach`), pointers stored outside the stack (`stored_pointers`),
//! pointers that callbacks pass out (`outline`), and locks that may not be those of map entries (`lock-places`).

mod copies;
mod refine;

use super::{Because, Changed, Pass, Run};
use crate::ir::ops::KsCall;
use crate::ir::{Attr, Module, OpId, Opcode, Symbol};
use crate::session::Session;
use crate::tables::OpTrait;
use crate::tables::workarounds;
use crate::types::{Space, Ty, TyKind, Types};
use copies::{Copied, Copies, copy, drop_unused};
use refine::refine;
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
    /// An object of the kernel that the verifier follows. The pointer is not null.
    Object,
}

impl Origin {
    fn of(types: &Types, ty: Ty) -> Option<Origin> {
        let TyKind::Ptr { to, space, nullable } = types.kind(ty) else { return None };
        let of_object = space == Space::BtfTrusted && !nullable && types.is_relocated(to);
        if space == Space::Packet {
            Some(Origin::Packet)
        } else if space == Space::Stack {
            Some(Origin::Stack)
        } else {
            of_object.then_some(Origin::Object)
        }
    }

    fn space(self) -> Space {
        match self {
            Origin::Packet => Space::Packet,
            Origin::Stack => Space::Stack,
            Origin::Object => Space::BtfTrusted,
        }
    }

    /// In the names of copies.
    fn word(self) -> &'static str {
        match self {
            Origin::Packet => "packet",
            Origin::Stack => "stack",
            Origin::Object => "object",
        }
    }

    /// The space of pointers that may have this origin or another.
    fn unknown(self) -> Space {
        match self {
            Origin::Packet | Origin::Stack => Space::Any,
            Origin::Object => Space::BtfUntrusted,
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
        if let Some(origin) = Origin::of(types, func.ty(arg))
            && space(types, param.ty) == Some(origin.unknown())
        {
            params.push((index, origin));
        }
    }
    let has = |origin: Origin| params.iter().any(|&(_, of)| of == origin);
    let matters =
        has(Origin::Packet) || has(Origin::Object) || (has(Origin::Stack) && updates.of(module, view.callee()));
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

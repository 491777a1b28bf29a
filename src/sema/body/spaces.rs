//! Kinds of memory that pointers point into: which of them are accepted where another is wanted.

use super::type_kinds::Pointer;
use super::value::{cast, local, strip_cast};
use super::{Site, State};
use crate::diag::codes::contexts::{ProcessMemory, UnknownObject};
use crate::diag::codes::refused::MixedPointer;
use crate::sema::tree::{Block, Const, Expr, ExprKind, Role};
use crate::sema::trusted::{self, Holder};
use crate::source::Span;
use crate::types::{Space, Ty};

impl State<'_, '_> {
    /// Whether a pointer is trusted: the verifier knows its pointee. If it depends on a parameter, a variable or a result (`Holder`), asks
    /// that
    /// this holds trusted pointers alone, and answers as if it did.
    pub fn trust(&self, pointer: &Expr) -> bool {
        let Some(Pointer { to, space, .. }) = self.pointer(pointer.ty) else { return false };
        if space == Space::BtfTrusted {
            return true;
        }
        let of_block = |block: &Block| block.value.as_ref().is_none_or(|value| self.trust(value));
        if let ExprKind::Cast(inner) = &pointer.kind {
            self.pointer(inner.ty).is_some_and(|inner| inner.to == to) && self.trust(inner)
        } else if let ExprKind::If(node) = &pointer.kind {
            let then = of_block(&node.then);
            node.otherwise.as_ref().is_none_or(of_block) && then
        } else if let ExprKind::Match(node) = &pointer.kind {
            node.arms.iter().map(|arm| &arm.body).chain(&node.default).all(of_block)
        } else if let ExprKind::Block(block) = &pointer.kind {
            of_block(block)
        } else if let Some(holder) = self.holder(pointer) {
            self.ask_holder(holder, pointer.span)
        } else {
            matches!(pointer.kind, ExprKind::Const(Const::Null))
        }
    }

    /// The parameter, variable or function from which a pointer is.
    fn holder(&self, pointer: &Expr) -> Option<Holder> {
        if let Some((func, _)) = pointer.call() {
            let is_own = matches!(self.env.program.func(func).role, Role::Helper | Role::Plain);
            return is_own.then_some(Holder::Result(func));
        }
        let local = local(pointer)?;
        let func = self.env.program.func(self.func);
        if func.named_result == Some(local) {
            return matches!(func.role, Role::Helper | Role::Plain).then_some(Holder::Result(self.func));
        }
        if func.params.contains(&local) {
            return matches!(func.role, Role::Helper | Role::Plain).then_some(Holder::Param(self.func, local));
        }
        Some(Holder::Local(self.func, self.vars[local].span))
    }

    /// The first value of a variable whose type nobody wrote.
    pub fn first_held(&mut self, declared_at: Span, value: Expr) -> Expr {
        let ty = self.held(declared_at, value.ty);
        self.note_held_in(Holder::Local(self.func, declared_at), &value);
        if ty == value.ty || !self.trust(&value) { value } else { cast(value, ty) }
    }

    /// A pointer goes into a variable, or is the result of a function.
    pub fn note_held_in(&mut self, holder: Holder, value: &Expr) {
        let is_open = self.pointer(value.ty).is_some_and(|of| of.space == Space::BtfUntrusted);
        if is_open && self.env.trust.borrow().holds(holder) && !self.trust(value) {
            self.env.trust.borrow_mut().refuse(holder, value.span);
        }
    }

    /// Like `note_held_in`, for a store to a place; only variables of the body are holders.
    pub fn note_stored_pointer(&mut self, place: &Expr, value: &Expr) {
        let Some(holder @ Holder::Local(..)) = self.holder(place) else { return };
        self.note_held_in(holder, value);
        let space = |ty| self.pointer(ty).filter(|of| self.cx.types.is_relocated(of.to)).map(|of| of.space);
        let mixes = (space(place.ty), space(value.ty)) == (Some(Space::BtfTrusted), Some(Space::BtfUntrusted));
        if mixes && !self.trust(value) {
            self.env.trust.borrow_mut().mix(holder, value.span);
        }
    }

    /// The kernel takes only objects to which the verifier follows, and this is none.
    pub fn refuse_object(&mut self, value: &Expr) {
        let text = self.text(value.span).to_owned();
        let refused = self.holder(strip_cast(value)).and_then(|holder| self.env.trust.borrow().refused(holder));
        let error = self.error(value.span, UnknownObject { text });
        match refused {
            Some(stored) if stored != value.span => {
                error.note(stored, "the kernel does not know what this points to, which it holds");
            }
            Some(_) | None => {
                error.help("it knows the pointers that a `@tp_btf` program gets, what is read through them, what functions of the kernel return, and the running task by `bpf_get_current_task_btf()`")
                    .help("a variable of its own may hold any: `var p = …`");
            }
        }
    }
}

impl Site<'_, '_> {
    /// Two kinds of memory in one pointer type: either is fine where it is left open.
    pub fn spaces_agree(&self, from: Space, to: Space) -> bool {
        let special =
            |space| matches!(space, Space::User | Space::Arena | Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted);
        let forgets = from == Space::BtfTrusted && to == Space::BtfUntrusted;
        from == to || forgets || ((from == Space::Any || to == Space::Any) && !special(from) && !special(to))
    }

    fn ask_holder(&self, holder: Holder, span: Span) -> bool {
        let mut trust = self.env.trust.borrow_mut();
        if trust.holds(holder) {
            // Its declaration does not say so, so nothing shows what goes there.
            trust.refuse(holder, span);
        }
        trust.ask(holder)
    }

    /// The type of a variable: `ty`, or its trusted form if the variable is only given trusted pointers, or its untrusted one if it is given
    /// others too.
    pub fn held(&mut self, declared_at: Span, ty: Ty) -> Ty {
        let holder = Holder::Local(self.func, declared_at);
        let (holds, mixed) = (self.env.trust.borrow().holds(holder), self.env.trust.borrow().is_mixed(holder));
        let space = self.pointer(ty).map(|of| of.space);
        if holds && space == Some(Space::BtfUntrusted) {
            trusted::within(&mut self.cx.types, ty, Space::BtfTrusted)
        } else if mixed && space == Some(Space::BtfTrusted) {
            trusted::within(&mut self.cx.types, ty, Space::BtfUntrusted)
        } else {
            ty
        }
    }

    /// Reports a pointer into `from` where one into `to` is wanted.
    pub fn refuse_spaces(&mut self, span: Span, from: Space, to: Space) {
        if [from, to].contains(&Space::Arena) {
            let error = self.error(span, ProcessMemory { from: memory(from), to: memory(to) });
            if from == Space::Arena {
                error.help(
                    "copy what it points to: `var v = *p`, and give the address of that; or have a `*arena T` here",
                );
            } else {
                error.help("what a `*arena T` points to was made by `alloc` of the arena: `heap.alloc(T)`");
            }
            return;
        }
        if from != Space::User && to != Space::User {
            let error = self.error(span, MixedPointer { from: memory(from), to: memory(to) });
            if from == Space::BtfUntrusted {
                error.help("hand over the address, `p as u64`, and convert it where it is used: `var p = at as *T`");
            } else {
                error.help("read the fields through a pointer of its own type, and hand over their values");
            }
            return;
        }
        let error = self.error(span, ProcessMemory { from: memory(from), to: memory(to) });
        if from == Space::User {
            error.help("a parameter or variable of the type `*user T` takes it; else copy what it points to, `var v = *p`, and give the address of that");
        } else {
            error.help(
                "the address of a process' memory is a number, such as an argument of a system call: `n as *user T`",
            );
        }
    }
}

/// What pointers of a space point into.
fn memory(space: Space) -> String {
    let words = match space {
        Space::User => "the memory of a process",
        Space::BtfTrusted | Space::BtfRcu | Space::BtfUntrusted => "the memory of the kernel",
        Space::Packet => "a packet",
        Space::Ctx => "a context",
        Space::Arena => "an arena",
        Space::Any
        | Space::Stack
        | Space::Global
        | Space::Map
        | Space::MapValue
        | Space::Percpu
        | Space::Ringbuf
        | Space::Host
        | Space::Heap => "the memory of the program",
    };
    words.to_owned()
}

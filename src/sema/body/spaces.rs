//! Kinds of memory that pointers point into: what may be given where another is wanted.

use super::Checker;
use super::value::{local, strip_cast};
use crate::diag::codes::contexts::{ProcessMemory, UnknownObject};
use crate::sema::tree::{Expr, Role};
use crate::source::Span;
use crate::types::Space;

impl Checker<'_, '_> {
    /// Two kinds of memory in one pointer type: either is fine where it is left open.
    pub fn spaces_agree(&self, from: Space, to: Space) -> bool {
        let special = |space| matches!(space, Space::User | Space::Ctx | Space::BtfTrusted | Space::BtfUntrusted);
        let forgets = from == Space::BtfTrusted && to == Space::BtfUntrusted;
        from == to || forgets || ((from == Space::Any || to == Space::Any) && !special(from) && !special(to))
    }

    /// Whether a pointer is a parameter for which callers can be asked for a pointer to which the verifier follows.
    pub fn trust(&self, pointer: &Expr) -> bool {
        let Some(param) = local(strip_cast(pointer)) else { return false };
        let func = self.env.program.func(self.func);
        // One that is known to be of this kind was converted before.
        let open = self.pointer(self.locals[param.0 as usize].ty).is_some_and(|of| of.space == Space::BtfUntrusted);
        let own = open && matches!(func.role, Role::Helper | Role::Plain) && func.params.contains(&param);
        if own {
            self.env.trusted.borrow_mut().insert((self.func, param));
        }
        own
    }

    pub fn refuse_spaces(&mut self, span: Span, from: Space, to: Space) {
        if (from, to) == (Space::BtfUntrusted, Space::BtfTrusted) {
            let text = self.text(span).to_owned();
            self.error(span, UnknownObject { text })
                .help("it knows the pointers that a `@tp_btf` program gets, what is read through them, and the running task by `bpf_get_current_task_btf()`");
            return;
        }
        if from != Space::User && to != Space::User {
            self.unsupported(span, "one pointer for a context or a kernel object, and something else");
            return;
        }
        let error = self.error(span, ProcessMemory { from: memory(from), to: memory(to) });
        if from == Space::User {
            error.help("copy what it points to: `var v = *p`, and give the address of that");
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

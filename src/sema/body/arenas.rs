//! `a.alloc(T)` and `a.free(p)`: objects in an arena.

use super::map_methods::MapCall;
use super::{Checker, Site};
use crate::diag::codes::maps::ArenaObject;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{Callee, Expr};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Checker<'_, '_> {
    pub(super) fn arena_call(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, method, name, args, span } = call;
        let [arg] = args else {
            self.check_args(args);
            self.wrong_count(&name.name, "1 argument", args.len(), name.span)
                .help("`a.alloc(T)` makes a `T` in the arena `a`, `a.free(p)` gives its memory back");
            return None;
        };
        self.refuse_name(arg, method.name);
        if method.result == "void" {
            return self.arena_free(call);
        }
        let of = self.type_argument(&arg.value);
        if of == Ty::ERROR || self.refuse_in_arena(of, arg.value.span) {
            return None;
        }
        let init = self.default_of(of);
        let ty = self.cx.types.ptr(of, Space::Arena, true);
        Some(Expr::operation(Callee::New { arena: Some(map), init, gfp: String::new() }, Vec::new(), ty, span))
    }

    fn arena_free(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, method, args, span, .. } = call;
        let object = self.typed(&args[0].value, None).known()?;
        if self.pointer(object.ty).is_none_or(|of| of.space != Space::Arena) {
            let found = format!("`{}`", self.ty_name(object.ty));
            self.error(object.span, MismatchedTypes { wanted: "a pointer into the arena".into(), found })
                .help("`free` takes what `alloc` of the arena yields, a `*arena T`");
            return None;
        }
        self.use_object(&object);
        self.note_freed(&object, span);
        Some(Expr::operation(Callee::Map { map, method }, vec![object], Ty::VOID, span))
    }
}

impl Site<'_, '_> {
    /// Reports a type whose objects cannot be in an arena.
    fn refuse_in_arena(&mut self, of: Ty, span: Span) -> bool {
        let types = &self.cx.types;
        let why = match () {
            _ if types.holds_pointer(of) => "a pointer in it is one into the arena: `*arena T`",
            _ if types.holds(of, &|kind| matches!(kind, TyKind::Fn(_) | TyKind::Handle(_) | TyKind::Link)) => {
                "function pointers, programs and links mean nothing to the other side"
            }
            _ if types.has_kept(of) => "what only the kernel touches belongs in the value of a map",
            _ if types.is_relocated(of) => "of a struct of the kernel only the kernel knows the size",
            _ if types.size_of(of) == 0 => "it has no size",
            _ => return false,
        };
        let ty = self.ty_name(of);
        self.error(span, ArenaObject { ty }).help(why);
        true
    }
}

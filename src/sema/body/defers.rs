//! `defer`: code that runs when the function ends.
//!
//! The arguments of a deferred call are evaluated at once, into hidden variables. A deferred block runs at the end, so
//! that in it only those facts hold that the rest of the function cannot change.

use super::exprs::strip;
use super::value::{constant, local};
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::refused::DeferredInner;
use crate::diag::codes::throws::{DeferInDefer, DeferInLoop, DeferLeaves, DeferWhat};
use crate::sema::tree::{Block, Callee, Expr, ExprKind, LocalId, Stmt, StmtKind, Visitor};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};
use std::collections::BTreeSet;

/// Scopes around a statement of the function's own block: that of the parameters, and the block's.
const OUTERMOST: usize = 2;

#[derive(Default)]
pub(super) struct Defers {
    /// The checked code is deferred.
    inside: bool,
    /// A `defer` is before this point or around it.
    any: bool,
}

impl Defers {
    /// Whether a `defer` is before this point or around it.
    pub fn any(&self) -> bool {
        self.any
    }
}

impl Checker<'_, '_> {
    /// `defer { … }`
    pub fn defer_block(&mut self, block: &ast::Block, span: Span) -> Option<StmtKind> {
        let allowed = self.may_defer(span);
        let body = self.at_the_end(|checker| checker.block(block));
        allowed.then_some(())?;
        self.note_deferred(&body, span).then_some(StmtKind::Defer(body))
    }

    /// `defer call(…)`
    pub fn defer_call(&mut self, call: &ast::Expr, span: Span, out: &mut Vec<Stmt>) {
        let allowed = self.may_defer(span);
        let call = strip(call);
        if !matches!(call.kind, ast::ExprKind::Call { .. }) {
            if self.value(call, None).expr.ty != Ty::ERROR {
                self.defer_what(call.span);
            }
            return;
        }
        // The call runs at the end; only its arguments matter here.
        let before = self.flow.clone();
        let mut checked = self.deferred_effect(call);
        self.flow.deleted = before.deleted;
        self.flow.freed = before.freed;
        self.flow.reachable = before.reachable;
        if checked.ty == Ty::ERROR || !allowed {
            return;
        }
        if !self.keep_arguments(&mut checked, out) {
            return self.defer_what(checked.span);
        }
        let call_span = checked.span;
        self.push_deferred(Stmt { kind: StmtKind::Expr(checked), span: call_span }, span, out);
    }

    /// `defer delete m[k]`, `defer delete pointer`
    pub fn defer_delete(&mut self, what: &ast::Expr, span: Span, out: &mut Vec<Stmt>) {
        let allowed = self.may_defer(span);
        let before = self.flow.clone();
        let kind = self.delete(what, span);
        self.flow.deleted = before.deleted;
        self.flow.freed = before.freed;
        let Some(mut kind) = kind.filter(|_| allowed) else { return };
        if let StmtKind::MapDelete { key: kept, .. } | StmtKind::Delete(kept) = &mut kind {
            self.keep(kept, out);
        }
        self.push_deferred(Stmt { kind, span }, span, out);
    }

    /// Checks what runs when the function ends: after any statement of it, with no loop and no `try` around.
    fn at_the_end<T>(&mut self, check: impl FnOnce(&mut Self) -> T) -> T {
        let flow = self.flow.clone();
        let known: Vec<_> = self.vars.iter().map(|(_, info)| (info.packet, info.program)).collect();
        let (loops, tries) = (std::mem::take(&mut self.loops), std::mem::take(&mut self.tries));
        let nested = std::mem::replace(&mut self.defers.inside, true);
        if let Some(body) = &self.env.funcs[self.func.0 as usize].decl.body {
            self.forget_changed(body);
        }
        let checked = check(self);
        self.defers.inside = nested;
        (self.flow, self.loops, self.tries) = (flow, loops, tries);
        for (info, (packet, program)) in std::iter::zip(self.vars.iter_mut(), known) {
            (info.packet, info.program) = (packet, program);
        }
        checked
    }
}

impl State<'_, '_> {
    fn push_deferred(&mut self, stmt: Stmt, span: Span, out: &mut Vec<Stmt>) {
        let block = Block { span: stmt.span, stmts: vec![stmt], value: None };
        if self.note_deferred(&block, span) {
            out.push(Stmt { kind: StmtKind::Defer(block), span });
        }
    }

    fn may_defer(&mut self, span: Span) -> bool {
        self.defers.any = true;
        let word = Span { hi: span.lo + "defer".len() as u32, ..span };
        if self.defers.inside {
            self.error(word, DeferInDefer {}).help("what comes last in a deferred block runs last: write it there");
            return false;
        }
        if !self.loops.is_empty() {
            self.error(word, DeferInLoop {})
                .help("put the body of the loop into a function: what that defers runs at the end of each iteration");
            return false;
        }
        true
    }

    /// Reports an exit from a deferred block; true if there is one around.
    pub fn refuse_leaving(&mut self, word: &str, span: Span) -> bool {
        let inside = self.defers.inside;
        if inside {
            let word = word.to_owned();
            self.error(span, DeferLeaves { word }).help("use `if` to go past the rest of the block");
        }
        inside
    }

    /// Moves the arguments of a call, and what leads to a place that it changes, into variables of their own. False if it is
    /// no call.
    fn keep_arguments(&mut self, call: &mut Expr, out: &mut Vec<Stmt>) -> bool {
        let args = if let ExprKind::Operation { callee, args } = &mut call.kind {
            if matches!(callee, Callee::New { .. } | Callee::Object { .. }) {
                return false;
            }
            let is_atomic = matches!(callee, Callee::Builtin(builtin) if builtin.atomic.is_some());
            if let ([place, rest @ ..], true) = (&mut **args, is_atomic || matches!(callee, Callee::Field { .. })) {
                self.keep_path(place, out);
                rest
            } else {
                args
            }
        } else if let Some(values) = panic_of(call) {
            values
        } else {
            return false;
        };
        args.iter_mut().for_each(|arg| self.keep(arg, out));
        true
    }

    fn keep(&mut self, arg: &mut Expr, out: &mut Vec<Stmt>) {
        let is_record = matches!(self.cx.types.kind(arg.ty), TyKind::Ptr { space: Space::Ringbuf, .. });
        if constant(&self.cx.types, arg).is_some() || is_record && local(arg).is_some() {
            return;
        }
        let (ty, span) = (arg.ty, arg.span);
        if ty == Ty::BYTES && self.vars.blocks.len() > OUTERMOST {
            let what = "a `bytes` of an inner block".to_owned();
            self.error(span, DeferredInner { what })
                .help("put the `defer` into the function's own block, or make the inner block a function");
            *arg = super::value::error_expr(span);
            return;
        }
        let kept = self.hidden("argument", ty, span);
        let value = std::mem::replace(arg, self.vars.local_expr(kept, span));
        self.note_held(kept, &value);
        out.push(Stmt { kind: StmtKind::Var { local: kept, init: Some(value) }, span });
    }

    /// Which place it is is found out at once, what is in it at the end.
    fn keep_path(&mut self, place: &mut Expr, out: &mut Vec<Stmt>) {
        if let ExprKind::Field { base, .. } = &mut place.kind {
            self.keep_path(base, out);
        } else if let ExprKind::Index { base, index } = &mut place.kind {
            self.keep_path(base, out);
            self.keep(index, out);
        } else if let ExprKind::Deref(pointer) | ExprKind::DerefIf { pointer, .. } = &mut place.kind {
            self.keep(pointer, out);
        } else if let Some(entry) = local(place).filter(|&entry| self.vars.is_inner_entry(entry)) {
            // A variable that is bound to an entry is gone at the end of its block; a pointer is not.
            let (ty, span) = (place.ty, place.span);
            let pointer = self.cx.types.ptr(ty, Space::MapValue, false);
            let mut address = self.vars.local_expr(entry, span);
            address = Expr { kind: ExprKind::AddressOf(Box::new(address)), ty: pointer, span };
            self.keep(&mut address, out);
            *place = Expr { kind: ExprKind::Deref(Box::new(address)), ty, span };
        }
    }

    /// Keeps a variable that a deferred block names. False if that is not possible, which is reported.
    fn note_deferred(&mut self, block: &Block, span: Span) -> bool {
        let mut mentioned = Mentioned::default();
        mentioned.block(block);
        let inner: BTreeSet<LocalId> =
            self.vars.blocks.iter().skip(OUTERMOST).flat_map(|scope| scope.locals()).copied().collect();
        for local in mentioned.0 {
            self.vars[local].deferred = true;
            let kind = self.vars[local].kind;
            let ty = self.vars[local].ty;
            if inner.contains(&local) && (ty == Ty::BYTES || matches!(kind, LocalKind::Entry | LocalKind::InnerMap)) {
                let name = self.vars[local].name.clone();
                self.cx.error(span, DeferredInner { what: format!("`{name}`, which an inner block binds,") }).help(
                    format!(
                        "bind it in the function's own block: `var {name} = … else {{ … }}`, or make the inner block a \
                         function"
                    ),
                );
                return false;
            }
        }
        true
    }
}

impl Site<'_, '_> {
    fn defer_what(&mut self, span: Span) {
        let is_assert = self.text(span).starts_with("assert");
        self.error(span, DeferWhat {}).help(if is_assert {
            "in a block the condition is tested when the function ends: `defer { assert(…) }`"
        } else {
            "other statements go into a block: `defer { … }`"
        });
    }
}

impl Variables {
    fn is_inner_entry(&mut self, local: LocalId) -> bool {
        let inner = self.blocks.iter().skip(OUTERMOST).any(|scope| scope.locals().contains(&local));
        inner && self[local].kind == LocalKind::Entry
    }
}

/// The values in the message of a call of `panic`.
fn panic_of(call: &mut Expr) -> Option<&mut [Expr]> {
    let ExprKind::Block(block) = &mut call.kind else { return None };
    let [Stmt { kind: StmtKind::Panic { args, .. }, .. }] = block.stmts.as_mut_slice() else { return None };
    Some(args)
}

/// The variables that a piece of the tree names.
#[derive(Default)]
struct Mentioned(BTreeSet<LocalId>);

impl Visitor<'_> for Mentioned {
    fn expr(&mut self, expr: &Expr) {
        self.0.extend(local(expr));
        self.parts_of_expr(expr);
    }
}

//! Calls of functions of C.
//!
//! A string is handed over as the address of a copy, which is written back into a variable after the call.

use super::places::{is_place, root};
use super::value::{cast, has_effect, int_expr};
use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast;
use crate::sema::body::calls::counted;
use crate::sema::tree::{Block, CFunctionId, Callee, Expr, ExprKind, LocalId, Stmt, StmtKind, Storage};
use crate::source::Span;
use crate::types::{FnSig, Space, Ty, TyKind};

/// The runtime's function that ends a text which C may have written: a NUL, and zeros behind it.
const SETTLE: &str = "ks_c_settle";

/// The statements around a call.
#[derive(Default)]
struct Around {
    before: Vec<Stmt>,
    after: Vec<Stmt>,
}

impl Checker<'_, '_> {
    /// Checks a call of a function of C by its declaration.
    pub fn call_c(&mut self, id: CFunctionId, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let function = self.env.program.c_function(id);
        let (name, declared) = (function.name.clone(), function.span);
        let Some(FnSig { params, result }) = function.sig.clone() else {
            self.check_args(args);
            return None;
        };
        if args.len() != params.len() {
            self.check_args(args);
            let takes = counted(params.len(), "argument");
            self.wrong_count(&name, takes, args.len(), span).note(declared, "declared here");
            return None;
        }
        let mut around = Around::default();
        let mut checked = Vec::new();
        for (arg, ty) in std::iter::zip(args, params) {
            self.refuse_name(arg, &name);
            checked.push(self.c_argument(&arg.value, ty, &mut around));
        }
        if checked.iter().any(|arg| arg.ty == Ty::ERROR) {
            return None;
        }
        let call = if matches!(self.cx.types.kind(result), TyKind::Str(_)) {
            let pointer = self.cx.types.ptr(Ty::CHAR, Space::Any, true);
            let text = Expr::operation(Callee::C(id), checked, pointer, span);
            Expr::operation(Callee::CText, vec![text], result, span)
        } else {
            Expr::operation(Callee::C(id), checked, result, span)
        };
        Some(self.within(around, call))
    }

    fn c_argument(&mut self, arg: &ast::Expr, ty: Ty, around: &mut Around) -> Expr {
        let value = self.value(arg, Some(ty));
        let is_text = self.is_text(value.ty());
        if let TyKind::Str(_) = self.cx.types.kind(ty) {
            return self.text_argument(arg, value.expr, ty, around);
        }
        let takes_text = self.pointer(ty).is_some_and(|of| of.to == Ty::CHAR || of.to == Ty::U8);
        if takes_text && is_text {
            let own = self.as_string(value.expr);
            let size = own.ty;
            return self.text_argument(arg, own, size, around);
        }
        self.coerce(value, ty)
    }

    /// The address of a copy of a text, with room for a string of type `ty`.
    fn text_argument(&mut self, arg: &ast::Expr, value: Expr, ty: Ty, around: &mut Around) -> Expr {
        let span = arg.span;
        let back = self.is_written_back(&value);
        let value = self.coerce(value.into(), ty);
        if value.ty == Ty::ERROR {
            return value;
        }
        let size = self.cx.types.size_of(ty);
        let copy = self.hidden("text", ty, span);
        around.before.push(Stmt { kind: StmtKind::Var { local: copy, init: Some(value) }, span });
        let settle = vec![self.text_address(copy, ty, span), int_expr(i128::from(size), Ty::U64, span)];
        let settle = Expr::operation(Callee::Runtime(SETTLE), settle, Ty::VOID, span);
        around.after.push(Stmt { kind: StmtKind::Expr(settle), span });
        if back {
            let place = self.place(arg);
            if place.ty != Ty::ERROR {
                let written = self.vars.local_expr(copy, span);
                let value = if place.ty == ty { written } else { cast(written, place.ty) };
                around.after.push(Stmt { kind: StmtKind::Assign { place, op: None, value }, span });
            }
        }
        self.text_address(copy, ty, span)
    }

    fn text_address(&mut self, copy: LocalId, ty: Ty, span: Span) -> Expr {
        let own = self.cx.types.ptr(ty, Space::Stack, false);
        let pointer = self.cx.types.ptr(Ty::CHAR, Space::Stack, false);
        let place = Box::new(self.vars.local_expr(copy, span));
        cast(Expr { kind: ExprKind::AddressOf(place), ty: own, span }, pointer)
    }

    /// The call between the statements before and after it, as an expression of its value.
    fn within(&mut self, around: Around, call: Expr) -> Expr {
        let (ty, span) = (call.ty, call.span);
        if around.before.is_empty() {
            return call;
        }
        let mut stmts = around.before;
        let value = if ty == Ty::VOID {
            stmts.push(Stmt { kind: StmtKind::Expr(call), span });
            None
        } else {
            let result = self.hidden("result", ty, span);
            stmts.push(Stmt { kind: StmtKind::Var { local: result, init: Some(call) }, span });
            Some(Box::new(self.vars.local_expr(result, span)))
        };
        stmts.extend(around.after);
        Expr { kind: ExprKind::Block(Block { stmts, value, span }), ty, span }
    }
}

impl State<'_, '_> {
    /// Whether what C writes into the copy of a text goes back to where the text is: a variable, or a part of one.
    fn is_written_back(&self, value: &Expr) -> bool {
        if !is_place(value) || has_effect(value) || !self.is_str(value.ty) {
            return false;
        }
        let root = &root(value).kind;
        if let ExprKind::Local(local) = root {
            matches!(self.vars[*local].kind, LocalKind::Var | LocalKind::Param | LocalKind::NamedResult)
        } else if let ExprKind::Global(global) = root {
            matches!(self.env.program.global(*global).storage, Storage::Shared | Storage::Pinned)
        } else {
            matches!(root, ExprKind::Deref(_))
        }
    }
}

impl Site<'_, '_> {
    /// Whether a pointer is one to characters of user space, which may be a text of C.
    pub fn is_c_text(&self, ty: Ty) -> bool {
        let here = self.targets.all(|on| !on.in_kernel);
        here && self.pointer(ty).is_some_and(|of| of.to == Ty::CHAR && of.space != Space::User)
    }

    /// The text that a pointer of C points to, as a string.
    pub fn c_text(&self, pointer: Expr, ty: Ty) -> Expr {
        let span = pointer.span;
        Expr::operation(Callee::CText, vec![pointer], ty, span)
    }
}

//! Functions as values, and calls through them.

use super::signatures::{Param, Signature};
use super::value::error_expr;
use super::{Checker, Site};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::NotCallable;
use crate::diag::codes::refused::ViewInFunctionValue;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, FuncId};
use crate::source::Span;
use crate::types::{FnSig, Ty, TyKind};

impl Checker<'_, '_> {
    /// `callee(args)` of a value.
    pub fn call_value(&mut self, callee: Expr, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let Some(sig) = self.function_type(callee.ty) else {
            self.check_args(args);
            if callee.ty != Ty::ERROR {
                let what = format!("a value of type `{}`", self.ty_name(callee.ty));
                self.error(callee.span, NotCallable { what });
            }
            return None;
        };
        let name = self.text(callee.span).to_owned();
        let ty = self.ty_name(callee.ty);
        let (form, wanted_by) = (format!("it is a `{ty}`"), Some(format!("`{name}` is a `{ty}`")));
        let params = sig.params.iter().map(|&ty| Param::Of(ty)).collect();
        let mut signature = Signature { form, wanted_by, ..Signature::new(&name, span, params) };
        let mut checked = self.arguments(&mut signature, args)?;
        self.may_throw();
        if let ExprKind::Const(Const::Func(func)) = callee.kind {
            return Some(Expr::operation(Callee::Func(func), checked, sig.result, span));
        }
        checked.insert(0, callee);
        Some(Expr::operation(Callee::Pointer, checked, sig.result, span))
    }
}

impl Site<'_, '_> {
    /// A function by its name, as a value; none for programs and `main`.
    pub fn function_value(&mut self, func: FuncId, span: Span) -> Option<Expr> {
        let sig = self.env.value_signature(func)?;
        if sig.params.contains(&Ty::BYTES) {
            self.error(span, ViewInFunctionValue {})
                .help("let the function take a pointer to the value, or call it by its name");
            return Some(error_expr(span));
        }
        let ty = self.cx.types.func(sig);
        let value = Const::Func(func);
        Some(Expr { kind: ExprKind::Const(value), ty, span })
    }

    /// Whether values of the type are addresses of functions.
    pub fn is_function(&self, ty: Ty) -> bool {
        matches!(self.cx.types.kind(ty), TyKind::Fn(_))
    }

    /// The signature of a function type; none for other types.
    pub fn function_type(&self, ty: Ty) -> Option<FnSig> {
        if let TyKind::Fn(sig) = self.cx.types.kind(ty) { Some(self.cx.types.sig(sig).clone()) } else { None }
    }

    /// Whether a struct, or what a pointer points to, has a function pointer of this name as a field.
    pub fn has_function_field(&self, of: Ty, name: &Ident) -> bool {
        let of = self.pointer(of).map_or(of, |p| p.to);
        let Some(id) = self.struct_id(of) else { return false };
        let def = self.cx.types.struct_def(id);
        def.field(&name.name).is_some_and(|field| self.is_function(def.fields[field].ty))
    }
}

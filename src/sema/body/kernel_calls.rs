//! Calls of functions and macros of the kernel in module code.

use super::exprs::strip;
use super::signatures::{Param, Signature};
use super::{Checker, Site};
use crate::ast::{self, Ident};
use crate::btf::KernelFunction;
use crate::diag::codes::refused::Uncallable;
use crate::diag::codes::support::UnknownHeader;
use crate::sema::declare::externs::as_result;
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::tables;
use crate::types::{FnSig, Space, Ty, TyKind};

impl Checker<'_, '_> {
    /// A function that no `extern` declares, as the kernel's types have it; none if this is no module code, or the kernel has no such
    /// function. The inner one is none for a call that was reported.
    pub fn kernel_function(&mut self, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Option<Expr>> {
        if !self.targets.all(|on| on.is_module) {
            return None;
        }
        let cx = &mut *self.cx;
        let Some(function) = cx.kernel_types.function(&mut cx.types, &name.name) else {
            let (_, params, result) = tables::inline_function(&name.name)?;
            let params = params.into_iter().map(|param| self.table_type(param)).collect();
            let sig = FnSig { params, result: self.table_type(result) };
            return Some(self.call_kernel(&name.name, &sig, args, (span, None)));
        };
        let function = function.ok()?;
        let Some(sig) = self.prototype(&function) else {
            self.check_args(args);
            let why = "takes or returns what the language has no type for".to_owned();
            self.error(name.span, Uncallable { name: name.name.clone(), why })
                .help("call another function of the kernel that does this");
            return Some(None);
        };
        Some(self.call_kernel(&name.name, &sig, args, (span, None)))
    }

    /// A call with the types that are written, or the kernel's; C converts to those of the headers.
    pub fn call_kernel(
        &mut self,
        name: &str,
        sig: &FnSig,
        args: &[ast::Arg],
        (span, declared): (Span, Option<Span>),
    ) -> Option<Expr> {
        let is_unknown = tables::header_of_function(name).is_none() && self.env.program.headers.is_empty();
        if is_unknown && sig.params.len() == args.len() {
            let what = format!("`{name}`");
            self.error(span, UnknownHeader { what })
                .help(format!("name it before the declaration: `@header(\"linux/….h\") extern {name}(…)`"));
        }
        let params = sig.params.iter().map(|&ty| Param::OfC(ty)).collect();
        let mut signature = Signature { declared, open: true, ..Signature::new(name, span, params) };
        let args = self.arguments(&mut signature, args)?;
        if args.iter().any(|arg| arg.ty == Ty::ERROR) || sig.result == Ty::ERROR {
            return None;
        }
        Some(Expr::operation(Callee::Kernel(name.to_owned()), args, sig.result, span))
    }

    /// `*u8` and `*char` are for any memory, and for text.
    pub(super) fn kernel_argument(&mut self, arg: &ast::Expr, ty: Ty) -> Expr {
        let is_memory = self.pointer(ty).is_some_and(|pointer| matches!(pointer.to, Ty::U8 | Ty::CHAR | Ty::I8));
        if !is_memory {
            return self.coerced(arg, ty);
        }
        if let ast::ExprKind::Str(_) = strip(arg).kind {
            let value = self.value(arg, None).expr;
            if let ExprKind::Const(Const::Str(_)) = value.kind {
                let (ty, span) = (self.cx.types.ptr(Ty::CHAR, Space::Any, false), value.span);
                return Expr { kind: ExprKind::AddressOf(Box::new(value)), ty, span };
            }
            return value;
        }
        let value = self.value(arg, Some(ty));
        let is_pointer = !value.is_error() && self.pointer(value.ty()).is_some_and(|pointer| pointer.to != Ty::U8);
        if is_pointer && !self.pointer(value.ty()).is_some_and(|pointer| pointer.nullable) {
            value.expr
        } else {
            self.coerce(value, ty)
        }
    }
}

impl Site<'_, '_> {
    fn prototype(&mut self, function: &KernelFunction) -> Option<FnSig> {
        let params: Option<Vec<Ty>> = function.params.iter().map(|param| param.ty.as_ref().ok().copied()).collect();
        let result = *function.result.as_ref().ok()?;
        let params = params?.into_iter().map(|ty| {
            let TyKind::Ptr { to, space, .. } = self.cx.types.kind(ty) else { return ty };
            let (to, space) = if to == Ty::VOID { (Ty::U8, Space::Any) } else { (to, space) };
            self.cx.types.ptr(to, space, false)
        });
        let params = params.collect();
        Some(FnSig { params, result: as_result(self.cx, result) })
    }
}

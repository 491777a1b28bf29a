//! What a program asks of the kernel's types when it is loaded.

use super::Checker;
use super::exprs::strip;
use super::value::{error_expr, strip_cast};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::types::ExistsWhat;
use crate::sema::kernel_types;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// `exists(T)`, `exists(T.f)`, `exists(p->f)`: a bool that the loader knows.
    pub fn exists(&mut self, args: &[ast::Arg], span: Span) -> Expr {
        if !self.takes("exists", 1..=1, args, span) {
            return error_expr(span);
        }
        let asked = strip(&args[0].value);
        if let Some(of) = self.kernel_type(asked) {
            return Expr { kind: ExprKind::TypeExists(of), ty: Ty::BOOL, span };
        }
        let field = if let Ast::Field { base, name, .. } = &asked.kind
            && let Some(of) = self.kernel_place(base)
        {
            self.field_of(of, name, false, asked.span)
        } else {
            self.typed(asked, None)
        };
        if field.ty == Ty::ERROR {
            return error_expr(span);
        }
        let Some(place) = self.at_no_address(strip_cast(&field)) else {
            self.error(asked.span, ExistsWhat {})
                .help("it takes a field of a struct of the kernel, `exists(p->f)` or `exists(T.f)`, or such a type");
            return error_expr(span);
        };
        Expr { kind: ExprKind::FieldExists(Box::new(place)), ty: Ty::BOOL, span }
    }

    /// The type of the kernel that a name is, where it is no name of the program.
    fn kernel_type(&mut self, expr: &ast::Expr) -> Option<Ty> {
        let Ast::Name(path) = &expr.kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let known = self.local_name(&name.name).is_some() || self.file_entity(&name.name).is_some();
        let ty = if known { None } else { self.kernel_type_named(name) };
        ty.filter(|&ty| self.cx.types.is_relocated(ty))
    }

    fn kernel_type_named(&mut self, name: &Ident) -> Option<Ty> {
        kernel_types::named(self.cx, name)
    }

    /// `T` or `T.f` as a place that nothing reads.
    fn kernel_place(&mut self, expr: &ast::Expr) -> Option<Expr> {
        if let Ast::Field { base, name, .. } = &expr.kind {
            let base = self.kernel_place(base)?;
            return Some(self.field_of(base, name, false, expr.span));
        }
        let of = self.kernel_type(expr)?;
        Some(self.nowhere(of, expr.span))
    }

    /// A struct at no address.
    fn nowhere(&mut self, of: Ty, span: Span) -> Expr {
        let ty = self.cx.types.ptr(of, Space::BtfUntrusted, true);
        let null = Expr { kind: ExprKind::Const(Const::Null), ty, span };
        Expr { kind: ExprKind::Deref(Box::new(null)), ty: of, span }
    }

    /// The same field of a struct at no address, so that nothing is read to reach it.
    fn at_no_address(&mut self, field: &Expr) -> Option<Expr> {
        let ExprKind::Field { base, field: number } = &field.kind else { return None };
        if !self.cx.types.is_relocated(base.ty) {
            return None;
        }
        let base = match self.at_no_address(base) {
            Some(base) => base,
            None => self.nowhere(base.ty, base.span),
        };
        Some(Expr { kind: ExprKind::Field { base: Box::new(base), field: *number }, ty: field.ty, span: field.span })
    }
}

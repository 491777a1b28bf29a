//! Questions of a program about the kernel's types when it is loaded: `exists`, sizes, offsets, and values of enumerators.

use super::exprs::strip;
use super::value::{Value, error_expr, int_expr, strip_cast};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident, TypeKind, UnaryOp};
use crate::btf::KernelEnumerator;
use crate::diag::codes::types::ExistsWhat;
use crate::sema::env::Entity;
use crate::sema::kernel_types;
use crate::sema::tree::{Const, Expr, ExprKind, KernelFact};
use crate::source::Span;
use crate::types::{EnumId, Space, Ty, TyKind};

fn fact(fact: KernelFact, ty: Ty, span: Span) -> Expr {
    Expr { kind: ExprKind::Kernel(fact), ty, span }
}

impl Checker<'_, '_> {
    /// `exists(T)`, `exists(T.f)`, `exists(p->f)`, `exists(V)`, `exists(E::V)`: a bool that the loader knows.
    pub fn exists(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("exists", 1..=1, args, span)?;
        let asked = strip(&args[0].value);
        if let Some(Entity::Kfunc(kfunc)) = self.entity_named(asked) {
            let kfunc = *kfunc;
            return self.kfunc_exists(kfunc, asked.span);
        }
        if let Some(asked) = self.predefined_in_kernel(asked) {
            return Some(fact(asked, Ty::BOOL, span));
        }
        if let Some(of) = self.kernel_type(asked) {
            return Some(fact(KernelFact::TypeExists(of), Ty::BOOL, span));
        }
        let asked_of = if let Ast::Field { base, name, .. } = &asked.kind
            && let Some(of) = self.kernel_place(base)
        {
            self.field_of(of, name, false, asked.span)
        } else {
            self.typed(asked, None)
        }
        .known()?;
        if let ExprKind::Kernel(KernelFact::Variant { of, variant }) = asked_of.kind {
            return Some(fact(KernelFact::VariantExists { of, variant }, Ty::BOOL, span));
        }
        match self.at_no_address(strip_cast(&asked_of)) {
            Some(place) => Some(fact(KernelFact::FieldExists(Box::new(place)), Ty::BOOL, span)),
            None => {
                self.error(asked.span, ExistsWhat {}).help(EXISTS_FORMS);
                None
            }
        }
    }

    /// `sizeof` of a struct of the kernel, or of a part of one that has such structs.
    pub fn kernel_size(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let span = expr.span;
        if let Ast::SizeofType(ty) = &expr.kind {
            let of = self.kernel_type_written(ty)?;
            return Some(fact(KernelFact::TypeSize(of), Ty::U64, span));
        }
        let Ast::SizeofExpr(operand) = &expr.kind else { return None };
        if !self.is_in_kernel(operand) {
            return None;
        }
        let flow = self.flow.clone();
        let place = self.typed(operand, None);
        self.flow = flow;
        if place.ty == Ty::ERROR {
            return Some(error_expr(span));
        }
        if !self.cx.types.is_relocated(place.ty) {
            return Some(int_expr(self.cx.types.size_of(place.ty).into(), Ty::U64, span));
        }
        let is_array = matches!(self.cx.types.kind(place.ty), TyKind::Array(..));
        Some(match self.at_no_address(&place).filter(|_| is_array) {
            Some(field) => fact(KernelFact::FieldSize(Box::new(field)), Ty::U64, span),
            None => fact(KernelFact::TypeSize(place.ty), Ty::U64, span),
        })
    }
}

impl State<'_, '_> {
    /// A predefined enum, or a variant of one, that the kernel's types have too: other kernels may lack it.
    fn predefined_in_kernel(&mut self, asked: &ast::Expr) -> Option<KernelFact> {
        let Ast::Name(path) = &asked.kind else { return None };
        let (first, variant) = match path.segments.as_slice() {
            [first] => (first, None),
            [first, variant] => (first, Some(variant)),
            _ => return None,
        };
        let is_own =
            self.vars.local_name(&first.name).is_some() || self.env.declared(self.module, &first.name).is_some();
        let predefined = self.env.predefined.get(&first.name).filter(|_| !is_own)?;
        let Entity::Type(ty) = predefined.entity else {
            let cx = &mut *self.cx;
            let found = cx.kernel_types.enumerator(&mut cx.types, &first.name)?;
            let Ok(KernelEnumerator::Variant(of, variant)) = found else { return None };
            return Some(KernelFact::VariantExists { of, variant });
        };
        let written = self.enum_id(ty)?;
        let cx = &mut *self.cx;
        let found = cx.kernel_types.named(&mut cx.types, &first.name)?.ok()?;
        let Some(variant) = variant else { return Some(KernelFact::TypeExists(found)) };
        // The kernel of this machine may be one of those that lack it.
        [self.enum_id(found)?, written].into_iter().find_map(|of| {
            let variant = self.cx.types.enum_def(of).variants.iter().position(|known| known.name == variant.name)?;
            Some(KernelFact::VariantExists { of, variant })
        })
    }

    /// `offsetof(T, a.b)` of a struct of the kernel.
    pub fn kernel_offset(&mut self, ty: &ast::Type, fields: &[Ident], span: Span) -> Option<Expr> {
        let of = self.kernel_type_written(ty)?;
        let mut place = self.nowhere(of, span);
        for name in fields {
            place = self.field_of(place, name, false, span);
        }
        match place.ty {
            Ty::ERROR => Some(error_expr(span)),
            _ => Some(fact(KernelFact::FieldOffset(Box::new(place)), Ty::U64, span)),
        }
    }

    /// Whether a size or an offset is known to the loader alone; what is no such literal is looked at before.
    pub fn is_kernel_measure(&self, expr: &ast::Expr) -> bool {
        if let Ast::SizeofType(ty) | Ast::Offsetof { ty, .. } = &expr.kind {
            return self.may_be_kernel_type(ty);
        }
        matches!(&expr.kind, Ast::SizeofExpr(operand) if self.is_in_kernel(operand))
    }

    fn may_be_kernel_type(&self, ty: &ast::Type) -> bool {
        let TypeKind::Named(path) = &ty.kind else { return false };
        let [name] = path.segments.as_slice() else { return false };
        match self.file_entity(&name.name) {
            Some(Entity::Type(ty)) => self.cx.types.is_relocated(*ty),
            Some(_) => false,
            None => self.vars.local_name(&name.name).is_none(),
        }
    }

    fn kernel_type_written(&mut self, ty: &ast::Type) -> Option<Ty> {
        let TypeKind::Named(path) = &ty.kind else { return None };
        if let [name] = path.segments.as_slice() { self.kernel_type_of(name) } else { None }
    }

    /// Whether an operand of `sizeof` begins at a variable that points into the kernel.
    fn is_in_kernel(&self, operand: &ast::Expr) -> bool {
        if let Ast::Paren(inner)
        | Ast::Field { base: inner, .. }
        | Ast::Index { base: inner, .. }
        | Ast::Unary { op: UnaryOp::Deref, operand: inner } = &operand.kind
        {
            return self.is_in_kernel(inner);
        }
        let Ast::Name(path) = &operand.kind else { return false };
        let [name] = path.segments.as_slice() else { return false };
        let ty = self.vars.local_of(&name.name).map(|local| self.vars[local].ty);
        ty.and_then(|ty| self.pointer(ty)).is_some_and(|pointer| self.cx.types.is_relocated(pointer.to))
    }

    /// The type of the kernel that a name is, where it is no name of the program.
    fn kernel_type(&mut self, expr: &ast::Expr) -> Option<Ty> {
        let Ast::Name(path) = &expr.kind else { return None };
        if let [name] = path.segments.as_slice() { self.kernel_type_of(name) } else { None }
    }

    fn kernel_type_of(&mut self, name: &Ident) -> Option<Ty> {
        let ty = match self.file_entity(&name.name) {
            Some(Entity::Type(ty)) => Some(*ty),
            Some(_) => None,
            None if self.vars.local_name(&name.name).is_some() => None,
            None => kernel_types::named(self.cx, name),
        };
        ty.filter(|&ty| self.cx.types.is_relocated(ty) || self.is_kernel_enum(ty))
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
}

impl Site<'_, '_> {
    /// A variant of an enum of the kernel: a number that the loader knows.
    pub fn kernel_variant(&mut self, of: EnumId, variant: usize, span: Span) -> Expr {
        let ty = self.cx.types.intern(TyKind::Enum(of));
        fact(KernelFact::Variant { of, variant }, ty, span)
    }

    /// A name that nothing declares, as an enumerator of the kernel. Where a variant of another enum is asked for, or a module
    /// has the name, that is meant.
    pub fn kernel_enumerator(&mut self, name: &Ident, expected: Option<Ty>) -> Option<Value> {
        let other_enum = expected.is_some_and(|ty| self.enum_id(ty).is_some() && !self.is_kernel_enum(ty));
        if other_enum || !self.env.imports.spelled_out(name).is_empty() {
            return None;
        }
        Some(match kernel_types::enumerator(self.cx, name)? {
            Some(KernelEnumerator::Variant(of, variant)) => self.kernel_variant(of, variant, name.span).into(),
            Some(KernelEnumerator::Constant(value)) => Value::untyped(value, name.span),
            None => error_expr(name.span).into(),
        })
    }

    fn is_kernel_enum(&self, ty: Ty) -> bool {
        self.enum_id(ty).is_some_and(|of| self.cx.kernel_types.has_variants(&self.cx.types, of))
    }

    /// A struct at no address.
    pub fn nowhere(&mut self, of: Ty, span: Span) -> Expr {
        let ty = self.cx.types.ptr(of, Space::BtfUntrusted, true);
        let null = Expr { kind: ExprKind::Const(Const::Null), ty, span };
        Expr { kind: ExprKind::Deref(Box::new(null)), ty: of, span }
    }

    /// The field in a struct at no address, so that nothing is read to reach it.
    fn at_no_address(&mut self, field: &Expr) -> Option<Expr> {
        if let ExprKind::AddressOf(array) = &field.kind {
            return self.at_no_address(array);
        }
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

const EXISTS_FORMS: &str = "it takes a type of the kernel, a field of a struct, `exists(p->f)` or `exists(T.f)`, a variant of an enum, or an `extern?`";

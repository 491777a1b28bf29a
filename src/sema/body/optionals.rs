//! Optionals: the sources of `if (var …)`, of `var … else`, and of comparisons with `null`.

use super::exprs::{plain_name, strip};
use super::map_methods::MapCall;
use super::value::{bool_expr, cast, error_expr, has_effect, int_expr, not};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::maps::UntestedOptional;
use crate::diag::codes::types::{AlwaysPresent, ConstantComparison, LinkComparedWithNull};
use crate::sema::tree::{Block, CompareOp, Const, Expr, ExprKind, Optional, OptionalKind, Stmt, StmtKind, View};
use crate::source::Span;
use crate::tables::{self, BuiltinSpec, MAP_METHODS, MapAccess};
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// The optional that an expression is; none if that was reported.
    pub fn optional(&mut self, expr: &ast::Expr) -> Option<Optional> {
        let expr = strip(expr);
        let span = expr.span;
        if let Some((map, key)) = self.value_entry(expr) {
            if self.env.program.map(map).inner.is_some() {
                return self.inner_map(map, key, span);
            }
            if !self.can(map, MapAccess::Lookup, span) {
                return None;
            }
            self.percpu_value(map, span);
            return Some(self.entry_optional(map, key, span));
        }
        if let Some(found) = self.optional_call(expr) {
            return found;
        }
        if let Some(view) = self.view_optional(expr) {
            return (view.ty != Ty::ERROR).then_some(view);
        }
        if let Ast::Cast { operand, ty } = &expr.kind
            && let Some(found) = self.packet_cast(operand, ty, span)
        {
            return found;
        }
        let value = self.typed(expr, None);
        if self.is_function(value.ty) {
            let ty = value.ty;
            return Some(Optional { kind: OptionalKind::Pointer(value), ty, span });
        }
        // A part of a packet: of all other views the form says that they are parts.
        if matches!(expr.kind, Ast::Call { .. })
            && matches!(&value.kind, ExprKind::View(view) if matches!(**view, View::Slice { .. }))
        {
            let ty = value.ty;
            return Some(Optional { kind: OptionalKind::View(value), ty, span });
        }
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(value.ty) else {
            if value.ty != Ty::ERROR {
                self.always_present(&value);
            }
            return None;
        };
        let ty = self.cx.types.ptr(to, space, false);
        Some(Optional { kind: OptionalKind::Pointer(value), ty, span })
    }

    /// `m.entry(k, init)`, `q.pop()`, `ctx.packet(offset, T)`, `ctx.meta(T)` and `getenv(name)`; none if it is no such call.
    fn optional_call(&mut self, expr: &ast::Expr) -> Option<Option<Optional>> {
        let Ast::Call { callee, args } = &expr.kind else { return None };
        if let Some(builtin) = plain_name(callee).and_then(|name| self.absent_builtin(name)) {
            return Some(self.optional_builtin(builtin, args, expr.span));
        }
        let Ast::Field { base, name, .. } = &strip(callee).kind else { return None };
        match name.name.as_str() {
            "packet" => {
                let ctx = self.context_named(base)?;
                Some(self.packet_call(ctx, name, args, expr.span))
            }
            "meta" if self.context_named(base).is_some() => {
                let ctx = self.context_named(base)?;
                Some(self.meta_call(ctx, name, args, expr.span))
            }
            method => {
                let map = self.map_named(base)?;
                let method = MAP_METHODS.iter().find(|m| m.name == method && m.optional)?;
                Some(self.map_optional(MapCall { map, method, name, args, span: expr.span }))
            }
        }
    }

    /// `getenv(name)` and the like.
    fn optional_builtin(&mut self, builtin: &'static BuiltinSpec, args: &[ast::Arg], span: Span) -> Option<Optional> {
        let mut signature = self.builtin_signature(builtin, span);
        let args = self.arguments(&mut signature, args)?;
        if args.iter().any(|arg| arg.ty == Ty::ERROR) {
            return None;
        }
        let ty = self.table_type(builtin.result);
        Some(Optional { kind: OptionalKind::Builtin { builtin, args }, ty, span })
    }

    /// `m.entry(k, init)` as a statement makes the entry where it is absent.
    pub(super) fn entry_alone(&mut self, expr: &ast::Expr) -> Option<Expr> {
        let Ast::Call { callee, .. } = &expr.kind else { return None };
        let Ast::Field { base, name, .. } = &strip(callee).kind else { return None };
        let makes = MAP_METHODS.iter().any(|m| m.name == name.name && m.optional && m.params.len() == 2);
        if !makes || self.map_named(base).is_none() {
            return None;
        }
        let optional = self.optional_call(expr)?;
        Some(optional.map_or_else(|| error_expr(expr.span), |optional| is_present(optional, expr.span)))
    }

    /// `e == null`, `e != null`
    pub fn compare_null(&mut self, expr: &ast::Expr, equal: bool, span: Span) -> Expr {
        let presence = self.presence(expr, equal, span);
        if presence.ty == Ty::ERROR || !equal { presence } else { Expr { span, ..not(presence) } }
    }

    /// Whether it is there, as a bool; `equal` says that the comparison asks for the contrary.
    fn presence(&mut self, expr: &ast::Expr, equal: bool, span: Span) -> Expr {
        let inner = strip(expr);
        if self.vars.program_local(inner).is_some() {
            self.warn(span, ConstantComparison { outcome: (!equal).to_string() });
            return bool_expr(true, span);
        }
        if let Some((map, key)) = self.value_entry(inner) {
            if self.env.program.map(map).inner.is_some() {
                let optional = self.inner_map(map, key, inner.span);
                return optional.map_or_else(|| error_expr(span), |optional| is_present(optional, span));
            }
            if !self.can_any(map, &[MapAccess::Presence, MapAccess::Lookup], inner.span) {
                return error_expr(span);
            }
            let optional = self.entry_optional(map, key, inner.span);
            return is_present(optional, span);
        }
        if let Some(found) = self.optional_call(inner) {
            // The value that was taken would be lost.
            if let Some(Optional { kind: OptionalKind::MapTake { .. } | OptionalKind::Record { .. }, .. }) = found {
                return self.untested(inner.span);
            }
            return found.map_or_else(|| error_expr(span), |optional| is_present(optional, span));
        }
        if let Ast::Name(path) = &inner.kind
            && let [name] = path.segments.as_slice()
            && let Some(local) = self.vars.local_of(&name.name)
            && let Some(present) = self.vars[local].present
            // A pointer that was not there is null.
            && self.pointer(self.vars[local].ty).is_none()
        {
            let info = &mut self.vars[local];
            info.read = true;
            info.written = None;
            return self.vars.local_expr(present, span);
        }
        let value = self.typed(inner, None);
        let nullable = if self.is_function(value.ty) {
            value.ty
        } else if let TyKind::Ptr { to, space, .. } = self.cx.types.kind(value.ty) {
            self.cx.types.ptr(to, space, true)
        } else {
            return self.presence_of_value(value, equal, span);
        };
        let null = Expr { kind: ExprKind::Const(Const::Null), ty: nullable, span };
        let left = cast(value, nullable);
        let op = CompareOp::Ne;
        let kind = ExprKind::Compare { op, left: Box::new(left), right: Box::new(null) };
        Expr { kind, ty: Ty::BOOL, span }
    }
}

impl State<'_, '_> {
    /// The builtin of this name, if its result may be absent and the program declares nothing of the name.
    fn absent_builtin(&self, name: &Ident) -> Option<&'static BuiltinSpec> {
        let builtin = tables::builtin(&name.name).filter(|builtin| builtin.absent)?;
        self.is_unknown_name(&name.name).then_some(builtin)
    }

    /// An optional where nothing tests whether it is there.
    pub fn untested(&mut self, span: Span) -> Expr {
        let text = self.text(span).to_owned();
        let bound = self.bound.as_ref().filter(|(of, _)| *of == span).map(|(_, name)| name.clone());
        let name = bound.clone().unwrap_or_else(|| "v".to_owned());
        let forms = format!("`if (var {name} = {text}) {{ … }}`, or `var {name} = {text} else {{ return … }}`");
        let error = self.error(span, UntestedOptional { what: format!("`{text}`") });
        error.help(match bound {
            Some(_) => format!("test it where it is bound, not later: {forms}"),
            None => format!("write {forms}"),
        });
        error_expr(span)
    }

    /// Presence of a value that is never null: a link is present if it is attached, anything else always.
    fn presence_of_value(&mut self, value: Expr, equal: bool, span: Span) -> Expr {
        let value = self.no_void(value);
        if value.ty == Ty::ERROR {
            return error_expr(span);
        }
        let text = self.text(value.span).to_owned();
        if value.ty == Ty::LINK {
            let sign = if equal { "!=" } else { "==" };
            let (what, help) = (if equal { "not " } else { "" }, format!("`{text} {sign} 0` says the same"));
            self.warn(span, LinkComparedWithNull { what: what.to_owned() }).help(help);
            let zero = Box::new(int_expr(0, Ty::I32, span));
            let kind = ExprKind::Compare { op: CompareOp::Eq, left: Box::new(cast(value, Ty::I32)), right: zero };
            return Expr { kind, ty: Ty::BOOL, span };
        }
        let present = value.ty != Ty::NULL;
        let ty = self.ty_name(value.ty);
        let (is_str, is_handle) = (self.is_str(value.ty), self.cx.types.is_handle(value.ty));
        let program = if is_handle { self.vars.loaded(&value) } else { None };
        let is_optional = program.is_some_and(|program| self.may_fail(program));
        let warning = self.warn(span, ConstantComparison { outcome: (present != equal).to_string() });
        if is_str {
            warning.help(format!("an empty string is false: `!{text}`"));
        } else if is_optional {
            warning.help(format!("`available({text})` says whether the kernel took the program"));
        } else if is_handle {
            warning.help("a `load` that fails does not return");
        } else if present {
            warning.help(format!("a value of type `{ty}` is never null"));
        }
        let outcome = bool_expr(present, span);
        if !has_effect(&value) {
            return outcome;
        }
        let first = Stmt { span: value.span, kind: StmtKind::Expr(value) };
        let block = Block { stmts: vec![first], value: Some(Box::new(outcome)), span };
        Expr { kind: ExprKind::Block(block), ty: Ty::BOOL, span }
    }
}

impl Site<'_, '_> {
    fn always_present(&mut self, value: &Expr) {
        let ty = self.ty_name(value.ty);
        let help = if self.is_str(value.ty) {
            format!("an empty string is false: `!{}`", self.text(value.span))
        } else {
            "what may be absent: `map[key]`, `map.entry(key, init)`, `ctx.packet(offset, T)`, a pointer".into()
        };
        self.error(value.span, AlwaysPresent { ty }).help(help);
    }
}

fn is_present(optional: Optional, span: Span) -> Expr {
    Expr { kind: ExprKind::IsPresent(Box::new(optional)), ty: Ty::BOOL, span }
}

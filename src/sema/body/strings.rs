//! Strings: joining, comparing, and the builtins that take them.

use super::fields::in_type;
use super::value::{bool_expr, cast, error_expr};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::types::{ConstantComparison, LongerThanFirst, MismatchedTypes};
use crate::sema::consts::text;
use crate::sema::tree::{ArithOp, Block, CompareOp, Const, Expr, ExprKind, LocalId, MapId, Stmt, StmtKind};
use crate::sema::types::check_size;
use crate::source::Span;
use crate::tables::BuiltinSpec;
use crate::types::{Ty, TyKind};

/// The text of a constant.
pub(super) fn constant(expr: &Expr) -> Option<&[u8]> {
    if let ExprKind::Const(Const::Str(bytes)) = &expr.kind { Some(text(bytes)) } else { None }
}

impl Checker<'_, '_> {
    /// `m[k] += text`: an absent entry is empty.
    pub fn append_to_entry(
        &mut self,
        map: MapId,
        key: Expr,
        text: &ast::Expr,
        place: Span,
        span: Span,
    ) -> Option<Stmt> {
        let text = self.typed(text, None);
        let (_, ty) = self.entry_types(map);
        if text.ty == Ty::ERROR {
            return None;
        }
        if !self.is_text(text.ty) {
            self.mismatch(text.span, text.ty, ty);
            return None;
        }
        // Twice the same key, evaluated once.
        let at = key.span;
        let local = self.hidden("key", key.ty, at);
        let evaluated = Stmt { kind: StmtKind::Var { local, init: Some(key) }, span: at };
        let key = Box::new(self.vars.local_expr(local, at));
        let entry = Expr { kind: ExprKind::MapGet { map, key }, ty, span: place };
        let value = cast(self.join_strings(entry, text, span), ty);
        let key = self.vars.local_expr(local, at);
        let update = Stmt { kind: StmtKind::MapUpdate { map, key, value }, span };
        let block = Block { stmts: vec![evaluated, update], value: None, span };
        Some(Stmt { kind: StmtKind::Expr(Expr { kind: ExprKind::Block(block), ty: Ty::VOID, span }), span })
    }
}

impl State<'_, '_> {
    /// Warns where a variable that has room for its first text alone gets a string of a type with more room, or, if that is none, what
    /// another text adds to it.
    pub fn warn_longer(&mut self, assigned: LocalId, of: Option<Ty>, span: Span) {
        let variable = &self.vars[assigned];
        let (name, ty, end) = (variable.name.clone(), variable.ty, variable.span.end());
        let size = |ty| if let TyKind::Str(size) = self.cx.types.kind(ty) { size } else { 0 };
        if !variable.is_as_first || of.is_some_and(|of| size(of) <= size(ty)) {
            return;
        }
        let (ty, of) = (self.ty_name(ty), of.map(|of| self.ty_name(of)));
        let found = of.as_ref().map_or("what is added".to_owned(), |of| format!("the end of a `{of}`"));
        let error = self.warn(span, LongerThanFirst { name: name.clone(), ty, found });
        match of {
            Some(of) => error.help(format!("declare it as `var {name}: {of} = …`")).guess(end, format!(": {of}")),
            None => error.help(format!("declare it with the room that it needs: `var {name}: str(64) = …`")),
        };
    }
}

impl Site<'_, '_> {
    /// Strings, and arrays of characters where a string is meant.
    pub fn is_text(&self, ty: Ty) -> bool {
        self.is_str(ty) || self.is_chars(ty)
    }

    /// An array of characters as the string that it holds, with room for the NUL that it may lack.
    pub fn as_string(&mut self, expr: Expr) -> Expr {
        let TyKind::Array(Ty::CHAR, length) = self.cx.types.kind(expr.ty) else { return expr };
        let size = u32::try_from(length + 1).unwrap_or(u32::MAX);
        let ty = self.cx.types.string(size);
        self.record_text(expr, ty)
    }

    /// `a + b`: with room for both.
    pub fn join_strings(&mut self, left: Expr, right: Expr, span: Span) -> Expr {
        let (left, right) = (self.as_string(left), self.as_string(right));
        let size = self.cx.types.size_of(left.ty) + self.cx.types.size_of(right.ty) - 1;
        // Both are types already, and so far below the limit of a string.
        let ty = self.cx.types.string(u32::try_from(size).unwrap_or(u32::MAX));
        if check_size(self.cx, span, ty) == Ty::ERROR {
            return error_expr(span);
        }
        if let (Some(l), Some(r)) = (constant(&left), constant(&right)) {
            return Expr { kind: ExprKind::Const(Const::Str([l, r].concat())), ty, span };
        }
        Expr { kind: ExprKind::Arith { op: ArithOp::Add, left: Box::new(left), right: Box::new(right) }, ty, span }
    }

    /// `==`, `!=`
    pub fn compare_strings(&mut self, op: CompareOp, left: Expr, right: Expr, span: Span) -> Expr {
        let (left, right) = (self.as_string(left), self.as_string(right));
        let left = self.no_longer(left, right.ty);
        let right = self.no_longer(right, left.ty);
        if let (Some(l), Some(r)) = (constant(&left), constant(&right)) {
            return bool_expr((l == r) == (op == CompareOp::Eq), span);
        }
        for (known, other) in [(&left, &right), (&right, &left)] {
            let room = self.cx.types.size_of(other.ty);
            if constant(known).is_some_and(|text| text.len() as u64 >= room) {
                let outcome = (op == CompareOp::Ne).to_string();
                self.warn(span, ConstantComparison { outcome });
                break;
            }
        }
        Expr { kind: ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) }, ty: Ty::BOOL, span }
    }

    /// A text of the kernel that is compared with a string of type `other`: one character more than `other` has is enough for the
    /// comparison, so the
    /// text is cut to that size.
    fn no_longer(&mut self, text: Expr, other: Ty) -> Expr {
        let TyKind::Str(size) = self.cx.types.kind(other) else { return text };
        if !matches!(text.kind, ExprKind::KernelText(_)) || self.cx.types.size_of(text.ty) <= u64::from(size) + 1 {
            return text;
        }
        let ty = self.cx.types.string(size + 1);
        Expr { ty, ..text }
    }

    /// An argument of a builtin that takes strings of any size.
    pub fn string_argument(&mut self, value: Expr, builtin: &BuiltinSpec, call: Span) -> Expr {
        if value.ty == Ty::ERROR || self.is_text(value.ty) {
            return self.as_string(value);
        }
        let found = format!("`{}`", self.ty_name(value.ty));
        let wanted = "a string".to_owned();
        let elements = self.array_length(value.ty).filter(|_| builtin.length);
        let remark = super::builtins::form(builtin);
        let error = self.error(value.span, MismatchedTypes { wanted, found }).remark(remark);
        if let Some(elements) = elements {
            in_type(error, call, elements);
        }
        error_expr(value.span)
    }

    /// An argument of a builtin that takes an array of strings.
    pub fn words_argument(&mut self, value: Expr, builtin: &BuiltinSpec) -> Expr {
        let is_words = matches!(self.cx.types.kind(value.ty), TyKind::Array(element, _) if self.is_str(element));
        if value.ty == Ty::ERROR || is_words {
            return value;
        }
        let found = format!("`{}`", self.ty_name(value.ty));
        let text = self.text(value.span).to_owned();
        let is_text = self.is_text(value.ty);
        let remark = super::builtins::form(builtin);
        let error = self.error(value.span, MismatchedTypes { wanted: "an array of strings".into(), found });
        error.remark(remark);
        if is_text {
            error.help(format!("each word is an element: `[{text}, …]`"));
        }
        error_expr(value.span)
    }

    /// The type of one of two strings that has room for both.
    pub fn larger_string(&self, left: Ty, right: Ty) -> Option<Ty> {
        let both = self.is_str(left) && self.is_str(right);
        let size = |ty| self.cx.types.size_of(ty);
        both.then(|| if size(left) >= size(right) { left } else { right })
    }
}

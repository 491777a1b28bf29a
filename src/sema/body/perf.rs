//! Perf events: their options, and what they have counted as a number.

use super::value::Value;
use super::{Checker, Site, State, test_runs};
use crate::ast::{self, Ident};
use crate::diag::codes::lifecycle::PerfOptions;
use crate::sema::tree::Expr;
use crate::source::Span;
use crate::tables::{self, STRUCTS};
use crate::types::{Origin, Ty, TyKind};

/// The struct of the options.
const OPTIONS: &str = "perf_options";
/// The builtin that `read` with one argument calls.
const READ: &str = "perf_read";
/// Pairs of fields that a literal of options cannot both have.
const EXCLUSIVE: [(&str, &str); 4] =
    [("event", "perf_type"), ("event", "perf_config"), ("period", "freq"), ("group", "group_fd")];

impl Checker<'_, '_> {
    /// `read(a)`
    pub fn perf_read(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.call_builtin(tables::builtin(READ)?, args, span)
    }

    /// `ctx->regs.ip`: a field of a struct inside a context has a name with dots in the tables.
    pub fn inner_context_field(&mut self, base: &ast::Expr, name: &Ident, span: Span) -> Option<Expr> {
        let ast::ExprKind::Field { base: inner, name: group, .. } = &super::exprs::strip(base).kind else {
            return None;
        };
        let mut ctx: &ast::Expr = inner;
        let mut prefix = format!("{}.", group.name);
        while let ast::ExprKind::Field { base: outer, name: group, .. } = &super::exprs::strip(ctx).kind {
            prefix = format!("{}.{prefix}", group.name);
            ctx = outer;
        }
        let local = self.context_named(ctx)?;
        let spec = self.context_spec(self.vars[local].ty)?;
        if !spec.fields.iter().any(|field| field.name.starts_with(&prefix)) {
            return None;
        }
        let ctx = self.typed(ctx, None);
        let name = Ident { name: format!("{prefix}{}", name.name), span: name.span };
        Some(self.field_of(ctx, &name, true, span))
    }
}

impl State<'_, '_> {
    /// A value that has a number, as `PerfRead` has what it scaled, as that number; others unchanged.
    pub fn as_number(&mut self, value: Value) -> Value {
        let Some(field) = self.numbered(value.ty()) else { return value };
        Value { expr: self.number_of(value.expr, field), untyped: false }
    }

    /// Like `as_number`, for a typed expression.
    pub fn expr_as_number(&mut self, value: Expr) -> Expr {
        match self.numbered(value.ty) {
            Some(field) => self.number_of(value, field),
            None => value,
        }
    }

    fn number_of(&mut self, value: Expr, field: &str) -> Expr {
        let (span, name) = (value.span, field.to_owned());
        self.field_of(value, &Ident { name, span }, false, span)
    }
}

impl Site<'_, '_> {
    /// Whether the fields that a literal of options gives fit each other.
    pub fn check_perf_options(&mut self, ty: Ty, given: &[(usize, Expr)], span: Span) -> bool {
        if ty != self.table_type(OPTIONS) {
            return true;
        }
        let Some(id) = self.struct_id(ty) else { return true };
        let of = |name: &str| {
            let index = self.cx.types.struct_def(id).field(name);
            given.iter().find(|(field, _)| Some(*field) == index).map(|(_, value)| value.span)
        };
        let both = EXCLUSIVE.iter().find_map(|(one, other)| Some((*one, *other, of(one)?, of(other)?)));
        if let Some((one, other, first, second)) = both {
            let why = format!("`{one}` and `{other}` exclude each other");
            self.error(second, PerfOptions { why }).note(first, format!("`{one}` is given here"));
            return false;
        }
        let why = match (of("event"), of("perf_type"), of("perf_config")) {
            (None, None, None) => "nothing says what to count",
            (None, Some(_), None) => "`perf_config` is missing",
            (None, None, Some(_)) => "`perf_type` is missing",
            (_, _, _) => return true,
        };
        self.error(span, PerfOptions { why: why.to_owned() }).help(
            "name an event, `event: cpu_clock`, or its type and configuration: `perf_type: perf_type_raw, perf_config: 0x1a2`",
        );
        false
    }

    /// The field that stands for a value where a number is asked for.
    fn numbered(&self, ty: Ty) -> Option<&'static str> {
        let TyKind::Struct(id) = self.cx.types.kind(ty) else { return None };
        let def = self.cx.types.struct_def(id);
        if self.is_test_run(ty) {
            return Some(test_runs::RESULT);
        }
        let known = STRUCTS.iter().filter(|_| def.origin == Origin::Kernel);
        known.into_iter().find(|spec| spec.name == def.name)?.number
    }

    /// `leader.perf_fd`, which is the attachment itself.
    pub fn perf_fd(&self, base: &Expr, name: &Ident) -> bool {
        base.ty == Ty::LINK && name.name == "perf_fd"
    }
}

//! Arrays in contexts and in kernel objects, such as `src_ip6`. The verifier rewrites the access of each element, so the tables have
//! a field for each.

use super::Site;
use super::value::error_expr;
use crate::ast::Ident;
use crate::btf;
use crate::diag::codes::refused::VariableWanted;
use crate::sema::tree::{Expr, ExprKind, Role};
use crate::source::Span;
use crate::tables::{Params, PrototypeOf, TARGET};
use crate::types::{StructId, Ty};

impl Site<'_, '_> {
    /// How many arguments the event of this program has, where their words are its context: the kernel attaches no program that
    /// reads others.
    fn arguments_of_event(&mut self) -> Option<usize> {
        let Role::Program(role) = &self.env.program.func(self.func).role else { return None };
        let Params::Prototype { of: PrototypeOf::Typedef, name, .. } = role.spec.params else { return None };
        let typedef = name.replace(TARGET, role.target.as_ref()?);
        let prototype = self.cx.kernel_types.prototype(&mut self.cx.types, btf::Wanted::Typedef, &typedef)?.ok()?;
        // The first parameter of a tracepoint's function is the tracepoint's own.
        prototype.params.len().checked_sub(1)
    }

    /// The array of this name, as a value of its elements; none if there is no such array.
    pub fn context_array(&mut self, ctx: &Expr, of: StructId, name: &Ident, span: Span) -> Option<Expr> {
        let def = self.cx.types.struct_def(of);
        let field = |index| def.field(&format!("{}.{index}", name.name));
        let mut fields: Vec<usize> = (0..).map_while(field).collect();
        let element = def.fields[*fields.first()?].ty;
        if let Some(count) = self.arguments_of_event() {
            fields.truncate(count.max(1));
        }
        let ty = self.cx.types.array(element, fields.len() as u64);
        let elements = fields.into_iter().map(|field| {
            let ctx = Box::new(again(ctx)?);
            Some(Expr { kind: ExprKind::CtxField { ctx, field }, ty: element, span })
        });
        let Some(elements) = elements.collect() else {
            self.error(span, VariableWanted { what: format!("`{}`", name.name) })
                .help(format!("`var c = …`, and `c->{}`", name.name));
            return Some(error_expr(span));
        };
        Some(Expr { kind: ExprKind::Array(elements), ty, span })
    }
}

/// Whether it is the value of such an array.
pub fn is_array(value: &Expr) -> bool {
    let ExprKind::Array(elements) = &value.kind else { return false };
    elements.first().is_some_and(|element| matches!(element.kind, ExprKind::CtxField { .. }))
}

/// The element of such an array at a constant index: a field.
pub fn element(array: &Expr, index: usize, span: Span) -> Option<Expr> {
    let ExprKind::Array(elements) = &array.kind else { return None };
    let field = elements.get(index).filter(|_| is_array(array))?;
    Some(Expr { span, ..again(field)? })
}

/// A copy of the expression, to be evaluated a second time; none if its evaluation does something else.
fn again(expr: &Expr) -> Option<Expr> {
    let (ty, span): (Ty, Span) = (expr.ty, expr.span);
    let kind = if let ExprKind::CtxField { ctx, field } = &expr.kind {
        ExprKind::CtxField { ctx: Box::new(again(ctx)?), field: *field }
    } else if let ExprKind::Local(local) = expr.kind {
        ExprKind::Local(local)
    } else {
        return None;
    };
    Some(Expr { kind, ty, span })
}

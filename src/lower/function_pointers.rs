//! Functions as values: calls through them, and reading them out of constants.

use super::aggregates;
use super::consts::has_function;
use super::elements::constant_index;
use super::func::{Dest, Lowering, ir_type};
use crate::ir::Value;
use crate::sema::tree::{Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::{Ty, TyKind, Types};

/// One step from a constant into it.
enum Step {
    Field(usize),
    Known(usize),
    Variable(Value, Span),
}

impl Lowering<'_> {
    /// A call; as `call`, where the callee is a value, the first argument.
    pub(super) fn call_pointer(
        &mut self,
        args: &[Expr],
        (result, place): (Ty, Option<Value>),
        span: Span,
    ) -> Option<Value> {
        let result = ir_type(&mut self.cx.types, result);
        let is_aggregate = self.cx.types.is_aggregate(result);
        let results = if is_aggregate { &[] } else { result.results() };
        let mut values = Vec::new();
        if is_aggregate {
            values.push(place.unwrap_or_else(|| self.at(span).temporary("result", result)));
        }
        let Some((callee, args)) = args.split_first() else { crate::bug!("a call through no pointer") };
        let throws = self.program.throwing.contains(&callee.ty);
        let op = self.scoped(|this| {
            let callee = this.scalar(callee);
            for arg in args {
                values.push(if this.cx.types.is_aggregate(arg.ty) { this.own_copy(arg) } else { this.scalar(arg) });
            }
            this.at(span).b.ks_call_pointer(callee, &values, false, throws, results)
        });
        self.may_exit();
        self.b.first_result(op)
    }

    /// A scalar out of a constant that has functions in it, behind variable indexes: a `match` for each. None if the
    /// expression is none of that kind.
    pub(super) fn read_table(&mut self, expr: &Expr) -> Option<Value> {
        let table = table(&self.cx.types, expr)?;
        let mut steps = Vec::new();
        self.steps(expr, &mut steps);
        let ty = ir_type(&mut self.cx.types, expr.ty);
        Some(self.at(expr.span).table_part(&table, &steps, ty))
    }

    fn steps(&mut self, expr: &Expr, steps: &mut Vec<Step>) {
        if let ExprKind::Field { base, field } = &expr.kind {
            self.steps(base, steps);
            steps.push(Step::Field(*field));
        } else if let ExprKind::Index { base, index } = &expr.kind {
            self.steps(base, steps);
            let step = match constant_index(index) {
                Some(index) => Step::Known(index),
                None => {
                    let number = self.scalar(index);
                    Step::Variable(self.at(index.span).cast(number, Ty::U64), index.span)
                }
            };
            steps.push(step);
        }
    }

    fn table_part(&mut self, value: &Const, steps: &[Step], ty: Ty) -> Value {
        let Some((step, rest)) = steps.split_first() else { return self.constant(value, ty) };
        let parts = value.parts();
        match *step {
            Step::Field(at) | Step::Known(at) => match parts.get(at) {
                Some(part) => self.table_part(part, rest, ty),
                None => self.zero_value(ty),
            },
            Step::Variable(index, span) => {
                let dest = Dest::Value(ty);
                let mut cases = Vec::new();
                let mut regions = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    cases.extend([at as i128, at as i128, at as i128]);
                    let (region, _) = self.region(&[], dest, |this, _| Some(this.at(span).table_part(part, rest, ty)));
                    regions.push(region);
                }
                let (outside, _) = self.region(&[], dest, |this, _| Some(this.at(span).zero_value(ty)));
                regions.push(outside);
                let op = self.at(span).b.ks_match(index, &cases, &Self::results(dest), regions);
                self.b.result(op)
            }
        }
    }
}

/// The constant with functions in it that an expression reads a part of by a variable index.
fn table(types: &Types, expr: &Expr) -> Option<Const> {
    if types.is_aggregate(expr.ty) || !super::elements::may_be_absent(expr) {
        return None;
    }
    let mut root = expr;
    while let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &root.kind {
        root = base;
    }
    if !matches!(types.kind(root.ty), TyKind::Array(..) | TyKind::Struct(_)) {
        return None;
    }
    aggregates::as_constant(types, root).filter(has_function)
}

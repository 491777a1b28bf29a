//! `throw`, `try`, and signals that end a loop.

use super::func::{Dest, Lowering};
use crate::fold::CompareOp;
use crate::ir::{Throws, Value};
use crate::sema::tree::{Block, Catch, CatchKind, Const, Expr, ExprKind, Func};
use crate::source::Span;
use crate::types::Ty;

/// Where what is thrown in a function goes that nothing in it catches.
pub(super) fn throws(source: &Func, role: &crate::ir::Role) -> Throws {
    if source.throws { Throws::ToCaller } else { Throws::of(role) }
}

impl Lowering<'_> {
    /// `throw code`
    pub(super) fn throw(&mut self, code: &Expr, span: Span) {
        let value = if let ExprKind::Const(Const::Int(number)) = code.kind {
            self.at(span).int(i128::from(number as i32), Ty::I32)
        } else {
            let code = self.scalar(code);
            if !self.reachable {
                return;
            }
            self.at(span).cast(code, Ty::I32)
        };
        self.throw_value(value, span);
    }

    /// Throws a code, an `i32`.
    pub(super) fn throw_value(&mut self, code: Value, span: Span) {
        let file = self.cx.recorded_name(span.file);
        let line = self.cx.sources.line_col(span).line;
        self.b.ks_throw(code, file.as_bytes(), line.into());
        self.leave();
    }

    /// `try { … } catch … { … }`. The first catch that takes a code has it.
    pub(super) fn try_(&mut self, body: &Block, catches: &[Catch], span: Span) {
        let body_span = body.span;
        let (body, mut reached) = self.region(&[], Dest::Nothing, |this, _| this.block(body, Dest::Nothing));
        let (mut codes, mut regions) = (Vec::new(), vec![body]);
        let of_code = |catch: &&Catch| matches!(catch.takes, CatchKind::Code(_));
        let rest = catches.iter().find(|catch| !of_code(catch));
        for catch in catches.iter().filter(of_code).chain(rest) {
            if let CatchKind::Code(code) = catch.takes {
                codes.push(code.into());
            }
            let (handler, comes_out) = self.region(&[Ty::I32], Dest::Nothing, |this, args| {
                this.at(catch.span);
                if let CatchKind::Bind(local) = catch.takes {
                    let variable = this.declare(local);
                    this.store(variable, args[0]);
                }
                this.block(&catch.body, Dest::Nothing)
            });
            regions.push(handler);
            reached |= comes_out;
        }
        let takes_all = rest.is_some() || self.program.closed_tries.contains(&body_span);
        self.at(span.start()).b.ks_try(&codes, takes_all, regions);
        if !reached {
            self.unreachable();
        }
    }

    /// At the start of an iteration: a signal leaves the loop, if it ends there.
    pub(super) fn cancel_point(&mut self) {
        if !self.source.cancels {
            return;
        }
        let status = self.b.ks_cancelled(Ty::I32);
        let zero = self.int(0, Ty::I32);
        let came = self.compare(CompareOp::Ne, status, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.b.ks_cancel(status);
            this.leave();
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(came, &[], vec![then, otherwise]);
    }
}

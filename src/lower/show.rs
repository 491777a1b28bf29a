//! `show`: a loop that prints, whose condition is the wait.

use super::func::{Dest, Lowering};
use crate::ir::Value;
use crate::sema::tree::{Callee, Expr, ExprKind};
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// `show(every: n, m, x, …)`: the first argument are the milliseconds.
    pub(super) fn show(&mut self, args: &[Expr], span: Span) {
        let [every, shown @ ..] = args else { crate::bug!("`show` has an interval") };
        let every = self.scalar(every);
        let wait = self.iteration(&[], Dest::Value(Ty::BOOL), |this, _| {
            let op = this.at(span).b.host_call(&[every], &"ks_show".into(), &[Ty::BOOL]);
            Some(this.b.result(op))
        });
        let draw = self.iteration(&[], Dest::Nothing, |this, _| {
            this.scoped(|this| {
                // What throws leaves the loop before anything is drawn.
                let values: Vec<(Value, Option<Value>)> = shown.iter().map(|one| this.shown_value(one)).collect();
                this.at(span).b.host_show_draw();
                shown.iter().zip(values).for_each(|(one, value)| this.draw(one, value));
            });
            None
        });
        self.at(span).b.ks_while(vec![wait, draw]);
    }

    /// What a node needs to be printed.
    fn shown_value(&mut self, one: &Expr) -> (Value, Option<Value>) {
        match operation(one) {
            (Callee::PrintMap { .. }, args) => (self.most_entries(args.first(), one.span), None),
            (_, args) => self.printed_value(args),
        }
    }

    fn draw(&mut self, one: &Expr, value: (Value, Option<Value>)) {
        match operation(one) {
            (Callee::PrintMap { map, by }, _) => self.print_map(*map, by, value.0, one.span),
            (Callee::PrintValue { name, named }, _) => self.print_value(name, *named, value, one.span),
            (..) => crate::bug!("`show` has maps and values"),
        }
    }
}

fn operation(one: &Expr) -> (&Callee, &[Expr]) {
    let ExprKind::Operation { callee, args } = &one.kind else { crate::bug!("`show` has nodes that print") };
    (callee, args)
}

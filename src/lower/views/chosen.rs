//! Views that a condition chooses, all of one thing: two variables hold the offset and the length that the branch yields.

use super::{Root, View};
use crate::lower::func::{Dest, Lowering, Slot};
use crate::sema::tree::{Block, Condition, Expr, ExprKind, LocalId, OptionalKind, StmtKind, View as Source};
use crate::types::Ty;

impl Lowering<'_> {
    /// The view that an `if`, a `match` or a block yields.
    pub(super) fn chosen_view(&mut self, expr: &Expr) -> View {
        let Some(root) = self.root_of(expr, &mut Vec::new()) else {
            crate::bug!("nothing says what this views: {}", self.cx.sources.text(expr.span))
        };
        let (offset, length) = (self.temporary("offset", Ty::U64), self.temporary("length", Ty::U64));
        let life = self.life_type(root).map(|ty| self.temporary("view", ty));
        let variables = View { root, offset, length, life };
        self.evaluate(expr, Dest::View(variables));
        self.at(expr.span);
        self.loaded(variables)
    }

    /// At the end of a branch.
    pub(in crate::lower) fn choose_view(&mut self, expr: &Expr, variables: View) {
        let view = self.view(expr);
        self.at(expr.span).store_view(view, variables);
    }

    /// The memory that a view is of, before the view is evaluated. `inside`: the variables of the blocks around, with the views that they
    /// hold first.
    fn root_of<'e>(&mut self, expr: &'e Expr, inside: &mut Vec<(LocalId, &'e Expr)>) -> Option<Root> {
        if let ExprKind::Local(local) = expr.kind {
            if let Slot::View(view) | Slot::FixedView(view) = self.slot(local) {
                return Some(view.root);
            }
            let &(_, first) = inside.iter().find(|&&(declared, _)| declared == local)?;
            return self.root_of(first, inside);
        }
        if let ExprKind::View(source) = &expr.kind {
            return match &**source {
                Source::Packet { ctx, .. } => Some(Root::Packet(self.scalar(ctx))),
                Source::Slice { view, .. } => self.root_of(view, inside),
                Source::Tail(record) => Some(self.tail_of(record).root),
                Source::Value(_) => None,
            };
        }
        if let ExprKind::If(node) = &expr.kind
            && let Condition::Bindings(bindings) = &node.condition
        {
            inside.extend(bindings.iter().filter_map(|b| Some((b.local, viewed(&b.source.kind)?))));
        }
        expr.blocks()?.into_iter().find_map(|block| self.root_of_block(block, inside))
    }

    fn root_of_block<'e>(&mut self, block: &'e Block, inside: &mut Vec<(LocalId, &'e Expr)>) -> Option<Root> {
        for stmt in &block.stmts {
            if let StmtKind::Var { local, init: Some(init) } = &stmt.kind {
                inside.push((*local, init));
            } else if let StmtKind::VarElse { binding, .. } = &stmt.kind {
                inside.extend(viewed(&binding.source.kind).map(|view| (binding.local, view)));
            }
        }
        block.value.as_ref().and_then(|value| self.root_of(value, inside))
    }
}

fn viewed(source: &OptionalKind) -> Option<&Expr> {
    if let OptionalKind::View(view) = source { Some(view) } else { None }
}

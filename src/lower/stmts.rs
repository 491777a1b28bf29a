//! Statements and blocks.

use super::counting::is_assert;
use super::func::{Dest, Lowering, Slot};
use crate::ir::Value;
use crate::sema::tree::{Block, Condition, Expr, ExprKind, If, LocalId, Stmt, StmtKind};
use crate::source::Span;
use crate::types::Ty;

impl Lowering<'_> {
    /// A block; its value, if it has one for `dest` and control reaches its end.
    pub(super) fn block(&mut self, block: &Block, dest: Dest) -> Option<Value> {
        self.block_from(block, 0, dest)
    }

    pub(super) fn block_from(&mut self, block: &Block, from: usize, dest: Dest) -> Option<Value> {
        // The body of a function that defers something.
        let own = self.uses.defers && std::ptr::eq(block, &self.source.body);
        for (index, stmt) in block.stmts.iter().enumerate().skip(from) {
            if !self.reachable {
                return None;
            }
            if let Some(entry) = self.entry_to_find(Some(stmt), None) {
                return self.with_entry(entry, dest, (block, index));
            }
            if own {
                self.keep_deferred(stmt);
            }
            self.count_statement(stmt.span);
            if let StmtKind::VarElse { binding, otherwise } = &stmt.kind {
                return self.var_else(binding, otherwise, stmt.span, dest, &mut |this| {
                    this.block_from(block, index + 1, dest)
                });
            }
            self.begin_loop(stmt);
            self.scoped(|this| this.stmt(stmt));
            self.end_loop(stmt);
        }
        let value = block.value.as_deref().filter(|_| self.reachable);
        if let Some(entry) = self.entry_to_find(None, value) {
            return self.with_entry(entry, dest, (block, block.stmts.len()));
        }
        if own && self.reachable && block.value.is_none() {
            // Also in a region of `var … else`: what is deferred there needs no flag if the region ends the function.
            self.implicit_return();
        }
        match &block.value {
            Some(value) if self.reachable => {
                self.count_statement(value.span);
                let value = self.evaluate(value, dest);
                value.filter(|_| self.reachable)
            }
            _ => None,
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        let span = stmt.span;
        match &stmt.kind {
            StmtKind::Var { local, init } => self.var(*local, init.as_ref(), span),
            StmtKind::VarCopy { local, present, source } => self.var_copy(*local, *present, source, span),
            StmtKind::VarElse { .. } => crate::bug!("`var … else` is its block's to lower"),
            StmtKind::Assign { place, op, value } => self.assign(place, *op, value, span),
            StmtKind::MapUpdate { map, key, value } => self.map_update(*map, key, value, span),
            StmtKind::MapAssignOp { map, key, op, value } => self.map_assign_op(*map, key, *op, value, span),
            StmtKind::Delete(pointer) => self.delete_object(pointer, span),
            StmtKind::MapDelete { map, key } => self.map_delete(*map, key, span),
            StmtKind::Expr(expr) => self.effect(expr),
            StmtKind::While { condition, body } => self.while_(Some(condition), body, condition.span),
            StmtKind::Loop { body } => self.while_(None, body, span.start()),
            StmtKind::Lock { lock, body } => self.locked(lock, body, span),
            StmtKind::For { local, low, high, inclusive, body } => self.for_(*local, low, high, *inclusive, body),
            StmtKind::ForArray { array, index, value, body } => self.for_array(array, *index, *value, body),
            StmtKind::ForView { view, index, value, body } => self.for_view(view, *index, *value, body),
            StmtKind::ForCpus { map, key, cpu, value, body } => self.for_cpus(*map, key, (*cpu, *value), body, span),
            StmtKind::ForBuckets { histogram, low, count, body } => {
                self.for_buckets(histogram, (*low, *count), body, span);
            }
            StmtKind::MapSetInner { map, key, inner } => self.map_set_inner(*map, key, *inner, span),
            StmtKind::MapCpuUpdate { map, key, cpu, value } => self.map_cpu_update(*map, key, cpu, value, span),
            StmtKind::ForMap { map, key, value, body } => self.for_map(*map, *key, *value, body, span),
            StmtKind::ForOrdered { map, key, value, by, top, body } => {
                self.for_ordered((*map, by, top.as_ref()), (*key, *value), body, span);
            }
            StmtKind::Break => {
                self.count_break();
                self.at(span).b.ks_break();
                self.leave();
            }
            StmtKind::Continue => {
                self.at(span).b.ks_continue();
                self.leave();
            }
            StmtKind::Return(value) => self.return_(value.as_ref(), span),
            StmtKind::Throw(code) => self.throw(code, span),
            StmtKind::Panic { format, args } => self.panic(format, args, span),
            StmtKind::Try { body, catches } => self.try_(body, catches, span),
            StmtKind::Defer(block) => self.defer(block, span),
            StmtKind::OnReturn { returned, body } => self.keep_until_return(*returned, body, span),
        }
    }

    fn var(&mut self, local: LocalId, init: Option<&Expr>, span: Span) {
        let Some(init) = init else {
            let place = self.at(span).declare(local);
            self.b.ks_zero(place);
            return;
        };
        if init.ty == Ty::BYTES {
            let view = self.view(init);
            return self.at(span).declare_view(local, view);
        }
        if self.cx.types.is_aggregate(init.ty) {
            let place = self.at(span).declare(local);
            self.write(init, place);
            return;
        }
        let value = self.scalar(init);
        let place = self.at(span).declare(local);
        self.store(place, value);
    }

    pub(super) fn if_(&mut self, node: &If, dest: Dest) -> Option<Value> {
        let condition = match &node.condition {
            Condition::Expr(condition) => condition,
            Condition::Bindings(list) => return self.if_bindings(list, node, dest),
        };
        let value = self.scalar(condition);
        let is_assert = is_assert(node);
        let (then, then_reached) = self.region(&[], dest, |this, _| {
            if is_assert {
                return this.uncounted(|this| this.block(&node.then, dest));
            }
            this.count_branch(condition.span, 0);
            this.block(&node.then, dest)
        });
        let (otherwise, else_reached) = self.region(&[], dest, |this, _| {
            if !is_assert {
                this.count_branch(condition.span, 1);
            }
            node.otherwise.as_ref().and_then(|block| this.block(block, dest))
        });
        let results = Self::results(dest);
        let op = self.at(condition.span).b.ks_if(value, &results, vec![then, otherwise]);
        self.outcome(op, dest, then_reached || else_reached)
    }

    /// Without a condition: `loop`. `span` is that of the test before each iteration.
    fn while_(&mut self, condition: Option<&Expr>, body: &Block, span: Span) {
        let test = self.iteration(&[], Dest::Value(Ty::BOOL), |this, _| match condition {
            Some(condition) => Some(this.scalar(condition)),
            None => Some(this.at(span).int(1, Ty::BOOL)),
        });
        let iteration = self.iteration(&[], Dest::Nothing, |this, _| this.loop_body(body));
        self.at(span).b.ks_while(vec![test, iteration]);
    }

    pub(super) fn loop_body(&mut self, body: &Block) -> Option<Value> {
        self.cancel_point();
        self.count_iteration();
        self.block(body, Dest::Nothing)
    }

    fn for_(&mut self, local: LocalId, low: &Expr, high: &Expr, inclusive: bool, body: &Block) {
        let span = low.span.to(high.span);
        let (low, high) = (self.scalar(low), self.scalar(high));
        let ty = self.b.func.ty(low);
        let iteration = self.iteration(&[ty], Dest::Nothing, |this, args| {
            if this.uses.in_memory(local) {
                let place = this.at(span).declare(local);
                this.store(place, args[0]);
            } else {
                this.set_slot(local, Slot::Value(args[0]));
            }
            this.loop_body(body)
        });
        self.at(span).b.ks_for(low, high, inclusive, vec![iteration]);
    }

    fn return_(&mut self, value: Option<&Expr>, span: Span) {
        let Some(value) = value else { return self.at(span).return_without_value() };
        if let Some(place) = self.result_place {
            self.return_into(place, value);
        } else if value.ty == Ty::VOID {
            self.effect(value);
            if self.reachable {
                self.at(span).return_without_value();
            }
            return;
        } else {
            let value = self.scalar(value);
            let result = self.b.func.result;
            let value = self.at(span).fit(value, result);
            return self.return_value(Some(value));
        }
        self.at(span).return_value(None);
    }

    /// An aggregate result. A named one may be read by the value, which is then made elsewhere first.
    fn return_into(&mut self, place: Value, value: &Expr) {
        if let Some(named) = self.source.named_result {
            if matches!(value.kind, ExprKind::Local(local) if local == named) {
                return self.at(value.span).copy_named(named, place);
            }
            let made = if Self::is_place(value) { self.place(value) } else { self.materialise(value) };
            self.at(value.span).b.ks_copy(place, made);
        } else {
            self.write(value, place);
        }
    }
}

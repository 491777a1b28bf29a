//! `defer`: what is done when the function ends, on every way out.
//!
//! The rest of the function after a `defer` is a block, and every `return` and `throw` in it leaves that block, with the
//! result kept in a variable; what is deferred stands behind the block, once. One that stands deeper than in the function's
//! own block sets a flag where control comes to it; the block then begins before the outermost statement that it is in.

use super::func::{Dest, Lowering, Slot};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::{Block, CatchKind, Condition, Expr, ExprKind, LocalId, Role, Stmt, StmtKind, Visitor};
use crate::types::{Space, Ty, TyKind};
use std::collections::HashMap;

/// Of the function that is being lowered.
#[derive(Default)]
pub(super) struct Deferred {
    /// Whether control has come to the first `defer` of the function's own block, or to a statement with one in it.
    pub begun: bool,
    /// Where a scalar result is kept while what is deferred runs.
    result: Option<Value>,
    /// For each `defer` that stands deeper: the variable that says whether control came to it.
    flags: Vec<(*const Block, Value)>,
    /// Variables of inner blocks that live as long as the function, since a deferred block names them.
    pub kept: HashMap<LocalId, Value>,
}

impl<'a> Lowering<'a> {
    /// `defer` in the function's own block, with the rest of the block.
    pub(super) fn defer(&mut self, block: &Block, rest: &mut dyn FnMut(&mut Lowering<'a>)) {
        self.begin_deferring();
        self.before(block, None, rest);
    }

    /// A statement of the function's own block in which there are `defer`s, with the rest of the block; false if there are
    /// none, or if they are around already.
    pub(super) fn defer_in(&mut self, stmt: &Stmt, rest: &mut dyn FnMut(&mut Lowering<'a>)) -> bool {
        let mut inner = Inner(Vec::new());
        inner.stmt(stmt);
        let Inner(inner) = inner;
        let is_known = |block: &Block| self.deferred.flags.iter().any(|(known, _)| std::ptr::eq(*known, block));
        if inner.iter().all(|block| is_known(block)) {
            return false;
        }
        self.at(stmt.span).begin_deferring();
        for &block in &inner {
            self.keep_variables(block);
            let ty = self.cx.types.place(Ty::U32, Space::Stack);
            let flag = self.b.ks_var(b"deferred", ty);
            self.b.ks_zero(flag);
            self.deferred.flags.push((block, flag));
        }
        self.flagged(&inner, rest);
        true
    }

    /// The blocks of several that stand deeper, the first one outermost: the last one runs first.
    fn flagged(&mut self, blocks: &[&Block], rest: &mut dyn FnMut(&mut Lowering<'a>)) {
        let Some((first, others)) = blocks.split_first() else { return rest(self) };
        let flag = self.flag(first);
        self.before(first, Some(flag), &mut |this| this.flagged(others, rest));
    }

    fn flag(&self, block: &Block) -> Value {
        match self.deferred.flags.iter().find(|(known, _)| std::ptr::eq(*known, block)) {
            Some(&(_, flag)) => flag,
            None => crate::bug!("a `defer` has no flag"),
        }
    }

    /// Control comes to a `defer` that stands deeper.
    pub(super) fn set_flag(&mut self, block: &Block) {
        let flag = self.flag(block);
        let one = self.int(1, Ty::U32);
        self.store(flag, one);
    }

    fn begin_deferring(&mut self) {
        if std::mem::replace(&mut self.deferred.begun, true) || self.b.func.result == Ty::VOID {
            return;
        }
        let ty = self.b.func.result;
        let place = self.cx.types.place(ty, Space::Stack);
        let place = self.b.ks_var(b"result", place);
        // Null would be a value that a function pointer may have.
        if !matches!(self.cx.types.kind(ty), TyKind::Fn(_)) {
            self.b.ks_zero(place);
        }
        self.deferred.result = Some(place);
    }

    /// The rest of the function, and then what was deferred before it.
    fn before(&mut self, block: &Block, flag: Option<Value>, rest: &mut dyn FnMut(&mut Lowering<'a>)) {
        let span = self.b.loc.span;
        let mut left = false;
        let region = self.block_region(|this, end| {
            this.exits.ends.push(end);
            rest(this);
            left = this.exits.ends.pop().is_some_and(|end| end.left) || this.reachable;
        });
        self.at(span).b.ks_block(vec![region]);
        if !left {
            return self.unreachable();
        }
        match flag {
            None => self.apart(block),
            Some(flag) => self.apart_if(flag, block),
        }
        if self.exits.ends.is_empty() && self.reachable {
            self.at(span).return_kept();
        }
    }

    fn apart_if(&mut self, flag: Value, block: &Block) {
        let (came, zero) = (self.load(flag), self.int(0, Ty::U32));
        let came = self.compare(CompareOp::Ne, came, zero);
        let (then, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.apart(block);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(came, &[], vec![then, otherwise]);
    }

    /// Variables of inner blocks that a deferred block names: they are declared before all of it.
    fn keep_variables(&mut self, block: &Block) {
        for local in named_in(block) {
            if !matches!(self.slot(local), Slot::None) {
                continue;
            }
            self.uses.keep_in_memory(local);
            let place = self.declare(local);
            self.b.ks_zero(place);
            self.deferred.kept.insert(local, place);
        }
    }

    /// `return`: what is deferred comes first, after the value is known. False if nothing is.
    pub(super) fn return_to_end(&mut self, value: Option<Value>) -> bool {
        let Some(end) = self.exits.ends.last_mut() else { return false };
        end.left = true;
        let end = *end;
        if let (Some(value), Some(place)) = (value, self.deferred.result) {
            self.store(place, value);
        }
        self.leave_to(end);
        true
    }

    /// Control comes to the end of the body: the value of a named result, before what is deferred.
    pub(super) fn keep_named_result(&mut self) {
        let Some(named) = self.source.named_result else { return };
        match (self.deferred.result, self.result_place) {
            (Some(kept), _) => {
                let value = self.local_value(named);
                self.store(kept, value);
            }
            (None, Some(place)) => self.copy_named(named, place),
            (None, None) => {}
        }
    }

    /// A named aggregate result, if it is not where the result goes from the start.
    pub(super) fn copy_named(&mut self, named: LocalId, place: Value) {
        if let Slot::Place(own) = self.slot(named)
            && own != place
        {
            self.b.ks_copy(place, own);
        }
    }

    /// After all that was deferred: the end of the function.
    fn return_kept(&mut self) {
        if matches!(self.source.role, Role::Main(_)) && self.exits.thrown.is_some() {
            self.end_if_thrown();
        }
        let value = self.deferred.result.map(|place| self.load(place));
        self.b.ks_return(value);
        self.leave();
    }
}

/// The deferred blocks in a statement, in order of the text.
struct Inner<'t>(Vec<&'t Block>);

impl<'t> Visitor<'t> for Inner<'t> {
    fn stmt(&mut self, stmt: &'t Stmt) {
        if let StmtKind::Defer(block) = &stmt.kind {
            self.0.push(block);
        } else {
            self.parts_of_stmt(stmt);
        }
    }
}

/// The variables that a block names, but for its own.
fn named_in(block: &Block) -> Vec<LocalId> {
    let mut named = Named::default();
    named.block(block);
    let Named { mut used, own } = named;
    used.retain(|local| !own.contains(local));
    used
}

#[derive(Default)]
struct Named {
    used: Vec<LocalId>,
    own: Vec<LocalId>,
}

impl Visitor<'_> for Named {
    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Var { local, .. } | StmtKind::For { local, .. } => self.own.push(*local),
            StmtKind::VarElse { binding, .. } => self.own.push(binding.local),
            StmtKind::VarCopy { local: first, present: second, .. }
            | StmtKind::ForMap { key: first, value: second, .. }
            | StmtKind::ForCpus { cpu: first, value: second, .. }
            | StmtKind::ForArray { index: first, value: second, .. }
            | StmtKind::ForView { index: first, value: second, .. } => self.own.extend([*first, *second]),
            StmtKind::Try { catches, .. } => {
                for catch in catches {
                    if let CatchKind::Bind(local) = catch.takes {
                        self.own.push(local);
                    }
                }
            }
            StmtKind::Assign { .. }
            | StmtKind::MapUpdate { .. }
            | StmtKind::MapAssignOp { .. }
            | StmtKind::MapDelete { .. }
            | StmtKind::MapSetInner { .. }
            | StmtKind::MapCpuUpdate { .. }
            | StmtKind::Delete(_)
            | StmtKind::Expr(_)
            | StmtKind::While { .. }
            | StmtKind::Loop { .. }
            | StmtKind::Lock { .. }
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Return(_)
            | StmtKind::Throw(_)
            | StmtKind::Defer(_) => {}
        }
        self.parts_of_stmt(stmt);
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Local(local) = expr.kind {
            self.used.push(local);
        } else if let ExprKind::If(node) = &expr.kind
            && let Condition::Bindings(bindings) = &node.condition
        {
            self.own.extend(bindings.iter().map(|binding| binding.local));
        }
        self.parts_of_expr(expr);
    }
}

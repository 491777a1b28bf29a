//! `on return`: code of a program that runs when the traced function returns, with the variables that the program had at the function's
//! entry.

use super::variables::LocalKind;
use super::{Checker, Site, State};
use crate::ast::{self, Param};
use crate::diag::codes::contexts::{NoOnReturn, OnReturnPlace};
use crate::diag::codes::refused::KeptPointer;
use crate::sema::tree::{Block, Expr, ExprKind, LocalId, ProgramRole, Role, StmtKind, Visitor};
use crate::source::Span;
use crate::types::Ty;

impl Checker<'_, '_> {
    /// `on return (ret: T) { … }`
    pub fn on_return(&mut self, param: Option<&Param>, body: &ast::Block, span: Span) -> Option<StmtKind> {
        let last = self.env.funcs[self.func.0 as usize].decl.body.as_ref().and_then(|body| body.stmts.last());
        let allowed = self.session().is_some() && last.is_some_and(|last| last.span == span);
        if !allowed {
            self.error(span, OnReturnPlace {})
                .help("`@fsession(\"function\") fn n(…) { …; on return (ret: T) { … } }`");
        }
        let ty = self.session().and_then(|role| role.returned).unwrap_or(Ty::ERROR);
        let outer = self.vars.len();
        let flow = self.flow.clone();
        let (loops, tries) = (std::mem::take(&mut self.loops), std::mem::take(&mut self.tries));
        self.vars.blocks.push();
        let returned = param.map(|param| self.declare(&param.name.name, ty, param.name.span, LocalKind::Var));
        let body = self.block(body);
        self.pop_scope();
        (self.loops, self.tries) = (loops, tries);
        let reachable = self.flow.reachable;
        self.flow = flow;
        self.flow.reachable &= reachable;
        let kept = Kept::of(&body).into_iter().filter(|local| local.0 < outer).collect::<Vec<LocalId>>();
        let kept = kept.into_iter().all(|local| self.may_keep(local, span));
        (allowed && kept).then_some(StmtKind::OnReturn { returned, body })
    }
}

impl State<'_, '_> {
    /// Whether a variable can be kept in a map until the function returns. Parameters that nothing changes are there again.
    fn may_keep(&mut self, local: LocalId, span: Span) -> bool {
        let (ty, name) = (self.vars[local].ty, self.vars[local].name.clone());
        let info = &self.vars[local];
        let is_again = info.kind == LocalKind::Param && info.assigned == 0 && !info.address_taken;
        let is_own = matches!(info.kind, LocalKind::Param | LocalKind::Var | LocalKind::Hidden);
        let is_value = is_own
            && !self.cx.types.holds_pointer(ty)
            && !self.cx.types.is_handle(ty)
            && !matches!(ty, Ty::BYTES | Ty::LINK);
        let keeps = is_again || is_value || ty == Ty::ERROR;
        if !keeps {
            self.error(span, KeptPointer { name })
                .help("keep what you need of it in a variable: `var v = p->field`, and use that in `on return`");
        }
        keeps
    }
}

impl Site<'_, '_> {
    /// Reports a program whose type has `on return`, and that has none.
    pub fn wants_on_return(&mut self, body: &Block) {
        let has_one = body.stmts.iter().any(|stmt| matches!(stmt.kind, StmtKind::OnReturn { .. }));
        if self.session().is_some() && !has_one && !self.failed() {
            let declared = self.env.program.func(self.func);
            let (name, span) = (declared.name.clone(), declared.name_span);
            self.error(span, NoOnReturn { name }).help("at the entry alone it is a program of `@fentry`");
        }
    }

    fn session(&self) -> Option<&ProgramRole> {
        let Role::Program(role) = &self.env.program.func(self.func).role else { return None };
        Some(role).filter(|role| role.spec.on_return.is_some())
    }
}

/// The variables that a block names.
#[derive(Default)]
struct Kept(Vec<LocalId>);

impl Kept {
    fn of(block: &Block) -> Vec<LocalId> {
        let mut kept = Kept::default();
        kept.block(block);
        kept.0.sort_by_key(|local| local.0);
        kept.0.dedup();
        kept.0
    }
}

impl Visitor<'_> for Kept {
    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Local(local) = expr.kind {
            self.0.push(local);
        }
        self.parts_of_expr(expr);
    }
}

//! Programs as values: `var p = count`, then `load(p)`.
//!
//! Such a variable exists in the checker alone, which knows at each point what it holds, or that paths differ.

use super::exprs::plain_name;
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::lifecycle::UnknownProgram;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{FuncId, LocalId};
use crate::types::Ty;

impl Checker<'_, '_> {
    /// `p = program`, where `p` holds one. False if it does not.
    pub fn assign_program(&mut self, place: &ast::Expr, value: &ast::Expr) -> bool {
        let Some(local) = self.vars.program_local(place) else { return false };
        let wanted = self.vars[local].ty;
        self.flow.programs.remove(&local);
        let Some(known) = self.program_value(value) else {
            let found = self.typed(value, None).ty;
            if found != Ty::ERROR && wanted != Ty::ERROR {
                let (wanted, found) = (self.ty_name(wanted), self.ty_name(found));
                let wanted = format!("a program of type `{wanted}`");
                self.error(value.span, MismatchedTypes { wanted, found: format!("`{found}`") });
            }
            return true;
        };
        let Some(func) = known else { return true };
        let ty = self.program_type(func);
        if ty != wanted && wanted != Ty::ERROR {
            self.mismatch(value.span, ty, wanted);
        }
        self.flow.programs.insert(local, func);
        true
    }
}

impl State<'_, '_> {
    /// The program that an expression is. None if it is something else; `Some(None)` if nothing says which program a variable
    /// holds, which is reported.
    pub fn program_value(&mut self, expr: &ast::Expr) -> Option<Option<FuncId>> {
        if let Some(func) = self.program_named(expr) {
            return Some(Some(func));
        }
        let local = self.vars.program_local(expr)?;
        self.vars[local].read = true;
        let known = self.flow.programs.get(&local).copied();
        if known.is_none() {
            let (name, span) = (self.vars[local].name.clone(), self.vars[local].span);
            self.error(expr.span, UnknownProgram { name })
                .note(span, "paths that come here differ in what they assign to it")
                .help("load each program where it is chosen: `if (c) { h = load(a) } else { h = load(b) }`");
        }
        Some(known)
    }

    /// `var p = program`. False if it is something else.
    pub fn var_program(&mut self, name: &ast::Ident, init: &ast::Expr) -> bool {
        let Some(known) = self.program_value(init) else { return false };
        let ty = known.map_or(Ty::ERROR, |func| self.program_type(func));
        let local = self.declare(&name.name, ty, name.span, LocalKind::Var);
        self.vars[local].holds_program = true;
        self.flow.programs.extend(known.map(|func| (local, func)));
        true
    }
}

impl Site<'_, '_> {
    fn program_type(&mut self, func: FuncId) -> Ty {
        let sig = self.env.funcs[func.0 as usize].sig.clone();
        self.cx.types.func(sig)
    }
}

impl Variables {
    /// The variable that a name means, if it holds a program.
    pub fn program_local(&self, expr: &ast::Expr) -> Option<LocalId> {
        let local = self.local_of(&plain_name(expr)?.name)?;
        self[local].holds_program.then_some(local)
    }
}

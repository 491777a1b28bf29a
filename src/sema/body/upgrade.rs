//! `upgrade(handle, program)` and `upgrade(link, implementation)`: another program, or other functions, in the place of what is attached.

use super::{Checker, Site};
use crate::ast;
use crate::diag::codes::lifecycle::{UpgradeForm, UpgradeType, WantsHandle};
use crate::sema::env::Entity;
use crate::sema::tree::{Callee, Expr, FuncId, ImplId, Role};
use crate::source::Span;
use crate::tables::{PROGRAMS, ProgramForm, ProgramSpec};
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// Checks a call of `upgrade`, which yields an `i32`. The second argument is a program, which is loaded, a handle, or an `impl`.
    pub fn upgrade(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("upgrade", 2..=2, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "upgrade"));
        let (what, by) = (&args[0].value, &args[1].value);
        if let Some(Entity::Impl(functions)) = self.entity_named(by) {
            return self.upgrade_functions(what, *functions, span);
        }
        let handle = self.handle("upgrade", what, false);
        let old = self.vars.loaded(&handle);
        let other = match self.program_value(by) {
            Some(Some(func)) => {
                let ty = self.handle_type(func);
                Expr::operation(Callee::Load(func), Vec::new(), ty, by.span)
            }
            Some(None) => return None,
            None => self.upgrade_handle(by),
        };
        if handle.ty == Ty::ERROR || other.ty == Ty::ERROR {
            return None;
        }
        let new = self.vars.loaded(&other);
        if !self.can_replace((handle.ty, old), (other.ty, new), by.span, span) {
            return None;
        }
        Some(Expr::operation(Callee::Upgrade, vec![handle, other], Ty::I32, span))
    }

    /// `upgrade(link, implementation)`
    fn upgrade_functions(&mut self, what: &ast::Expr, functions: ImplId, span: Span) -> Option<Expr> {
        let link = self.typed(what, None);
        if link.ty == Ty::LINK {
            return Some(Expr::operation(Callee::UpgradeFunctions(functions), vec![link], Ty::I32, span));
        }
        if link.ty != Ty::ERROR {
            let (builtin, wants) = ("upgrade".to_owned(), "what `register` returned, before an `impl`".to_owned());
            let found = format!("`{}`", self.ty_name(link.ty));
            self.error(what.span, WantsHandle { builtin, wants, found });
        }
        None
    }

    /// A handle as the second argument.
    fn upgrade_handle(&mut self, by: &ast::Expr) -> Expr {
        let other = self.typed(by, None);
        if !self.cx.types.is_handle(other.ty) && other.ty != Ty::ERROR {
            let (builtin, wants) = ("upgrade".to_owned(), "a program behind the handle".to_owned());
            let found = format!("`{}`", self.ty_name(other.ty));
            self.error(by.span, WantsHandle { builtin, wants, found }).help("`upgrade(handle, name_of_a_program)`");
        }
        other
    }
}

/// The types of handles, with their programs, if these are known.
type Known = (Ty, Option<FuncId>);

impl Site<'_, '_> {
    /// Whether a program may take the place of another one, as far as the two are known. Else it is reported.
    fn can_replace(&mut self, old: Known, new: Known, by: Span, span: Span) -> bool {
        let (Some((old_spec, old_form)), Some((new_spec, new_form))) = (self.form_of(old), self.form_of(new)) else {
            return true;
        };
        if !old_spec.forms.iter().any(|form| form.attach.form().is_some_and(|form| form.replaced)) {
            let kind = old_spec.name.to_owned();
            self.error(span, UpgradeForm { kind }).help("`detach(handle)`, then `attach(load(program))`");
            return false;
        }
        let differs = old_spec.name != new_spec.name
            || old_form.zip(new_form).is_some_and(|(old, new)| old.attach.point != new.attach.point);
        if differs {
            let name = match new.1 {
                Some(func) => self.env.program.func(func).name.clone(),
                None => self.text(by).to_owned(),
            };
            let (old, new) = (written(old_spec, old_form), written(new_spec, new_form));
            self.error(by, UpgradeType { name, new, old }).help("`detach` the one, and `attach` the other");
        }
        !differs
    }

    /// The type of programs of a handle, and the form of its program; none if not even the type is known.
    fn form_of(&self, (ty, program): Known) -> Option<(&'static ProgramSpec, Option<&'static ProgramForm>)> {
        let role = program.map(|program| &self.env.program.func(program).role);
        if let Some(Role::Program(role)) = role {
            return Some((role.spec, role.form()));
        }
        let TyKind::Handle(Some(kind)) = self.cx.types.kind(ty) else { return None };
        PROGRAMS.iter().find(|spec| spec.name == kind).map(|spec| (spec, None))
    }
}

/// `@tc("egress")`
fn written(spec: &ProgramSpec, form: Option<&ProgramForm>) -> String {
    match form.map(|form| form.mode).filter(|mode| !mode.is_empty()) {
        Some(mode) => format!("@{}(\"{mode}\")", spec.name),
        None => format!("@{}", spec.name),
    }
}

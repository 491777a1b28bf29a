//! `load` and `detach`, and the handles that `load` gave.

use super::exprs::strip;
use super::value::{error_expr, local};
use super::variables::Variables;
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::lifecycle::{LoadWhat, RegisterWhat, WantsHandle};
use crate::sema::env::Entity;
use crate::sema::tree::{Callee, Expr, ExprKind, FuncId, ImplId, Role};
use crate::sema::types::describe;
use crate::source::Span;
use crate::types::Ty;

impl Checker<'_, '_> {
    /// `load(program)`
    pub fn load(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("load", 1..=1, args, span)?;
        self.loaded_program("load", &args[0].value, span)
    }

    /// The handle of a program that is an argument of `load`, or of another builtin that loads it.
    pub(super) fn loaded_program(&mut self, builtin: &str, arg: &ast::Expr, span: Span) -> Option<Expr> {
        match self.program_value(arg) {
            Some(Some(func)) => {
                let ty = self.handle_type(func);
                return Some(Expr::operation(Callee::Load(func), Vec::new(), ty, span));
            }
            Some(None) => return None,
            None => {}
        }
        if let Some(what) = self.no_program(arg) {
            let name = self.other_spelling(arg);
            let error = self.error(arg.span, LoadWhat { builtin: builtin.to_owned(), what: what.into() });
            match name {
                Some(name) => error
                    .help(format!(
                        "a program is named as it is: `{builtin}({name}{})`",
                        if builtin == "load" { "" } else { ", …" }
                    ))
                    .fix(arg.span, name),
                None => error.help(
                    "a program is a function with `@xdp`, `@tc`, …, or a variable that holds one: `var p = name`",
                ),
            };
        }
        None
    }

    /// `detach(handle)`, `detach(link)`
    pub fn detach(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("detach", 1..=1, args, span)?;
        let what = self.handle("detach", &args[0].value, true);
        Some(Expr::operation(Callee::Detach, vec![what], Ty::I32, span))
    }

    /// `register(implementation)`
    pub fn register(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("register", 1..=1, args, span)?;
        let implementation = self.implementation("register", &args[0].value)?;
        let callee = Callee::Register { implementation, result_used: true };
        Some(Expr::operation(callee, Vec::new(), Ty::LINK, span))
    }

    /// `unregister(implementation)`, `unregister(link)`
    pub fn unregister(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("unregister", 1..=1, args, span)?;
        let arg = &args[0].value;
        if self.entity_named(arg).is_none() {
            let link = self.typed(arg, None);
            if link.ty == Ty::LINK {
                return Some(Expr::operation(Callee::Detach, vec![link], Ty::I32, span));
            }
            if link.ty != Ty::ERROR {
                let what = format!("a `{}`", self.ty_name(link.ty));
                self.register_what("unregister", arg.span, what);
            }
            return None;
        }
        let implementation = self.implementation("unregister", arg)?;
        Some(Expr::operation(Callee::Unregister(implementation), Vec::new(), Ty::I32, span))
    }

    pub(super) fn handle(&mut self, builtin: &str, expr: &ast::Expr, or_link: bool) -> Expr {
        let wants = if or_link { "what `load` or `attach` returned" } else { "what `load` returned" };
        if self.program_named(expr).is_some() || self.vars.program_local(expr).is_some() {
            let name = self.text(expr.span).to_owned();
            let found = format!("the program `{name}`");
            self.error(expr.span, WantsHandle { builtin: builtin.into(), wants: wants.into(), found })
                .help(format!("load it first: `var prog = load({name})`"));
            return error_expr(expr.span);
        }
        let value = self.typed(expr, None);
        let fits = self.cx.types.is_handle(value.ty) || (or_link && value.ty == Ty::LINK);
        if fits || value.ty == Ty::ERROR {
            return value;
        }
        let found = format!("`{}`", self.ty_name(value.ty));
        let program = self.other_spelling(expr);
        let error = self.error(expr.span, WantsHandle { builtin: builtin.into(), wants: wants.into(), found });
        if let Some(program) = program {
            error.help(format!("load it first: `var prog = load({program})`"));
        }
        error_expr(expr.span)
    }
}

impl State<'_, '_> {
    /// The program that `"name"` or `&name` means.
    fn other_spelling(&self, arg: &ast::Expr) -> Option<String> {
        let arg = strip(arg);
        if let Ast::Str(bytes) = &arg.kind {
            let name = String::from_utf8_lossy(bytes).into_owned();
            let Entity::Func(func) = self.file_entity(&name)? else { return None };
            return matches!(self.env.program.func(*func).role, Role::Program(_)).then_some(name);
        }
        let Ast::Unary { op: ast::UnaryOp::AddressOf, operand } = &arg.kind else { return None };
        self.program_named(operand).map(|_| self.text(operand.span).to_owned())
    }

    /// Names a value that is no program, for a message; none if that was reported.
    fn no_program(&mut self, arg: &ast::Expr) -> Option<&'static str> {
        if let Some((import, base, name, arrow)) = self.in_module(arg)
            && self.entity_named(arg).is_none()
        {
            self.member_value(import, base, name, arrow, None);
            return None;
        }
        match self.entity_named(arg) {
            Some(Entity::Broken) => return None,
            Some(Entity::Func(_)) => return Some("a function without a program's attribute"),
            Some(entity) => return Some(describe(entity)),
            None => {}
        }
        let Ast::Name(path) = &strip(arg).kind else { return Some("the value of an expression") };
        let [name] = path.segments.as_slice() else { return Some("the value of an expression") };
        if self.vars.local_name(&name.name).is_some() {
            return Some("a variable");
        }
        self.unknown_name(name);
        None
    }

    /// The program that a name means.
    pub fn program_named(&self, expr: &ast::Expr) -> Option<FuncId> {
        let Entity::Func(func) = self.entity_named(expr)? else { return None };
        matches!(self.env.program.func(*func).role, Role::Program(_)).then_some(*func)
    }

    /// The `impl` that a name is; none if that it is something else was reported.
    fn implementation(&mut self, builtin: &str, expr: &ast::Expr) -> Option<ImplId> {
        match self.entity_named(expr) {
            Some(Entity::Impl(id)) => return Some(*id),
            Some(Entity::Broken) => {}
            Some(entity) => {
                let what = describe(entity).to_owned();
                self.register_what(builtin, expr.span, what);
            }
            None => {
                if let Some(what) = self.no_program(expr) {
                    self.register_what(builtin, expr.span, what.to_owned());
                }
            }
        }
        None
    }
}

impl Site<'_, '_> {
    /// What `load` of a program yields.
    pub(super) fn handle_type(&mut self, func: FuncId) -> Ty {
        let Role::Program(role) = &self.env.program.func(func).role else { return Ty::HANDLE };
        self.cx.types.handle(role.spec.name)
    }

    fn register_what(&mut self, builtin: &str, span: Span, what: String) {
        let link = if builtin == "unregister" { " or what `register` returned" } else { "" };
        let (builtin, wants) = (builtin.to_owned(), format!("an `impl`{link}"));
        self.error(span, RegisterWhat { builtin, wants, what })
            .help("it is declared `@struct_ops(\"type\") impl name { … }`");
    }

    /// Whether the other programs load where the kernel refuses this one.
    pub(super) fn may_fail(&self, program: FuncId) -> bool {
        matches!(&self.env.program.func(program).role, Role::Program(role) if role.loading.optional)
    }
}

impl Variables {
    /// The program that a handle is known to be of.
    pub(super) fn loaded(&self, handle: &Expr) -> Option<FuncId> {
        loaded_by(handle).or_else(|| self[local(handle)?].program)
    }
}

/// The program of a call of `load`.
pub(super) fn loaded_by(handle: &Expr) -> Option<FuncId> {
    if let ExprKind::Operation { callee: Callee::Load(func), .. } = &handle.kind { Some(*func) } else { None }
}

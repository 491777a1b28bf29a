//! `module.name` as a value, as a place and called.

use super::exprs::strip;
use super::places::not_a_place;
use super::value::{Value, error_expr};
use super::{Checker, Site, State};
use crate::ast::{self, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::NotCallable;
use crate::diag::codes::modules::ModuleSeparator;
use crate::diag::codes::names::NotAValue;
use crate::sema::env::{Entity, Variants};
use crate::sema::imports::ImportId;
use crate::sema::tree::Expr;
use crate::sema::types::describe;
use crate::source::Span;
use crate::types::Ty;

impl Checker<'_, '_> {
    /// `module.name(args)`
    pub fn call_member(
        &mut self,
        import: ImportId,
        callee: &ast::Expr,
        (base, name, arrow): (&ast::Expr, &Ident, bool),
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        if self.env.imports.script(import).is_some() {
            return self.call_python((import, base, name, arrow), args, None, span);
        }
        let Some(entity) = self.member(import, (base, name, arrow), true) else {
            self.check_args(args);
            return None;
        };
        let text = format!("{}.{}", self.text(base.span), name.name);
        if let Entity::Func(func) = entity {
            return self.call_func(func, &Ident { name: text, span: callee.span }, args, span);
        }
        if let Entity::Kfunc(kfunc) = entity {
            return self.call_kfunc(kfunc, args, span);
        }
        if let Entity::C(function) = entity {
            return self.call_c(function, args, span);
        }
        if let Entity::Const { ty: Some(ty), .. } = &entity
            && self.is_function(*ty)
        {
            let function = self.typed(callee, None);
            return self.call_value(function, args, span);
        }
        self.check_args(args);
        if !matches!(entity, Entity::Broken) {
            self.error(callee.span, NotCallable { what: format!("`{text}`, {},", describe(&entity)) });
        }
        None
    }
}

impl State<'_, '_> {
    /// `module.name` as a value.
    pub fn member_value(
        &mut self,
        import: ImportId,
        base: &ast::Expr,
        name: &Ident,
        arrow: bool,
        expected: Option<Ty>,
    ) -> Value {
        let span = base.span.to(name.span);
        let Some(entity) = self.member(import, (base, name, arrow), false) else { return error_expr(span).into() };
        let text = format!("{}.{}", self.text(base.span), name.name);
        let whole = Ident { name: text, span };
        self.declared_value(&entity, &whole, expected)
    }

    /// `module.name` where something is written to.
    pub fn member_place(&mut self, import: ImportId, base: &ast::Expr, name: &Ident, arrow: bool) -> Expr {
        let span = base.span.to(name.span);
        let Some(entity) = self.member(import, (base, name, arrow), false) else { return error_expr(span) };
        if let Some(setting) = self.setting(&entity, span) {
            return setting;
        }
        match not_a_place(&entity) {
            Some(no_place) => self.not_assignable(span, no_place),
            None => self.member_value(import, base, name, false, None).expr,
        }
    }

    /// The module, the name after it, and whether an arrow is between them, of an expression that begins with a module.
    pub fn in_module<'a>(&self, expr: &'a ast::Expr) -> Option<(ImportId, &'a ast::Expr, &'a Ident, bool)> {
        let Ast::Field { base, name, arrow } = &strip(expr).kind else { return None };
        Some((self.import_named(base)?, base, name, *arrow))
    }
}

impl State<'_, '_> {
    /// The parts of an expression that names a function of a file of Python.
    pub fn in_python<'a>(&self, callee: &'a ast::Expr) -> Option<(ImportId, &'a ast::Expr, &'a Ident, bool)> {
        let called = self.in_module(callee)?;
        self.env.imports.script(called.0).map(|_| called)
    }
}

impl Site<'_, '_> {
    /// What a module declares under a name; none if that there is no such thing was reported.
    fn member(
        &mut self,
        import: ImportId,
        (base, name, arrow): (&ast::Expr, &Ident, bool),
        called: bool,
    ) -> Option<Entity> {
        let env = self.env;
        let declared = env.member(import, &name.name);
        let Some(declared) = declared else {
            env.imports.report(self.cx, import, name, called);
            return None;
        };
        if arrow {
            let between = Span { lo: base.span.hi, hi: name.span.lo, ..name.span };
            let (module, found) = (self.text(base.span).to_owned(), "->".to_owned());
            self.error(between, ModuleSeparator { module, name: name.name.clone(), found })
                .help("write a point")
                .fix(between, ".");
        }
        if let Entity::Variants(Variants { visible, .. }) = &declared.entity {
            // A name that the module hides is not its own.
            return Some(Entity::Variants(Variants { visible: visible.clone(), hidden: Vec::new() }));
        }
        Some(declared.entity.clone())
    }

    /// A module is used as a value.
    pub fn module_value(&mut self, name: &Ident) -> Expr {
        self.error(name.span, NotAValue { name: name.name.clone(), what: "a module".into() })
            .help(format!("name something of it: `{}.name`", name.name));
        error_expr(name.span)
    }
}

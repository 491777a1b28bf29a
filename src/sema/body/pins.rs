//! `pin` and `unpin`.

use super::exprs::strip;
use super::{Checker, Site};
use crate::ast::{self, ExprKind as Ast};
use crate::diag::codes::lifecycle::{PinName, WantsHandle};
use crate::sema::env::Entity;
use crate::sema::tree::{Callee, Const, Expr, ExprKind, MapId};
use crate::source::Span;
use crate::tables;
use crate::types::{Ty, TyKind};

impl Checker<'_, '_> {
    /// `pin(what, "name")`
    pub fn pin(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("pin", 2..=2, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "pin"));
        let what = self.pinned("pin", false, &args[0].value);
        let name = self.typed(&args[1].value, None);
        self.check_pin_name(&name);
        let builtin = tables::builtin("pin")?;
        let name = self.string_argument(name, builtin, span);
        let (map, mut args) = what?;
        args.push(name);
        Some(Expr::operation(Callee::Pin(map), args, Ty::I32, span))
    }

    /// `unpin(what)`, or `unpin("name")`
    pub fn unpin(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("unpin", 1..=1, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "unpin"));
        let (map, mut args) = self.pinned("unpin", true, &args[0].value)?;
        if let Some(name) = args.pop_if(|arg| matches!(self.cx.types.kind(arg.ty), TyKind::Str(_))) {
            self.check_pin_name(&name);
            let builtin = tables::builtin("unpin")?;
            args.push(self.string_argument(name, builtin, span));
        }
        Some(Expr::operation(Callee::Unpin(map), args, Ty::I32, span))
    }

    /// A map, by its name or its address, or a handle or a link as an argument, or where `by_name` says so a string. None if it is something
    /// else, which is reported.
    fn pinned(&mut self, builtin: &str, by_name: bool, written: &ast::Expr) -> Option<(Option<MapId>, Vec<Expr>)> {
        let inner = strip(written);
        let named = if let Ast::Unary { op: ast::UnaryOp::AddressOf, operand } = &inner.kind { operand } else { inner };
        if let Some(Entity::Map(map)) = self.entity_named(named) {
            return Some((Some(*map), Vec::new()));
        }
        let wants = if by_name {
            "a map, what `load` or `attach` returned, or the name of a pin"
        } else {
            "a map, or what `load` or `attach` returned"
        };
        if self.program_named(written).is_some() || self.vars.program_local(written).is_some() {
            let name = self.text(written.span).to_owned();
            let found = format!("the program `{name}`");
            self.error(written.span, WantsHandle { builtin: builtin.into(), wants: wants.into(), found })
                .help(format!("load it first: `var prog = load({name})`"));
            return None;
        }
        let value = self.typed(written, None);
        let kind = self.cx.types.kind(value.ty);
        if matches!(kind, TyKind::Handle(_) | TyKind::Link) || by_name && matches!(kind, TyKind::Str(_)) {
            return Some((None, vec![value]));
        }
        if value.ty != Ty::ERROR {
            let found = format!("`{}`", self.ty_name(value.ty));
            self.error(written.span, WantsHandle { builtin: builtin.into(), wants: wants.into(), found });
        }
        None
    }
}

impl Site<'_, '_> {
    /// A name that is a constant has to be one that bpffs takes.
    fn check_pin_name(&mut self, name: &Expr) {
        let ExprKind::Const(Const::Str(text)) = &name.kind else { return };
        if text.is_empty() || text.contains(&b'/') || text.contains(&b'.') {
            let shown = String::from_utf8_lossy(text).into_owned();
            self.error(name.span, PinName { name: shown })
                .help("a pin is in the folder of the project: give a name without slashes and dots, `\"counts\"`");
        }
    }
}

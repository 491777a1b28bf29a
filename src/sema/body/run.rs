//! `run(handle, &v)`: a program that user space runs, with a variable as its context.

use super::{Checker, Site};
use crate::ast;
use crate::diag::codes::lifecycle::{RunContext, RunKind};
use crate::sema::tree::{Callee, Const, Expr, ExprKind, FuncId, Role};
use crate::source::Span;
use crate::tables::{self, Params};
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// Checks `run(handle, &v)`, which yields the result of the program.
    pub fn run(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("run", 1..=2, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "run"));
        let builtin = tables::builtin("run")?;
        let handle = self.handle("run", &args[0].value, false);
        let program = self.vars.loaded(&handle);
        let given = args.get(1).map(|arg| self.typed(&arg.value, None));
        if given.as_ref().is_some_and(|given| given.ty == Ty::ERROR) || handle.ty == Ty::ERROR {
            return None;
        }
        let to = given.as_ref().and_then(|given| self.pointer(given.ty)).map(|pointer| pointer.to);
        if let Some(program) = program
            && !self.check_run(program, given.as_ref(), to, span)
        {
            return None;
        }
        let size = to.map_or(0, |to| self.cx.types.size_of(to));
        let context = match given {
            Some(given) if to.is_some_and(|to| !self.cx.types.holds_pointer(to)) => given,
            Some(given) => return self.no_context(given.span, "the address of a variable without pointers in it"),
            None => {
                let ty = self.cx.types.ptr(Ty::U8, Space::Any, true);
                Expr { kind: ExprKind::Const(Const::Null), ty, span }
            }
        };
        let size = Expr { kind: ExprKind::Const(Const::Int(size.into())), ty: Ty::U64, span };
        Some(Expr::operation(Callee::Builtin(builtin), vec![handle, context, size], Ty::I32, span))
    }
}

impl Site<'_, '_> {
    /// Whether the program is one that is run, and gets what it declares.
    fn check_run(&mut self, program: FuncId, given: Option<&Expr>, to: Option<Ty>, span: Span) -> bool {
        let declared = self.env.program.func(program);
        let Role::Program(role) = &declared.role else { return true };
        if role.spec.params != (Params::Own {}) {
            let (name, kind) = (declared.name.clone(), role.spec.name.to_owned());
            self.error(span, RunKind { name, kind });
            return false;
        }
        let param = self.env.funcs[program.0 as usize].sig.params.first().copied();
        let wanted = param.and_then(|param| self.pointer(param)).map(|pointer| pointer.to);
        if wanted == to {
            return true;
        }
        let wants = match wanted {
            Some(wanted) => format!("`&v`, where `v` is a `{}`", self.ty_name(wanted)),
            None => "the handle alone".to_owned(),
        };
        self.no_context(given.map_or(span, |given| given.span), &wants);
        false
    }

    fn no_context(&mut self, span: Span, wants: &str) -> Option<Expr> {
        self.error(span, RunContext { wants: wants.to_owned() });
        None
    }
}

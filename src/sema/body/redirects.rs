//! `redirect(ifindex, flags)`: the packet goes on at an interface. `redirect(m, key, flags)` of a map of sockets: at a socket.

use super::map_methods::MapCall;
use super::value::{all_known, cast, int_expr};
use super::{Checker, State};
use crate::ast;
use crate::diag::codes::contexts::RedirectWhere;
use crate::diag::codes::maps::MapRefuses;
use crate::sema::tree::{Callee, Expr, ExprKind, LocalId, Role};
use crate::source::Span;
use crate::tables::{self, HelperArgKind, HelperSpec, PROGRAMS, ProgramSpec};
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// The helper yields the action of the type of program that calls it.
    pub fn redirect_to_interface(
        &mut self,
        helper: &'static HelperSpec,
        args: &[ast::Arg],
        span: Span,
    ) -> Option<Expr> {
        let mut checked = Vec::new();
        for (spec, arg) in helper.args.iter().zip(args) {
            self.refuse_name(arg, "redirect");
            let ty = self.table_type(spec.ty.unwrap_or("u64"));
            checked.push(self.coerced(&arg.value, ty));
        }
        for spec in &helper.args[checked.len()..] {
            let ty = self.table_type(spec.ty.unwrap_or("u64"));
            checked.push(int_expr(0, ty, span));
        }
        let Some(program) = self.redirecting_type(helper) else {
            let func = self.env.program.func(self.func).name.clone();
            let help = self.context_help();
            self.error(span, RedirectWhere { func }).help(help);
            return None;
        };
        let checked = all_known(checked)?;
        let ty = self.table_type(program.result);
        Some(Expr::operation(Callee::Helper(helper), checked, ty, span))
    }

    /// `redirect(m, key, flags)` of a map of sockets, in a program that these send or receive through; `flags` may be left out.
    pub fn redirect_to_socket(&mut self, call: MapCall<'_>) -> Option<Expr> {
        let MapCall { map, method, name, args, span } = call;
        let ([key] | [key, _]) = args else {
            self.check_args(args);
            self.wrong_count(&name.name, "2 or 3 arguments", args.len() + 1, name.span)
                .help("it is `redirect(map, key)` or `redirect(map, key, flags)`, as with `BPF_F_INGRESS`");
            return None;
        };
        args.iter().for_each(|arg| self.refuse_name(arg, method.name));
        let kind = self.env.program.map(map).kind;
        let helpers = method.to_sockets.iter().copied().filter_map(tables::helper);
        let mut fit = helpers.filter(|helper| helper.needs.is_some_and(|needs| kind.can(needs)));
        let found = fit.find_map(|helper| Some((helper, self.redirecting_type(helper)?)));
        let Some((context, (helper, program))) = self.context_param().zip(found) else {
            self.check_args(args);
            let help = "programs of type `@sk_msg` and `@sk_skb` redirect to sockets, and functions with the context of one as parameter";
            let func = self.env.program.func(self.func);
            if let Role::Program(role) = &func.role {
                let side = format!("in a program of type `@{}`", role.spec.name);
                let (name, kind) = (self.env.program.map(map).name.clone(), kind.word().to_owned());
                self.error(span, MapRefuses { name, kind, what: method.needs.in_words().to_owned(), side }).help(help);
            } else {
                let func = func.name.clone();
                self.error(span, RedirectWhere { func }).help(help);
            }
            return None;
        };
        let index = helper.args.iter().any(|arg| arg.kind == HelperArgKind::Key);
        let key = self.entry_key(map, &key.value);
        let flags = args.get(1).map_or_else(|| int_expr(0, Ty::U64, span), |flags| self.coerced(&flags.value, Ty::U64));
        if key.ty == Ty::ERROR || flags.ty == Ty::ERROR {
            return None;
        }
        let key = if index {
            let ty = self.cx.types.ptr(key.ty, Space::Stack, false);
            Expr { ty, span: key.span, kind: ExprKind::AddressOf(Box::new(key)) }
        } else {
            key
        };
        let map = self.map_address(map, span);
        self.vars[context].read = true;
        let args = vec![self.vars.local_expr(context, span), map, key, flags];
        let called = self.table_type(helper.ty.unwrap_or("i64"));
        let verdict = Expr::operation(Callee::Helper(helper), args, called, span);
        let action = self.table_type(program.result);
        Some(cast(verdict, action))
    }
}

impl State<'_, '_> {
    /// The function's parameter that is a context.
    pub fn context_param(&self) -> Option<LocalId> {
        let params = self.env.program.func(self.func).params.iter();
        params.copied().find(|param| self.context_spec(self.vars[*param].ty).is_some())
    }

    /// The type of the programs that the function is a part of, by its attribute or its context, if those may call a helper.
    fn redirecting_type(&self, helper: &'static HelperSpec) -> Option<&'static ProgramSpec> {
        let declared = self.env.program.func(self.func);
        if let Role::Program(role) = &declared.role {
            return Some(role.spec).filter(|spec| helper.needs.is_none() || spec.may_call(helper).is_some());
        }
        let context = self.context_spec(self.vars[self.context_param()?].ty)?;
        PROGRAMS.iter().find(|program| program.context() == Some(context.name) && program.may_call(helper).is_some())
    }
}

//! `redirect(ifindex, flags)`: the packet goes on at an interface.

use super::Checker;
use super::value::{error_expr, int_expr};
use crate::ast;
use crate::diag::codes::contexts::RedirectWhere;
use crate::sema::tree::{Expr, ExprKind, Role};
use crate::source::Span;
use crate::tables::{HelperSpec, PROGRAMS, ProgramSpec};
use crate::types::Ty;

impl Checker<'_, '_> {
    /// The helper yields the action of the type of program that calls it.
    pub fn redirect_to_interface(&mut self, helper: &'static HelperSpec, args: &[ast::Arg], span: Span) -> Expr {
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
            self.error(span, RedirectWhere { func })
                .help("give it the program's context as a parameter, `ctx: *xdp_md` or `ctx: *__sk_buff`");
            return error_expr(span);
        };
        if checked.iter().any(|arg| arg.ty == Ty::ERROR) {
            return error_expr(span);
        }
        let ty = self.table_type(program.result);
        Expr { kind: ExprKind::Helper { helper, args: checked }, ty, span }
    }

    /// The type of the programs that the function is a part of, by its attribute or its context, if those may call a helper.
    fn redirecting_type(&self, helper: &'static HelperSpec) -> Option<&'static ProgramSpec> {
        let declared = self.env.program.func(self.func);
        if let Role::Program(role) = &declared.role {
            return Some(role.spec);
        }
        let context = declared.params.iter().find_map(|param| self.context_spec(self.locals[param.0 as usize].ty))?;
        PROGRAMS.iter().find(|program| program.context() == Some(context.name) && program.may_call(helper).is_some())
    }
}

//! `arg(n)`: an argument of the function at which a program runs, where its type is not known.

use super::Checker;
use crate::ast;
use crate::diag::codes::contexts::ArgumentElsewhere;
use crate::diag::codes::events::ContextWanted;
use crate::sema::tree::{Callee, Expr, Role};
use crate::source::Span;
use crate::tables::{self, PROGRAMS, ProgramSpec};
use crate::types::Ty;

/// The builtin.
const NAME: &str = "arg";

impl Checker<'_, '_> {
    /// Checks `arg(n)`, which yields a `u64`.
    pub fn function_argument(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes(NAME, 1..=1, args, span)?;
        self.refuse_name(&args[0], NAME);
        let helper = tables::builtin(NAME)?.helper.and_then(tables::helper)?;
        let place = self.typed(&args[0].value, Some(Ty::U32));
        let declared = self.env.program.func(self.func);
        let Role::Program(role) = &declared.role else {
            let (name, func) = (format!("`{NAME}`"), declared.name.clone());
            self.error(span, ContextWanted { name, func }).help("call it in a program, and hand the number over");
            return None;
        };
        let may_call = |spec: &ProgramSpec| spec.helpers.contains(&helper.name) && spec.otherwise.is_none();
        let Some(context) = declared.context.filter(|_| may_call(role.spec)) else {
            let of = PROGRAMS.iter().filter(|spec| may_call(spec)).map(|spec| format!("`@{}`", spec.name));
            let of: Vec<String> = of.collect();
            let name = role.spec.name.to_owned();
            self.error(span, ArgumentElsewhere { name }).help(format!(
                "declare the arguments as parameters, which may be `u64`: `fn {}(first: u64, second: u64)`; {} programs have `{NAME}`",
                declared.name,
                of.join(", ")
            ));
            return None;
        };
        self.vars[context].read = true;
        let context = self.vars.local_expr(context, span);
        Some(Expr::operation(Callee::Argument(helper), vec![context, place], Ty::U64, span))
    }
}

//! `exec("x.py")`.

use super::Checker;
use crate::ast;
use crate::diag::codes::names::NotConstant;
use crate::python;
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::types::Ty;

impl Checker<'_, '_> {
    /// The executable carries the script, so its name is a constant.
    pub fn exec(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("exec", 1..=1, args, span)?;
        self.refuse_name(&args[0], "exec");
        let name = self.typed(&args[0].value, None);
        let ExprKind::Const(Const::Str(path)) = &name.kind else {
            if name.ty != Ty::ERROR {
                self.error(name.span, NotConstant { what: "the name of the script".to_owned() });
            }
            return None;
        };
        let script = python::script(self.cx, span.file, (path, name.span))?;
        Some(Expr::operation(Callee::Exec(Box::new(script)), Vec::new(), Ty::I32, span))
    }
}

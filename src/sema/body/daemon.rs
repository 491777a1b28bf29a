//! `daemon()` and `daemon(pid_file)`.

use super::Checker;
use crate::ast;
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::tables;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// Checks a call of `daemon`, which yields an `i32`. The runtime takes the path and the most bytes to read of it, or null and 0.
    pub fn daemon(&mut self, args: &[ast::Arg], span: Span) -> Option<Expr> {
        self.takes("daemon", 0..=1, args, span)?;
        args.iter().for_each(|arg| self.refuse_name(arg, "daemon"));
        let builtin = tables::builtin("daemon")?;
        let path = match args {
            [path] => {
                let path = self.typed(&path.value, None);
                self.string_argument(path, builtin, span)
            }
            _ => {
                let ty = self.cx.types.ptr(Ty::U8, Space::Any, true);
                Expr { kind: ExprKind::Const(Const::Null), ty, span }
            }
        };
        if path.ty == Ty::ERROR {
            return None;
        }
        let size = if args.is_empty() { 0 } else { self.cx.types.size_of(path.ty) };
        let size = Expr { kind: ExprKind::Const(Const::Int(size.into())), ty: Ty::U64, span };
        Some(Expr::operation(Callee::Builtin(builtin), vec![path, size], Ty::I32, span))
    }
}

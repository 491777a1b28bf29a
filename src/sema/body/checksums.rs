//! Checksums.

use super::Checker;
use crate::ast;
use crate::sema::tree::{Expr, ExprKind};
use crate::types::Ty;

impl Checker<'_, '_> {
    /// An argument in memory order: an integer, or a `be` value as it is stored.
    pub fn stored_argument(&mut self, arg: &ast::Expr, stored: Ty, network: Ty) -> Expr {
        let value = self.value(arg, Some(stored));
        if value.ty() != network {
            return self.coerce(value, stored);
        }
        let span = value.span();
        Expr { kind: ExprKind::Raw(Box::new(value.expr)), ty: stored, span }
    }
}

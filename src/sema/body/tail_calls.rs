//! Tail calls: `return other(ctx)` where `other` is a program. This finds the calls in return position.

use super::Checker;
use super::exprs::strip;
use crate::ast::{self, ArmBody, ExprKind as Ast, StmtKind as AstStmt};
use crate::sema::tree::{FuncId, Role};
use crate::source::Span;

impl Checker<'_, '_> {
    /// Notes the calls whose results are those of a returned value.
    pub fn note_returned(&mut self, value: &ast::Expr) {
        let value = strip(value);
        if let Ast::Call { .. } = value.kind {
            self.returned_calls.insert(value.span);
        } else if let Ast::Ternary { then, otherwise, .. } = &value.kind {
            self.note_returned(then);
            self.note_returned(otherwise);
        } else if let Ast::If(branch) = &value.kind {
            self.note_returned_block(&branch.then);
            branch.otherwise.iter().for_each(|block| self.note_returned_block(block));
        } else if let Ast::Block(block) = &value.kind {
            self.note_returned_block(block);
        } else if let Ast::Match(matching) = &value.kind {
            for arm in &matching.arms {
                match &arm.body {
                    ArmBody::Expr(value) => self.note_returned(value),
                    ArmBody::Block(block) => self.note_returned_block(block),
                    // A `return` notes what it returns.
                    ArmBody::Stmt(_) => {}
                }
            }
        }
    }

    fn note_returned_block(&mut self, block: &ast::Block) {
        if let Some(AstStmt::Expr(value)) = block.stmts.last().map(|last| &last.kind) {
            self.note_returned(value);
        }
    }

    /// Refuses a tail call of a program; false if the call is none.
    pub fn refuse_tail_call(&mut self, callee: FuncId, args: &[ast::Arg], span: Span) -> bool {
        let is_program = |func: FuncId| matches!(self.env.program.func(func).role, Role::Program(_));
        if !is_program(callee) || !is_program(self.func) || !self.returned_calls.contains(&span) {
            return false;
        }
        self.check_args(args);
        self.unsupported(span, "a tail call");
        true
    }
}

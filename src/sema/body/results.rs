//! Results of functions: `return`, and a value at the end of a body without `return`.

use super::exprs::strip;
use super::{Checker, Site, State};
use crate::ast::{self, ArmBody, ExprKind as Ast, StmtKind as AstStmt};
use crate::diag::codes::types::{MismatchedTypes, NoEffect};
use crate::sema::tree::{Stmt, StmtKind};
use crate::source::Span;
use crate::types::Ty;

impl Checker<'_, '_> {
    /// Reports a value at the end of the body that `return` is missing for.
    pub fn unreturned(&mut self, expr: &ast::Expr) {
        let result = self.env.program.func(self.func).result;
        let errors = self.cx.diags.error_count();
        let value = self.value(expr, Some(result));
        if self.cx.diags.error_count() > errors {
            self.flow.reachable = false;
            return;
        }
        let (reported, ty, span) = (self.cx.diags.count(), value.ty(), value.span());
        let given = self.coerce(value, result);
        self.refuse_escape(&given);
        if self.cx.diags.error_count() > errors {
            // It is of another type, so something else is missing here.
            self.cx.diags.take_since(reported);
            return self.no_effect(expr, ty, span);
        }
        self.flow.reachable = false;
        let (what, head) = self.head(expr);
        self.error(head, NoEffect {})
            .help(format!("{what} is the function's result only with `return`"))
            .fix(expr.span.start(), "return ");
    }

    /// Checks a `return` and appends it to `out`, behind the statements that must run before it.
    pub fn return_stmt(&mut self, value: Option<&ast::Expr>, span: Span, out: &mut Vec<Stmt>) {
        if self.refuse_leaving("return", span) {
            value.iter().for_each(|value| drop(self.value(value, None)));
            self.flow.reachable = false;
            return;
        }
        value.iter().for_each(|value| self.note_returned(value));
        if self.may_yield_null() {
            self.return_made(value, span, out);
            self.flow.reachable = false;
            return;
        }
        let declared = self.env.program.func(self.func);
        let (result, named, name_span) = (declared.result, declared.named_result, declared.name_span);
        let value = match value {
            Some(value) if result == Ty::VOID => {
                self.return_from_void(value, name_span, out);
                None
            }
            Some(value) => {
                self.kept_by_statement = Some(strip(value).span);
                let checked = self.result_value(value, result);
                self.refuse_escape(&checked);
                Some(checked)
            }
            None => match named {
                Some(local) => {
                    let value = self.vars.local_expr(local, span);
                    self.refuse_escape(&value);
                    Some(value)
                }
                None => {
                    if result != Ty::VOID && result != Ty::ERROR {
                        let wanted = format!("`{}`", self.ty_name(result));
                        self.error(span, MismatchedTypes { wanted, found: "no value".into() })
                            .note(name_span, "its result is declared here")
                            .help("write the result after `return`, on the same line");
                    }
                    None
                }
            },
        };
        match value {
            Some(value) => self.returned(value, span, out),
            None => out.push(Stmt { kind: StmtKind::Return(None), span }),
        }
        self.flow.reachable = false;
    }

    /// `return f()` where neither has a result.
    fn return_from_void(&mut self, value: &ast::Expr, name_span: Span, out: &mut Vec<Stmt>) {
        let checked = self.value(value, None).expr;
        if checked.ty == Ty::VOID {
            out.push(Stmt { span: checked.span, kind: StmtKind::Expr(checked) });
        } else if checked.ty != Ty::ERROR {
            if std::mem::replace(&mut self.reported_no_result, true) {
                return;
            }
            let (name, found) = (self.text(name_span).to_owned(), self.ty_name(checked.ty));
            let result = if name == "main" { "i32".to_owned() } else { found.clone() };
            self.error(checked.span, MismatchedTypes { wanted: "no value".into(), found: format!("`{found}`") })
                .note(name_span, "this function has no result")
                .help(format!("declare one: `fn {name}(…) -> {result}`"));
        }
    }
}

impl State<'_, '_> {
    /// Finds the expression at the end of a body, in a function whose result needs a `return`.
    pub fn find_last_value(&mut self, body: &ast::Block) {
        let declared = self.env.program.func(self.func);
        let none = matches!(declared.result, Ty::VOID | Ty::ERROR) || declared.named_result.is_some();
        self.last_value = body.stmts.last().filter(|_| !none).map(|last| last.span);
    }

    /// Whether a statement is a value at the end of the body, as Rust writes the result. A sign at its start may go on with
    /// the line before.
    pub fn is_unreturned(&self, expr: &ast::Expr, stmt: Span) -> bool {
        self.last_value == Some(stmt) && !self.text(stmt).starts_with(['-', '*', '&', '(', '[']) && yields(expr)
    }
}

impl Site<'_, '_> {
    /// The name of an expression in a message, and the part of it that is marked.
    fn head(&self, expr: &ast::Expr) -> (String, Span) {
        let first = |length: u32| Span { hi: expr.span.lo + length, ..expr.span };
        let kind = &strip(expr).kind;
        if let Ast::If(_) = kind {
            ("the value of this `if`".to_owned(), first(2))
        } else if let Ast::Match(_) = kind {
            ("the value of this `match`".to_owned(), first(5))
        } else if let Ast::Block(_) = kind {
            ("the value of this block".to_owned(), first(1))
        } else {
            (format!("`{}`", self.text(expr.span)), expr.span)
        }
    }
}

/// Whether an expression has a value, however it ends, that no call yields: that may be called for what it does.
fn yields(expr: &ast::Expr) -> bool {
    let mut values = 0;
    ends(expr, &mut values) && values > 0
}

/// Whether every path through an expression ends in a value, or leaves; counts the values that no call yields.
fn ends(expr: &ast::Expr, values: &mut usize) -> bool {
    let kind = &strip(expr).kind;
    if let Ast::If(branch) = kind {
        let otherwise = branch.otherwise.as_ref();
        return block_ends(&branch.then, values) && otherwise.is_some_and(|block| block_ends(block, values));
    }
    if let Ast::Block(block) = kind {
        return block_ends(block, values);
    }
    if let Ast::Match(matching) = kind {
        return matching.arms.iter().all(|arm| match &arm.body {
            ArmBody::Expr(value) => ends(value, values),
            ArmBody::Block(block) => block_ends(block, values),
            ArmBody::Stmt(stmt) => leaves(stmt),
        });
    }
    *values += usize::from(!matches!(kind, Ast::Call { .. } | Ast::New { .. } | Ast::Unread(_)));
    true
}

fn block_ends(block: &ast::Block, values: &mut usize) -> bool {
    let Some(last) = block.stmts.last() else { return false };
    if let AstStmt::Expr(value) = &last.kind { ends(value, values) } else { leaves(last) }
}

fn leaves(stmt: &ast::Stmt) -> bool {
    matches!(stmt.kind, AstStmt::Return(_) | AstStmt::Throw(_) | AstStmt::Break | AstStmt::Continue)
}

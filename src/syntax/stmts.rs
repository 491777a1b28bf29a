//! Statements and blocks.

use super::Rule;
use super::builder::{Builder, MAX_CHAIN};
use super::foreign::{self, Hint};
use super::hints::is_alone;
use super::types::{only, quoted};
use crate::ast::{BinaryOp, Block, Catch, CatchPattern, Expr, ExprKind, Ident, Stmt, StmtKind, Type, UnaryOp};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::Pair;

/// What `var` and `const` have in common.
struct Declared {
    name: Ident,
    ty: Option<Type>,
    value: Option<Expr>,
    otherwise: Option<Block>,
}

impl Builder<'_> {
    /// Builds a block. Statements that nothing separates are reported.
    pub fn block(&mut self, pair: Pair<'_, Rule>) -> Block {
        let span = self.span(&pair);
        let mut stmts: Vec<Stmt> = Vec::new();
        let mut run_on = false;
        for part in pair.into_inner() {
            let next = self.span(&part);
            let separated = stmts.last().is_none_or(|last| self.is_separated(last.span, next, ends_itself(last)));
            if separated {
                run_on = false;
                stmts.push(self.stmt(part));
                continue;
            }
            let Some(last) = stmts.pop() else { continue };
            // Only the first of several words in a row is reported, and none behind text that was not read.
            if !std::mem::replace(&mut run_on, true) && !self.has_hole(&last) && !self.has_hole_at(next) {
                self.not_separated(last.span, next, "a line end or `;`");
            }
            stmts.push(self.unread_stmt(last.span.to(next)));
        }
        Block { stmts, braced: true, span }
    }

    /// Whether something in a statement could not be read.
    fn has_hole(&self, stmt: &Stmt) -> bool {
        let is_unread = matches!(&stmt.kind, StmtKind::Expr(expr) if matches!(expr.kind, ExprKind::Unread(_)));
        is_unread || self.has_hole_at(stmt.span)
    }

    fn has_hole_at(&self, span: Span) -> bool {
        self.laid_out[span.lo as usize - self.base..span.hi as usize - self.base].contains('`')
    }

    /// Errors in these statements concern no other statement.
    fn unread_stmt(&mut self, span: Span) -> Stmt {
        self.refused = false;
        Stmt { kind: StmtKind::Expr(self.unread(span)), span }
    }

    /// A separator is between two statements, or two arms, unless the first ends with a block.
    pub fn is_separated(&self, last: Span, next: Span, ends_itself: bool) -> bool {
        let gap = &self.laid_out.as_bytes()[last.hi as usize - self.base..next.lo as usize - self.base];
        let separated = gap.iter().any(|byte| matches!(byte, b'\n' | b';' | b','));
        separated || ends_itself && self.text(last).ends_with('}')
    }

    /// Reports two statements, or two other elements, in a row without `separator`.
    pub fn not_separated(&mut self, last: Span, next: Span, separator: &str) {
        let word = self.text(next).split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
        let found = if word.is_empty() { &self.text(next)[..1] } else { word };
        let found = quoted(found);
        let at = Span { hi: next.lo + found.len() as u32 - 2, ..next };
        if let Some(hint) = foreign::value(self, last, next) {
            return self.hinted(at, Expected { expected: "`=`".to_owned(), found }, Some(hint));
        }
        let hint = self.separator_hint(last, next, separator);
        self.hinted(at, MissingSeparator { found }, Some(hint));
    }

    /// A hint on the likely meaning of two statements in a row.
    fn separator_hint(&self, last: Span, next: Span, separator: &str) -> Hint {
        let first = self.text(last);
        if matches!(first, "local" | "percpu" | "pin" | "pub" | "priv") {
            return Hint::text(format!("`{first}` is for global variables only"));
        }
        foreign::statement(self, last, next).unwrap_or_else(|| Hint::text(format!("write {separator} between them")))
    }

    /// Builds a statement.
    pub fn stmt(&mut self, pair: Pair<'_, Rule>) -> Stmt {
        self.stmt_below(pair, 1)
    }

    /// The statement of an `else if`.
    pub fn next_of_chain(&mut self, pair: Pair<'_, Rule>) -> Stmt {
        self.chain += 1;
        if self.chain == MAX_CHAIN {
            let span = self.first_word(&pair);
            self.error(span, ChainTooLong { limit: MAX_CHAIN.to_string() })
                .help("`match` compares one value with many, in any number of arms");
        }
        let stmt = self.stmt_below(pair, if self.chain < MAX_CHAIN { 0 } else { 1 });
        self.chain -= 1;
        stmt
    }

    /// A statement that is so many levels below what is around it.
    fn stmt_below(&mut self, pair: Pair<'_, Rule>, levels: usize) -> Stmt {
        let span = self.span(&pair);
        let outer = std::mem::take(&mut self.refused);
        let kind = self.deeper(levels, span, |this| this.stmt_kind(pair, span), || StmtKind::Break);
        let stmt = if self.refused { self.unread_stmt(span) } else { Stmt { kind, span } };
        self.refused = outer;
        stmt
    }

    fn stmt_kind(&mut self, pair: Pair<'_, Rule>, span: Span) -> StmtKind {
        let expr = |kind| StmtKind::Expr(Expr { kind, span });
        let rule = pair.as_rule();
        if rule == Rule::expr_stmt {
            self.expr_stmt(pair)
        } else if rule == Rule::if_expr {
            expr(ExprKind::If(Box::new(self.if_expr(pair))))
        } else if rule == Rule::match_expr {
            expr(ExprKind::Match(Box::new(self.match_expr(pair))))
        } else if rule == Rule::block {
            expr(ExprKind::Block(self.block(pair)))
        } else if rule == Rule::while_stmt {
            self.while_stmt(pair)
        } else if rule == Rule::for_stmt {
            self.for_stmt(pair)
        } else if rule == Rule::on_return_stmt {
            let mut parts = pair.into_inner();
            let param = parts.peek().filter(|part| part.as_rule() == Rule::param).and_then(|param| self.param(param));
            let body = parts.next_back().map(|block| self.block(block));
            StmtKind::OnReturn { param, body: body.unwrap_or_else(|| crate::bug!("`on return` without a block")) }
        } else if rule == Rule::try_stmt {
            self.try_stmt(pair)
        } else if rule == Rule::var_stmt {
            let Declared { name, ty, value, otherwise } = self.declaration(pair);
            StmtKind::Var { name, ty, init: value, otherwise }
        } else if rule == Rule::const_stmt {
            let Declared { name, ty, value, .. } = self.declaration(pair);
            let value = value.unwrap_or_else(|| crate::bug!("a constant without a value"));
            StmtKind::Const { name, ty, value }
        } else {
            self.simple_stmt(pair)
        }
    }

    /// A keyword and what it takes.
    fn simple_stmt(&mut self, pair: Pair<'_, Rule>) -> StmtKind {
        let rule = pair.as_rule();
        let operand = pair.into_inner().next();
        if rule == Rule::return_stmt {
            return StmtKind::Return(operand.map(|value| self.expr(value)));
        } else if rule == Rule::break_stmt {
            return StmtKind::Break;
        } else if rule == Rule::continue_stmt {
            return StmtKind::Continue;
        }
        let Some(operand) = operand else { crate::bug!("{rule:?} without its operand") };
        if rule == Rule::delete_stmt {
            StmtKind::Delete(self.expr(operand))
        } else if rule == Rule::throw_stmt {
            StmtKind::Throw(self.expr(operand))
        } else if rule == Rule::loop_stmt {
            StmtKind::Loop { body: self.block(operand) }
        } else if operand.as_rule() == Rule::block {
            StmtKind::DeferBlock(self.block(operand))
        } else if operand.as_rule() == Rule::delete_stmt {
            StmtKind::DeferDelete(self.expr(only(operand)))
        } else {
            StmtKind::DeferCall(self.expr(operand))
        }
    }

    fn expr_stmt(&mut self, pair: Pair<'_, Rule>) -> StmtKind {
        let mut parts = pair.into_inner();
        let first = parts.next().map(|expr| self.expr(expr));
        let first = first.unwrap_or_else(|| crate::bug!("an empty statement"));
        if let Some((span, hint)) = foreign::pointer(self, &first) {
            let text = self.text(span).to_owned();
            self.hinted(span, ProductAsDeclaration { text }, Some(hint));
        }
        let Some(part) = parts.next() else {
            self.decrement(&first);
            let unread = matches!(first.kind, ExprKind::Unread(_));
            return StmtKind::Expr(if unread { self.unread(first.span) } else { first });
        };
        if part.as_rule() == Rule::block {
            return self.lock(first, part);
        }
        let op = part.as_str().strip_suffix('=').filter(|op| !op.is_empty());
        let op: Option<BinaryOp> = op.map(super::exprs::binary_op);
        let value = parts.next().map(|value| self.expr(value));
        StmtKind::Assign { place: first, op, value: value.unwrap_or_else(|| crate::bug!("an assignment of nothing")) }
    }

    /// `x--` before a line that begins with an operand, which is `x - -operand`.
    pub fn decrement_at_line_end(&mut self, left: &Expr, minus: Span, right: &Expr) {
        let ExprKind::Unary { op: UnaryOp::Neg, operand } = &right.kind else { return };
        let behind = Span { lo: right.span.lo + 1, hi: operand.span.lo, ..minus };
        if right.span.lo != minus.hi || !self.text(behind).contains('\n') {
            return;
        }
        let signs = Span { hi: minus.hi + 1, ..minus };
        // The text before it on its line is a part of the same expression.
        let line = self.source[..minus.lo as usize].rfind('\n').map_or(0, |end| end + 1);
        let indent = self.source[line..].len() - self.source[line..].trim_start().len();
        let left = Span { lo: left.span.lo.max((line + indent) as u32), hi: minus.lo, ..minus };
        let (whole, form) = (left.to(signs), format!("{} -= 1", self.text(left).trim_end()));
        let alone = is_alone(self.source, whole);
        let error = self.error(signs, Increment { operator: "--".to_owned() }).help(format!("write `{form}`"));
        if alone {
            error.fix(whole, form);
        }
    }

    /// `--x`, which is a minus twice.
    fn decrement(&mut self, expr: &Expr) {
        if let ExprKind::Unary { op: UnaryOp::Neg, operand } = &expr.kind
            && let ExprKind::Unary { op: UnaryOp::Neg, operand } = &operand.kind
            && self.text(expr.span).starts_with("--")
            && operand.span.lo == expr.span.lo + 2
        {
            let form = format!("{} -= 1", self.text(operand.span));
            let signs = Span { hi: expr.span.lo + 2, ..expr.span };
            self.error(signs, Increment { operator: "--".to_owned() })
                .help(format!("write `{form}`"))
                .fix(expr.span, form);
        }
    }

    /// `lock (place) { … }`, which the grammar reads as a call and a block.
    fn lock(&mut self, call: Expr, block: Pair<'_, Rule>) -> StmtKind {
        let body = self.block(block);
        let name = if let ExprKind::Call { callee, .. } = &call.kind { self.text(callee.span) } else { "" };
        if name == "lock"
            && let ExprKind::Call { args, .. } = &call.kind
            && let [place] = &args[..]
            && place.name.is_none()
        {
            return StmtKind::Lock { place: place.value.clone(), body };
        }
        if self.diags.last().and_then(|diag| diag.span).is_some_and(|reported| reported.lo == call.span.lo) {
            return StmtKind::Lock { place: call, body };
        }
        let word = Span { hi: call.span.lo + name.len() as u32, ..call.span };
        let other = || match name {
            "lock" => Hint::text("`lock` takes one place: `lock (entry.field) { … }`"),
            _ => Hint::text("write the block on a line of its own, or remove it"),
        };
        let hint = foreign::blocks::else_if(&self.source[..call.span.lo as usize], call.span)
            .or_else(|| foreign::blocks::instead(self.source, name, word))
            .or_else(|| foreign::keywords::near(name, foreign::keywords::HEADERS, word))
            .unwrap_or_else(other);
        self.hinted(call.span, BlockAfterExpression {}, Some(hint));
        StmtKind::Lock { place: call, body }
    }

    /// Builds the parts that `var_stmt`, `var_item` and `const_stmt` have in common.
    fn declaration(&mut self, pair: Pair<'_, Rule>) -> Declared {
        let mut name = None;
        let mut ty = None;
        let mut value = None;
        let mut otherwise = None;
        for part in pair.into_inner() {
            let rule = part.as_rule();
            if rule == Rule::word_text {
                name = Some(self.declared(part));
            } else if rule == Rule::r#type {
                ty = Some(self.ty(part));
            } else if rule == Rule::expr {
                let expr = self.expr(part);
                if let (Some(name), None) = (&name, &ty) {
                    self.map_as_value(name, &expr);
                }
                value = Some(expr);
            } else {
                otherwise = Some(self.block(part));
            }
        }
        Declared { name: name.unwrap_or_else(|| crate::bug!("a declaration without a name")), ty, value, otherwise }
    }

    /// `var rb = ringbuf<V>(4096)`, which compares.
    fn map_as_value(&mut self, name: &Ident, value: &Expr) {
        if let ExprKind::Binary { op: BinaryOp::Gt, left, right, .. } = &value.kind
            && let ExprKind::Binary { op: BinaryOp::Lt, left: kind, op_span, .. } = &left.kind
            && let (ExprKind::Name(_), ExprKind::Paren(_)) = (&kind.kind, &right.kind)
        {
            let (kind, equals) =
                (self.text(kind.span).to_owned(), Span { lo: name.span.hi, hi: value.span.lo, ..name.span });
            self.error(*op_span, Expected { expected: "a line end".to_owned(), found: "`<`".to_owned() })
                .help(format!("a map is declared at file level as `var name: {kind}<V>(n)`"))
                .fix(equals, ": ");
        }
    }

    fn try_stmt(&mut self, pair: Pair<'_, Rule>) -> StmtKind {
        let keyword = self.first_word(&pair);
        let end = self.span(&pair).hi;
        let mut parts = pair.into_inner();
        let body = self.body(&mut parts);
        let catches: Vec<Catch> = parts.map(|part| self.catch(part)).collect();
        let other = foreign::throws::after(&self.source[end as usize..]);
        if catches.is_empty() {
            let help = "catch every code with `catch _ { … }`, or one with `catch CODE { … }`";
            self.error(keyword, TryWithoutCatch {}).help(other.map_or(help, |(_, help)| help));
        } else if let Some((word, help)) = other {
            let lo = end + self.source[end as usize..].find(word).unwrap_or(0) as u32;
            let span = Span { lo, hi: lo + word.len() as u32, ..keyword };
            let expected = "`catch` or a statement".to_owned();
            self.error(span, Expected { expected, found: quoted(word) }).help(help);
        }
        StmtKind::Try { body, catches }
    }

    fn catch(&mut self, pair: Pair<'_, Rule>) -> Catch {
        let span = self.span(&pair);
        let mut parts = pair.into_inner();
        let (Some(pattern), Some(body)) = (parts.next(), parts.next()) else {
            crate::bug!("a catch without pattern or body")
        };
        let pattern_span = self.span(&pattern);
        let pattern = if pattern.as_rule() == Rule::catch_any {
            CatchPattern::Any(pattern_span)
        } else {
            let value = without_parens(self.expr(pattern));
            // In the arms of a `match` that means either.
            if let ExprKind::Binary { op: BinaryOp::BitOr, op_span, .. } = &value.kind {
                self.error(*op_span, Expected { expected: "`{`".to_owned(), found: "`|`".to_owned() })
                    .help(foreign::throws::SEVERAL);
            }
            // A keyword that an expression may be names nothing, so the code would be bound to it.
            if let ExprKind::Name(path) = &value.kind
                && let [name] = &path.segments[..]
                && super::words::is_keyword(&name.name)
            {
                self.keyword_as_name(name);
            }
            CatchPattern::Value(value)
        };
        Catch { pattern, body: self.block(body), span }
    }

    /// The parts of a global declaration.
    pub fn global(&mut self, pair: Pair<'_, Rule>) -> (Ident, Option<Type>, Option<Expr>) {
        let Declared { name, ty, value, .. } = self.declaration(pair);
        (name, ty, value)
    }
}

/// `catch (e)` means `catch e`.
fn without_parens(expr: Expr) -> Expr {
    if let ExprKind::Paren(inner) = expr.kind { without_parens(*inner) } else { expr }
}

/// A statement whose closing brace is its end, so that another may follow on the line.
fn ends_itself(stmt: &Stmt) -> bool {
    if let StmtKind::Expr(expr) = &stmt.kind {
        return matches!(expr.kind, ExprKind::If(_) | ExprKind::Match(_) | ExprKind::Block(_));
    }
    matches!(
        stmt.kind,
        StmtKind::While { .. }
            | StmtKind::Loop { .. }
            | StmtKind::For(_)
            | StmtKind::Try { .. }
            | StmtKind::DeferBlock(_)
            | StmtKind::OnReturn { .. }
            | StmtKind::Lock { .. }
    )
}

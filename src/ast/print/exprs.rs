//! Expressions.

use super::{Printer, escaped};
use crate::ast::*;
use crate::source::Span;

impl Printer<'_> {
    /// Prints an expression at the current column, on one line where it fits.
    pub fn expr(&mut self, expr: &Expr) {
        if self.overflow {
            return;
        }
        self.inline(expr.span.lo);
        match &expr.kind {
            ExprKind::Int(literal) => {
                self.push(if literal.negative { "-" } else { "" });
                self.push(&literal.text);
            }
            ExprKind::Float(text) => self.push(text),
            ExprKind::Char(byte) => match self.written(expr.span) {
                Some(text) => self.push(text),
                None if *byte == b'\'' => self.push("'\\''"),
                None => self.push(&format!("'{}'", escaped(*byte))),
            },
            ExprKind::Str(bytes) => self.string(bytes, expr.span),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::Null => self.push(self.written(expr.span).unwrap_or("null")),
            ExprKind::Name(path) => self.name(path),
            ExprKind::Unary { op, operand } => {
                self.push(op.text());
                // `--x` as a statement is taken for C's decrement.
                if *op == UnaryOp::Neg && matches!(operand.kind, ExprKind::Unary { op: UnaryOp::Neg, .. }) {
                    self.push(" ");
                }
                self.expr(operand);
            }
            ExprKind::Binary { .. } => self.chain(expr, true),
            ExprKind::Ternary { condition, then, otherwise } => self.ternary(condition, then, otherwise),
            ExprKind::Cast { operand, ty } => {
                self.expr(operand);
                self.push(" as ");
                self.cast_ty(ty);
            }
            ExprKind::If(if_expr) => self.if_expr(if_expr),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Match(match_expr) => self.match_expr(match_expr, expr.span),
            ExprKind::Paren(inner) => {
                self.push("(");
                self.expr(inner);
                self.closing(expr.span.hi.saturating_sub(1));
                self.push(")");
            }
            ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Call { .. } => self.postfix(expr),
            ExprKind::Unread(_) => self.push("`"),
            ExprKind::Struct { .. }
            | ExprKind::Packet { .. }
            | ExprKind::Array(_)
            | ExprKind::Fill { .. }
            | ExprKind::SizeofType(_)
            | ExprKind::SizeofExpr(_)
            | ExprKind::Offsetof { .. }
            | ExprKind::New { .. } => self.built(expr),
        }
    }

    /// Operators of one precedence, each at the end of its line if all do not fit on one; `hang` indents those lines.
    pub fn chain(&mut self, expr: &Expr, hang: bool) {
        let (first, rest) = spine(expr);
        let flat = self.attempt(1, |this| {
            this.expr(first);
            for (op, op_span, right) in &rest {
                if this.overflow {
                    return;
                }
                this.in_line(op_span.lo);
                this.overflow |= this.line_ends_before(op_span.lo);
                this.push(&format!(" {} ", op.text()));
                this.expr(right);
            }
        });
        if flat {
            return;
        }
        self.expr(first);
        self.indent += usize::from(hang);
        for (op, op_span, right) in rest {
            self.in_line(op_span.lo);
            self.push(&format!(" {}", op.text()));
            self.opening(right.span.lo);
            self.begin_element(right.span.lo, true);
            self.expr(right);
        }
        self.indent -= usize::from(hang);
    }

    fn ternary(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) {
        let flat = self.attempt(1, |this| {
            this.expr(condition);
            this.overflow |= this.line_ends_before(then.span.lo);
            this.push(" ? ");
            this.expr(then);
            this.overflow |= this.line_ends_before(otherwise.span.lo);
            this.push(" : ");
            this.expr(otherwise);
        });
        if flat {
            return;
        }
        self.expr(condition);
        self.indent += 1;
        for (sign, before, branch) in [('?', condition, then), (':', then, otherwise)] {
            self.trailing(before.span.hi);
            self.leading(self.find(sign, before.span.hi), false);
            self.line();
            self.push(&format!("{sign} "));
            self.expr(branch);
        }
        self.indent -= 1;
    }

    fn postfix(&mut self, expr: &Expr) {
        if let ExprKind::Field { base, name, arrow } = &expr.kind {
            self.expr(base);
            self.before_sign(base.span.hi, name.span.lo);
            self.push(if *arrow { "->" } else { "." });
            self.push(&name.name);
        } else if let ExprKind::Index { base, index } = &expr.kind {
            self.expr(base);
            self.push("[");
            self.expr(index);
            self.closing(expr.span.hi.saturating_sub(1));
            self.push("]");
        } else if let ExprKind::Call { callee, args } = &expr.kind {
            self.expr(callee);
            self.arguments(args, [callee.span.hi, expr.span.hi.saturating_sub(1)]);
        }
    }

    pub(super) fn arguments(&mut self, args: &[Arg], ends: [u32; 2]) {
        let argument = |this: &mut Self, arg: &Arg| {
            if let Some(name) = &arg.name {
                this.push(&name.name);
                this.push(": ");
            }
            this.expr(&arg.value);
        };
        match args {
            [] => self.push("()"),
            [arg] if holds_lines(&arg.value) && !self.has_comments(ends[1]) => {
                self.push("(");
                argument(self, arg);
                self.push(")");
            }
            args => self.bracketed(["(", ")"], ends, args, arg_span, argument),
        }
    }

    fn array(&mut self, elements: &[Expr], span: Span) {
        let ends = [span.lo, span.hi.saturating_sub(1)];
        let many = elements.iter().all(|element| !holds_lines(element)) && !self.has_comments(ends[1]);
        if elements.is_empty() {
            return self.push("[]");
        } else if !many {
            return self.bracketed(["[", "]"], ends, elements, |e| e.span, |this, e| this.expr(e));
        }
        let flat = self.attempt(1, |this| {
            this.push("[");
            this.list(elements, |this, element| this.expr(element));
            this.push("]");
        });
        if flat {
            return;
        }
        // As many as fit on each line.
        self.push("[");
        self.indent += 1;
        for (number, element) in elements.iter().enumerate() {
            let fits = number > 0
                && self.attempt(1, |this| {
                    this.push(" ");
                    this.expr(element);
                });
            if !fits {
                self.line();
                self.expr(element);
            }
            self.push(",");
        }
        self.indent -= 1;
        self.line();
        self.push("]");
    }

    fn struct_literal(&mut self, name: &Path, fields: &[FieldInit], rest: Option<Span>, span: Span) {
        self.path(name, ".");
        // None is the `..`.
        let parts: Vec<Option<&FieldInit>> = fields.iter().map(Some).chain(rest.map(|_| None)).collect();
        if parts.is_empty() {
            return self.push(" {}");
        }
        let ends = [name.span.hi, span.hi.saturating_sub(1)];
        self.separated(
            [" { ", " }"],
            ends,
            &parts,
            |part| part.map_or(rest.unwrap_or(span), |field| field.name.span.to(field.value.span)),
            |part| part.map_or("", |_| ","),
            |this, part| match part {
                Some(field) => {
                    this.push(&field.name.name);
                    this.push(": ");
                    this.expr(&field.value);
                }
                None => this.push(".."),
            },
        );
    }

    fn packet(&mut self, word: Span, layers: &[Expr], span: Span) {
        self.push("packet");
        let ends = [word.hi, span.hi.saturating_sub(1)];
        self.separated([" { ", " }"], ends, layers, |layer| layer.span, |_| ",", |this, layer| this.expr(layer));
    }

    /// Literals of structs and arrays, `sizeof` and the like.
    fn built(&mut self, expr: &Expr) {
        let kind = &expr.kind;
        if let ExprKind::Struct { name, fields, rest } = kind {
            self.struct_literal(name, fields, *rest, expr.span);
        } else if let ExprKind::Packet { word, layers } = kind {
            self.packet(*word, layers, expr.span);
        } else if let ExprKind::Array(elements) = kind {
            self.array(elements, expr.span);
        } else if let ExprKind::Fill { value, count } = kind {
            self.push("[");
            self.expr(value);
            self.push("; ");
            self.expr(count);
            self.push("]");
        } else if let ExprKind::SizeofType(ty) = kind {
            self.push("sizeof(");
            self.ty(ty);
            self.push(")");
        } else if let ExprKind::SizeofExpr(operand) = kind {
            self.push("sizeof(");
            self.expr(operand);
            self.push(")");
        } else if let ExprKind::Offsetof { ty, fields } = kind {
            self.push("offsetof(");
            self.ty(ty);
            self.push(", ");
            let fields: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            self.push(&fields.join("."));
            self.push(")");
        } else if let ExprKind::New { ty, args } = kind {
            self.push("new ");
            self.ty(ty);
            self.push("(");
            self.list(args, |this, arg| this.expr(arg));
            self.push(")");
        }
    }

    fn if_expr(&mut self, if_expr: &IfExpr) {
        self.push("if ");
        match &if_expr.condition {
            Condition::Expr(condition) => self.condition(condition),
            Condition::Bindings(bindings) => self.bindings(bindings, if_expr.then.span.lo),
        }
        self.push(" ");
        let Some(otherwise) = &if_expr.otherwise else { return self.block(&if_expr.then) };
        let flat = self.on_one_line(if_expr.then.span.lo, otherwise.span.hi)
            && self.attempt(1, |this| {
                this.block(&if_expr.then);
                this.before_continuation(otherwise.span.lo);
                this.push("else ");
                this.block(otherwise);
            });
        if flat {
            return;
        }
        self.block_on_lines(&if_expr.then);
        if !if_expr.then.braced && !self.has_comments(otherwise.span.lo) && self.source.is_some() {
            self.line();
        } else {
            self.before_continuation(otherwise.span.lo);
        }
        self.push("else ");
        self.block_on_lines(otherwise);
    }

    /// In parentheses.
    pub fn condition(&mut self, condition: &Expr) {
        self.head(condition.span.hi, |this| {
            if matches!(condition.kind, ExprKind::Binary { .. }) {
                this.inline(condition.span.lo);
                this.chain(condition, false);
            } else {
                this.expr(condition);
            }
        });
    }

    fn bindings(&mut self, bindings: &[Binding], end: u32) {
        let ends = [bindings.first().map_or(end, |first| first.span.lo), end];
        self.bracketed(
            ["(", ")"],
            ends,
            bindings,
            |binding| binding.span,
            |this, binding| {
                this.var_keyword(binding.name.span);
                this.push(&binding.name.name);
                this.type_of(&binding.ty);
                this.push(" = ");
                this.expr(&binding.value);
            },
        );
    }

    fn match_expr(&mut self, match_expr: &MatchExpr, span: Span) {
        self.push("match ");
        self.condition(&match_expr.subject);
        self.push(" ");
        let ends = [self.find('{', match_expr.subject.span.hi), span.hi.saturating_sub(1)];
        self.braced(ends, &match_expr.arms, |arm| arm.span, |_| ",", Self::arm);
    }

    fn arm(&mut self, arm: &Arm) {
        for (number, pattern) in arm.patterns.iter().enumerate() {
            let fits = number == 0
                || self.attempt(3, |this| {
                    this.push(" | ");
                    this.pattern(pattern);
                });
            if number == 0 {
                self.pattern(pattern);
            } else if !fits {
                self.push(" |");
                self.line();
                self.pattern(pattern);
            }
        }
        self.push(": ");
        match &arm.body {
            ArmBody::Expr(expr) => self.expr(expr),
            ArmBody::Block(block) => self.block(block),
            ArmBody::Stmt(stmt) => self.stmt(stmt),
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Default(span) => self.push(self.written(*span).unwrap_or("default")),
            Pattern::Value(value) => self.expr(value),
            Pattern::Range { low, high, inclusive, .. } => self.range(low, high, *inclusive),
        }
    }

    /// Prints the bounds of a range with `..` or `..=` between them.
    pub fn range(&mut self, low: &Expr, high: &Expr, inclusive: bool) {
        self.expr(low);
        self.push(if inclusive { "..=" } else { ".." });
        self.expr(high);
    }

    /// `: T`, if there is one.
    pub fn type_of(&mut self, ty: &Option<Type>) {
        if let Some(ty) = ty {
            self.push(": ");
            self.ty(ty);
        }
    }
}

/// The operands that operators of one precedence join: the first, and each operator with the next.
fn spine(expr: &Expr) -> (&Expr, Vec<(BinaryOp, Span, &Expr)>) {
    let mut rest = Vec::new();
    let mut first = expr;
    let mut precedence = None;
    while let ExprKind::Binary { op, op_span, left, right } = &first.kind
        && *precedence.get_or_insert(op.precedence()) == op.precedence()
    {
        rest.push((*op, *op_span, &**right));
        first = left;
    }
    rest.reverse();
    (first, rest)
}

/// Whether it may take several lines, and its bracket goes right behind the one around it.
fn holds_lines(expr: &Expr) -> bool {
    matches!(
        expr.kind,
        ExprKind::Struct { .. }
            | ExprKind::Packet { .. }
            | ExprKind::Array(_)
            | ExprKind::Match(_)
            | ExprKind::Block(_)
            | ExprKind::If(_)
    )
}

fn arg_span(arg: &Arg) -> Span {
    arg.name.as_ref().map_or(arg.value.span, |name| name.span.to(arg.value.span))
}

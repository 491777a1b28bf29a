//! Expressions.

use super::Printer;
use crate::ast::*;

impl Printer {
    pub fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Int(literal) => {
                self.push(if literal.negative { "-" } else { "" });
                self.push(&literal.text);
            }
            ExprKind::Float(text) => self.push(text),
            ExprKind::Char(byte) => {
                self.push("'");
                match byte {
                    b'\'' => self.push("\\'"),
                    _ => self.byte(*byte),
                }
                self.push("'");
            }
            ExprKind::Str(bytes) => self.quoted(bytes),
            ExprKind::Bool(value) => self.push(if *value { "true" } else { "false" }),
            ExprKind::Null => self.push("null"),
            ExprKind::Name(path) => self.path(path, "::"),
            ExprKind::Unary { op, operand } => {
                self.push(op.text());
                self.expr(operand);
            }
            ExprKind::Binary { op, left, right, .. } => {
                self.expr(left);
                self.push(&format!(" {} ", op.text()));
                self.expr(right);
            }
            ExprKind::Ternary { condition, then, otherwise } => {
                self.expr(condition);
                self.push(" ? ");
                self.expr(then);
                self.push(" : ");
                self.expr(otherwise);
            }
            ExprKind::Cast { operand, ty } => {
                self.expr(operand);
                self.push(" as ");
                self.cast_ty(ty);
            }
            ExprKind::If(if_expr) => self.if_expr(if_expr),
            ExprKind::Block(block) => self.block(block),
            ExprKind::Match(match_expr) => self.match_expr(match_expr),
            ExprKind::Paren(inner) => {
                self.push("(");
                self.expr(inner);
                self.push(")");
            }
            ExprKind::Field { .. } | ExprKind::Index { .. } | ExprKind::Call { .. } => self.postfix(&expr.kind),
            ExprKind::Struct { .. }
            | ExprKind::Array(_)
            | ExprKind::Fill { .. }
            | ExprKind::SizeofType(_)
            | ExprKind::SizeofExpr(_)
            | ExprKind::Offsetof { .. }
            | ExprKind::New { .. } => self.built(&expr.kind),
        }
    }

    fn postfix(&mut self, kind: &ExprKind) {
        if let ExprKind::Field { base, name, arrow } = kind {
            self.expr(base);
            self.push(if *arrow { "->" } else { "." });
            self.push(&name.name);
        } else if let ExprKind::Index { base, index } = kind {
            self.expr(base);
            self.push("[");
            self.expr(index);
            self.push("]");
        } else if let ExprKind::Call { callee, args } = kind {
            self.expr(callee);
            self.push("(");
            self.list(args, |this, arg| {
                if let Some(name) = &arg.name {
                    this.push(&name.name);
                    this.push(": ");
                }
                this.expr(&arg.value);
            });
            self.push(")");
        }
    }

    /// Literals of structs and arrays, `sizeof` and the like.
    fn built(&mut self, kind: &ExprKind) {
        if let ExprKind::Struct { name, fields } = kind {
            self.path(name, ".");
            if fields.is_empty() {
                return self.push(" {}");
            }
            self.push(" { ");
            self.list(fields, |this, field| {
                this.push(&field.name.name);
                this.push(": ");
                this.expr(&field.value);
            });
            self.push(" }");
        } else if let ExprKind::Array(elements) = kind {
            self.push("[");
            self.list(elements, |this, element| this.expr(element));
            self.push("]");
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
        self.push("if (");
        match &if_expr.condition {
            Condition::Expr(condition) => self.expr(condition),
            Condition::Bindings(bindings) => self.list(bindings, |this, binding| {
                this.push("var ");
                this.push(&binding.name.name);
                this.type_of(&binding.ty);
                this.push(" = ");
                this.expr(&binding.value);
            }),
        }
        self.push(") ");
        self.block(&if_expr.then);
        if let Some(otherwise) = &if_expr.otherwise {
            self.push(" else ");
            self.block(otherwise);
        }
    }

    fn match_expr(&mut self, match_expr: &MatchExpr) {
        self.push("match (");
        self.expr(&match_expr.subject);
        self.push(") ");
        self.braced(&match_expr.arms, |this, arm| {
            for (number, pattern) in arm.patterns.iter().enumerate() {
                this.push(if number > 0 { " | " } else { "" });
                this.pattern(pattern);
            }
            this.push(": ");
            match &arm.body {
                ArmBody::Expr(expr) => this.expr(expr),
                ArmBody::Block(block) => this.block(block),
                ArmBody::Stmt(stmt) => this.stmt(stmt),
            }
            this.push(",");
        });
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Default(_) => self.push("default"),
            Pattern::Value(value) => self.expr(value),
            Pattern::Range { low, high, inclusive, .. } => self.range(low, high, *inclusive),
        }
    }

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

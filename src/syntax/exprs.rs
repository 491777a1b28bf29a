//! Expressions. The grammar reads operators and operands as a flat list; precedence is applied here.

use super::Rule;
use super::build::Builder;
use super::types::only;
use crate::ast::{Arg, BinaryOp, Expr, ExprKind, FieldInit, Ident, Path, Type, TypeKind, UnaryOp};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::{Pair, Pairs};

impl Builder<'_> {
    /// `expr` and `head_expr`, and `pat_value`, which has no `?:`.
    pub fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let operators = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::infix).count();
        let mut parts = pair.into_inner();
        self.deeper(
            1 + operators,
            span,
            |this| {
                let first = parts.next().unwrap_or_else(|| crate::bug!("an empty expression"));
                let first = this.operand(first);
                this.expr_from(first, parts)
            },
            || placeholder(span),
        )
    }

    /// The rest of an expression whose first operand is known: infix operators and operands in turn, and `?:`.
    pub fn expr_from(&mut self, first: Expr, parts: Pairs<'_, Rule>) -> Expr {
        let mut operands = vec![first];
        let mut operators: Vec<(BinaryOp, Span)> = Vec::new();
        let mut choice = None;
        for part in parts {
            let rule = part.as_rule();
            if rule == Rule::infix {
                let op = binary_op(part.as_str());
                while operators.last().is_some_and(|(on_top, _)| on_top.precedence() >= op.precedence()) {
                    reduce(&mut operands, &mut operators);
                }
                operators.push((op, self.span(&part)));
            } else if matches!(rule, Rule::ternary | Rule::head_ternary) {
                choice = Some(part);
            } else {
                operands.push(self.operand(part));
            }
        }
        while !operators.is_empty() {
            reduce(&mut operands, &mut operators);
        }
        let expr = operands.pop().unwrap_or_else(|| crate::bug!("an expression without operands"));
        let Some(choice) = choice else { return expr };
        let mut branches = choice.into_inner().map(|branch| self.expr(branch));
        let (Some(then), Some(otherwise)) = (branches.next(), branches.next()) else {
            crate::bug!("a choice without branches")
        };
        let span = expr.span.to(otherwise.span);
        let kind =
            ExprKind::Ternary { condition: Box::new(expr), then: Box::new(then), otherwise: Box::new(otherwise) };
        Expr { kind, span }
    }

    /// Prefix operators, a primary, postfix operators, casts.
    fn operand(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let cost = pair.clone().into_inner().count();
        self.deeper(cost, span, |this| this.operand_parts(pair.into_inner()), || placeholder(span))
    }

    fn operand_parts(&mut self, mut parts: Pairs<'_, Rule>) -> Expr {
        let mut prefixes = Vec::new();
        let primary = loop {
            let part = parts.next().unwrap_or_else(|| crate::bug!("an operand without a primary"));
            if part.as_rule() != Rule::prefix {
                break part;
            }
            prefixes.push((unary_op(part.as_str()), self.span(&part)));
        };
        let mut expr = if primary.as_rule() == Rule::number {
            // A minus in prefix position belongs to the literal.
            let mut span = self.span(&primary);
            let minus = prefixes.last().copied().filter(|(op, _)| *op == UnaryOp::Neg);
            let kind = self.number(span, minus.is_some());
            if let (ExprKind::Int(_), Some((_, minus))) = (&kind, minus) {
                span = minus.to(span);
                prefixes.pop();
            }
            Expr { kind, span }
        } else {
            self.primary(primary)
        };
        let mut casts = Vec::new();
        for part in parts {
            if part.as_rule() == Rule::as_type {
                casts.push(self.ty(part));
            } else if part.as_rule() != Rule::kw_as {
                expr = self.postfix(expr, part);
            }
        }
        while let Some((op, span)) = prefixes.pop() {
            let span = span.to(expr.span);
            expr = Expr { kind: ExprKind::Unary { op, operand: Box::new(expr) }, span };
        }
        for ty in casts {
            expr = cast(expr, ty);
        }
        expr
    }

    /// The postfix operators, casts, infix operators … after the parenthesis that begins a header.
    pub fn head_rest(&mut self, first: Expr, pair: Pair<'_, Rule>) -> Expr {
        let span = first.span.to(self.span(&pair));
        let cost = 1 + pair.clone().into_inner().count();
        let mut parts = pair.into_inner();
        self.deeper(
            cost,
            span,
            |this| {
                let mut expr = first;
                while let Some(part) = parts.peek() {
                    let rule = part.as_rule();
                    if matches!(rule, Rule::infix | Rule::head_ternary) {
                        break;
                    }
                    parts.next();
                    if rule == Rule::as_type {
                        expr = cast(expr, this.ty(part));
                    } else if rule != Rule::kw_as {
                        expr = this.postfix(expr, part);
                    }
                }
                this.expr_from(expr, parts)
            },
            || placeholder(span),
        )
    }

    fn postfix(&mut self, base: Expr, part: Pair<'_, Rule>) -> Expr {
        let span = base.span.to(self.span(&part));
        let rule = part.as_rule();
        let kind = if rule == Rule::call {
            ExprKind::Call { callee: Box::new(base), args: self.args(part) }
        } else if rule == Rule::index {
            ExprKind::Index { base: Box::new(base), index: Box::new(self.expr(only(part))) }
        } else {
            let mut inner = part.into_inner();
            let name = inner.next().map(|word| self.ident(word));
            let name = name.unwrap_or_else(|| crate::bug!("a member without a name"));
            if let Some(body) = inner.next() {
                return self.qualified_struct(base, name, body, span);
            }
            ExprKind::Field { base: Box::new(base), name, arrow: rule == Rule::arrow_field }
        };
        Expr { kind, span }
    }

    /// `module.Name { … }`
    fn qualified_struct(&mut self, base: Expr, name: Ident, body: Pair<'_, Rule>, span: Span) -> Expr {
        let start = self.span(&body).start();
        let fields = self.field_inits(body);
        if let ExprKind::Name(Path { segments, .. }) = &base.kind
            && let [module] = &segments[..]
        {
            let path_span = base.span.to(name.span);
            let name = Path { segments: vec![module.clone(), name], span: path_span };
            return Expr { kind: ExprKind::Struct { name, fields }, span };
        }
        self.error(start, BlockAfterExpression {}).help("a struct literal begins with the name of its type");
        Expr { kind: ExprKind::Field { base: Box::new(base), name, arrow: false }, span }
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let kind = match rule {
            Rule::name_expr | Rule::head_name => self.name(pair),
            Rule::string => ExprKind::Str(self.str_lit(&pair).bytes),
            Rule::char_lit => ExprKind::Char(self.char_lit(span)),
            Rule::bool_lit => ExprKind::Bool(pair.as_str() == "true"),
            Rule::null_lit => ExprKind::Null,
            Rule::paren => ExprKind::Paren(Box::new(self.expr(only(pair)))),
            Rule::array => self.array(pair),
            Rule::block => ExprKind::Block(self.block(pair)),
            Rule::if_expr => ExprKind::If(Box::new(self.if_expr(pair))),
            Rule::match_expr => ExprKind::Match(Box::new(self.match_expr(pair))),
            Rule::sizeof => self.sizeof(pair),
            Rule::offsetof => self.offsetof(pair),
            Rule::new => self.new_expr(pair),
            other => crate::bug!("{other:?} is no primary expression"),
        };
        Expr { kind, span }
    }

    fn name(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut inner = pair.into_inner();
        let path = inner.next().map(|path| self.path(path));
        let path = path.unwrap_or_else(|| crate::bug!("a name without a path"));
        match inner.next() {
            Some(body) => ExprKind::Struct { name: path, fields: self.field_inits(body) },
            None => ExprKind::Name(path),
        }
    }

    fn field_inits(&mut self, body: Pair<'_, Rule>) -> Vec<FieldInit> {
        let inits = body.into_inner().map(|init| {
            let mut parts = init.into_inner();
            let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
                crate::bug!("a field without a value")
            };
            FieldInit { name: self.ident(name), value: self.expr(value) }
        });
        inits.collect()
    }

    fn args(&mut self, call: Pair<'_, Rule>) -> Vec<Arg> {
        call.into_inner().map(|arg| self.arg(arg)).collect()
    }

    fn arg(&mut self, pair: Pair<'_, Rule>) -> Arg {
        let mut name = None;
        let mut value = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::label {
                name = Some(self.ident(only(part)));
            } else {
                value = Some(self.expr(part));
            }
        }
        Arg { name, value: value.unwrap_or_else(|| crate::bug!("an argument without a value")) }
    }

    fn array(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut elements = Vec::new();
        for part in pair.into_inner() {
            if part.as_rule() == Rule::fill_count {
                let count = Box::new(self.expr(only(part)));
                let value = elements.pop().map(Box::new);
                return ExprKind::Fill { value: value.unwrap_or_else(|| crate::bug!("a fill of nothing")), count };
            }
            elements.push(self.expr(part));
        }
        ExprKind::Array(elements)
    }

    fn sizeof(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let operand = pair.into_inner().nth(1).unwrap_or_else(|| crate::bug!("sizeof of nothing"));
        if operand.as_rule() == Rule::r#type {
            return ExprKind::SizeofType(self.ty(operand));
        }
        let expr = self.expr(operand);
        // A name may be a type or a value; the checker looks it up as either.
        let span = expr.span;
        if let ExprKind::Name(path) = &expr.kind
            && path.segments.len() == 1
        {
            let path = path.clone();
            return ExprKind::SizeofType(Type { kind: TypeKind::Named(path), span });
        }
        ExprKind::SizeofExpr(Box::new(expr))
    }

    fn offsetof(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut parts = pair.into_inner().skip(1);
        let ty = parts.next().map(|ty| self.ty(ty));
        let fields = parts.map(|word| self.ident(word)).collect();
        ExprKind::Offsetof { ty: ty.unwrap_or_else(|| crate::bug!("offsetof without a type")), fields }
    }

    /// `new T(args)`, `new T[N]()`
    fn new_expr(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut lengths = Vec::new();
        let mut ty = None;
        let mut args = Vec::new();
        for part in pair.into_inner().skip(1) {
            if part.as_rule() == Rule::type_path {
                let path = self.type_path(part);
                ty = Some(Type { span: path.span, kind: TypeKind::Named(path) });
            } else if part.as_rule() == Rule::array_suffix {
                lengths.push(self.array_length(part));
            } else {
                args = self.args(part);
            }
        }
        let ty = ty.unwrap_or_else(|| crate::bug!("new without a type"));
        let args = args.into_iter().map(|arg| {
            if let Some(name) = &arg.name {
                let found = format!("`{}:`", name.name);
                self.error(name.span, Expected { expected: "an argument without a name".into(), found });
            }
            arg.value
        });
        let args = args.collect();
        ExprKind::New { ty: super::types::array_of(ty, lengths), args }
    }
}

fn cast(operand: Expr, ty: Type) -> Expr {
    let span = operand.span.to(ty.span);
    Expr { kind: ExprKind::Cast { operand: Box::new(operand), ty }, span }
}

/// Joins the two topmost operands by the topmost operator.
fn reduce(operands: &mut Vec<Expr>, operators: &mut Vec<(BinaryOp, Span)>) {
    let (Some((op, op_span)), Some(right), Some(left)) = (operators.pop(), operands.pop(), operands.pop()) else {
        crate::bug!("an operator without operands")
    };
    let span = left.span.to(right.span);
    let kind = ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) };
    operands.push(Expr { kind, span });
}

/// What stands for an expression that was refused.
fn placeholder(span: Span) -> Expr {
    Expr { kind: ExprKind::Null, span }
}

const BINARY: &[BinaryOp] = &[
    BinaryOp::Or,
    BinaryOp::And,
    BinaryOp::BitOr,
    BinaryOp::BitXor,
    BinaryOp::BitAnd,
    BinaryOp::Eq,
    BinaryOp::Ne,
    BinaryOp::Lt,
    BinaryOp::Le,
    BinaryOp::Gt,
    BinaryOp::Ge,
    BinaryOp::Shl,
    BinaryOp::Shr,
    BinaryOp::Add,
    BinaryOp::Sub,
    BinaryOp::Mul,
    BinaryOp::Div,
    BinaryOp::Rem,
];

pub fn binary_op(text: &str) -> BinaryOp {
    let found = BINARY.iter().find(|op| op.text() == text);
    *found.unwrap_or_else(|| crate::bug!("`{text}` is no infix operator"))
}

fn unary_op(text: &str) -> UnaryOp {
    let all = [UnaryOp::Not, UnaryOp::Neg, UnaryOp::BitNot, UnaryOp::Deref, UnaryOp::AddressOf];
    let found = all.into_iter().find(|op| op.text() == text);
    found.unwrap_or_else(|| crate::bug!("`{text}` is no prefix operator"))
}

//! Expressions. The grammar reads operators and operands as a flat list; this applies precedence.

use super::Rule;
use super::builder::Builder;
use super::types::only;
use crate::ast::{Arg, BinaryOp, Expr, ExprKind, FieldInit, Ident, Path, Type, TypeKind, UnaryOp, Unread};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::{Pair, Pairs};
use std::iter::Peekable;

impl Builder<'_> {
    /// `expr` and `head_expr`, and `pat_value`, which has no `?:`.
    pub fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let parts = pair.into_inner();
        let cost = self.cost(&parts);
        let build = |this: &mut Self| {
            let mut parts = parts.peekable();
            let first = this.operand(&mut parts);
            this.expr_from(first, parts)
        };
        self.deeper(cost, span, build, || placeholder(span))
    }

    /// How deep the tree of these operators and operands becomes, at most.
    fn cost(&self, parts: &Pairs<'_, Rule>) -> usize {
        // Only long ones are worth counting: each infix operator makes one level, not another one for its operand.
        let cost = parts.len();
        if self.is_too_deep(cost) { cost - parts.clone().filter(|p| p.as_rule() == Rule::infix).count() } else { cost }
    }

    /// The rest of an expression whose first operand is known: alternating infix operators and operands, and `?:`.
    fn expr_from(&mut self, first: Expr, mut parts: Parts<'_>) -> Expr {
        if parts.peek().is_none() {
            return first;
        }
        let mut operands = vec![first];
        let mut operators: Vec<(BinaryOp, Span)> = Vec::new();
        let mut then = None;
        while let Some(part) = parts.next() {
            if part.as_rule() != Rule::infix {
                then = Some(part);
                break;
            }
            let op = binary_op(part.as_str());
            while operators.last().is_some_and(|(on_top, _)| on_top.precedence() >= op.precedence()) {
                reduce(&mut operands, &mut operators);
            }
            let sign = self.span(&part);
            operators.push((op, sign));
            let right = self.operand(&mut parts);
            if let (BinaryOp::Sub, Some(left)) = (op, operands.last()) {
                self.decrement_at_line_end(left, sign, &right);
            }
            operands.push(right);
        }
        while !operators.is_empty() {
            reduce(&mut operands, &mut operators);
        }
        let expr = operands.pop().unwrap_or_else(|| crate::bug!("an expression without operands"));
        let (Some(then), Some(otherwise)) = (then, parts.next()) else { return expr };
        let (then, otherwise) = (self.expr(then), self.expr(otherwise));
        let span = expr.span.to(otherwise.span);
        let kind =
            ExprKind::Ternary { condition: Box::new(expr), then: Box::new(then), otherwise: Box::new(otherwise) };
        Expr { kind, span }
    }

    /// Prefix operators, a primary, postfix operators, casts.
    fn operand(&mut self, parts: &mut Parts<'_>) -> Expr {
        let mut prefixes = Vec::new();
        let primary = loop {
            let part = parts.next().unwrap_or_else(|| crate::bug!("an operand without a primary"));
            if part.as_rule() != Rule::prefix {
                break part;
            }
            prefixes.push((unary_op(part.as_str()), self.span(&part)));
        };
        let expr = if primary.as_rule() == Rule::number_text {
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
        self.around(expr, prefixes, parts)
    }

    /// Postfix operators bind tightest, then prefix operators, then casts.
    fn around(&mut self, primary: Expr, mut prefixes: Vec<(UnaryOp, Span)>, parts: &mut Parts<'_>) -> Expr {
        let mut expr = primary;
        while let Some(part) = parts.next_if(|part| is_postfix(part.as_rule())) {
            expr = self.postfix(expr, part);
        }
        while let Some((op, span)) = prefixes.pop() {
            let span = span.to(expr.span);
            expr = Expr { kind: ExprKind::Unary { op, operand: Box::new(expr) }, span };
        }
        while let Some(part) = parts.next_if(|part| part.as_rule() == Rule::as_type) {
            let ty = self.ty(part);
            let span = expr.span.to(ty.span);
            expr = Expr { kind: ExprKind::Cast { operand: Box::new(expr), ty }, span };
        }
        expr
    }

    /// The postfix operators, casts, infix operators … after the parenthesis that begins a header.
    pub fn head_rest(&mut self, first: Expr, pair: Pair<'_, Rule>) -> Expr {
        let span = first.span.to(self.span(&pair));
        let parts = pair.into_inner();
        let cost = 1 + self.cost(&parts);
        let build = |this: &mut Self| {
            let mut parts = parts.peekable();
            let first = this.around(first, Vec::new(), &mut parts);
            this.expr_from(first, parts)
        };
        self.deeper(cost, span, build, || placeholder(span))
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
            match inner.next() {
                Some(body) if body.as_rule() == Rule::struct_body => {
                    return self.qualified_struct(base, name, body, span);
                }
                Some(variant) => return self.qualified_variant(base, name, variant, span),
                None => {}
            }
            ExprKind::Field { base: Box::new(base), name, arrow: rule == Rule::arrow_field }
        };
        Expr { kind, span }
    }

    /// `module.Name { … }`
    fn qualified_struct(&mut self, base: Expr, name: Ident, body: Pair<'_, Rule>, span: Span) -> Expr {
        let start = self.span(&body).start();
        let (fields, rest) = self.field_inits(body);
        if let ExprKind::Name(Path { segments, .. }) = &base.kind
            && let [module] = &segments[..]
        {
            let path_span = base.span.to(name.span);
            let name = Path { segments: vec![module.clone(), name], span: path_span };
            return Expr { kind: ExprKind::Struct { name, fields, rest }, span };
        }
        self.error(start, BlockAfterExpression {}).help("a struct literal begins with the name of its type");
        Expr { kind: ExprKind::Field { base: Box::new(base), name, arrow: false }, span }
    }

    /// `module.Enum::VARIANT`
    fn qualified_variant(&mut self, base: Expr, name: Ident, variant: Pair<'_, Rule>, span: Span) -> Expr {
        let variant = self.ident(variant);
        if let ExprKind::Name(Path { segments, .. }) = &base.kind
            && let [module] = &segments[..]
        {
            let path = Path { segments: vec![module.clone(), name, variant], span };
            return Expr { kind: ExprKind::Name(path), span };
        }
        let between = Span { lo: name.span.hi, hi: variant.span.lo, ..span };
        let expected = "`Enum::VARIANT` or `module.Enum::VARIANT`".to_owned();
        self.error(between, Expected { expected, found: "`::` after an expression".to_owned() });
        placeholder(span)
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        let kind = if matches!(rule, Rule::name_expr | Rule::head_name) {
            self.name(pair)
        } else if rule == Rule::paren {
            ExprKind::Paren(Box::new(self.expr(only(pair))))
        } else if rule == Rule::packet {
            self.packet(pair)
        } else if rule == Rule::array {
            self.array(pair)
        } else if rule == Rule::block {
            ExprKind::Block(self.block(pair))
        } else if rule == Rule::if_expr {
            ExprKind::If(Box::new(self.if_expr(pair)))
        } else if rule == Rule::match_expr {
            ExprKind::Match(Box::new(self.match_expr(pair)))
        } else if rule == Rule::sizeof {
            self.sizeof(pair)
        } else if rule == Rule::offsetof {
            self.offsetof(pair)
        } else if rule == Rule::new {
            self.new_expr(pair)
        } else if rule == Rule::hole_text {
            self.unread(span).kind
        } else {
            self.literal(&pair, span)
        };
        Expr { kind, span }
    }

    fn literal(&mut self, pair: &Pair<'_, Rule>, span: Span) -> ExprKind {
        let rule = pair.as_rule();
        if rule == Rule::string_text {
            ExprKind::Str(self.str_lit(pair).bytes)
        } else if rule == Rule::char_text {
            ExprKind::Char(self.char_lit(span))
        } else if rule == Rule::bool_text {
            ExprKind::Bool(self.text(span) == "true")
        } else if self.none_is_name && self.text(span) == "none" {
            let name = Ident { name: "none".to_owned(), span };
            ExprKind::Name(Path { segments: vec![name], span })
        } else {
            ExprKind::Null
        }
    }

    fn name(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut segments = Vec::with_capacity(1);
        let mut fields = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::struct_body {
                fields = Some(self.field_inits(part));
            } else {
                segments.push(self.ident(part));
            }
        }
        let span = segments[0].span.to(segments[segments.len() - 1].span);
        let name = Path { segments, span };
        match fields {
            Some((fields, rest)) => {
                self.refuse_colons(&name);
                ExprKind::Struct { name, fields, rest }
            }
            None => ExprKind::Name(name),
        }
    }

    /// The fields that a literal names, and where its `..` is.
    fn field_inits(&mut self, body: Pair<'_, Rule>) -> (Vec<FieldInit>, Option<Span>) {
        let (mut inits, mut rest) = (Vec::new(), None);
        for part in body.into_inner() {
            let span = self.span(&part);
            if part.as_rule() == Rule::hole_text {
                // Which fields it names is not known: none is missing.
                rest = Some(span);
                continue;
            }
            let mut parts = part.into_inner();
            match (parts.next(), parts.next()) {
                (Some(name), Some(value)) => inits.push(FieldInit { name: self.ident(name), value: self.expr(value) }),
                (Some(_) | None, _) => rest = Some(span),
            }
        }
        (inits, rest)
    }

    pub(super) fn args(&mut self, call: Pair<'_, Rule>) -> Vec<Arg> {
        let mut args: Vec<Arg> = Vec::new();
        for part in call.into_inner() {
            if part.as_rule() == Rule::expr {
                args.push(Arg { name: None, value: self.expr(part) });
                continue;
            }
            // The expression before the colon is the name.
            let value = self.expr(only(part));
            let label = args.pop().unwrap_or_else(|| crate::bug!("a named argument without a name")).value;
            let name = self.argument_name(label);
            args.push(Arg { name, value });
        }
        args
    }

    fn argument_name(&mut self, label: Expr) -> Option<Ident> {
        if let ExprKind::Name(path) = &label.kind
            && let [name] = &path.segments[..]
        {
            return Some(name.clone());
        }
        let found = "an expression".to_owned();
        self.error(label.span, Expected { expected: "the name of an argument before `:`".into(), found })
            .help("a named argument is written `name: value`");
        None
    }

    /// `packet { layer, … }`
    fn packet(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut parts = pair.into_inner();
        let word = parts.next().map(|word| self.span(&word));
        let layers = parts.map(|layer| self.expr(layer)).collect();
        ExprKind::Packet { word: word.unwrap_or_else(|| crate::bug!("a packet without its word")), layers }
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
        let operand = only(pair);
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
        let mut parts = pair.into_inner();
        let ty = parts.next().map(|ty| self.ty(ty));
        let fields = parts.map(|word| self.ident(word)).collect();
        ExprKind::Offsetof { ty: ty.unwrap_or_else(|| crate::bug!("offsetof without a type")), fields }
    }

    /// `new T(args)`, `new T[N]()`
    fn new_expr(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut lengths = Vec::new();
        let mut ty = None;
        let mut args = Vec::new();
        for part in pair.into_inner() {
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

/// The children of an expression.
type Parts<'i> = Peekable<Pairs<'i, Rule>>;

fn is_postfix(rule: Rule) -> bool {
    matches!(rule, Rule::call | Rule::index | Rule::dot_field | Rule::head_dot | Rule::arrow_field)
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

/// Replaces an expression that was refused.
fn placeholder(span: Span) -> Expr {
    Expr { kind: ExprKind::Unread(Unread::default()), span }
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

/// The operator of this text, which the grammar has taken for an infix operator.
pub fn binary_op(text: &str) -> BinaryOp {
    let found = BINARY.iter().find(|op| op.text() == text);
    *found.unwrap_or_else(|| crate::bug!("`{text}` is no infix operator"))
}

fn unary_op(text: &str) -> UnaryOp {
    let all = [UnaryOp::Not, UnaryOp::Neg, UnaryOp::BitNot, UnaryOp::Deref, UnaryOp::AddressOf];
    let found = all.into_iter().find(|op| op.text() == text);
    found.unwrap_or_else(|| crate::bug!("`{text}` is no prefix operator"))
}

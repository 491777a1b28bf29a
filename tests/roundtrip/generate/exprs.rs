//! Expressions.

use super::Generator;
use ksc::ast::*;

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
const UNARY: &[UnaryOp] = &[UnaryOp::Not, UnaryOp::Neg, UnaryOp::BitNot, UnaryOp::Deref, UnaryOp::AddressOf];

const CAST: u8 = 11;
const PREFIX: u8 = 12;
const POSTFIX: u8 = 13;

impl Generator {
    pub fn expr(&mut self) -> Expr {
        self.expr_of(0)
    }

    /// One that binds at least as tightly as `level`: 0 is `?:`, then the infix operators, 14 needs no parentheses.
    pub fn expr_of(&mut self, level: u8) -> Expr {
        let level = level.max(self.random.below(15) as u8);
        let kind = self.deeper(|this| this.kind_of(level)).unwrap_or_else(|| self.atom());
        Self::make(kind)
    }

    fn boxed(&mut self, level: u8) -> Box<Expr> {
        Box::new(self.expr_of(level))
    }

    fn kind_of(&mut self, level: u8) -> ExprKind {
        match level {
            0 => ExprKind::Ternary { condition: self.boxed(1), then: self.boxed(0), otherwise: self.boxed(0) },
            1..CAST => {
                let of_level: Vec<BinaryOp> = BINARY.iter().copied().filter(|op| op.precedence() == level).collect();
                let (op, op_span) = (self.random.pick(&of_level), Self::span());
                ExprKind::Binary { op, op_span, left: self.boxed(level), right: self.boxed(level + 1) }
            }
            CAST => ExprKind::Cast { operand: self.boxed(CAST), ty: self.ty() },
            PREFIX => {
                let op = self.random.pick(UNARY);
                let mut operand = self.expr_of(PREFIX);
                // A minus before a literal would be part of it.
                if matches!(operand.kind, ExprKind::Int(IntLit { negative: false, .. })) && op == UnaryOp::Neg {
                    operand = Self::make(ExprKind::Paren(Box::new(operand)));
                }
                ExprKind::Unary { op, operand: Box::new(operand) }
            }
            POSTFIX => self.postfix(),
            _ => self.primary(),
        }
    }

    fn postfix(&mut self) -> ExprKind {
        let base = loop {
            let base = self.expr_of(POSTFIX);
            // A minus would be part of the literal, and `1.x` ends a number.
            if !matches!(base.kind, ExprKind::Int(_) | ExprKind::Float(_)) {
                break Box::new(base);
            }
        };
        match self.random.below(4) {
            0 => ExprKind::Index { base, index: self.boxed(0) },
            1 => {
                let args = self.many(3, |this| Arg { name: this.some(6, Self::name), value: this.expr() });
                ExprKind::Call { callee: base, args }
            }
            _ => ExprKind::Field { base, name: self.word(), arrow: self.random.one_in(2) },
        }
    }

    fn primary(&mut self) -> ExprKind {
        match self.random.below(15) {
            0 => ExprKind::Paren(self.boxed(0)),
            1 => ExprKind::Array(self.many(3, Self::expr)),
            2 => ExprKind::Fill { value: self.boxed(0), count: self.boxed(0) },
            3 => {
                let fields = self.many(3, |this| FieldInit { name: this.word(), value: this.expr() });
                let rest = self.random.one_in(3).then(Self::span);
                ExprKind::Struct { name: self.path(), fields, rest }
            }
            4 => ExprKind::SizeofType(self.sizeof_type()),
            5 => ExprKind::SizeofExpr(Box::new(Self::make(ExprKind::Paren(self.boxed(0))))),
            6 => {
                let mut fields = self.many(2, Self::word);
                fields.push(self.word());
                ExprKind::Offsetof { ty: self.ty(), fields }
            }
            7 => {
                let ty = Type { kind: TypeKind::Named(self.path()), span: Self::span() };
                ExprKind::New { ty, args: self.many(1, Self::expr) }
            }
            8 => ExprKind::If(Box::new(self.if_expr())),
            9 => ExprKind::Match(Box::new(self.match_expr())),
            10 => ExprKind::Block(self.block()),
            11 => {
                let mut layers = self.many(2, Self::expr);
                layers.push(self.expr());
                ExprKind::Packet { word: Self::span(), layers }
            }
            _ => self.atom(),
        }
    }

    pub fn atom(&mut self) -> ExprKind {
        match self.random.below(8) {
            0 => self.int(),
            1 => ExprKind::Float(self.random.pick(&["1.5", "1e9", "2.25e-3", "1_000.0"]).to_owned()),
            2 => ExprKind::Char(self.random.below(128) as u8),
            3 => {
                let text =
                    self.random.pick(&["", "hello %d\n", "eth0", "\"q\" \\ 'x'", "größe", "// no comment {", "\t\0"]);
                let mut bytes = text.as_bytes().to_vec();
                bytes.extend(self.some(4, |this| this.random.below(256) as u8));
                ExprKind::Str(bytes)
            }
            4 => {
                if self.random.pick(&[true, false]) {
                    ExprKind::Null
                } else {
                    ExprKind::Bool(true)
                }
            }
            5 => {
                let mut segments = vec![self.name(), self.word()];
                if self.random.one_in(4) {
                    segments.push(self.word());
                }
                ExprKind::Name(Path { segments, span: Self::span() })
            }
            _ => ExprKind::Name(Path { segments: vec![self.used()], span: Self::span() }),
        }
    }

    pub fn int(&mut self) -> ExprKind {
        let value = self.random.next() >> self.random.below(64);
        let text = match self.random.below(4) {
            0 => format!("{value:#x}"),
            1 => format!("{value:#b}"),
            2 => format!("{value:#o}"),
            _ => value.to_string(),
        };
        ExprKind::Int(IntLit { value, negative: self.random.one_in(4), text })
    }

    /// With braces everywhere.
    fn if_expr(&mut self) -> IfExpr {
        let condition = if self.random.one_in(4) {
            let mut bindings = self.many(1, Self::binding);
            bindings.push(self.binding());
            Condition::Bindings(bindings)
        } else {
            Condition::Expr(self.expr())
        };
        let otherwise = self.some(2, |this| match this.random.below(3) {
            0 => {
                let nested = Self::make(ExprKind::If(Box::new(this.if_expr())));
                let stmt = Stmt { kind: StmtKind::Expr(nested), span: Self::span() };
                Block { stmts: vec![stmt], braced: false, span: Self::span() }
            }
            _ => this.block(),
        });
        IfExpr { condition, then: self.block(), otherwise }
    }

    fn binding(&mut self) -> Binding {
        Binding { name: self.name(), ty: self.some(3, Self::ty), value: self.expr(), span: Self::span() }
    }

    fn match_expr(&mut self) -> MatchExpr {
        MatchExpr { subject: self.expr(), arms: self.many(3, Self::arm) }
    }

    fn arm(&mut self) -> Arm {
        let mut patterns = self.many(2, Self::pattern);
        patterns.push(self.pattern());
        let body = match self.random.below(3) {
            0 => ArmBody::Block(self.block()),
            1 => {
                let expr = self.statement_expr();
                if matches!(expr.kind, ExprKind::Block(_)) { ArmBody::Block(self.block()) } else { ArmBody::Expr(expr) }
            }
            _ => loop {
                let stmt = self.stmt();
                if !matches!(stmt.kind, StmtKind::Expr(_)) {
                    break ArmBody::Stmt(Box::new(stmt));
                }
            },
        };
        Arm { patterns, body, span: Self::span() }
    }

    fn pattern(&mut self) -> Pattern {
        let span = Self::span();
        match self.random.below(4) {
            0 => Pattern::Default(span),
            1 => Pattern::Range {
                low: self.pattern_value(),
                high: self.pattern_value(),
                inclusive: self.random.one_in(2),
                span,
            },
            _ => Pattern::Value(self.pattern_value()),
        }
    }

    pub fn pattern_value(&mut self) -> Expr {
        let left = self.atom();
        if !self.random.one_in(4) {
            return Self::make(left);
        }
        let op = self.random.pick(&[BinaryOp::Add, BinaryOp::Shl, BinaryOp::BitAnd, BinaryOp::BitXor, BinaryOp::Eq]);
        let right = Box::new(Self::make(self.atom()));
        Self::make(ExprKind::Binary { op, op_span: Self::span(), left: Box::new(Self::make(left)), right })
    }

    /// An expression as a statement: one that begins like an `if`, a `match` or a block is all of it.
    pub fn statement_expr(&mut self) -> Expr {
        let expr = self.expr();
        let whole = matches!(expr.kind, ExprKind::If(_) | ExprKind::Match(_) | ExprKind::Block(_));
        if whole || !begins_with_block(&expr) { expr } else { Self::make(ExprKind::Paren(Box::new(expr))) }
    }
}

fn begins_with_block(expr: &Expr) -> bool {
    if let ExprKind::Binary { left: first, .. }
    | ExprKind::Ternary { condition: first, .. }
    | ExprKind::Cast { operand: first, .. }
    | ExprKind::Field { base: first, .. }
    | ExprKind::Index { base: first, .. }
    | ExprKind::Call { callee: first, .. } = &expr.kind
    {
        return begins_with_block(first);
    }
    matches!(expr.kind, ExprKind::If(_) | ExprKind::Match(_) | ExprKind::Block(_))
}

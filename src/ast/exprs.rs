//! Expressions.

use super::{BinaryOp, Block, Ident, Path, Stmt, Type};
use crate::source::Span;

/// An expression and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

impl Expr {
    /// The text of a string, or those of the elements of a list of strings.
    pub fn texts(&self) -> Option<Vec<String>> {
        if let ExprKind::Str(bytes) = &self.kind {
            return Some(vec![String::from_utf8_lossy(bytes).into_owned()]);
        }
        let ExprKind::Array(elements) = &self.kind else { return None };
        let texts: Option<Vec<Vec<String>>> = elements.iter().map(Expr::texts).collect();
        texts.filter(|texts| !texts.is_empty()).map(|texts| texts.concat())
    }
}

/// The forms of expressions.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A minus in prefix position belongs to the literal: `-5` is one.
    Int(IntLit),
    /// `f64`, as written.
    Float(String),
    Char(u8),
    /// Bytes after escapes, without a terminating NUL.
    Str(Vec<u8>),
    Bool(bool),
    Null,
    /// `name`, `Enum::VARIANT` or `module.Enum::VARIANT`; `module.name` is a `Field`.
    Name(Path),
    /// `base.name`, `base->name`
    Field {
        base: Box<Expr>,
        name: Ident,
        arrow: bool,
    },
    Index {
        base: Box<Expr>,
        index: Box<Expr>,
    },
    Call {
        callee: Box<Expr>,
        args: Vec<Arg>,
    },
    Unary {
        op: UnaryOp,
        operand: Box<Expr>,
    },
    Binary {
        op: BinaryOp,
        op_span: Span,
        left: Box<Expr>,
        right: Box<Expr>,
    },
    /// `c ? a : b`
    Ternary {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    /// `e as T`
    Cast {
        operand: Box<Expr>,
        ty: Type,
    },
    /// `Name { field: value, … }`
    Struct {
        name: Path,
        fields: Vec<FieldInit>,
        /// The span of the `..` at the end.
        rest: Option<Span>,
    },
    /// `packet { layer, … }`, of at least one layer; the span is that of the word.
    Packet {
        word: Span,
        layers: Vec<Expr>,
    },
    /// `[1, 2, 3]`, `[]`
    Array(Vec<Expr>),
    /// `[v; N]`
    Fill {
        value: Box<Expr>,
        count: Box<Expr>,
    },
    If(Box<IfExpr>),
    Block(Block),
    Match(Box<MatchExpr>),
    /// `sizeof(T or e)`. A plain name is taken as a type here; the checker looks it up as either.
    SizeofType(Type),
    SizeofExpr(Box<Expr>),
    /// `offsetof(T, f)`; the field may be a path `a.b`.
    Offsetof {
        ty: Type,
        fields: Vec<Ident>,
    },
    /// `new T()`, `new T(GFP_ATOMIC)`
    New {
        ty: Type,
        args: Vec<Expr>,
    },
    /// `( e )`: kept for the printer and for conditions such as `(a = b)` messages; means what is inside.
    Paren(Box<Expr>),
    /// Text that could not be read, which was reported.
    Unread(Unread),
}

/// The names in what could not be read, where it may declare some of them.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Unread {
    /// It begins with `var`, `let` or `const` and this name.
    pub declared: Option<Ident>,
    /// Any of these may be declared in a form that is none of the language's.
    pub mentioned: Vec<Ident>,
}

/// An integer literal.
#[derive(Clone, PartialEq, Debug)]
pub struct IntLit {
    pub value: u64,
    /// `-` was before it.
    pub negative: bool,
    /// As written, without the minus: `0x1_000`.
    pub text: String,
}

/// A prefix operator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Neg,
    /// `~`
    BitNot,
    /// `*`
    Deref,
    /// `&`
    AddressOf,
}

impl UnaryOp {
    /// As written in the source.
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Not => "!",
            UnaryOp::Neg => "-",
            UnaryOp::BitNot => "~",
            UnaryOp::Deref => "*",
            UnaryOp::AddressOf => "&",
        }
    }
}

/// An argument, named as in `dispatch(rb, timeout_ms: 100)` or not.
#[derive(Clone, PartialEq, Debug)]
pub struct Arg {
    pub name: Option<Ident>,
    pub value: Expr,
}

/// `name: value` in a literal of a struct.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldInit {
    pub name: Ident,
    pub value: Expr,
}

/// `if`, as a statement or as an expression.
#[derive(Clone, PartialEq, Debug)]
pub struct IfExpr {
    pub condition: Condition,
    pub then: Block,
    /// `else { … }`, or `else if`: then the block holds just that `if` and is not braced.
    pub otherwise: Option<Block>,
}

/// The condition of an `if`: an expression, or lookups that must all find something.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    Expr(Expr),
    /// `if (var v = e, var w = f)`
    Bindings(Vec<Binding>),
}

/// `var name: T = value` in a condition; true if the value exists.
#[derive(Clone, PartialEq, Debug)]
pub struct Binding {
    pub name: Ident,
    pub ty: Option<Type>,
    pub value: Expr,
    pub span: Span,
}

/// `match (subject) { … }`, as a statement or as an expression.
#[derive(Clone, PartialEq, Debug)]
pub struct MatchExpr {
    pub subject: Expr,
    pub arms: Vec<Arm>,
}

/// One arm of a `match`.
#[derive(Clone, PartialEq, Debug)]
pub struct Arm {
    /// Joined by `|`; never empty.
    pub patterns: Vec<Pattern>,
    pub body: ArmBody,
    pub span: Span,
}

/// A pattern of an arm.
#[derive(Clone, PartialEq, Debug)]
pub enum Pattern {
    /// `default` or `_`
    Default(Span),
    /// A constant expression below the precedence of `|`.
    Value(Expr),
    /// `80..90`, `80..=90`
    Range { low: Expr, high: Expr, inclusive: bool, span: Span },
}

impl Pattern {
    /// The place of the pattern in the source.
    pub fn span(&self) -> Span {
        match self {
            Pattern::Default(span) | Pattern::Range { span, .. } => *span,
            Pattern::Value(expr) => expr.span,
        }
    }
}

/// The part of an arm after the colon.
#[derive(Clone, PartialEq, Debug)]
pub enum ArmBody {
    Expr(Expr),
    /// `P: { … }`
    Block(Block),
    /// `P: return e`, `P: throw e`, `P: break`, an assignment …
    Stmt(Box<Stmt>),
}

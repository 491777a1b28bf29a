//! Statements.

use super::{Expr, Ident, Param, Type};
use crate::source::Span;

/// A block of statements.
#[derive(Clone, PartialEq, Debug)]
pub struct Block {
    pub stmts: Vec<Stmt>,
    /// False for the one statement after a parenthesised header: `if (c) return X`.
    pub braced: bool,
    pub span: Span,
}

/// A statement and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

/// The forms of statements.
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `var name: T = init else { … }`
    Var {
        name: Ident,
        ty: Option<Type>,
        init: Option<Expr>,
        otherwise: Option<Block>,
    },
    /// `const NAME: T = value`
    Const {
        name: Ident,
        ty: Option<Type>,
        value: Expr,
    },
    /// `place = value`, `place += value`; `op` is none for `=`.
    Assign {
        place: Expr,
        op: Option<BinaryOp>,
        value: Expr,
    },
    /// An expression for its effect, or as the last of a block its value. Also an `if`, `match` or block as a
    /// statement.
    Expr(Expr),
    While {
        condition: Expr,
        body: Block,
    },
    Loop {
        body: Block,
    },
    For(ForStmt),
    Break,
    Continue,
    Return(Option<Expr>),
    /// `delete m[k]`, `delete ptr`
    Delete(Expr),
    Try {
        body: Block,
        catches: Vec<Catch>,
    },
    Throw(Expr),
    /// `defer call(…)`
    DeferCall(Expr),
    /// `defer delete m[k]`
    DeferDelete(Expr),
    /// `defer { … }`
    DeferBlock(Block),
    /// `on return (ret: T) { … }`
    OnReturn {
        param: Option<Param>,
        body: Block,
    },
    /// `lock (place) { … }`
    Lock {
        place: Expr,
        body: Block,
    },
}

/// `for (i in a..b)`, `for (i, v in array)`, `for (k, v in map)`. `_` discards.
#[derive(Clone, PartialEq, Debug)]
pub struct ForStmt {
    /// One name or two; none in a header that could not be read.
    pub names: Vec<Ident>,
    pub over: ForOver,
    pub body: Block,
}

/// What a `for` iterates over: a range of integers, or the elements of an array or map.
#[derive(Clone, PartialEq, Debug)]
pub enum ForOver {
    Range { low: Expr, high: Expr, inclusive: bool },
    Each(Expr),
}

/// One handler of a `try`: `catch pattern { … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Catch {
    pub pattern: CatchPattern,
    pub body: Block,
    pub span: Span,
}

/// The pattern of a handler.
#[derive(Clone, PartialEq, Debug)]
pub enum CatchPattern {
    /// `_`
    Any(Span),
    /// A constant, or a plain name: a constant if there is one of that name, else a binding.
    Value(Expr),
}

/// An operator between two operands, without assignments.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Shl,
    Shr,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
}

impl BinaryOp {
    /// As written in the source.
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Or => "||",
            BinaryOp::And => "&&",
            BinaryOp::BitOr => "|",
            BinaryOp::BitXor => "^",
            BinaryOp::BitAnd => "&",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
        }
    }

    /// How tightly it binds, loosest first; `?:` is 0, `as` 11, unary 12. All associate to the left.
    pub fn precedence(self) -> u8 {
        match self {
            BinaryOp::Or => 1,
            BinaryOp::And => 2,
            BinaryOp::BitOr => 3,
            BinaryOp::BitXor => 4,
            BinaryOp::BitAnd => 5,
            BinaryOp::Eq | BinaryOp::Ne => 6,
            BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => 7,
            BinaryOp::Shl | BinaryOp::Shr => 8,
            BinaryOp::Add | BinaryOp::Sub => 9,
            BinaryOp::Mul | BinaryOp::Div | BinaryOp::Rem => 10,
        }
    }
}

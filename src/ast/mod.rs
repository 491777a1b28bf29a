//! The tree of a source file, as written: names are not resolved, types not known.
//!
//! Invariant: the tree keeps all that the formatter needs except comments (those are in the layout's side table), so
//! that parse → print → parse is the identity.

mod exprs;
mod items;
pub mod print;
mod stmts;
pub mod strip;
pub mod timed;
pub mod walk;

pub use exprs::*;
pub use items::*;
pub use stmts::*;

use crate::source::Span;

/// A name and its position.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ident {
    pub name: String,
    pub span: Span,
}

/// `name`, `Enum::VARIANT` or `module.Enum::VARIANT` as a value; `name` or `module.name` as a type.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub segments: Vec<Ident>,
    pub span: Span,
}

/// A type as written, and its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

/// The forms of types.
#[derive(Clone, PartialEq, Debug)]
pub enum TypeKind {
    /// `u32`, `void`, `iphdr`, `module.Stats`.
    Named(Path),
    /// What takes arguments: `str(16)`, `hash<K, V>(1024)`, `ringbuf<V>(4096)`, `stack_trace(8)`, `lhist(0, 100, 10)`.
    Applied { name: Ident, args: Vec<Type>, sizes: Vec<Expr> },
    /// `T[N]` and `[T; N]`.
    Array { element: Box<Type>, length: Box<Expr>, spelling: ArraySpelling },
    /// `*T`, `*T?`, `*user T`, `*arena T`.
    Pointer { memory: Memory, to: Box<Type>, nullable: bool },
    /// `fn(a: T, U) -> R`.
    Fn { params: Vec<FnTypeParam>, result: Option<Box<Type>> },
    /// Text that could not be read, which was reported.
    Unread,
}

/// Whose memory a pointer leads to, as it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Memory {
    /// Memory of the program; nothing is written.
    Own,
    /// Memory of a process: `user`.
    User,
    /// Memory of an arena: `arena`.
    Arena,
}

/// Which of the two spellings of an array type the source has; `ksc fmt` keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArraySpelling {
    /// `T[N]`
    Postfix,
    /// `[T; N]`
    Bracketed,
}

/// A parameter of a function type, whose name is only for readers.
#[derive(Clone, PartialEq, Debug)]
pub struct FnTypeParam {
    pub name: Option<Ident>,
    pub ty: Type,
}

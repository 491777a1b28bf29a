//! Declarations.

use super::{Arg, Block, Expr, Ident, Type};
use crate::source::{FileId, Span};

/// The tree of one source file: its declarations in order.
#[derive(Clone, PartialEq, Debug)]
pub struct File {
    pub file: FileId,
    pub items: Vec<Item>,
}

/// A declaration of a file with its comments and attributes.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The lines of the `///` comments before it, without the slashes and one blank.
    pub docs: Vec<String>,
    pub attributes: Vec<Attribute>,
    pub visibility: Option<Visibility>,
    pub kind: ItemKind,
    pub span: Span,
}

/// `@name` or `@name(args)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Attribute {
    pub name: Ident,
    /// None without parentheses.
    pub args: Option<Vec<Arg>>,
    pub span: Span,
}

/// The word before a declaration that says whether other modules see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    Pub,
    Priv,
}

/// The kinds of declarations.
#[derive(Clone, PartialEq, Debug)]
pub enum ItemKind {
    Fn(FnDecl),
    Struct(StructDecl),
    Enum(EnumDecl),
    /// `type Name = T`
    Alias {
        name: Ident,
        ty: Type,
    },
    Config(ConfigDecl),
    /// A global variable or, if its type is a map kind, a map: which it is the checker decides.
    Var(VarDecl),
    Const(ConstDecl),
    Impl(ImplDecl),
    /// `extern name(params) -> T`, `extern? …`
    Extern(ExternDecl),
    /// `include "x.kh"`
    Include {
        path: StrLit,
    },
    /// `import name from "x.ks"`
    Import {
        name: Ident,
        path: StrLit,
    },
    /// `license "GPL"`
    License {
        text: StrLit,
    },
    /// `min_kernel "6.4"`
    MinKernel {
        text: StrLit,
    },
    /// A name of a declaration that could not be read, which was reported.
    Unread(Ident),
}

impl ItemKind {
    /// What it declares.
    pub fn name(&self) -> Option<&Ident> {
        match self {
            ItemKind::Fn(decl) => Some(&decl.name),
            ItemKind::Struct(decl) => Some(&decl.name),
            ItemKind::Enum(decl) => Some(&decl.name),
            ItemKind::Alias { name, .. } | ItemKind::Import { name, .. } => Some(name),
            ItemKind::Config(decl) => Some(&decl.name),
            ItemKind::Var(decl) => Some(&decl.name),
            ItemKind::Const(decl) => Some(&decl.name),
            ItemKind::Impl(decl) => Some(&decl.name),
            ItemKind::Extern(decl) => Some(&decl.name),
            ItemKind::Unread(name) => Some(name),
            ItemKind::Include { .. } | ItemKind::License { .. } | ItemKind::MinKernel { .. } => None,
        }
    }
}

/// A string literal: its bytes after escapes, without a terminating NUL.
#[derive(Clone, PartialEq, Debug)]
pub struct StrLit {
    pub bytes: Vec<u8>,
    pub span: Span,
}

/// `fn name(params) -> R { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct FnDecl {
    pub name: Ident,
    pub params: Vec<Param>,
    pub result: Option<FnResult>,
    /// None in a `.kh` header or for a prototype.
    pub body: Option<Block>,
}

/// `name: T` in the header of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    pub name: Ident,
    pub ty: Type,
    pub span: Span,
}

/// `-> T` or `-> name: T`.
#[derive(Clone, PartialEq, Debug)]
pub struct FnResult {
    pub name: Option<Ident>,
    pub ty: Type,
    /// The `?` behind a type that is no pointer, of a function with `@migrate`.
    pub optional: Option<Span>,
}

/// `struct name { … }`, `union name { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct StructDecl {
    pub name: Ident,
    pub is_union: bool,
    pub fields: Vec<FieldDecl>,
}

/// `name: T = default` in a struct or a config, `name: T:width` in a struct or a union.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldDecl {
    pub docs: Vec<String>,
    pub name: Ident,
    pub ty: Type,
    /// The width of a bit-field.
    pub bits: Option<Expr>,
    pub default: Option<Expr>,
    pub span: Span,
}

impl FieldDecl {
    /// Whether it is bits without a name, which only keep others apart.
    pub fn is_gap(&self) -> bool {
        self.name.name == "_" && self.bits.is_some()
    }
}

/// `enum name { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct EnumDecl {
    pub name: Ident,
    /// `enum E: u8`
    pub repr: Option<Type>,
    pub variants: Vec<VariantDecl>,
}

/// `NAME = value` in an enum; without a value it is one more than that of the variant before.
#[derive(Clone, PartialEq, Debug)]
pub struct VariantDecl {
    pub docs: Vec<String>,
    pub name: Ident,
    pub value: Option<Expr>,
    pub span: Span,
}

/// `config name { … }`: named values that user space sets and programs read.
#[derive(Clone, PartialEq, Debug)]
pub struct ConfigDecl {
    pub name: Ident,
    pub fields: Vec<FieldDecl>,
}

/// A global variable: `pin`, `local` or `percpu` before `var name: T = init`.
#[derive(Clone, PartialEq, Debug)]
pub struct VarDecl {
    pub pin: bool,
    pub storage: Option<Storage>,
    pub name: Ident,
    pub ty: Option<Type>,
    pub init: Option<Expr>,
}

/// The word before `var` that says which side and CPU has the variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Storage {
    /// `local var`: of the BPF side only.
    Local,
    /// `percpu var`
    Percpu,
}

/// `const NAME: T = value`, global or local.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstDecl {
    pub name: Ident,
    pub ty: Option<Type>,
    pub value: Expr,
}

/// `@struct_ops("type") impl name { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct ImplDecl {
    pub name: Ident,
    pub members: Vec<ImplMember>,
}

/// A function or a field of an `impl`.
#[derive(Clone, PartialEq, Debug)]
pub struct ImplMember {
    pub docs: Vec<String>,
    pub attributes: Vec<Attribute>,
    pub kind: ImplMemberKind,
    pub span: Span,
}

/// The kinds of members of an `impl`.
#[derive(Clone, PartialEq, Debug)]
pub enum ImplMemberKind {
    Fn(FnDecl),
    /// `field: value,`
    Field {
        name: Ident,
        value: Expr,
    },
}

/// A function of the kernel that the program declares, `extern name(params) -> R`, or one of C, `extern "m" name(params) -> R`.
#[derive(Clone, PartialEq, Debug)]
pub struct ExternDecl {
    /// `extern?`: may be absent in the running kernel.
    pub optional: bool,
    /// The library or file of a function of C.
    pub library: Option<StrLit>,
    pub name: Ident,
    pub params: Vec<ExternParam>,
    pub result: Option<Type>,
}

/// A parameter of an `extern`; its name may be left out.
#[derive(Clone, PartialEq, Debug)]
pub struct ExternParam {
    pub name: Option<Ident>,
    pub ty: Type,
}

//! Changes all spans of a tree: removes them, to compare it with another that was formatted differently, or moves them with its text.

use super::*;
use crate::source::{FileId, Span};

/// The tree with every span, and the file, set to one and the same value.
pub fn file(file: &File) -> File {
    let mut stripped = file.clone();
    stripped.each_span(&mut |span| *span = Span::new(FileId(0), 0, 0));
    stripped.file = FileId(0);
    stripped
}

/// The declaration of a text that was at one byte, at another byte of a file.
pub fn moved(mut item: Item, from: usize, (file, to): (FileId, usize)) -> Item {
    item.each_span(&mut |span| {
        let at = |byte: u32| byte as usize + to - from;
        *span = Span::new(file, at(span.lo), at(span.hi));
    });
    item
}

type Change<'c> = dyn FnMut(&mut Span) + 'c;

trait Spans {
    fn each_span(&mut self, change: &mut Change);
}

impl Spans for Span {
    fn each_span(&mut self, change: &mut Change) {
        change(self);
    }
}

impl<T: Spans> Spans for Vec<T> {
    fn each_span(&mut self, change: &mut Change) {
        self.iter_mut().for_each(|part| part.each_span(change));
    }
}

impl<T: Spans> Spans for Option<T> {
    fn each_span(&mut self, change: &mut Change) {
        self.iter_mut().for_each(|part| part.each_span(change));
    }
}

impl<T: Spans> Spans for Box<T> {
    fn each_span(&mut self, change: &mut Change) {
        (**self).each_span(change);
    }
}

/// Nodes without spans.
macro_rules! spanless {
    ($($ty:ty),*) => { $( impl Spans for $ty { fn each_span(&mut self, _: &mut Change) {} } )* };
}

/// Structs with all their fields: one that is left out does not build.
macro_rules! structs {
    ($( $ty:ident { $($field:ident),* } )*) => { $(
        impl Spans for $ty {
            fn each_span(&mut self, change: &mut Change) {
                let $ty { $($field),* } = self;
                $( $field.each_span(change); )*
            }
        }
    )* };
}

/// Enums with all their variants and what those hold.
macro_rules! enums {
    ($( $ty:ident { $( $variant:ident $( ( $($part:ident),* ) )? $( { $($field:ident),* } )? ),* } )*) => { $(
        impl Spans for $ty {
            fn each_span(&mut self, change: &mut Change) {
                match self {
                    $( $ty::$variant $( ( $($part),* ) )? $( { $($field),* } )? => {
                        $( $( $part.each_span(change); )* )?
                        $( $( $field.each_span(change); )* )?
                    } )*
                }
            }
        }
    )* };
}

spanless!(FileId, String, bool, u8, u64, UnaryOp, BinaryOp, ArraySpelling, Memory, Visibility, Storage);

structs! {
    File { file, items }
    Item { docs, attributes, visibility, kind, span }
    Attribute { name, args, span }
    StrLit { bytes, span }
    FnDecl { name, params, result, body }
    Param { name, ty, span }
    FnResult { name, ty, optional }
    StructDecl { name, is_union, fields }
    FieldDecl { docs, name, ty, bits, default, span }
    EnumDecl { name, repr, variants }
    VariantDecl { docs, name, value, span }
    ConfigDecl { name, fields }
    VarDecl { pin, storage, name, ty, init }
    ConstDecl { name, ty, value }
    ImplDecl { name, members }
    ImplMember { docs, attributes, kind, span }
    ExternDecl { optional, library, name, params, result }
    ExternParam { name, ty }
    Ident { name, span }
    Path { segments, span }
    Type { kind, span }
    FnTypeParam { name, ty }
    Block { stmts, braced, span }
    Stmt { kind, span }
    ForStmt { names, over, body }
    Catch { pattern, body, span }
    Expr { kind, span }
    IntLit { value, negative, text }
    Arg { name, value }
    Unread { declared, mentioned }
    FieldInit { name, value }
    IfExpr { condition, then, otherwise }
    Binding { name, ty, value, span }
    MatchExpr { subject, arms }
    Arm { patterns, body, span }
}

enums! {
    ItemKind {
        Fn(decl), Struct(decl), Enum(decl), Alias { name, ty }, Config(decl), Var(decl), Const(decl), Impl(decl),
        Extern(decl), Include { path }, Import { name, path }, License { text }, MinKernel { text }, Unread(name)
    }
    ImplMemberKind { Fn(decl), Field { name, value } }
    TypeKind {
        Named(path), Applied { name, args, sizes }, Array { element, length, spelling }, Pointer { memory, to, nullable },
        Fn { params, result }, Unread
    }
    StmtKind {
        Var { name, ty, init, otherwise }, Const { name, ty, value }, Assign { place, op, value }, Expr(expr),
        While { condition, body }, Loop { body }, For(stmt), Break, Continue, Return(value), Delete(place),
        Try { body, catches }, Throw(code), DeferCall(call), DeferDelete(what), DeferBlock(block), OnReturn { param, body },
        Lock { place, body }
    }
    ForOver { Range { low, high, inclusive }, Each(all) }
    CatchPattern { Any(span), Value(value) }
    ExprKind {
        Int(literal), Float(text), Char(byte), Str(bytes), Bool(value), Null, Name(path), Field { base, name, arrow },
        Index { base, index }, Call { callee, args }, Unary { op, operand }, Binary { op, op_span, left, right },
        Ternary { condition, then, otherwise }, Cast { operand, ty }, Struct { name, fields, rest }, Packet { word, layers },
        Array(elements),
        Fill { value, count }, If(expr), Block(block), Match(expr), SizeofType(ty), SizeofExpr(expr),
        Offsetof { ty, fields }, New { ty, args }, Paren(inner), Unread(names)
    }
    Condition { Expr(expr), Bindings(bindings) }
    Pattern { Default(span), Value(value), Range { low, high, inclusive, span } }
    ArmBody { Expr(expr), Block(block), Stmt(stmt) }
}

//! Types.

use super::Rule;
use super::builder::Builder;
use super::words;
use crate::ast::{ArraySpelling, Expr, FnTypeParam, Memory, Path, Type, TypeKind};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use pest::iterators::Pair;

impl Builder<'_> {
    /// `type` and `as_type`: stars, what they point to, lengths, `?`.
    pub fn ty(&mut self, pair: Pair<'_, Rule>) -> Type {
        let (ty, mark) = self.result_type(pair);
        if let Some(mark) = mark {
            self.no_pointer(ty.span, mark);
        }
        ty
    }

    /// The same, and the `?` behind a type that is no pointer.
    pub fn result_type(&mut self, pair: Pair<'_, Rule>) -> (Type, Option<Span>) {
        let span = self.span(&pair);
        let cost = pair.clone().into_inner().count();
        self.deeper(cost, span, |this| this.ty_parts(pair, span), || (unread(span), None))
    }

    fn ty_parts(&mut self, pair: Pair<'_, Rule>, span: Span) -> (Type, Option<Span>) {
        let mut stars = Vec::new();
        let mut base = None;
        let mut lengths = Vec::new();
        let mut nullable = None;
        for part in pair.into_inner() {
            let part_span = self.span(&part);
            if part.as_rule() == Rule::star {
                stars.push((part_span, memory(part)));
            } else if part.as_rule() == Rule::array_suffix {
                lengths.push(self.array_length(part));
            } else if part.as_rule() == Rule::nullable {
                nullable = Some(part_span);
            } else {
                base = Some(self.base_type(part));
            }
        }
        let mut ty = base.unwrap_or_else(|| crate::bug!("a type without a base"));
        ty = array_of(ty, lengths);
        if let Some(mark) = nullable
            && stars.is_empty()
        {
            return optional(ty, mark);
        }
        // `?` belongs to the outermost star.
        while let Some((star, memory)) = stars.pop() {
            let outermost = stars.is_empty();
            let kind = TypeKind::Pointer { memory, to: Box::new(ty), nullable: outermost && nullable.is_some() };
            ty = Type { kind, span: Span { hi: span.hi, ..star } };
        }
        (ty, None)
    }

    /// Reports the `?` behind a type that is no pointer.
    pub fn no_pointer(&mut self, ty: Span, mark: Span) {
        let text = self.text(ty).to_owned();
        self.error(mark, OptionalNoPointer {}).help(format!("a pointer that may be null: `*{text}?`"));
    }

    /// The length between brackets, and where its bracket closes.
    pub fn array_length(&mut self, pair: Pair<'_, Rule>) -> (Expr, Span) {
        let end = self.span(&pair);
        let length = self.expr(only(pair));
        (length, end)
    }

    fn base_type(&mut self, pair: Pair<'_, Rule>) -> Type {
        let span = self.span(&pair);
        let rule = pair.as_rule();
        if rule == Rule::fn_type {
            return self.fn_type(pair, span);
        }
        if rule == Rule::hole_text {
            return unread(span);
        }
        let mut inner = pair.into_inner();
        if rule == Rule::paren_type {
            let inside = inner.next().unwrap_or_else(|| crate::bug!("empty parentheses in a type"));
            return Type { span, ..self.ty(inside) };
        }
        if rule == Rule::bracket_type {
            let element = inner.next().map(|ty| Box::new(self.ty(ty)));
            let length = inner.next().map(|expr| Box::new(self.expr(expr)));
            let (Some(element), Some(length)) = (element, length) else { crate::bug!("a bracketed type of one part") };
            return Type { kind: TypeKind::Array { element, length, spelling: ArraySpelling::Bracketed }, span };
        }
        let mut path = None;
        let mut args = Vec::new();
        let mut sizes = Vec::new();
        let mut applied = false;
        for part in inner {
            if part.as_rule() == Rule::type_path {
                path = Some(self.type_path(part));
            } else if part.as_rule() == Rule::str_word {
                let word = self.ident(part);
                path = Some(Path { span: word.span, segments: vec![word] });
            } else if part.as_rule() == Rule::generic_args {
                applied = true;
                args = part.into_inner().map(|arg| self.ty(arg)).collect();
            } else {
                applied = true;
                sizes = part.into_inner().map(|size| self.expr(size)).collect();
            }
        }
        let mut path = path.unwrap_or_else(|| crate::bug!("a named type without a name"));
        if !applied {
            return Type { kind: TypeKind::Named(path), span };
        }
        if path.segments.len() > 1 {
            let found = format!("`{}`", self.text(path.span));
            self.error(path.span, Expected { expected: "the plain name of a map kind or `str`".into(), found });
        }
        let name = path.segments.swap_remove(0);
        Type { kind: TypeKind::Applied { name, args, sizes }, span }
    }

    /// Builds the path of a type; a keyword in place of a name is reported.
    pub fn type_path(&mut self, pair: Pair<'_, Rule>) -> Path {
        let path = self.path(pair);
        self.refuse_colons(&path);
        let first = path.segments[0].clone();
        if words::is_keyword(&first.name) {
            let error = self.error(first.span, Expected { expected: "a type".into(), found: quoted(&first.name) });
            if matches!(first.name.as_str(), "struct" | "enum") {
                error.help("a type is its name alone, without `struct` or `enum`");
            } else {
                error.help("a keyword cannot name a type");
            }
        }
        path
    }

    fn fn_type(&mut self, pair: Pair<'_, Rule>, span: Span) -> Type {
        let mut params = Vec::new();
        let mut result = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::fn_type_param {
                params.push(self.fn_type_param(part));
            } else if part.as_rule() == Rule::r#type {
                result = Some(Box::new(self.ty(part)));
            }
        }
        Type { kind: TypeKind::Fn { params, result }, span }
    }

    /// Builds a parameter of a function type, with its name if it has one.
    pub fn fn_type_param(&mut self, pair: Pair<'_, Rule>) -> FnTypeParam {
        let mut name = None;
        let mut ty = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::label {
                name = Some(self.ident(only(part)));
            } else {
                ty = Some(self.ty(part));
            }
        }
        FnTypeParam { name, ty: ty.unwrap_or_else(|| crate::bug!("a parameter without a type")) }
    }
}

/// The node for a type that was refused or cannot be read.
pub fn unread(span: Span) -> Type {
    Type { kind: TypeKind::Unread, span }
}

/// `T[N][M]` is N of `T[M]`.
pub fn array_of(base: Type, mut lengths: Vec<(Expr, Span)>) -> Type {
    let mut ty = base;
    while let Some((length, end)) = lengths.pop() {
        let span = ty.span.to(end);
        let kind =
            TypeKind::Array { element: Box::new(ty), length: Box::new(length), spelling: ArraySpelling::Postfix };
        ty = Type { kind, span };
    }
    ty
}

/// The one part that a rule has.
pub fn only(pair: Pair<'_, Rule>) -> Pair<'_, Rule> {
    let rule = pair.as_rule();
    pair.into_inner().next().unwrap_or_else(|| crate::bug!("{rule:?} without parts"))
}

/// The text between backquotes, as messages show source.
pub fn quoted(text: &str) -> String {
    format!("`{text}`")
}

/// `(*T)?`, or a type that is no pointer and its `?`.
fn optional(ty: Type, mark: Span) -> (Type, Option<Span>) {
    let span = ty.span.to(mark);
    if let TypeKind::Pointer { memory, to, nullable: false } = ty.kind {
        return (Type { kind: TypeKind::Pointer { memory, to, nullable: true }, span }, None);
    }
    (ty, Some(mark))
}

/// The word between the star of a pointer and its type.
fn memory(star: Pair<'_, Rule>) -> Memory {
    let word = star.into_inner().next();
    match word.as_ref().map(Pair::as_str) {
        Some("arena") => Memory::Arena,
        Some(_) => Memory::User,
        None => Memory::Own,
    }
}

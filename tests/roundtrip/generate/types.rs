//! Types.

use super::Generator;
use ksc::ast::{ArraySpelling, FnTypeParam, Ident, Memory, Path, Type, TypeKind};

const PRIMITIVES: &[&str] = &["u8", "u16", "u32", "u64", "i32", "bool", "be16", "char"];

impl Generator {
    pub fn ty(&mut self) -> Type {
        let kind = self.deeper(Self::compound_type).unwrap_or_else(|| self.simple_type());
        Type { kind, span: Self::span() }
    }

    fn simple_type(&mut self) -> TypeKind {
        let path = if self.random.one_in(2) {
            self.path()
        } else {
            Path { segments: vec![self.ident(PRIMITIVES)], span: Self::span() }
        };
        TypeKind::Named(path)
    }

    fn compound_type(&mut self) -> TypeKind {
        match self.random.below(8) {
            0 => {
                let name = Ident { name: "str".to_owned(), span: Self::span() };
                TypeKind::Applied { name, args: Vec::new(), sizes: vec![self.expr()] }
            }
            1 => {
                let name = self.ident(&["hash", "array", "lru_hash", "HashMap", "ringbuf"]);
                let mut args = self.many(1, Self::ty);
                args.push(self.ty());
                TypeKind::Applied { name, args, sizes: self.many(0, Self::expr) }
            }
            2 | 3 => {
                let spelling = self.random.pick(&[ArraySpelling::Postfix, ArraySpelling::Bracketed]);
                TypeKind::Array { element: Box::new(self.ty()), length: Box::new(self.expr()), spelling }
            }
            4 | 5 => self.pointer(),
            6 => {
                let params = self.many(2, |this| FnTypeParam { name: this.some(2, Self::word), ty: this.ty() });
                TypeKind::Fn { params, result: self.some(2, |this| Box::new(this.ty())) }
            }
            _ => self.simple_type(),
        }
    }

    fn pointer(&mut self) -> TypeKind {
        let memory = match self.random.below(6) {
            0 => Memory::User,
            1 => Memory::Arena,
            _ => Memory::Own,
        };
        TypeKind::Pointer { memory, to: Box::new(self.ty()), nullable: self.random.one_in(3) }
    }

    /// A type that no expression looks like, or a plain name: what `sizeof` keeps as a type.
    pub fn sizeof_type(&mut self) -> Type {
        let primitive = Path { segments: vec![self.ident(PRIMITIVES)], span: Self::span() };
        let mut ty = Type { kind: TypeKind::Named(primitive), span: Self::span() };
        if self.random.one_in(2) {
            let to = Box::new(ty);
            ty = Type { kind: TypeKind::Pointer { memory: Memory::Own, to, nullable: false }, span: Self::span() };
        }
        if self.random.one_in(2) {
            let length = Box::new(self.expr());
            let kind = TypeKind::Array { element: Box::new(ty), length, spelling: ArraySpelling::Bracketed };
            ty = Type { kind, span: Self::span() };
        }
        ty
    }
}

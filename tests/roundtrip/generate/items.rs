//! Declarations.

use super::Generator;
use ksc::ast::*;

impl Generator {
    pub fn item(&mut self) -> Item {
        self.fuel = 5;
        let docs = self.docs();
        let attributes = self.many(2, Self::attribute);
        let visibility = self.some(6, |this| this.random.pick(&[Visibility::Pub, Visibility::Priv]));
        Item { docs, attributes, visibility, kind: self.item_kind(), span: Self::span() }
    }

    fn docs(&mut self) -> Vec<String> {
        if self.random.one_in(3) {
            self.many(2, |this| this.random.pick(&["", "Text.", "  two blanks", "é /"]).to_owned())
        } else {
            Vec::new()
        }
    }

    fn attribute(&mut self) -> Attribute {
        Attribute {
            name: self.word(),
            args: self.some(2, |this| this.many(2, |this| Arg { name: this.some(6, Self::name), value: this.expr() })),
            span: Self::span(),
        }
    }

    fn str_lit(&mut self) -> StrLit {
        StrLit { bytes: self.random.pick(&["x.kh", "GPL", "a \"b\""]).as_bytes().to_vec(), span: Self::span() }
    }

    fn item_kind(&mut self) -> ItemKind {
        match self.random.below(18) {
            0 => ItemKind::Struct(StructDecl {
                name: self.name(),
                is_union: self.random.one_in(3),
                fields: self.many(3, Self::field),
            }),
            1 => {
                let repr = self.some(3, Self::ty);
                let variants = self.many(3, |this| VariantDecl {
                    docs: this.docs(),
                    name: this.name(),
                    value: this.some(2, Self::expr),
                    span: Self::span(),
                });
                ItemKind::Enum(EnumDecl { name: self.name(), repr, variants })
            }
            2 => ItemKind::Alias { name: self.name(), ty: self.ty() },
            3 => ItemKind::Config(ConfigDecl { name: self.name(), fields: self.many(3, Self::field) }),
            4 | 5 => ItemKind::Var(VarDecl {
                pin: self.random.one_in(3),
                storage: self.some(3, |this| this.random.pick(&[Storage::Local, Storage::Percpu])),
                name: self.name(),
                ty: self.some(2, Self::ty),
                init: self.some(2, Self::expr),
            }),
            6 => ItemKind::Const(ConstDecl { name: self.name(), ty: self.some(2, Self::ty), value: self.expr() }),
            7 => ItemKind::Impl(ImplDecl { name: self.name(), members: self.many(3, Self::member) }),
            8 => {
                let library = self.some(3, Self::str_lit);
                ItemKind::Extern(ExternDecl {
                    optional: library.is_none() && self.random.one_in(2),
                    library,
                    name: self.name(),
                    params: self.many(3, |this| ExternParam { name: this.some(2, Self::word), ty: this.ty() }),
                    result: self.some(2, Self::ty),
                })
            }
            9 => ItemKind::Include { path: self.str_lit() },
            10 => ItemKind::Import { name: self.name(), path: self.str_lit() },
            11 if self.random.one_in(2) => ItemKind::License { text: self.str_lit() },
            11 => ItemKind::MinKernel { text: self.str_lit() },
            _ => ItemKind::Fn(self.fn_decl()),
        }
    }

    fn fn_decl(&mut self) -> FnDecl {
        let params = self.many(3, |this| {
            let soft = this.random.one_in(4);
            let name = this.ident(if soft { super::SOFT } else { super::NAMES });
            Param { name, ty: this.ty(), span: Self::span() }
        });
        let result = self.some(2, |this| FnResult { name: this.some(3, Self::name), ty: this.ty(), optional: None });
        let body = if self.random.one_in(10) { None } else { Some(self.block()) };
        FnDecl { name: self.name(), params, result, body }
    }

    fn field(&mut self) -> FieldDecl {
        let (docs, name, ty) = (self.docs(), self.word(), self.ty());
        let bits = self.some(4, Self::expr);
        FieldDecl { docs, name, ty, bits, default: self.some(3, Self::expr), span: Self::span() }
    }

    fn member(&mut self) -> ImplMember {
        let kind = if self.random.one_in(2) {
            let mut decl = self.fn_decl();
            decl.name = self.word();
            ImplMemberKind::Fn(decl)
        } else {
            ImplMemberKind::Field { name: self.word(), value: self.expr() }
        };
        ImplMember { docs: self.docs(), attributes: self.many(1, Self::attribute), kind, span: Self::span() }
    }
}

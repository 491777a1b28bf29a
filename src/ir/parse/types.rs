//! Types in IR text; see `TyKind` for the spelling.

use super::lex::Token;
use super::{Parse, Parser};
use crate::tables::PROGRAMS;
use crate::types::{FnSig, Origin, Space, StructDef, Ty, TyKind};

impl Parser<'_> {
    pub(super) fn ty(&mut self) -> Parse<Ty> {
        match self.peek().clone() {
            Token::Symbol(name) => {
                let ty = self.named(&name);
                self.at += 1;
                Ok(ty)
            }
            Token::Punct("[") => {
                self.at += 1;
                let length = self.small()?;
                if !self.eat_word("x") {
                    return self.stop("`x` is expected between an array's length and its element type");
                }
                let element = self.ty()?;
                self.expect("]")?;
                let array = self.cx.types.array(element, length);
                self.bounded(array)
            }
            Token::Word(word) => {
                self.at += 1;
                self.word_type(&word)
            }
            Token::Punct(_) | Token::Value(_) | Token::Block(_) | Token::Int(_) | Token::Str(_) | Token::End => {
                self.stop("a type is expected here")
            }
        }
    }

    /// The limits of a program hold for its IR too.
    fn bounded(&mut self, ty: Ty) -> Parse<Ty> {
        match self.cx.types.too_much(ty) {
            Some(too_much) => self.stop(format!("this type {}", too_much.why())),
            None => Ok(ty),
        }
    }

    fn word_type(&mut self, word: &str) -> Parse<Ty> {
        if word == "handle" && self.eat("<") {
            let name = self.word()?;
            let Some(spec) = PROGRAMS.iter().find(|spec| spec.name == name) else {
                return self.stop("a handle is of a type of programs");
            };
            self.expect(">")?;
            return Ok(self.cx.types.handle(spec.name));
        }
        if let Some(ty) = self.cx.types.of_word(word) {
            return Ok(ty);
        }
        match word {
            "str" => {
                self.expect("<")?;
                let size = self.small()?;
                self.expect(">")?;
                let string = self.cx.types.string(size);
                self.bounded(string)
            }
            "opt" => {
                self.expect("<")?;
                let of = self.ty()?;
                self.expect(">")?;
                Ok(self.cx.types.opt(of))
            }
            "ptr" => {
                let (to, space) = self.pointee()?;
                let nullable = self.eat("?");
                Ok(self.cx.types.ptr(to, space, nullable))
            }
            "place" => {
                let (of, space) = self.pointee()?;
                Ok(self.cx.types.place(of, space))
            }
            "fn" => self.fn_type(),
            _ => {
                self.at -= 1;
                self.stop(format!("there is no type `{word}`"))
            }
        }
    }

    /// `<T, SPACE>`
    fn pointee(&mut self) -> Parse<(Ty, Space)> {
        self.expect("<")?;
        let to = self.ty()?;
        self.expect(",")?;
        let mut word = self.word()?;
        if self.eat("(") {
            word = format!("{word}({})", self.word()?);
            self.expect(")")?;
        }
        let Some(space) = Space::ALL.into_iter().find(|s| s.text() == word) else {
            return self.stop(format!("there is no address space `{word}`"));
        };
        self.expect(">")?;
        Ok((to, space))
    }

    fn fn_type(&mut self) -> Parse<Ty> {
        let sig = self.signature()?;
        Ok(self.cx.types.func(sig))
    }

    /// `(T, …) -> T`
    pub(super) fn signature(&mut self) -> Parse<FnSig> {
        let mut params = Vec::new();
        self.expect("(")?;
        while !self.eat(")") {
            params.push(self.ty()?);
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        self.expect("->")?;
        let result = self.ty()?;
        Ok(FnSig { params, result })
    }

    /// A struct or enum by name. A name that is not declared yet is a struct that must follow.
    fn named(&mut self, name: &str) -> Ty {
        if let Some(&id) = self.enums.get(name) {
            return self.cx.types.intern(TyKind::Enum(id));
        }
        let id = match self.structs.get(name) {
            Some(&id) => id,
            None => {
                let def = StructDef {
                    name: name.to_owned(),
                    origin: Origin::User,
                    fields: Vec::new(),
                    size: 0,
                    align: 1,
                    span: None,
                };
                let id = self.cx.types.add_struct(def);
                self.structs.insert(name.to_owned(), id);
                self.undefined.push((name.to_owned(), self.span()));
                id
            }
        };
        self.cx.types.intern(TyKind::Struct(id))
    }
}

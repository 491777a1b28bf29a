//! Reads IR text: `.ksir` files, which resume at the stage that their head names.
//!
//! Ops get their place in the `.ksir` text as location.

mod decls;
mod lex;
mod metrics;
mod ops;
mod roles;
mod struct_ops;
mod types;

use super::{BlockId, Module, Value};
use crate::diag::codes::ir::BadIr;
use crate::session::Session;
use crate::source::{FileId, Span};
use crate::types::{EnumId, StructId};
use lex::{Lexed, Token};
use std::collections::HashMap;

/// The module that a `.ksir` file holds. Errors are reported.
pub fn module(cx: &mut Session, file: FileId) -> Option<Module> {
    let text = cx.sources.file(file).text.clone();
    let tokens = match lex::lex(&text) {
        Ok(tokens) => tokens,
        Err((at, why)) => {
            cx.error(Span::new(file, at, at), BadIr { why });
            return None;
        }
    };
    let mut parser = Parser {
        cx,
        file,
        tokens,
        at: 0,
        structs: HashMap::new(),
        enums: HashMap::new(),
        undefined: Vec::new(),
        values: HashMap::new(),
        blocks: HashMap::new(),
    };
    match parser.module() {
        Ok(module) => Some(module),
        Err(Stop { span, why }) => {
            parser.cx.error(span, BadIr { why });
            None
        }
    }
}

/// Where and why reading stopped.
struct Stop {
    span: Span,
    why: String,
}

type Parse<T> = Result<T, Stop>;

struct Parser<'a> {
    cx: &'a mut Session,
    file: FileId,
    tokens: Vec<Lexed>,
    at: usize,
    structs: HashMap<String, StructId>,
    enums: HashMap<String, EnumId>,
    /// Structs whose names were used before their declaration.
    undefined: Vec<(String, Span)>,
    /// The values, and below the blocks, of the function that is being read, by their numbers in the text.
    values: HashMap<u32, Value>,
    blocks: HashMap<u32, BlockId>,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    fn span(&self) -> Span {
        Span::new(self.file, self.tokens[self.at].lo, self.tokens[self.at].hi)
    }

    /// The span of the token before.
    fn last_span(&self) -> Span {
        let token = &self.tokens[self.at.saturating_sub(1)];
        Span::new(self.file, token.lo, token.hi)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        if token != Token::End {
            self.at += 1;
        }
        token
    }

    fn stop<T>(&self, why: impl Into<String>) -> Parse<T> {
        Err(Stop { span: self.span(), why: why.into() })
    }

    fn eat(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(), Token::Punct(p) if *p == punct);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, punct: &str) -> Parse<()> {
        if self.eat(punct) { Ok(()) } else { self.stop(format!("`{punct}` is expected here")) }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(w) if w == word);
        if found {
            self.at += 1;
        }
        found
    }

    fn word(&mut self) -> Parse<String> {
        let Token::Word(word) = self.peek().clone() else { return self.stop("a word is expected here") };
        self.at += 1;
        Ok(word)
    }

    fn symbol(&mut self) -> Parse<String> {
        let Token::Symbol(name) = self.peek().clone() else { return self.stop("a name with `@` is expected here") };
        self.at += 1;
        Ok(name)
    }

    fn int(&mut self) -> Parse<i128> {
        let Token::Int(value) = *self.peek() else { return self.stop("a number is expected here") };
        self.at += 1;
        Ok(value)
    }

    /// A number that fits the type asked for.
    fn small<T: TryFrom<i128>>(&mut self) -> Parse<T> {
        let span = self.span();
        let value = self.int()?;
        T::try_from(value).map_err(|_| Stop { span, why: format!("{value} is out of range here") })
    }

    fn string(&mut self) -> Parse<Vec<u8>> {
        let Token::Str(bytes) = self.peek().clone() else { return self.stop("a string is expected here") };
        self.at += 1;
        Ok(bytes)
    }

    fn text(&mut self) -> Parse<String> {
        let span = self.span();
        String::from_utf8(self.string()?).map_err(|_| Stop { span, why: "this string is not UTF-8".into() })
    }

    /// `name=`
    fn key(&mut self, name: &str) -> Parse<()> {
        if !self.eat_word(name) {
            return self.stop(format!("`{name}=` is expected here"));
        }
        self.expect("=")
    }
}

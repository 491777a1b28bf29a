//! The functions of a file, by their headers.

use super::tokens::{Kind, Line, Token};
use std::ops::Range;

/// A type that a hint names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hint {
    Int,
    Bool,
    Float,
    Str,
    Bytes,
    /// `list[T]`
    List(Box<Hint>),
    /// `None`
    Nothing,
}

impl Hint {
    /// As Python writes it.
    pub fn text(&self) -> String {
        match self {
            Hint::Int => "int".to_owned(),
            Hint::Bool => "bool".to_owned(),
            Hint::Float => "float".to_owned(),
            Hint::Str => "str".to_owned(),
            Hint::Bytes => "bytes".to_owned(),
            Hint::List(of) => format!("list[{}]", of.text()),
            Hint::Nothing => "None".to_owned(),
        }
    }
}

/// A hint as written: its bytes, and what it means; none for a type that has no counterpart.
#[derive(Clone, Debug)]
pub struct Written {
    pub at: Range<usize>,
    pub hint: Option<Hint>,
}

/// A parameter that an argument may be given to by its position.
#[derive(Clone, Debug)]
pub struct Param {
    pub name: String,
    pub at: Range<usize>,
    pub hint: Option<Written>,
    pub has_default: bool,
}

/// A function of the file itself, not of a class.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    /// Of the name.
    pub at: Range<usize>,
    pub params: Vec<Param>,
    /// A parameter that only its name can give, and that has no default.
    pub keyword: Option<Param>,
    pub result: Option<Written>,
    pub is_async: bool,
}

/// The functions; of several with one name the last. The error is the bytes and the reason.
pub fn of(text: &str, lines: &[Line]) -> Result<Vec<Function>, (Range<usize>, String)> {
    let mut found: Vec<Function> = Vec::new();
    for line in lines.iter().filter(|line| line.indent == 0) {
        let mut header = Header { text, tokens: &line.tokens, next: 0 };
        let is_async = header.eat("async");
        if header.eat("def") {
            let function = header.function(is_async)?;
            found.retain(|known| known.name != function.name);
            found.push(function);
        }
    }
    Ok(found)
}

struct Header<'t> {
    text: &'t str,
    tokens: &'t [Token],
    next: usize,
}

impl<'t> Header<'t> {
    fn word(&self) -> &'t str {
        self.tokens.get(self.next).map_or("", |token| &self.text[token.at.clone()])
    }

    /// The bytes of the next token, or the end of the last.
    fn place(&self) -> Range<usize> {
        let end = self.tokens.last().map_or(0, |last| last.at.end);
        self.tokens.get(self.next).map_or(end.saturating_sub(1)..end, |token| token.at.clone())
    }

    fn eat(&mut self, word: &str) -> bool {
        let is = self.word() == word;
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, word: &str) -> Result<(), (Range<usize>, String)> {
        if self.eat(word) { Ok(()) } else { Err((self.place(), format!("`{word}` is wanted here"))) }
    }

    fn name(&mut self) -> Result<(String, Range<usize>), (Range<usize>, String)> {
        let at = self.place();
        match self.tokens.get(self.next) {
            Some(token) if token.kind == Kind::Name => {
                self.next += 1;
                Ok((self.text[at.clone()].to_owned(), at))
            }
            Some(_) | None => Err((at, "a name is wanted here".to_owned())),
        }
    }

    /// Behind `def`.
    fn function(&mut self, is_async: bool) -> Result<Function, (Range<usize>, String)> {
        let (name, at) = self.name()?;
        if self.word() == "[" {
            self.skip(&[]);
        }
        self.expect("(")?;
        let (mut params, mut keyword, mut named_alone) = (Vec::new(), None, false);
        while !self.eat(")") {
            if self.eat("/") {
                // Those before it have no names, which makes no difference here.
            } else if self.eat("*") {
                named_alone = true;
                if self.eat("*") || ![",", ")"].contains(&self.word()) {
                    // The rest of the arguments: a call gives none.
                    self.param()?;
                }
            } else {
                let param = self.param()?;
                if !named_alone {
                    params.push(param);
                } else if !param.has_default && keyword.is_none() {
                    keyword = Some(param);
                }
            }
            if self.word() != ")" {
                self.expect(",")?;
            }
        }
        let result = if self.word() == "-" {
            self.next += 1;
            self.expect(">")?;
            Some(self.hint(&[":"]))
        } else {
            None
        };
        self.expect(":")?;
        Ok(Function { name, at, params, keyword, result, is_async })
    }

    fn param(&mut self) -> Result<Param, (Range<usize>, String)> {
        let (name, at) = self.name()?;
        let hint = self.eat(":").then(|| self.hint(&[",", ")", "="]));
        let has_default = self.eat("=");
        if has_default {
            self.skip(&[",", ")"]);
        }
        Ok(Param { name, at, hint, has_default })
    }

    /// Passes over the tokens up to one of these words outside of brackets; without words over one pair of brackets.
    fn skip(&mut self, words: &[&str]) {
        let mut depth = 0;
        while self.next < self.tokens.len() {
            let word = self.word();
            if depth == 0 && words.contains(&word) {
                return;
            }
            match word {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.next += 1;
            if depth == 0 && words.is_empty() {
                return;
            }
        }
    }

    fn hint(&mut self, ends: &[&str]) -> Written {
        let (start, first) = (self.place().start, self.next);
        self.skip(ends);
        let tokens = &self.tokens[first..self.next];
        let words: Vec<&str> = tokens.iter().map(|token| &self.text[token.at.clone()]).collect();
        Written { at: start..tokens.last().map_or(start, |last| last.at.end), hint: meaning(&words) }
    }
}

fn meaning(words: &[&str]) -> Option<Hint> {
    Some(match words {
        ["int"] => Hint::Int,
        ["bool"] => Hint::Bool,
        ["float"] => Hint::Float,
        ["str"] => Hint::Str,
        ["bytes"] => Hint::Bytes,
        ["None"] => Hint::Nothing,
        ["list", "[", inner @ .., "]"] => match meaning(inner)? {
            Hint::Nothing | Hint::List(_) => return None,
            inner @ (Hint::Int | Hint::Bool | Hint::Float | Hint::Str | Hint::Bytes) => Hint::List(Box::new(inner)),
        },
        _ => return None,
    })
}

//! Tokens and logical lines of Python (Lexical analysis, in the reference of the language): enough to find definitions and imports.

use std::ops::Range;

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A name or a keyword.
    Name,
    Number,
    /// A string or bytes, with its prefix.
    Text,
    /// One character of an operator, or a bracket.
    Sign,
}

/// A token, by its bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    pub kind: Kind,
    pub at: Range<usize>,
}

/// A logical line: its tokens, which are not empty, and the column of the first.
#[derive(Debug)]
pub struct Line {
    pub indent: usize,
    pub tokens: Vec<Token>,
}

/// A mistake, and its bytes.
#[derive(Debug)]
pub struct Mistake {
    pub at: Range<usize>,
    pub why: String,
}

/// A tab leads to the next multiple of this column.
const TAB: usize = 8;

/// The logical lines of a file, or the first mistake.
pub fn lines(text: &str) -> Result<Vec<Line>, Mistake> {
    let mut lexer = Lexer { text, bytes: text.as_bytes(), at: 0, open: Vec::new() };
    let mut lines = Vec::new();
    while let Some(line) = lexer.line()? {
        lines.push(line);
    }
    check_blocks(text, &lines)?;
    Ok(lines)
}

struct Lexer<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// The places of the brackets that are open.
    open: Vec<usize>,
}

impl Lexer<'_> {
    fn line(&mut self) -> Result<Option<Line>, Mistake> {
        let (mut tokens, mut indent) = (Vec::new(), 0);
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match byte {
                b'\n' | b'\r' => {
                    self.at += 1;
                    if self.open.is_empty() && !tokens.is_empty() {
                        return Ok(Some(Line { indent, tokens }));
                    }
                    if self.open.is_empty() {
                        indent = 0;
                    }
                }
                b' ' | b'\t' | 0x0c => {
                    self.at += 1;
                    if tokens.is_empty() {
                        indent = match byte {
                            b' ' => indent + 1,
                            b'\t' => (indent / TAB + 1) * TAB,
                            _ => 0,
                        };
                    }
                }
                b'#' => {
                    let rest = &self.bytes[start..];
                    self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                b'\\' => self.joined()?,
                _ => tokens.push(self.token()?),
            }
        }
        if let Some(&at) = self.open.last() {
            let why = format!("`{}` is never closed", &self.text[at..=at]);
            return Err(Mistake { at: at..at + 1, why });
        }
        Ok(if tokens.is_empty() { None } else { Some(Line { indent, tokens }) })
    }

    /// A backslash at the end of a line.
    fn joined(&mut self) -> Result<(), Mistake> {
        let rest = &self.bytes[self.at + 1..];
        let ends = if rest.starts_with(b"\r\n") { 2 } else { usize::from(rest.starts_with(b"\n")) };
        if ends == 0 {
            let why = "a backslash stands at the end of a line".to_owned();
            return Err(Mistake { at: self.at..self.at + 1, why });
        }
        self.at += 1 + ends;
        Ok(())
    }

    fn token(&mut self) -> Result<Token, Mistake> {
        let start = self.at;
        let first = self.text[start..].chars().next().unwrap_or(' ');
        let kind = if first.is_alphabetic() || first == '_' {
            let rest = &self.text[start..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let is_prefix = end <= 2 && rest[..end].chars().all(|c| "rRbBuUfFtT".contains(c));
            if is_prefix && rest[end..].starts_with(['"', '\'']) {
                self.at += end;
                self.string(start)?;
                Kind::Text
            } else {
                self.at += end;
                Kind::Name
            }
        } else if first.is_ascii_digit() {
            let rest = &self.text[start..];
            self.at += rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
            Kind::Number
        } else if first == '"' || first == '\'' {
            self.string(start)?;
            Kind::Text
        } else {
            self.sign(first)?;
            Kind::Sign
        };
        Ok(Token { kind, at: start..self.at })
    }

    fn sign(&mut self, sign: char) -> Result<(), Mistake> {
        let at = self.at..self.at + sign.len_utf8();
        let wrong = |why: String| Err(Mistake { at: at.clone(), why });
        match sign {
            '(' | '[' | '{' => self.open.push(self.at),
            ')' | ']' | '}' => {
                let wants = match self.open.pop().map(|open| self.bytes[open]) {
                    Some(b'(') => ')',
                    Some(b'[') => ']',
                    Some(_) => '}',
                    None => return wrong(format!("`{sign}` closes nothing")),
                };
                if wants != sign {
                    return wrong(format!("`{wants}` is wanted before `{sign}`"));
                }
            }
            '+' | '-' | '*' | '/' | '%' | '@' | '&' | '|' | '^' | '~' | '<' | '>' | '=' | '!' | '.' | ',' | ':'
            | ';' => {}
            other => return wrong(format!("`{}` begins nothing", other.escape_default())),
        }
        self.at = at.end;
        Ok(())
    }

    /// A string from its first quote on; `start` is where its prefix begins.
    fn string(&mut self, start: usize) -> Result<(), Mistake> {
        let quote = self.bytes[self.at];
        let long = self.bytes[self.at..].starts_with(&[quote; 3]);
        let end: &[u8] = if long { &[quote; 3] } else { &[quote] };
        self.at += end.len();
        while let Some(&byte) = self.bytes.get(self.at) {
            if self.bytes[self.at..].starts_with(end) {
                self.at += end.len();
                return Ok(());
            }
            if byte == b'\n' && !long {
                break;
            }
            let escaped = byte == b'\\' && self.at + 1 < self.bytes.len();
            let crlf = escaped && self.bytes[self.at + 1..].starts_with(b"\r\n");
            self.at += if crlf { 3 } else { 1 + usize::from(escaped) };
        }
        let quotes = String::from_utf8_lossy(&self.bytes[start..]).chars().next().map_or(1, char::len_utf8);
        Err(Mistake { at: start..start + quotes, why: "this string is not ended".to_owned() })
    }
}

/// A line that ends with a colon is followed by lines further to the right, and no other is.
fn check_blocks(text: &str, lines: &[Line]) -> Result<(), Mistake> {
    let mut open = vec![0];
    let mut opens = false;
    for line in lines {
        let Some(first) = line.tokens.first() else { continue };
        let wrong = |why: &str| Err(Mistake { at: first.at.clone(), why: why.to_owned() });
        let deepest = open.last().copied().unwrap_or(0);
        match (opens, line.indent > deepest) {
            (true, true) => open.push(line.indent),
            (true, false) => return wrong("an indented block is wanted"),
            (false, true) => return wrong("this line is indented, and no block begins before it"),
            (false, false) => {
                open.retain(|&indent| indent <= line.indent);
                if open.last() != Some(&line.indent) {
                    return wrong("the indentation is that of no block around the line");
                }
            }
        }
        opens = line.tokens.last().is_some_and(|last| &text[last.at.clone()] == ":");
    }
    match lines.last().and_then(|line| line.tokens.last()) {
        Some(last) if opens => {
            Err(Mistake { at: last.at.clone(), why: "an indented block is wanted after it".to_owned() })
        }
        Some(_) | None => Ok(()),
    }
}

//! Words, numbers, strings, comments and punctuation: as much of the lexical structure as the layout needs.

/// A token, or something between tokens, at `lo..hi`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    pub kind: TokenKind,
    pub lo: usize,
    pub hi: usize,
}

/// The kinds of tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    Word,
    /// A number, with all letters and digits that touch it.
    Number,
    Str,
    Char,
    Punct,
    Open,
    Close,
    Newline,
    LineComment,
    /// `/// …`
    DocComment,
    BlockComment,
    Fault(Fault),
}

/// A text that is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The line ends before the string does.
    OpenString,
    OpenChar,
    /// The file ends before the comment does.
    OpenComment,
    /// A character that begins nothing.
    Character,
}

/// Longer ones first.
const PUNCTUATION: &[&str] = &[
    "<<=", ">>=", "..=", "->", "::", "..", "&&", "||", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=", "/=",
    "%=", "&=", "|=", "^=", "=>",
];

/// Splits a text into tokens, newlines and comments, in order.
pub struct Scanner<'a> {
    src: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a str) -> Scanner<'a> {
        Scanner { src: text.as_bytes(), at: 0 }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.src.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.at < self.src.len() && wanted(self.src[self.at]) {
            self.at += 1;
        }
    }

    fn number(&mut self) {
        let radix_prefix = self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X' | b'o' | b'O' | b'b' | b'B');
        self.skip_while(is_word);
        if radix_prefix {
            return;
        }
        if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(is_word);
        }
        let exponent = matches!(self.src[self.at - 1], b'e' | b'E');
        if exponent && matches!(self.peek(0), b'+' | b'-') && self.peek(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(is_word);
        }
    }

    /// To the closing quote; false if the line ends first.
    fn quoted(&mut self, quote: u8) -> bool {
        self.at += 1;
        while self.at < self.src.len() {
            match self.src[self.at] {
                b'\n' => return false,
                b'\\' if self.peek(1) != b'\n' => self.at += 2,
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return true;
                    }
                }
            }
        }
        self.at = self.src.len();
        false
    }

    fn comment(&mut self) -> TokenKind {
        if self.peek(1) == b'/' {
            let doc = self.peek(2) == b'/' && self.peek(3) != b'/';
            self.skip_while(|byte| byte != b'\n');
            return if doc { TokenKind::DocComment } else { TokenKind::LineComment };
        }
        self.at += 2;
        while self.at < self.src.len() {
            if self.src[self.at] == b'*' && self.peek(1) == b'/' {
                self.at += 2;
                return TokenKind::BlockComment;
            }
            self.at += 1;
        }
        TokenKind::Fault(Fault::OpenComment)
    }

    fn punctuation(&mut self) -> TokenKind {
        let rest = &self.src[self.at..];
        let len = PUNCTUATION.iter().find(|p| rest.starts_with(p.as_bytes())).map_or(1, |p| p.len());
        let known = len > 1 || b"+-*/%^|&!~=<>.,;:?@".contains(&rest[0]);
        self.at += len;
        if known {
            return TokenKind::Punct;
        }
        self.skip_while(|byte| !byte.is_ascii());
        TokenKind::Fault(Fault::Character)
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | 0x0b | 0x0c));
        let lo = self.at;
        let first = *self.src.get(lo)?;
        let kind = match first {
            b'\n' => {
                self.at += 1;
                TokenKind::Newline
            }
            b'(' | b'[' | b'{' => {
                self.at += 1;
                TokenKind::Open
            }
            b')' | b']' | b'}' => {
                self.at += 1;
                TokenKind::Close
            }
            b'"' if self.quoted(b'"') => TokenKind::Str,
            b'"' => TokenKind::Fault(Fault::OpenString),
            b'\'' if self.quoted(b'\'') => TokenKind::Char,
            b'\'' => TokenKind::Fault(Fault::OpenChar),
            // The first line of a script names what the kernel executes it with.
            b'#' if lo == 0 && self.peek(1) == b'!' => {
                self.skip_while(|byte| byte != b'\n');
                TokenKind::LineComment
            }
            b'/' if matches!(self.peek(1), b'/' | b'*') => self.comment(),
            b'0'..=b'9' => {
                self.number();
                TokenKind::Number
            }
            byte if is_word(byte) => {
                self.skip_while(is_word);
                TokenKind::Word
            }
            _ => self.punctuation(),
        };
        Some(Token { kind, lo, hi: self.at })
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

//! Rewrites declarations, casts and loops of C to the order of this language.

use super::words;
use crate::diag::foreign;
use crate::source::scan::{Scanner, Token, TokenKind};

/// As much text as is looked at.
const MAX_CHARS: usize = 400;

/// Words before a type in C that mean nothing here.
const QUALIFIERS: &[&str] =
    &["__always_inline", "extern", "inline", "mut", "register", "restrict", "static", "unsafe", "volatile"];

/// The tokens from some place on, one after another. Offsets count from that place.
pub struct Reader<'a> {
    source: &'a str,
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

/// `static unsigned int *name[4]`
pub struct Declaration<'a> {
    /// `const`, else `var`
    pub keyword: &'static str,
    pub name: &'a str,
    pub ty: String,
    /// Where it ends.
    pub hi: usize,
    /// What follows it.
    pub next: &'a str,
    /// Which of the words is the type is certain.
    pub certain: bool,
}

/// `int i = 0; i < n; i++`
pub struct Counting<'a> {
    pub name: &'a str,
    /// The variable is one of the loop's own.
    pub declares: bool,
    pub low: &'a str,
    pub dots: &'static str,
    pub high: &'a str,
}

/// The part of a file that is searched for declarations of types: each error searches it.
const SEARCHED: usize = 16 << 10;

/// A word that names a type, of this language, of C or of the file.
pub fn is_type(source: &str, word: &str) -> bool {
    let searched = &source[..source.floor_char_boundary(SEARCHED)];
    is_builtin(word) || word.ends_with("_t") || declares(searched, word, &["struct", "enum", "union", "type"])
}

/// A word that names a type and hardly anything else.
fn is_builtin(word: &str) -> bool {
    words::is_primitive(word) || foreign::ty(word).is_some()
}

/// The name of a type of C in this language; the word itself if it has no other.
pub fn own_type(word: &str) -> &str {
    foreign::ty(word).unwrap_or(word)
}

/// One of the keywords is somewhere before the word.
pub fn declares(text: &str, word: &str, keywords: &[&str]) -> bool {
    occurs(text, word, |before, _| {
        let end = before.trim_end();
        end.len() < before.len() && keywords.iter().any(|keyword| end.ends_with(keyword))
    })
}

/// The word is somewhere between what fits before and after it.
pub fn occurs(text: &str, word: &str, fits: impl Fn(&str, &str) -> bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !before.ends_with(goes_on) && !after.starts_with(goes_on) && fits(before, after)
    })
}

fn goes_on(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl<'a> Reader<'a> {
    /// Reads from a byte offset on, at most `MAX_CHARS` characters, without comments.
    pub fn new(source: &'a str, from: u32) -> Reader<'a> {
        let text = &source[from as usize..];
        let end = text.char_indices().nth(MAX_CHARS).map_or(text.len(), |(at, _)| at);
        let text = &text[..end];
        let comment =
            |t: &Token| matches!(t.kind, TokenKind::LineComment | TokenKind::DocComment | TokenKind::BlockComment);
        Reader { source, text, tokens: Scanner::new(text).filter(|t| !comment(t)).collect(), at: 0 }
    }

    /// The text of the next token; empty at the end.
    pub fn peek(&self) -> &'a str {
        self.tokens.get(self.at).map_or("", |t| &self.text[t.lo..t.hi])
    }

    fn kind(&self) -> Option<TokenKind> {
        self.tokens.get(self.at).map(|t| t.kind)
    }

    /// What follows the next token.
    pub fn then(&self) -> &'a str {
        self.tokens.get(self.at + 1).map_or("", |t| &self.text[t.lo..t.hi])
    }

    /// Where the next token begins.
    pub fn lo(&self) -> usize {
        self.tokens.get(self.at).map_or(self.text.len(), |t| t.lo)
    }

    /// Where the token before ends.
    pub fn hi(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |before| self.tokens[before].hi)
    }

    fn next(&mut self) -> &'a str {
        let text = self.peek();
        self.at += 1;
        text
    }

    /// Steps over a token, if it is next.
    pub fn take(&mut self, wanted: &str) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    /// Steps over line ends.
    pub fn lines(&mut self) -> &mut Reader<'a> {
        while self.take("\n") {}
        self
    }

    /// A word that is no keyword.
    fn name(&mut self) -> Option<&'a str> {
        let is_name = self.kind() == Some(TokenKind::Word) && !words::is_keyword(self.peek());
        is_name.then(|| self.next())
    }

    /// Says whether `const` was among them.
    pub fn qualifiers(&mut self) -> bool {
        let mut constant = false;
        while QUALIFIERS.contains(&self.peek()) || self.peek() == "const" {
            constant |= self.next() == "const";
        }
        constant
    }

    /// The type before the stars. The second says that it is certainly a type.
    fn base_type(&mut self) -> Option<(String, bool)> {
        if matches!(self.peek(), "struct" | "union" | "enum") {
            self.next();
            return Some((self.name()?.to_owned(), true));
        }
        let mut parts = Vec::new();
        while matches!(self.peek(), "unsigned" | "signed" | "long" | "short" | "int" | "char") {
            parts.push(self.next());
            self.qualifiers();
        }
        if !parts.is_empty() {
            return Some((integer(&parts).to_owned(), true));
        }
        let name = self.name()?;
        Some((own_type(name).to_owned(), is_type(self.source, name)))
    }

    fn stars(&mut self) -> usize {
        let mut count = 0;
        while self.take("*") {
            self.qualifiers();
            count += 1;
        }
        count
    }

    /// The text up to the bracket that closes `open`, which was read already; reads the closing bracket too. None if the text ends before
    /// it.
    fn inside(&mut self, open: &str, close: &str) -> Option<&'a str> {
        let (lo, mut depth) = (self.lo(), 1);
        loop {
            let hi = self.lo();
            let token = self.next();
            if token == open {
                depth += 1;
            } else if token == close {
                depth -= 1;
            } else if token.is_empty() {
                return None;
            }
            if depth == 0 {
                return Some(self.text[lo..hi].trim());
            }
        }
    }

    /// A type and the name after it, as in C; a name and the type after it, as in Go, if the second is one and the first
    /// is not.
    pub fn declaration(&mut self) -> Option<Declaration<'a>> {
        let constant = self.qualifiers();
        let first = self.peek();
        let (mut base, mut certain) = self.base_type()?;
        self.qualifiers();
        let stars = self.stars();
        let mut name = self.name()?;
        let sure = is_builtin(first) || matches!(first, "struct" | "union" | "enum");
        if !sure && is_type(self.source, name) {
            if is_builtin(name) || !certain {
                base = own_type(name).to_owned();
                (name, certain) = (first, true);
            } else {
                certain = name == first;
            }
        }
        let mut lengths = Vec::new();
        while self.take("[") {
            lengths.push(self.inside("[", "]").filter(|length| !length.is_empty())?);
        }
        let mut ty = pointer(&base, stars);
        for length in lengths.iter().rev().filter(|_| stars > 0) {
            ty = format!("[{ty}; {length}]");
        }
        for length in lengths.iter().filter(|_| stars == 0) {
            ty += &format!("[{length}]");
        }
        let keyword = if constant && stars == 0 { "const" } else { "var" };
        Some(Declaration { keyword, name, ty, hi: self.hi(), next: self.peek(), certain })
    }

    /// `static int name(struct xdp_md *ctx)`, up to its parenthesis.
    pub fn function(&mut self) -> Option<String> {
        self.qualifiers();
        let (base, _) = self.base_type().filter(|(_, certain)| *certain)?;
        self.qualifiers();
        let result = pointer(&base, self.stars());
        let name = self.name()?;
        if !self.take("(") {
            return None;
        }
        let mut params = Vec::new();
        self.at += usize::from(self.peek() == "void" && self.then() == ")");
        while !self.take(")") {
            self.lines();
            let Declaration { name, ty, .. } = self.declaration()?;
            params.push(format!("{name}: {ty}"));
            self.lines();
            if !self.take(",") && self.peek() != ")" {
                return None;
            }
        }
        let result = if result == "void" { String::new() } else { format!(" -> {result}") };
        Some(format!("fn {name}({}){result}", params.join(", ")))
    }

    /// `(struct ethhdr *)(void *)(long)ctx->data`
    pub fn cast(&mut self) -> Option<String> {
        let (operand, types) = self.converted()?;
        let (last, steps) = types.split_last()?;
        if !last.starts_with('*') {
            return Some(format!("{operand} as {}", types.join(" as ")));
        }
        // C goes by a number to what is a pointer here from the start.
        let wide = |ty: &String| matches!(ty.as_str(), "i64" | "u64" | "size_t");
        let is_packet = ["data", "data_end", "data_meta"].iter().any(|&field| is_member(operand, field));
        if last == "*u8" && is_packet && steps.iter().all(|ty| wide(ty) || ty == last) {
            return Some(operand.to_owned());
        }
        let kept: Vec<&str> =
            steps.iter().filter(|ty| !wide(ty) && *ty != "*u8").chain([last]).map(String::as_str).collect();
        Some(format!("{operand} as {}", kept.join(" as ")))
    }

    /// Reads an operand behind one or more casts: the operand, and the types of the casts, innermost first.
    fn converted(&mut self) -> Option<(&'a str, Vec<String>)> {
        let ty = self.cast_type()?;
        let before = self.at;
        let (operand, mut types) = match self.converted() {
            Some(inner) => inner,
            None => {
                self.at = before;
                (self.operand()?, Vec::new())
            }
        };
        types.push(ty);
        Some((operand, types))
    }

    /// A type in parentheses.
    fn cast_type(&mut self) -> Option<String> {
        if !self.take("(") {
            return None;
        }
        self.qualifiers();
        let (base, certain) = self.base_type()?;
        self.qualifiers();
        let stars = self.stars();
        (self.take(")") && (certain || stars > 0)).then(|| pointer(&base, stars))
    }

    /// Prefix operators, a name, number or parenthesis, and what follows that as a part of it.
    pub fn operand(&mut self) -> Option<&'a str> {
        let lo = self.lo();
        while matches!(self.peek(), "&" | "*" | "-" | "~" | "!") {
            self.next();
        }
        if self.take("(") {
            self.inside("(", ")")?;
        } else if self.kind() == Some(TokenKind::Number) {
            self.next();
        } else {
            self.name()?;
        }
        loop {
            if self.take(".") || self.take("->") {
                self.next();
            } else if self.take("(") {
                self.inside("(", ")")?;
            } else if self.take("[") {
                self.inside("[", "]")?;
            } else {
                break;
            }
        }
        let goes_on = matches!(self.kind(), Some(TokenKind::Word | TokenKind::Number | TokenKind::Open));
        (!goes_on || self.peek() == "{").then(|| &self.text[lo..self.hi()])
    }

    /// `int i = 0; i < n; i++)`, what a counting loop has between its parentheses, with the one that closes.
    pub fn counting(&mut self) -> Option<Counting<'a>> {
        let before = self.at;
        let mut declares = true;
        if !matches!(self.peek(), "var" | "let") {
            self.base_type()?;
            if self.peek() == "=" {
                (self.at, declares) = (before, false);
            }
        } else {
            self.next();
        }
        let name = self.name()?;
        if !self.take("=") {
            return None;
        }
        let low = self.until_semicolon().filter(|low| !low.contains(','))?;
        if self.next() != name {
            return None;
        }
        let dots = match self.next() {
            "<" => "..",
            "!=" if low == "0" => "..",
            "<=" => "..=",
            _ => return None,
        };
        let one = |high: &&str| !["&&", "||", "?", ","].into_iter().any(|sign| high.contains(sign));
        let high = self.until_semicolon().filter(one)?;
        let step: Vec<&str> =
            std::iter::from_fn(|| Some(self.next()).filter(|token| !matches!(*token, ")" | ""))).collect();
        let by_one = [vec![name, "+", "+"], vec!["+", "+", name], vec![name, "+=", "1"]];
        by_one.contains(&step).then_some(Counting { name, declares, low, dots, high })
    }

    fn until_semicolon(&mut self) -> Option<&'a str> {
        let lo = self.lo();
        while !matches!(self.peek(), ";" | "" | "{" | "}" | "\n") {
            self.next();
        }
        let text = self.text[lo..self.lo()].trim();
        (self.take(";") && !text.is_empty()).then_some(text)
    }
}

/// `unsigned long long`
fn integer(parts: &[&str]) -> &'static str {
    let has = |word: &str| parts.contains(&word);
    match (has("unsigned"), has("char"), has("short"), has("long")) {
        (true, true, ..) => "u8",
        (false, true, ..) => {
            if has("signed") {
                "i8"
            } else {
                "char"
            }
        }
        (true, _, true, _) => "u16",
        (false, _, true, _) => "i16",
        (true, _, _, true) => "u64",
        (false, _, _, true) => "i64",
        (true, ..) => "u32",
        (false, ..) => "i32",
    }
}

/// `ctx->data`, with that name behind the arrow.
fn is_member(operand: &str, name: &str) -> bool {
    operand.strip_suffix(name).is_some_and(|before| before.ends_with("->") || before.ends_with('.'))
}

fn pointer(base: &str, stars: usize) -> String {
    let base = if base == "void" && stars > 0 { "u8" } else { base };
    "*".repeat(stars) + base
}

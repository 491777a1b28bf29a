//! Syntax errors: the place of the first text that does not parse, with the expected constructs and the text found there.

use super::builder::Builder;
use super::foreign;
use super::types::quoted;
use super::{Rule, hints, words};
use crate::diag::codes::syntax::*;
use crate::source::Span;
use crate::source::scan::{Scanner, Token, TokenKind};
use pest::error::{Error, ErrorVariant, InputLocation};

/// The position and the token where pest gave up.
pub struct Failure<'a> {
    /// The laid-out text of the declaration, and its tokens; a newline in it ends a statement.
    pub text: &'a str,
    pub tokens: &'a [Token],
    /// The token that is not allowed at its position; the number of tokens if the text ends too early.
    pub at: usize,
    /// The constructs that are allowed there.
    pub expected: Wanted,
}

/// The constructs that pest would have accepted.
#[derive(Default)]
pub struct Wanted {
    /// Signs and words, less operators and what begins an expression, a statement or a type.
    pub signs: Vec<&'static str>,
    pub declaration: bool,
    pub statement: bool,
    pub expression: bool,
    /// An operator: an expression has just ended.
    pub operator: bool,
    pub ty: bool,
    pub name: bool,
    /// The body of something.
    pub block: bool,
    /// The type after `as`.
    pub as_type: bool,
}

/// Reports why a declaration cannot be read.
pub fn explain(builder: &mut Builder<'_>, failure: &Failure<'_>) {
    if !hints::explain(builder, failure) {
        let span = failure.span(builder);
        let found = failure.found(builder);
        let expected = failure.expected.words();
        let hint =
            foreign::hint(builder, failure).or_else(|| foreign::matching::find(builder, failure, foreign::table::LAST));
        builder.hinted(span, Expected { expected, found }, hint);
    }
}

/// Pest has given up on what nests without brackets, such as a chain of `else if`: at the token that it had reached.
pub fn too_deep(builder: &mut Builder<'_>, text: &str, error: &Error<Rule>) {
    let (InputLocation::Pos(at) | InputLocation::Span((at, _))) = error.location;
    let reached = Scanner::new(text).find(|token| token.hi > at && token.kind != TokenKind::Newline);
    let (lo, hi) = reached.map_or((at, at), |token| (token.lo, token.hi));
    let span = Span::new(builder.file, builder.base + lo, builder.base + hi);
    builder
        .error(span, NestingTooDeep { limit: super::builder::MAX_DEPTH.to_string() })
        .help("give the inner part a name: a variable, or a function of its own");
}

impl<'a> Failure<'a> {
    /// `text` and `tokens` as they were before anything was taken out of them.
    pub fn new(text: &'a str, tokens: &'a [Token], error: &Error<Rule>) -> Failure<'a> {
        let (InputLocation::Pos(rule_at) | InputLocation::Span((rule_at, _))) = error.location;
        let attempts = error.parse_attempts();
        let furthest = attempts.as_ref().map_or(rule_at, |attempts| attempts.max_position);
        let mut expected = Wanted::new(error);
        // A word or a sign that is refused as a whole is read to its end first; what pest expects there does not count.
        let begun = tokens.iter().position(|t| t.lo == rule_at && t.hi >= furthest && furthest > t.lo);
        let whole = |t: Token| matches!(t.kind, TokenKind::Word | TokenKind::Punct);
        let refused = begun.filter(|&at| {
            whole(tokens[at]) && (tokens[at].hi > furthest || expected.only_letters() && !expected.as_type)
        });
        if refused.is_some() {
            expected = Wanted::instead(error);
        }
        let at = refused.unwrap_or_else(|| tokens.partition_point(|t| t.hi <= furthest));
        Failure { text, tokens, at, expected }
    }

    /// The text of the token `offset` after the one at fault; empty outside.
    pub fn token(&self, offset: isize) -> &'a str {
        let index = self.at.checked_add_signed(offset);
        index.and_then(|index| self.tokens.get(index)).map_or("", |t| &self.text[t.lo..t.hi])
    }

    /// The span of a token, counted from the one at fault. A newline is the empty span behind the token before it.
    pub fn token_span(&self, builder: &Builder<'_>, offset: isize) -> Span {
        let index = self.at.checked_add_signed(offset);
        let (lo, hi) = match index.and_then(|index| self.tokens.get(index)) {
            Some(t) if t.kind == TokenKind::Newline => {
                (self.end_before(index.unwrap_or(0)), self.end_before(index.unwrap_or(0)))
            }
            Some(t) => (t.lo, t.hi),
            None => (self.end_before(self.tokens.len()), self.end_before(self.tokens.len())),
        };
        Span::new(builder.file, builder.base + lo, builder.base + hi)
    }

    /// Where the token before the one at `index` ends.
    fn end_before(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.tokens[before].hi)
    }

    /// The span of the token at fault.
    pub fn span(&self, builder: &Builder<'_>) -> Span {
        self.token_span(builder, 0)
    }

    /// Whether the token at this distance from the one at fault is a word.
    pub fn is_word(&self, offset: isize) -> bool {
        let index = self.at.checked_add_signed(offset);
        index.and_then(|index| self.tokens.get(index)).is_some_and(|t| t.kind == TokenKind::Word)
    }

    /// The fault in words.
    pub fn found(&self, builder: &Builder<'_>) -> String {
        match self.tokens.get(self.at) {
            Some(t) if t.kind == TokenKind::Newline => "the end of the line".to_owned(),
            Some(t) if t.kind == TokenKind::Str => "a string".to_owned(),
            Some(_) => quoted(builder.text(self.span(builder))),
            None if builder.base + self.text.len() < builder.layout.text.trim_end().len() => {
                "the end of the declaration".to_owned()
            }
            None => "the end of the file".to_owned(),
        }
    }

    /// The index of the bracket that is open at the fault; none outside all.
    pub fn open_bracket(&self) -> Option<usize> {
        self.bracket_around(self.at)
    }

    /// The index of the innermost bracket that is open at a token: for one that closes, the one that it closes.
    pub fn bracket_around(&self, at: usize) -> Option<usize> {
        let mut closed = 0;
        for index in (0..at.min(self.tokens.len())).rev() {
            let kind = self.tokens[index].kind;
            if kind == TokenKind::Close {
                closed += 1;
            } else if kind == TokenKind::Open && closed == 0 {
                return Some(index);
            } else if kind == TokenKind::Open {
                closed -= 1;
            }
        }
        None
    }
}

impl<'a> Failure<'a> {
    /// Whether the innermost bracket that is open at the fault is that of an index or an array.
    pub fn in_index(&self) -> bool {
        self.open_bracket().is_some_and(|open| self.is(open, "["))
    }

    /// The text of a token by its index.
    pub fn text_at(&self, index: usize) -> &'a str {
        self.tokens.get(index).map_or("", |t| &self.text[t.lo..t.hi])
    }

    fn is(&self, index: usize, text: &str) -> bool {
        self.text_at(index) == text
    }

    /// The fault is in the braces of a statement with this keyword.
    pub fn in_braces_of(&self, keyword: &str) -> bool {
        let Some(open) = self.open_bracket().filter(|&open| self.is(open, "{")) else { return false };
        let before = self.tokens[..open].iter().rev().take(32).map(|t| &self.text[t.lo..t.hi]);
        before.into_iter().take_while(|text| !matches!(*text, "\n" | ";" | "{" | "}")).any(|text| text == keyword)
    }

    /// The type before the brace that is open at the fault.
    pub fn literal_type(&self) -> Option<&'a str> {
        let open = self.open_bracket().filter(|&open| self.is(open, "{"))?;
        let name = self.tokens.get(open.checked_sub(1)?)?;
        (name.kind == TokenKind::Word).then(|| &self.text[name.lo..name.hi])
    }

    /// The start of the place that ends before a token: `a[i].b`. The token itself if none does.
    pub fn operand_before(&self, at: isize) -> isize {
        let mut start = at;
        loop {
            let mut end = start - 1;
            while let Some(open) = self.opening(end) {
                end = open - 1;
            }
            if !self.is_word(end) || words::is_keyword(self.token(end)) {
                return end + 1;
            }
            if !matches!(self.token(end - 1), "." | "->") {
                return end;
            }
            start = end - 1;
        }
    }

    /// The bracket that closes the one at a place.
    pub fn closing(&self, open: isize) -> Option<isize> {
        let mut depth = 0;
        for at in open.. {
            match self.token(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                "" => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// The bracket that the one at a place closes.
    pub fn opening(&self, close: isize) -> Option<isize> {
        let mut depth = 0;
        for at in (-(self.at as isize)..=close).rev() {
            match self.token(at) {
                ")" | "]" => depth += 1,
                "(" | "[" => depth -= 1,
                _ if at == close => return None,
                _ => {}
            }
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }
}

/// The rules that were tried where pest gave up.
fn rules(error: &Error<Rule>) -> &[Rule] {
    match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    }
}

/// Signs that are worth naming, in the order in which a message names them.
const SIGNS: &[(&str, &str)] = &[
    (",", "`,`"),
    (":", "`:`"),
    ("=", "`=`"),
    ("in", "`in`"),
    ("from", "`from`"),
    ("->", "`->`"),
    ("(", "`(`"),
    ("..", "`..`"),
    (">", "`>`"),
    (")", "`)`"),
    ("]", "`]`"),
    ("{", "`{`"),
    ("}", "`}`"),
    ("\n", "a line end"),
    ("\"", "a string"),
    ("fn", "`fn`"),
    ("catch", "`catch`"),
    ("else", "`else`"),
];

impl Wanted {
    fn new(error: &Error<Rule>) -> Wanted {
        let Some(attempts) = error.parse_attempts() else { return Wanted::default() };
        let tokens: Vec<String> = attempts.expected_tokens().iter().map(|token| token.to_string()).collect();
        let has = |wanted: &str| tokens.iter().any(|token| token == wanted);
        let rules = rules(error);
        let stacks = attempts.call_stacks();
        let tried = |rule: Rule| rules.contains(&rule) || stacks.iter().any(|s| s.deepest.get_rule() == Some(&rule));
        let operator = has("<..>");
        let declaration = has("struct");
        let statement = has("break");
        let expression = has("~");
        let ty = !expression && !declaration && has("fn") && has("*");
        // Right after a word its letters could go on, and so could its path.
        let goes_on = has("0..9");
        let name = !expression && !ty && (rules.contains(&Rule::word_text) || !goes_on && has("_"));
        let type_end = has("<") && !operator;
        let block = tried(Rule::block) || tried(Rule::body) || !tried(Rule::struct_body) && has("{");
        let begins_something = operator || expression || ty || declaration || type_end;
        // Only those of these signs that say more than "an expression" or "an operator".
        let says_more = |sign: &str| match sign {
            "(" | "fn" => !begins_something,
            ">" | ".." | "->" => !operator,
            "{" => block && !expression,
            "\"" => !expression,
            _ => true,
        };
        let signs = SIGNS.iter().map(|(sign, _)| *sign).filter(|sign| has(sign) && says_more(sign)).collect();
        Wanted { signs, declaration, statement, expression, operator, ty, name, block, as_type: tried(Rule::as_type) }
    }

    /// The constructs that are allowed where something was refused, by the rules that were tried there.
    fn instead(error: &Error<Rule>) -> Wanted {
        let tried = |rule: Rule| rules(error).contains(&rule);
        let operator = tried(Rule::infix) || tried(Rule::dot_field) || tried(Rule::head_dot);
        let statement = tried(Rule::break_stmt) && !operator;
        if tried(Rule::type_item) || tried(Rule::item) {
            return Wanted { declaration: true, ..Wanted::default() };
        }
        Wanted { statement, expression: !operator, operator, ..Wanted::default() }
    }

    /// Nothing but letters or signs that would go on what was read.
    fn only_letters(&self) -> bool {
        self.signs.is_empty() && !self.operator && !self.ty && !self.name
    }

    /// As a list for a message.
    fn words(&self) -> String {
        let mut words: Vec<&str> = Vec::new();
        let categories = [
            (self.declaration, "a declaration"),
            (self.statement, "a statement"),
            (self.expression && !self.statement, "an expression"),
            (self.ty, "a type"),
            (self.name, "a name"),
        ];
        words.extend(categories.into_iter().filter(|(is, _)| *is).map(|(_, word)| word));
        // Behind a statement or an expression only what closes.
        let first = words.first().copied();
        for (sign, word) in SIGNS {
            let named = match first {
                Some("a declaration" | "a statement") => matches!(*sign, "}"),
                Some("an expression" | "a type") => matches!(*sign, ")" | "]" | "}") && words.len() < 2,
                _ => true,
            };
            if named && self.signs.contains(sign) {
                words.push(word);
            }
        }
        if words.len() > 1 {
            words.retain(|word| *word != "a line end");
        }
        // The colon of a named argument follows its name only.
        if ["`,`", "`)`"].iter().all(|sign| words.contains(sign)) {
            words.retain(|word| *word != "`:`");
        }
        words.truncate(4);
        match words.split_last() {
            None if self.operator => "the end of this expression".to_owned(),
            None => "the end of what is before it".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, before)) => format!("{} or {last}", before.join(", ")),
        }
    }
}

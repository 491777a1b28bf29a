//! Which parts around a mistake may be left out, the smallest first: an operand, an argument, a header, a statement, several.

use crate::source::Span;
use crate::source::scan::TokenKind;
use crate::syntax::errors::Failure;

/// The tokens `first..end` of a declaration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hole {
    pub first: usize,
    pub end: usize,
    /// Where a line ends behind it that goes on only for the mistake, in the declaration's text.
    pub line_end: Option<usize>,
}

/// The parts that hold the fault, and where it was reported and can be mended.
pub fn around<'f>(
    failure: &'f Failure<'_>,
    source: &'f str,
    base: usize,
    reported: Span,
) -> impl Iterator<Item = Hole> + 'f {
    let from = (reported.lo as usize).saturating_sub(base);
    let to = (reported.hi as usize).saturating_sub(base).min(failure.text.len());
    // From the innermost bracket outwards: a place in what it holds, and the bracket itself; none outside all.
    let outwards = |at: usize| (at, failure.bracket_around(at));
    let levels = std::iter::successors(Some(outwards(failure.at)), move |(_, open)| open.map(outwards));
    let parts = levels.flat_map(move |(at, open)| {
        let level = Level::new(failure, open, at);
        if open.is_some_and(|open| failure.text_at(open) != "{") {
            return vec![level.part(&[","]), level.all()];
        }
        level.statements(&source[base..], open.is_some())
    });
    let tokens = failure.tokens;
    parts.filter(move |hole| {
        hole.first < hole.end && tokens[hole.first].lo <= from && to <= tokens[hole.end - 1].hi.max(from)
    })
}

/// The tokens between two brackets, or outside all; what nested brackets hold is a part of the one that opens.
struct Level<'f, 'a> {
    failure: &'f Failure<'a>,
    /// The tokens, less those in nested brackets and those that close these.
    tokens: Vec<usize>,
    end: usize,
    /// Which of `tokens` holds the fault; their number if the fault is what closes.
    fault: usize,
}

impl<'f, 'a> Level<'f, 'a> {
    fn new(failure: &'f Failure<'a>, open: Option<usize>, at: usize) -> Level<'f, 'a> {
        let mut tokens = Vec::new();
        let mut depth = 0usize;
        let mut index = open.map_or(0, |open| open + 1);
        while let Some(token) = failure.tokens.get(index) {
            if token.kind == TokenKind::Close && depth == 0 {
                break;
            }
            if depth == 0 {
                tokens.push(index);
            }
            if token.kind == TokenKind::Open {
                depth += 1;
            } else if token.kind == TokenKind::Close {
                depth -= 1;
            }
            index += 1;
        }
        let fault = tokens.partition_point(|&token| token < at);
        Level { failure, tokens, end: index, fault }
    }

    fn text(&self, place: usize) -> &'a str {
        self.tokens.get(place).map_or("", |&token| self.failure.text_at(token))
    }

    /// The token behind those of a place, with what its bracket holds.
    fn token(&self, place: usize) -> usize {
        self.tokens.get(place).copied().unwrap_or(self.end)
    }

    fn hole(&self, first: usize, end: usize) -> Hole {
        Hole { first: self.token(first), end: self.token(end), line_end: None }
    }

    fn all(&self) -> Hole {
        self.hole(0, self.tokens.len())
    }

    /// Between the separators before and behind the fault, as places. A separator that is the fault ends the part.
    fn bounds(&self, separators: &[&str]) -> (usize, usize) {
        let separates = |place: &usize| separators.contains(&self.text(*place));
        let first = (0..self.fault.min(self.tokens.len())).rev().find(separates).map_or(0, |place| place + 1);
        let end = (self.fault..self.tokens.len()).find(separates).unwrap_or(self.tokens.len());
        (first, end)
    }

    fn part(&self, separators: &[&str]) -> Hole {
        let (first, end) = self.bounds(separators);
        self.hole(first, end)
    }

    /// In braces, and outside all brackets, where no part is left out as a whole.
    fn statements(&self, text: &str, in_braces: bool) -> Vec<Hole> {
        let line = self.bounds(&["\n"]);
        // Other languages have semicolons in headers.
        let is_header = matches!(self.text(line.0), "if" | "while" | "match" | "for");
        let (first, end) = if is_header { line } else { self.bounds(&["\n", ";"]) };
        let (part, part_end) = if is_header { line } else { self.bounds(&["\n", ";", ","]) };
        let operator = (part..self.fault.min(part_end)).rev().find(|&place| self.takes(place).is_some());
        let mut found: Vec<Hole> = operator.and_then(|place| self.taken(place, part_end)).into_iter().collect();
        if !in_braces {
            // The result type of a function.
            let body = (self.fault..end).find(|&place| self.text(place) == "{");
            found.extend(body.map(|body| self.hole(self.fault, body)));
            return found;
        }
        found.extend(self.one_line(text, first, end));
        found.push(self.hole(part, part_end));
        found.push(self.hole(first, end));
        // The fault begins what follows a mistake.
        let before = (0..first.saturating_sub(1)).rev().find(|&place| matches!(self.text(place), "\n" | ";"));
        found.push(self.hole(before.map_or(0, |place| place + 1), end));
        found.dedup();
        found
    }

    /// The line of the fault, if the statement continues after it only because of the mistake, as after `i++`.
    fn one_line(&self, text: &str, first: usize, end: usize) -> Option<Hole> {
        let tokens = self.failure.tokens;
        (self.fault + 1..end).find_map(|place| {
            let (before, next) = (tokens[self.token(place) - 1], tokens[self.token(place)]);
            let line_end = before.hi + text[before.hi..next.lo].find('\n')?;
            Some(Hole { line_end: Some(line_end), ..self.hole(first, place) })
        })
    }

    /// Where the operand of the keyword or sign at a place ends; none if it takes none.
    fn takes(&self, place: usize) -> Option<&'static [&'static str]> {
        match self.text(place) {
            "=" | "+=" | "-=" | "*=" | "/=" | "%=" | "&=" | "|=" | "^=" | "<<=" | ">>=" => Some(&["else"]),
            "return" | "throw" | "delete" | "defer" => Some(&[]),
            "if" | "while" | "match" | "for" | "->" => Some(&["{"]),
            ":" => Some(&["=", "{"]),
            _ => None,
        }
    }

    fn taken(&self, operator: usize, end: usize) -> Option<Hole> {
        let ends = self.takes(operator)?;
        let end = (operator + 1..end).find(|&place| ends.contains(&self.text(place))).unwrap_or(end);
        (self.fault <= end).then(|| self.hole(operator + 1, end))
    }
}

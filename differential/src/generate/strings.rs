//! Strings: literals, joining, comparing, measuring, and what is matched against them.

use super::Generator;
use super::types::{Class, Ty};

/// Bytes of the longest literal's text.
const LONGEST: usize = 7;

impl Generator {
    /// Without quotes; shorter texts come more often, and some that are the start of others.
    fn text(&mut self) -> String {
        let letters = ["a", "b", "ab", "Z", "0", " ", "\\n", "\\xff", "\\\"", "\\x01", "q"];
        let count = self.random.below(LONGEST);
        let mut text = String::new();
        for _ in 0..count {
            // Few letters: texts that are equal, and such that differ at the end.
            text.push_str(if self.random.percent(60) { "a" } else { self.random.pick(&letters) });
        }
        if self.random.percent(4) {
            text.push_str("\\0b");
        }
        text
    }

    pub fn string_literal(&mut self) -> String {
        format!("\"{}\"", self.text())
    }

    /// A string that the checker does not know.
    fn variable_string(&mut self) -> String {
        if self.random.percent(15)
            && let Some(place) = self.place(&chars(), false)
        {
            return place.text;
        }
        match self.place(&Class::Str, false) {
            Some(place) => place.text,
            None => format!("({} as bool ? \"a\" : \"b\")", self.variable_number()),
        }
    }

    /// Of any size: all of them convert into one another.
    pub fn string(&mut self, depth: u32) -> String {
        let class = Class::Str;
        match self.random.below(if depth == 0 { 10 } else { 20 }) {
            0..=3 => self.string_literal(),
            4..=9 => self.variable_string(),
            10..=12 => {
                let (mut left, right) = (self.string(depth - 1), self.variable_string());
                // One of them is of a string's type, which arrays of chars are not.
                if self.is_string_place(&left) && self.is_string_place(&right) {
                    left = format!("(\"\" + {left})");
                }
                if self.random.percent(50) { format!("({left} + {right})") } else { format!("({right} + {left})") }
            }
            13 | 14 => self.choice(&class, depth - 1),
            15 => self.match_value(&class, depth - 1),
            16 => self.block_value(&class, depth - 1),
            _ => self.call(&class, depth - 1).unwrap_or_else(|| self.variable_string()),
        }
    }

    /// A string as arms and blocks yield it: of a string's type, which an array of chars is not.
    pub fn string_branch(&mut self, depth: u32) -> String {
        match self.place(&Class::Str, false) {
            Some(place) if depth == 0 || self.random.percent(60) => place.text,
            Some(_) | None => self.string_literal(),
        }
    }

    /// A number that a string has in it: its length, or a character.
    pub fn string_number(&mut self) -> String {
        let text = self.variable_string();
        if self.random.percent(50) || !self.is_string_place(&text) {
            return format!("len({text})");
        }
        format!("{text}[{}]", self.variable_number())
    }

    /// A variable, a part of one, or what a pointer points to: it may be an array of chars.
    fn is_string_place(&self, text: &str) -> bool {
        text.starts_with("(*") || text.starts_with(|first: char| first.is_ascii_alphabetic())
    }

    pub fn string_test(&mut self, depth: u32) -> String {
        let left = self.variable_string();
        let right = self.string(depth);
        match self.random.below(6) {
            0 => format!("starts_with({left}, {right})"),
            1 => format!("starts_with({right}, {left})"),
            2 => format!("({right} == {left})"),
            3 => format!("({left} != {right})"),
            _ => format!("({left} == {right})"),
        }
    }

    /// What is matched, and patterns.
    pub fn string_subject(&mut self) -> (String, Vec<String>, bool) {
        let subject = self.variable_string();
        let mut patterns: Vec<String> = Vec::new();
        for _ in 0..1 + self.random.below(4) {
            let literal = self.string_literal();
            match patterns.last_mut() {
                Some(last) if self.random.percent(30) => *last = format!("{last} | {literal}"),
                Some(_) | None => patterns.push(literal),
            }
        }
        (subject, patterns, false)
    }

    pub fn string_type(&mut self) -> Ty {
        Ty::Str(self.random.pick(&[1, 2, 4, 4, 5, 7, 8, 8, 9, 12]))
    }
}

/// The arrays that convert to strings.
fn chars() -> Class {
    Class::Array(Box::new(Ty::Char), 4)
}

//! Prints the tree as source, in the canonical style: four blanks of indentation, one statement a line, headers in parentheses. Parentheses
//! of the tree are kept and none are added to expressions: reading the text gives the same tree.
//!
//! With the text that the tree was read from, the printer is the formatter: `trivia` finds the comments and the constructs that the user
//! wrote on one line, `width` breaks lines that are too long.

mod exprs;
mod items;
mod stmts;
mod trivia;
mod types;
mod width;

use super::{Expr, File};
use crate::source::layout::Layout;
use trivia::Trivia;

/// A whole file, from its tree alone.
pub fn file(file: &File) -> String {
    let mut printer = Printer::default();
    let mut before_is_long = None;
    for item in &file.items {
        let mut one = Printer::default();
        one.item(item);
        one.out.push('\n');
        let long = one.out.trim_end().contains('\n');
        if before_is_long.is_some_and(|before| before || long) {
            printer.out.push('\n');
        }
        before_is_long = Some(long);
        printer.out += &one.out;
    }
    printer.out
}

/// A whole file with all its comments, formatted. `text` and `layout` are what the tree was read from, without errors.
pub fn formatted(file: &File, text: &str, layout: &Layout) -> String {
    let mut printer = Printer { source: Some(Trivia::new(text, layout)), ..Printer::default() };
    printer.vertical(&file.items, |item| item.span, text.len() as u32, |_| "", Printer::item);
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

/// One expression.
pub fn expr(expr: &Expr) -> String {
    let mut printer = Printer::default();
    printer.expr(expr);
    printer.out
}

/// One type.
pub fn ty(ty: &super::Type) -> String {
    let mut printer = Printer::default();
    printer.ty(ty);
    printer.out
}

#[derive(Default)]
struct Printer<'a> {
    out: String,
    indent: usize,
    /// None if the tree is all there is.
    source: Option<Trivia<'a>>,
    /// The output must stay on the line: `width::attempt`.
    flat: bool,
    /// It did not; what follows is not printed at all.
    overflow: bool,
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        if self.overflow {
            return;
        }
        self.out.push_str(text);
        self.check_width();
    }

    /// Begins a line.
    fn line(&mut self) {
        self.overflow |= self.flat;
        if self.overflow {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
    }

    fn list<T>(&mut self, elements: &[T], mut print: impl FnMut(&mut Self, &T)) {
        for (number, element) in elements.iter().enumerate() {
            if self.overflow {
                return;
            }
            if number > 0 {
                self.push(", ");
            }
            print(self, element);
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        let mut text = String::from("\"");
        for chunk in bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '"' => text.push_str("\\\""),
                    _ if char.is_ascii() => text += &escaped(char as u8),
                    _ => text.push(char),
                }
            }
            for byte in chunk.invalid() {
                text += &hex(*byte);
            }
        }
        text.push('"');
        self.push(&text);
    }
}

/// An ASCII character inside quotes.
fn escaped(byte: u8) -> String {
    match byte {
        b'\n' => "\\n".into(),
        b'\t' => "\\t".into(),
        b'\r' => "\\r".into(),
        b'\\' => "\\\\".into(),
        0 => "\\0".into(),
        b' '..=b'~' => char::from(byte).into(),
        _ => hex(byte),
    }
}

fn hex(byte: u8) -> String {
    format!("\\x{byte:02x}")
}

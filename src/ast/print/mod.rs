//! Prints the tree as source, in the canonical style: four blanks of indentation, one statement a line, headers in
//! parentheses. Parentheses of the tree are kept and none are added to expressions: reading the text gives the same tree.

mod exprs;
mod items;
mod stmts;
mod types;

use super::{Expr, File};

/// A whole file.
pub fn file(file: &File) -> String {
    let mut printer = Printer::default();
    let mut before_is_long = None;
    for item in &file.items {
        let mut one = Printer::default();
        one.item(item);
        let long = one.out.trim_end().contains('\n');
        if before_is_long.is_some_and(|before| before || long) {
            printer.out.push('\n');
        }
        before_is_long = Some(long);
        printer.out += &one.out;
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
struct Printer {
    out: String,
    indent: usize,
}

impl Printer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Begins a line.
    fn line(&mut self) {
        self.out.push('\n');
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
    }

    /// `{`, each element on a line of its own, `}`.
    fn braced<T>(&mut self, elements: &[T], mut print: impl FnMut(&mut Self, &T)) {
        if elements.is_empty() {
            self.push("{}");
            return;
        }
        self.push("{");
        self.indent += 1;
        for element in elements {
            self.line();
            print(self, element);
        }
        self.indent -= 1;
        self.line();
        self.push("}");
    }

    fn list<T>(&mut self, elements: &[T], mut print: impl FnMut(&mut Self, &T)) {
        for (number, element) in elements.iter().enumerate() {
            if number > 0 {
                self.push(", ");
            }
            print(self, element);
        }
    }

    fn quoted(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for chunk in bytes.utf8_chunks() {
            for char in chunk.valid().chars() {
                match char {
                    '"' => self.push("\\\""),
                    _ if char.is_ascii() => self.byte(char as u8),
                    _ => self.out.push(char),
                }
            }
            for byte in chunk.invalid() {
                self.hex(*byte);
            }
        }
        self.out.push('"');
    }

    /// An ASCII character inside quotes.
    fn byte(&mut self, byte: u8) {
        match byte {
            b'\n' => self.push("\\n"),
            b'\t' => self.push("\\t"),
            b'\r' => self.push("\\r"),
            b'\\' => self.push("\\\\"),
            0 => self.push("\\0"),
            b' '..=b'~' => self.out.push(byte as char),
            _ => self.hex(byte),
        }
    }

    fn hex(&mut self, byte: u8) {
        self.push(&format!("\\x{byte:02x}"));
    }
}

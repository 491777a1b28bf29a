//! Which lists and blocks stay on a line and which are broken over several.
//!
//! Only the formatter breaks lines by their width; a tree that is printed alone has each list on one line and each
//! block on several.

use super::Printer;
use crate::source::Span;

/// Columns of a line.
const WIDTH: usize = 100;

impl Printer<'_> {
    fn column(&self) -> usize {
        let start = self.out.rfind('\n').map_or(0, |at| at + 1);
        self.out[start..].chars().count()
    }

    /// Notes an overflow if a list that is tried on one line goes beyond the width; the attempt is then undone.
    pub fn check_width(&mut self) {
        if self.flat && self.column() > WIDTH {
            self.overflow = true;
        }
    }

    /// Prints on the line. If that is not possible with `after` more columns for what follows, nothing is printed, and
    /// the answer is no. An attempt inside an attempt is a part of it, so that the cost is bounded by the width.
    pub fn attempt(&mut self, after: usize, print: impl FnOnce(&mut Self)) -> bool {
        if self.source.is_none() || self.flat {
            print(self);
            return true;
        }
        let (length, source) = (self.out.len(), self.source);
        self.flat = true;
        print(self);
        self.flat = false;
        let fits = !self.overflow && self.column() + after <= WIDTH;
        self.overflow = false;
        if !fits {
            self.out.truncate(length);
            self.source = source;
        }
        fits
    }

    /// A list in brackets, on the line or else one element a line. `ends` are the positions of its brackets.
    pub fn bracketed<T>(
        &mut self,
        brackets: [&str; 2],
        ends: [u32; 2],
        elements: &[T],
        span: impl Fn(&T) -> Span,
        print: impl FnMut(&mut Self, &T),
    ) {
        self.separated(brackets, ends, elements, span, |_| ",", print);
    }

    /// Like `bracketed`, with a text behind each element that has a line of its own.
    pub fn separated<T>(
        &mut self,
        brackets: [&str; 2],
        ends: [u32; 2],
        elements: &[T],
        span: impl Fn(&T) -> Span,
        separator: impl Fn(&T) -> &'static str,
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let [open, close] = brackets;
        let opened = open.ends_with(' ') && elements.first().is_some_and(|first| self.opened(ends[0], span(first).lo));
        self.overflow |= opened && self.flat;
        let flat = !opened
            && self.attempt(1, |this| {
                this.push(open);
                this.list(elements, |this, element| {
                    this.inline(span(element).lo);
                    print(this, element);
                    this.before_separator(span(element).hi);
                });
                this.closing(ends[1]);
                this.push(close);
            });
        if flat {
            return;
        }
        self.push(open.trim_end());
        self.opening(ends[0]);
        self.indent += 1;
        self.vertical(elements, span, ends[1], separator, print);
        self.indent -= 1;
        self.line();
        self.push(close.trim_start());
    }

    /// `{ … }`: one element a line, or on the line if the user wrote it so and it fits. `ends` are the positions of the
    /// braces.
    pub fn braced<T>(
        &mut self,
        ends: [u32; 2],
        elements: &[T],
        span: impl Fn(&T) -> Span,
        separator: impl Fn(&T) -> &'static str,
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let [open, close] = ends;
        if elements.is_empty() && !self.has_comments(close) {
            return self.push("{}");
        }
        let one_line = !elements.is_empty() && self.on_one_line(open, close);
        self.overflow |= self.flat && !one_line;
        if one_line && self.attempt(1, |this| this.braced_flat(close, elements, &span, &separator, &mut print)) {
            return;
        }
        self.on_lines(ends, elements, span, separator, print);
    }

    /// `{`, each element on a line of its own, `}`.
    pub fn on_lines<T>(
        &mut self,
        ends: [u32; 2],
        elements: &[T],
        span: impl Fn(&T) -> Span,
        separator: impl Fn(&T) -> &'static str,
        print: impl FnMut(&mut Self, &T),
    ) {
        let [open, close] = ends;
        self.push("{");
        self.opening(open);
        self.indent += 1;
        self.vertical(elements, span, close, separator, print);
        self.indent -= 1;
        self.line();
        self.push("}");
    }

    fn braced_flat<T>(
        &mut self,
        close: u32,
        elements: &[T],
        span: &impl Fn(&T) -> Span,
        separator: &impl Fn(&T) -> &'static str,
        print: &mut impl FnMut(&mut Self, &T),
    ) {
        self.push("{ ");
        for (number, element) in elements.iter().enumerate() {
            if self.overflow {
                return;
            }
            self.inline(span(element).lo);
            print(self, element);
            self.before_separator(span(element).hi);
            if number + 1 < elements.len() {
                self.push(if separator(element) == "," { ", " } else { "; " });
            }
        }
        self.closing(close);
        self.push(" }");
    }

    /// One element a line, each with its comments; up to the bracket, or the end of the file, at `close`.
    pub fn vertical<T>(
        &mut self,
        elements: &[T],
        span: impl Fn(&T) -> Span,
        close: u32,
        separator: impl Fn(&T) -> &'static str,
        mut print: impl FnMut(&mut Self, &T),
    ) {
        let mut first = true;
        for element in elements {
            if self.overflow {
                return;
            }
            self.begin_element(span(element).lo, first);
            print(self, element);
            self.before_separator(span(element).hi);
            self.push(separator(element));
            self.trailing(span(element).hi);
            first = false;
        }
        self.leading(close, first);
    }

    /// The parenthesis after `if`, `while` and the like; what is in it, which ends at `hi`, has lines of its own if it
    /// does not fit.
    pub fn head(&mut self, hi: u32, print: impl Fn(&mut Self)) {
        let close = self.paren_after(hi);
        let flat = self.attempt(2, |this| {
            this.push("(");
            print(this);
            this.closing(close);
            this.push(")");
        });
        if flat {
            return;
        }
        self.push("(");
        self.indent += 1;
        self.line();
        print(self);
        self.trailing(hi);
        self.leading(close, true);
        self.indent -= 1;
        self.line();
        self.push(")");
    }
}

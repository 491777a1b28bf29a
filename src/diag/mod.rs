//! Diagnostics: the compiler's messages to its users.
//!
//! A code is declared once, in `codes/<area>.rs`, with its message and the text that `ksc explain` prints. A stage
//! reports with `cx.error(span, UnknownName { name })` and adds labels, notes, helps and a fix to what that returns.

mod analyses;
pub mod codes;
pub mod escape;
pub mod examples;
mod explain;
pub mod foreign;
pub mod json;
mod levels;
pub mod lowered;
pub mod output_limits;
pub mod render;
mod shown_lines;
pub mod similar;
pub mod verify;

pub use analyses::{ANALYSES, Analysis};
pub use explain::{explain, list};
pub use levels::{ALL_WARNINGS, Level, Levels};

use crate::source::Span;
use std::cell::Cell;

/// How bad a diagnostic is; only errors fail the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    Error,
    Warning,
    /// Nothing is wrong; what was decided, and why.
    Note,
}

/// Facts about a code that do not depend on its use.
pub struct CodeInfo {
    pub code: &'static str,
    pub name: &'static str,
    /// The text of `ksc explain CODE`.
    pub doc: &'static str,
    /// The message, with the names of its parts in braces.
    pub message: &'static str,
}

/// Implemented by every struct that `codes!` declares.
pub trait Code {
    const INFO: CodeInfo;
    fn message(&self) -> String;
}

/// A second place in the source that belongs to the message.
#[derive(Clone, Debug)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// Whether an edit is what the writer meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Certainty {
    /// It follows from what is written: `ksc fix` applies it.
    Certain,
    /// The nearest name, say. It is shown, and applied by no tool without asking.
    Guess,
}

/// An edit: replace the text of `span`.
#[derive(Clone, Debug)]
pub struct Fix {
    pub span: Span,
    pub replacement: String,
    pub certainty: Certainty,
}

impl Fix {
    /// An edit that `ksc fix` applies.
    pub fn certain(span: Span, replacement: impl Into<String>) -> Fix {
        Fix { span, replacement: replacement.into(), certainty: Certainty::Certain }
    }

    /// An edit that is only shown, since it may not be what the user wants.
    pub fn guess(span: Span, replacement: impl Into<String>) -> Fix {
        Fix { span, replacement: replacement.into(), certainty: Certainty::Guess }
    }
}

/// A message to the user, with everything that its renderers print.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: &'static str,
    pub message: String,
    /// None for what has no place in a source file (environment errors).
    pub span: Option<Span>,
    /// The text under the marked source, if it can say more than the message.
    pub label: Option<String>,
    pub labels: Vec<Label>,
    pub notes: Vec<String>,
    pub helps: Vec<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A diagnostic with the code's message and nothing else yet. A very long message is clipped.
    pub fn new<C: Code>(severity: Severity, span: Option<Span>, code: &C) -> Diagnostic {
        Diagnostic {
            severity,
            code: C::INFO.code,
            message: output_limits::clipped(code.message()),
            span,
            label: None,
            labels: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            fix: None,
        }
    }

    /// The words under the primary span.
    pub fn label(&mut self, text: impl Into<String>) -> &mut Self {
        self.label = Some(output_limits::clipped(text.into()));
        self
    }

    /// Adds a second place, with its label.
    pub fn note(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        push(&mut self.labels, Label { span, text: output_limits::clipped(text.into()) });
        self
    }

    /// A fact that has no place in the source.
    pub fn remark(&mut self, text: impl Into<String>) -> &mut Self {
        push(&mut self.notes, output_limits::clipped(text.into()));
        self
    }

    /// What to write instead.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        push(&mut self.helps, output_limits::clipped(text.into()));
        self
    }

    /// With a help, as a value.
    pub fn helped(mut self, text: impl Into<String>) -> Diagnostic {
        self.help(text);
        self
    }

    /// Sets the edit that mends it, which `ksc fix` applies. The last one counts.
    pub fn fix(&mut self, span: Span, replacement: impl Into<String>) -> &mut Self {
        self.fix = Some(Fix::certain(span, replacement));
        self
    }

    /// Sets an edit that is a guess, which is shown and not applied. The last one counts.
    pub fn guess(&mut self, span: Span, replacement: impl Into<String>) -> &mut Self {
        self.fix = Some(Fix::guess(span, replacement));
        self
    }

    /// Adds a guess of what the text of `span` means.
    pub fn near(&mut self, span: Span, near: impl Into<String>) -> &mut Self {
        let near = near.into();
        self.help(format!("did you mean `{near}`?")).guess(span, near)
    }
}

/// Drops what is over the limit: the first ones say enough.
fn push<T>(list: &mut Vec<T>, part: T) {
    if list.len() < output_limits::MAX_PARTS {
        list.push(part);
    }
}

/// Everything that was reported, in order.
#[derive(Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// All errors, and all warnings and notes, also those that are not in the list.
    errors: usize,
    others: usize,
    levels: Levels,
    /// The last one that is not kept: one that is allowed, or that found the list full. `push` yields it.
    unkept: Option<Diagnostic>,
    /// The diagnostic at the end of a run without errors.
    conclusion: Option<Diagnostic>,
    searches: Cell<usize>,
}

impl Diagnostics {
    /// No diagnostics yet; `levels` decide about those to come.
    pub fn new(levels: Levels) -> Diagnostics {
        Diagnostics { levels, ..Diagnostics::default() }
    }

    /// Adds a diagnostic and returns it for labels and helps. One that its level or the limit of the list drops is returned too, and not
    /// kept.
    pub fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        if self.is(&diagnostic, Level::Allow) {
            return self.unkept.insert(diagnostic);
        }
        let count = if diagnostic.severity == Severity::Error { &mut self.errors } else { &mut self.others };
        *count += 1;
        // The first error is kept always: that there is one decides how the run ends.
        if self.list.len() >= output_limits::MAX_KEPT && !(diagnostic.severity == Severity::Error && self.errors == 1) {
            return self.unkept.insert(diagnostic);
        }
        self.list.push(diagnostic);
        let last = self.list.len() - 1;
        &mut self.list[last]
    }

    /// The candidate that the writer of `name` most likely meant. After many searches there is none: each looks at all names
    /// of the program.
    pub fn near<S: AsRef<str>, I: IntoIterator<Item = S>>(
        &self,
        name: &str,
        candidates: impl FnOnce() -> I,
    ) -> Option<String> {
        self.searches.set(self.searches.get() + 1);
        if self.searches.get() > output_limits::MAX_SEARCHES { None } else { similar::best(name, candidates()) }
    }

    fn is(&self, diagnostic: &Diagnostic, level: Level) -> bool {
        let own = match diagnostic.severity {
            Severity::Error => self.levels.of_error(diagnostic.code),
            Severity::Warning => self.levels.of(diagnostic.code),
            Severity::Note => Level::Report,
        };
        own == level
    }

    /// Whether an error was reported, kept or not.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether a warning was reported that is an error in the end. It does not keep stages from going on: what they report
    /// does not depend on levels.
    pub fn has_denied(&self) -> bool {
        self.list.iter().any(|diagnostic| self.is(diagnostic, Level::Deny))
    }

    /// How many errors were reported, those beyond the limit of the list included.
    pub fn error_count(&self) -> usize {
        self.errors
    }

    /// The number of warnings and notes.
    pub fn other_count(&self) -> usize {
        self.others
    }

    /// The diagnostics that are kept, in the order of their reports.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// How many there are, for [`Diagnostics::take_since`].
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Takes back what was reported after the first `count`.
    pub fn take_since(&mut self, count: usize) -> Vec<Diagnostic> {
        let taken = self.list.split_off(count);
        let errors = taken.iter().filter(|diag| diag.severity == Severity::Error).count();
        (self.errors, self.others) = (self.errors - errors, self.others - (taken.len() - errors));
        taken
    }

    /// All of them, with errors for warnings that are denied.
    pub fn take(&mut self) -> Vec<Diagnostic> {
        self.deny();
        (self.errors, self.others) = (0, 0);
        std::mem::take(&mut self.list)
    }

    /// Has this note at the end of the run, in the place of an earlier one, if there is no error.
    pub fn conclude_with(&mut self, note: Diagnostic) {
        self.conclusion = Some(note);
    }

    /// Ends the run: makes errors of the warnings that are denied.
    pub fn deny(&mut self) {
        if let Some(note) = self.conclusion.take().filter(|_| self.errors == 0) {
            self.push(note);
        }
        let mut list = std::mem::take(&mut self.list);
        for diagnostic in &mut list {
            if self.is(diagnostic, Level::Deny) {
                diagnostic.severity = Severity::Error;
                diagnostic.remark("a warning, which `-D` makes an error");
                (self.errors, self.others) = (self.errors + 1, self.others - 1);
            }
        }
        self.list = list;
    }
}

/// A fault of the compiler, never of its user.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)*) => {
        panic!("internal compiler error: {}\nThis is a fault of ksc, not of your program; please report it with the source.", format_args!($($arg)*))
    };
}

//! A program of bpftrace where a declaration is expected: the same program in this language, as far as it has a counterpart.

mod actions;
mod clauses;
mod probes;
mod program;

use super::Hint;
use crate::btf::KernelTypes;
use crate::diag::codes::syntax::NotADeclaration;
use crate::diag::{Diagnostic, Severity};
use crate::source::{FileId, Span};
use crate::{records, tracefs};
use clauses::Clause;
use program::Program;

/// What the names of records begin with.
const RECORD: &str = "trace_event_raw_";

/// The error about a file that is a program of bpftrace as a whole.
pub fn file(source: &str, file: FileId, kernel_types: &mut KernelTypes) -> Option<Diagnostic> {
    let begin = clauses::begin(source);
    let hint = translated(&clauses::all(&source[begin..])?, &mut |category, event| {
        let shown = tracefs::fields(category, event)?;
        records::class(kernel_types, RECORD, event, &shown, None)
    })?;
    let found = source[begin..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let span = Span::new(file, begin, begin + found.len());
    let error = Diagnostic::new(Severity::Error, Some(span), &NotADeclaration { found: format!("`{found}`") });
    Some(error.helped(hint.help))
}

/// A hint for a clause at a place among declarations of this language.
pub fn hint(source: &str, at: Span) -> Option<Hint> {
    translated(&[clauses::first(&source[at.lo as usize..])?.0], &mut |_, _| None)
}

/// `class` yields the class of the record of an event, by its category and name, where that is known.
fn translated(clauses: &[Clause<'_>], class: &mut dyn FnMut(&str, &str) -> Option<String>) -> Option<Hint> {
    let mut program = Program::default();
    // What a variable is may only be said behind a use of it: the second time all are known.
    for _ in 0..2 {
        program = Program::knowing(program);
        for clause in clauses {
            program.add(clause, class)?;
        }
    }
    Some(Hint::text(program.text()))
}

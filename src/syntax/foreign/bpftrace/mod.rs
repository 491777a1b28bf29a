//! A program of bpftrace where a declaration is expected: the same program in this language, as far as it has a counterpart.

mod actions;
mod clauses;
mod probes;
mod program;

use super::Hint;
use crate::diag::codes::syntax::NotADeclaration;
use crate::diag::{Diagnostic, Severity};
use crate::source::{FileId, Span};
use clauses::Clause;
use program::Program;

/// The error about a file that is a program of bpftrace as a whole.
pub fn file(source: &str, file: FileId) -> Option<Diagnostic> {
    let begin = clauses::begin(source);
    let hint = translated(&clauses::all(&source[begin..])?)?;
    let found = source[begin..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let span = Span::new(file, begin, begin + found.len());
    let error = Diagnostic::new(Severity::Error, Some(span), &NotADeclaration { found: format!("`{found}`") });
    Some(error.helped(hint.help))
}

/// A hint for a clause at a place among declarations of this language.
pub fn hint(source: &str, at: Span) -> Option<Hint> {
    translated(&[clauses::first(&source[at.lo as usize..])?.0])
}

fn translated(clauses: &[Clause<'_>]) -> Option<Hint> {
    let mut program = Program::default();
    for clause in clauses {
        program.add(clause)?;
    }
    Some(Hint::text(program.text()))
}

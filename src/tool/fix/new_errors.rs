//! Which errors a fix has caused.

use super::edits::Touched;
use crate::diag::codes::{modules, syntax};
use crate::diag::{Certainty, Diagnostic, Severity};
use crate::session::Session;
use crate::source::{SourceMap, Span};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How far a check went. Text that cannot be read is left out; names and types are checked for the rest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stage {
    /// Some file is missing or cannot be parsed. One such error is found at a time in a statement.
    Read,
    Checked,
    Lowered,
}

impl Stage {
    /// The state of a check that did not go beyond names and types.
    pub fn of_errors(cx: &Session) -> Stage {
        let mut errors = cx.diags.iter().filter(|diag| is_error(diag));
        if errors.any(|diag| is_of_reading(diag.code)) { Stage::Read } else { Stage::Checked }
    }
}

/// Whether the code is one of reading: the checked tree lacks the text that it reports.
fn is_of_reading(code: &str) -> bool {
    syntax::CODES.iter().chain(modules::CODES).any(|info| info.code == code)
}

fn is_error(diag: &Diagnostic) -> bool {
    diag.severity == Severity::Error
}

/// The identity of an error, which stays when its place moves: its file, code and message.
pub type Key = (Option<PathBuf>, &'static str, String);

/// An error that a fix has caused.
pub struct Made {
    pub key: Key,
    /// The next round may remove it.
    pub has_fix: bool,
}

struct Fault {
    span: Option<Span>,
    has_fix: bool,
}

/// The errors of a check.
pub struct Faults {
    stage: Stage,
    errors: BTreeMap<Key, Vec<Fault>>,
}

impl Faults {
    /// The errors of a run that ended at this stage.
    pub fn new(cx: &Session, stage: Stage) -> Faults {
        let mut errors: BTreeMap<Key, Vec<Fault>> = BTreeMap::new();
        for diag in cx.diags.iter().filter(|diag| is_error(diag)) {
            let file = diag.span.map(|span| cx.sources.file(span.file).path.clone());
            let has_fix = diag.fix.as_ref().is_some_and(|fix| fix.certainty == Certainty::Certain);
            errors.entry((file, diag.code, diag.message.clone())).or_default().push(Fault { span: diag.span, has_fix });
        }
        Faults { stage, errors }
    }

    /// Whether there is an error of this kind.
    pub fn has(&self, key: &Key) -> bool {
        self.errors.contains_key(key)
    }

    /// How much was not read.
    fn unread(&self) -> usize {
        self.errors.iter().filter(|((_, code, _), _)| is_of_reading(code)).map(|(_, faults)| faults.len()).sum()
    }

    /// The errors of the check after some fixes that these fixes made, and did not merely uncover.
    ///
    /// If the check goes further than before, or reads more, it finds errors that the source had before. An error in the
    /// text of a fix is still that fix's.
    pub fn made(&self, after: &Faults, sources: &SourceMap, touched: &[Touched]) -> Vec<Made> {
        let uncovers = after.stage > self.stage || after.unread() < self.unread();
        let mut made = Vec::new();
        for (key, faults) in &after.errors {
            let known = self.errors.get(key).map_or(0, Vec::len);
            if faults.len() <= known {
                continue;
            }
            let at_fix =
                |fault: &&Fault| fault.span.is_none_or(|span| touched.iter().any(|touched| touched.has(sources, span)));
            let own = faults.iter().filter(|fault| !uncovers || at_fix(fault));
            made.extend(own.map(|fault| Made { key: key.clone(), has_fix: fault.has_fix }));
        }
        made
    }
}

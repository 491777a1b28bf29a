//! One report for a refused program: where, what of the source, what the verifier knew, why, and what to change.

mod names;
mod path;
mod subject;
mod words;

pub use path::Turn;

use crate::log::{Kind, Location, Log, Structured, Text};
use crate::object::{Place, Program};
use crate::refusals::{self, Category, Parts, Refusal, Second};
use crate::states::{Made, Origin, Path};
use subject::Subject;

/// A second place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    pub place: Place,
    pub text: String,
}

/// What is to be said of one refusal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub code: &'static str,
    pub category: Category,
    /// One sentence, without a full stop.
    pub message: String,
    /// The place in the source; none if the object has no debug information and the log no lines.
    pub place: Option<Place>,
    pub label: Option<String>,
    pub second: Option<Related>,
    /// What the verifier knew of the value.
    pub knows: Option<String>,
    /// The branches that lead to the place, in order.
    pub path: Vec<Turn>,
    pub help: Option<String>,
    /// The kernel's own words, one line or more.
    pub kernel: Vec<String>,
    /// The number of the refused instruction, if one is.
    pub insn: Option<u32>,
    /// The kernel lacks something; the program need not be wrong.
    pub cannot: bool,
}

/// The report of a log that ends in a refusal. `program` is the object's program of which the log is, if it is at hand.
/// None if the log has no refusal.
pub fn report<T: Text>(log: &Log<T>, program: Option<&Program<'_>>) -> Option<Report> {
    if log.messages.is_empty() && !log.cut {
        return None;
    }
    let path = Path::new(log);
    let sight = Sight { log, path: &path, program };
    let found = sight.refusal();
    Some(sight.report(found))
}

/// The report of a refusal that is foreseen without a kernel: the row of a code, at an instruction, with parts of the message.
/// None if the table has no such row.
pub fn foreseen(code: &str, program: &Program<'_>, insn: u32, parts: &[(&str, &str)]) -> Option<Report> {
    let refusal = refusals::of(code)?;
    let words = words::Words::of_parts(parts);
    Some(Report {
        code: refusal.code,
        category: refusal.category,
        message: words.fill(refusal.sentence),
        place: program.place(insn),
        label: Some(words.fill(refusal.label)).filter(|label| !label.is_empty()),
        second: None,
        knows: None,
        path: Vec::new(),
        help: Some(words.fill(refusal.help)),
        kernel: Vec::new(),
        insn: Some(insn),
        cannot: refusal.cannot,
    })
}

/// All that a report is made from.
struct Sight<'a, T> {
    log: &'a Log<T>,
    path: &'a Path<'a, T>,
    program: Option<&'a Program<'a>>,
}

impl<T: Text> Sight<'_, T> {
    /// The row of the table that fits, the parts of all lines of the message, and what it is about.
    fn refusal(&self) -> Option<(&'static Refusal, Parts<'_>, Subject)> {
        for refusal in refusals::all() {
            let fitting: Vec<Parts<'_>> = self.log.messages.iter().filter_map(|line| refusal.fits(line)).collect();
            let Some(first) = fitting.first() else { continue };
            if !refusal.calls.is_empty() && !self.path.last().is_some_and(|last| self.path.calls(last, refusal.calls)) {
                continue;
            }
            let mut parts = first.clone();
            fitting[1..].iter().for_each(|more| parts.join(more));
            let subject = Subject::find(self.path, &parts, refusal.about);
            if refusal.held.is_empty() || subject.held(refusal.held) {
                return Some((refusal, parts, subject));
            }
        }
        None
    }

    fn report(&self, found: Option<(&'static Refusal, Parts<'_>, Subject)>) -> Report {
        let mut kernel = self.log.messages.clone();
        let structured = self.log.structured.as_ref();
        kernel.extend(structured.map(|report| report.reason.clone()).filter(|reason| !reason.is_empty()));
        let insn = self.insn(found.as_ref().map(|(_, parts, _)| parts));
        // What is refused of all of the program is refused at its start.
        let place = self.place(insn.unwrap_or(0));
        let turns = self.path.last().map(|last| path::turns(self, last)).unwrap_or_default();
        let Some((refusal, parts, subject)) = found else {
            let message = match kernel.first() {
                Some(line) => format!("the verifier says: {line}"),
                None => "the log ends before the verifier says why".to_owned(),
            };
            let said = |part: fn(&Structured) -> &String| structured.map(part).filter(|text| !text.is_empty()).cloned();
            return Report {
                code: refusals::UNKNOWN,
                category: Category::Other,
                message,
                place,
                label: said(|report| &report.reason),
                second: None,
                knows: None,
                path: turns,
                help: said(|report| &report.suggestion),
                kernel,
                insn,
                cannot: false,
            };
        };
        let origin = subject.origin(self.path);
        let words = words::Words::of(self, &subject, origin.as_ref(), &parts);
        let second = self.second(refusal, &parts, &subject, origin.as_ref(), &words);
        // A line that is already marked needs no second mark because the path comes by often.
        let line = |place: &Place| (place.file.clone(), place.line);
        let second = second.filter(|second| match refusal.second {
            Second::Hot => Some(line(&second.place)) != place.as_ref().map(line),
            Second::None | Second::Insn | Second::Call | Second::Lost | Second::Made => {
                Some(&second.place) != place.as_ref()
            }
        });
        Report {
            code: refusal.code,
            category: refusal.category,
            message: words.fill(refusal.sentence),
            place,
            label: Some(words.fill(refusal.label)).filter(|label| !label.is_empty()),
            second,
            knows: words.knows(),
            path: turns,
            help: Some(words.fill(refusal.help)),
            kernel,
            insn,
            cannot: refusal.cannot,
        }
    }

    /// The instruction that is refused: the last one of the path. A refusal of what the program looks like names one itself.
    fn insn(&self, parts: Option<&Parts<'_>>) -> Option<u32> {
        let last = self.path.last().map(|last| self.path.steps()[last].insn);
        let last = last.or_else(|| self.log.structured.as_ref()?.insn);
        last.or_else(|| parts?.number("insn")).or_else(|| {
            let code = u8::from_str_radix(parts?.get("code")?, 16).ok()?;
            let program = self.program?;
            (0..u32::MAX).take(program.instructions()).find(|&insn| program.opcode(insn) == Some(code))
        })
    }

    /// The place of an instruction, by the object or, without it, by the log's own lines.
    fn place(&self, insn: u32) -> Option<Place> {
        if let Some(program) = self.program {
            return program.place(insn);
        }
        let step = self.path.steps().iter().rev().find(|step| step.insn == insn && step.kind == Kind::Insn)?;
        let (_, place) = self.log.comment(step)?;
        place.map(|(file, line)| Place { file, line, column: 0 })
    }

    /// The place of a step.
    fn place_of_step(&self, step: usize) -> Option<Place> {
        let step = self.path.steps().get(step)?;
        if let Some(program) = self.program {
            return program.place(step.insn);
        }
        let (_, place) = self.log.comment(step)?;
        place.map(|(file, line)| Place { file, line, column: 0 })
    }

    fn second(
        &self,
        refusal: &Refusal,
        parts: &Parts<'_>,
        subject: &Subject,
        origin: Option<&Origin>,
        words: &words::Words,
    ) -> Option<Related> {
        let step = match refusal.second {
            Second::None => return None,
            Second::Insn => {
                let place = self.place(parts.number("insn")?)?;
                return Some(Related { place, text: words.fill(refusal.second_label) });
            }
            Second::Hot => path::hottest(self)?,
            Second::Call => self.path.call_before(self.path.last()?, refusal.second_calls)?,
            Second::Lost => subject.lost(self.path)?,
            // Of a slot of the stack what was stored there last says nothing.
            Second::Made if matches!(subject.location, Some(Location::Slot(_))) => return None,
            Second::Made => made(origin?)?,
        };
        let place = self.place_of_step(step)?;
        Some(Related { place, text: words.fill(refusal.second_label) })
    }
}

/// The step that made a value; none if no instruction did.
fn made(origin: &Origin) -> Option<usize> {
    match origin.made {
        Made::Here | Made::Clobbered => Some(origin.step),
        Made::Argument | Made::Never => None,
    }
}

//! The verifier's log as free text, from Linux 5.15 on: read once, front to back; what remains is the last path.
//!
//! A log of a million instructions has 200 MB. So a step holds where its line is, not the line.

mod insn;
mod line;
mod structured;
mod text;
mod value;

pub use insn::{Callee, Insn, Operation, Reg, Store};
pub use structured::Structured;
pub use text::{Bytes, File, Text};
pub use value::{Location, Value, assignments};

use line::{Line, REPORT, StateLine, classify};
use std::io;

/// What a step is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An instruction; its line may end in the registers that it changed.
    Insn,
    /// A state of a whole frame: at the start, after a jump back to a branch, at a call.
    State,
}

/// A line of the last path.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The byte of the log where the line begins.
    pub at: u64,
    pub length: u32,
    /// The instruction; of a state the one before which it holds.
    pub insn: u32,
    /// The function that executes: 0 for the program itself.
    pub frame: u8,
    pub kind: Kind,
    /// The verifier has come back to this branch for its other side.
    popped: bool,
    /// The last comment with a line of the source before it.
    comment: Option<(u64, u32)>,
}

/// What the verifier says of its work, as far as the log has it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Statistics {
    pub processed: Option<u64>,
    pub total_states: Option<u64>,
    pub peak_states: Option<u64>,
    /// Microseconds.
    pub time: Option<u64>,
    /// Bytes, of the deepest chain of calls that the verifier prints.
    pub stack: Option<u64>,
}

/// A log that was read: the last path, and what the verifier said at its end.
pub struct Log<T> {
    text: T,
    pub steps: Vec<Step>,
    /// What follows the last instruction, without figures and other lines that no refusal has.
    pub messages: Vec<String>,
    /// The report of Linux 7.3 and later. Its heading is the last of the messages.
    pub structured: Option<Structured>,
    pub statistics: Statistics,
    /// The program that libbpf names before the log.
    pub program: Option<String>,
    /// The end of the log is missing, so that the reason of a refusal may be.
    pub cut: bool,
}

/// Of the messages that are kept, and of their bytes: what a damaged log has after its last instruction may be long.
const MAX_MESSAGES: usize = 32;
const MAX_MESSAGE: usize = 2000;

impl<T: Text> Log<T> {
    /// Reads a log. Only reading fails, no content does.
    pub fn read(mut text: T) -> io::Result<Log<T>> {
        let mut reader = Reader::default();
        let mut at = 0;
        text.lines(&mut |line| {
            reader.line(at, line);
            at += line.len() as u64 + 1;
        })?;
        let Reader { steps, messages, structured, statistics, program, ended, .. } = reader;
        let cut = !ended && !steps.is_empty();
        Ok(Log { text, steps, messages, structured, statistics, program, cut })
    }

    /// The line of a step.
    pub fn line(&self, step: &Step) -> String {
        self.text.at(step.at, step.length as usize)
    }

    /// The instruction of a step; none for a state, or one of a form that is not known.
    pub fn insn(&self, step: &Step) -> Option<Insn> {
        if step.kind != Kind::Insn {
            return None;
        }
        let line = self.line(step);
        let Line::Insn { text, .. } = classify(&line) else { return None };
        Some(Insn::parse(text))
    }

    /// The code of the operation, which the log has in brackets, for comparison with an object.
    pub fn opcode(&self, step: &Step) -> Option<u8> {
        let line = self.line(step);
        let Line::Insn { opcode, .. } = classify(&line) else { return None };
        Some(opcode)
    }

    /// The registers and slots of the step's frame that its line shows, as they are after it.
    pub fn shown(&self, step: &Step) -> Vec<(Location, Value)> {
        let line = self.line(step);
        let (Line::Insn { state, .. } | Line::State(StateLine { state, .. })) = classify(&line) else {
            return Vec::new();
        };
        assignments(state)
    }

    /// The source line before a step, as the log quotes it: its text, and from Linux 6.10 on the file's name and the line.
    pub fn comment(&self, step: &Step) -> Option<(String, Option<(String, u32)>)> {
        let (at, length) = step.comment?;
        let text = self.text.at(at, length as usize);
        let text = text.strip_prefix(';')?.trim();
        let placed = text.rsplit_once(" @ ").and_then(|(code, place)| {
            let (file, line) = place.rsplit_once(':')?;
            Some((code.trim().to_owned(), Some((file.to_owned(), line.parse().ok()?))))
        });
        Some(placed.unwrap_or_else(|| (text.to_owned(), None)))
    }
}

#[derive(Default)]
struct Reader {
    steps: Vec<Step>,
    messages: Vec<String>,
    structured: Option<Structured>,
    /// The next lines are those of the report.
    is_in_report: bool,
    statistics: Statistics,
    comment: Option<(u64, u32)>,
    frame: u8,
    /// The last instruction that a line named: that of states without one of their own.
    insn: u32,
    program: Option<String>,
    /// What follows is not the verifier's.
    ended: bool,
}

impl Reader {
    fn line(&mut self, at: u64, bytes: &[u8]) {
        let line = String::from_utf8_lossy(bytes);
        if self.is_in_report {
            self.is_in_report = self.structured.as_mut().is_some_and(|report| report.line(&line));
            if self.is_in_report {
                return;
            }
        }
        let line = classify(&line);
        if let Line::Begin(program) = line {
            *self = Reader { program: Some(program.to_owned()).filter(|name| !name.is_empty()), ..Reader::default() };
        }
        if !self.ended {
            self.part(at, bytes, line);
        }
    }

    fn part(&mut self, at: u64, bytes: &[u8], line: Line<'_>) {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        match line {
            Line::Insn { insn, frame, .. } => {
                if let Some(frame) = frame {
                    self.frame = frame;
                }
                self.insn = insn;
                self.step(at, length, insn, Kind::Insn);
                self.forget_messages();
            }
            Line::State(state) => self.state(at, length, &state),
            Line::Comment => self.comment = Some((at, length)),
            Line::Start => {
                self.steps.clear();
                self.forget_messages();
                self.comment = None;
                self.frame = 0;
            }
            Line::Time(time) => self.statistics.time = Some(time),
            Line::Stack(bytes) => self.statistics.stack = Some(bytes),
            Line::Processed { processed, total_states, peak_states } => {
                self.ended = true;
                self.statistics =
                    Statistics { processed: Some(processed), total_states, peak_states, ..self.statistics };
            }
            Line::End => self.ended = true,
            Line::Begin(_) | Line::Noise => {}
            Line::Report(heading) => {
                self.message(&format!("{REPORT}{heading}"));
                self.structured = Some(Structured::new(heading));
                self.is_in_report = true;
            }
            Line::Message(text) => self.message(text),
        }
    }

    fn message(&mut self, text: &str) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(text.chars().take(MAX_MESSAGE).collect());
        }
    }

    fn state(&mut self, at: u64, length: u32, state: &StateLine<'_>) {
        if let Some((from, to)) = state.jump {
            self.back_to(from);
            self.insn = to;
            self.frame = 0;
        }
        if let Some(insn) = state.insn {
            self.insn = insn;
        }
        self.frame = state.frame.unwrap_or(0);
        self.step(at, length, self.insn, Kind::State);
        self.forget_messages();
    }

    /// What was said before an instruction that is looked at afterwards was no refusal.
    fn forget_messages(&mut self) {
        self.messages.clear();
        self.structured = None;
    }

    /// Drops what came after the branch `from` that the verifier comes back to.
    fn back_to(&mut self, from: u32) {
        let branch = self.steps.iter().rposition(|step| step.kind == Kind::Insn && step.insn == from && !step.popped);
        if let Some(branch) = branch {
            self.steps.truncate(branch + 1);
            self.steps[branch].popped = true;
            self.comment = self.steps[branch].comment;
        }
    }

    fn step(&mut self, at: u64, length: u32, insn: u32, kind: Kind) {
        let comment = self.comment;
        self.steps.push(Step { at, length, insn, frame: self.frame, kind, popped: false, comment });
    }
}

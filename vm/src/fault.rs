//! Why a run ends early, with the place in the source.

use std::fmt;

/// Why a run ended early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    /// One sentence: the access with its value and region.
    pub message: String,
    /// Where; None if no program had begun.
    pub place: Option<Place>,
}

/// Whether the program is wrong, or the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// The program does what no kernel would let it do.
    Wrong,
    /// The program asks for something that the machine has not; the message is its name.
    Lacks,
}

/// An instruction and its line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub program: String,
    /// The slot, as `llvm-objdump` counts within the program.
    pub instruction: usize,
    /// None without line info.
    pub line: Option<Line>,
}

/// From where on in the code a line of the source is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    pub instruction: usize,
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

impl Fault {
    /// A wrong access or call.
    pub fn wrong(message: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Wrong, message: message.into(), place: None }
    }

    /// The machine has nothing of this name.
    pub fn lacks(name: impl Into<String>) -> Fault {
        Fault { kind: FaultKind::Lacks, message: name.into(), place: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_ref() {
            Some(Place { line: Some(Line { file, line, .. }), .. }) => write!(to, "{file}:{line}: ")?,
            Some(Place { program, instruction, line: None }) => write!(to, "{program}, instruction {instruction}: ")?,
            None => {}
        }
        match self.kind {
            FaultKind::Wrong => to.write_str(&self.message),
            FaultKind::Lacks => write!(to, "the virtual machine has no {}", self.message),
        }
    }
}

impl std::error::Error for Fault {}

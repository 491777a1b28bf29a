//! The states along the last path: what the verifier knew before an instruction, and where that comes from.

mod origin;

pub use origin::{Made, Origin, origin};

use crate::log::{Insn, Kind, Location, Log, Operation, Reg, Step, Text, Value};
use std::cell::RefCell;
use std::collections::HashMap;

/// The last path of a log. Steps are known by their index in it.
pub struct Path<'a, T> {
    log: &'a Log<T>,
    /// Instructions by their number, since loops name the same ones again and again.
    insns: RefCell<HashMap<u32, Insn>>,
}

impl<'a, T: Text> Path<'a, T> {
    /// The path that the log ends with.
    pub fn new(log: &'a Log<T>) -> Path<'a, T> {
        Path { log, insns: RefCell::default() }
    }

    /// Its steps, from the start of the program.
    pub fn steps(&self) -> &'a [Step] {
        &self.log.steps
    }

    /// The step of the last instruction, which is the one that is refused.
    pub fn last(&self) -> Option<usize> {
        self.steps().iter().rposition(|step| step.kind == Kind::Insn)
    }

    /// The instruction of a step; none for a state.
    pub fn insn(&self, step: usize) -> Option<Insn> {
        let step = self.steps().get(step).filter(|step| step.kind == Kind::Insn)?;
        if let Some(insn) = self.insns.borrow().get(&step.insn) {
            return Some(insn.clone());
        }
        let insn = self.log.insn(step)?;
        self.insns.borrow_mut().insert(step.insn, insn.clone());
        Some(insn)
    }

    /// The next step that is an instruction.
    pub fn next(&self, step: usize) -> Option<usize> {
        (step + 1..self.steps().len()).find(|&next| self.steps()[next].kind == Kind::Insn)
    }

    /// What the verifier knew of a register or slot before a step, and the step that says so. None if the log does not show it on this path.
    pub fn before(&self, step: usize, frame: u8, of: Location) -> Option<(usize, Value)> {
        for at in (0..step.min(self.steps().len())).rev() {
            let here = &self.steps()[at];
            if here.frame != frame {
                continue;
            }
            let shown = self.log.shown(here).into_iter().rev().find(|(location, _)| *location == of);
            if let Some((_, value)) = shown {
                return Some((at, value));
            }
            if self.forgets(at, of) {
                return None;
            }
        }
        None
    }

    /// What the line of a step itself shows of a register after it.
    pub fn after(&self, step: usize, of: Location) -> Option<Value> {
        let shown = self.log.shown(self.steps().get(step)?);
        shown.into_iter().rev().find(|(location, _)| *location == of).map(|(_, value)| value)
    }

    /// Whether a step gives the location a value that its line does not show, or none.
    fn forgets(&self, step: usize, of: Location) -> bool {
        let Some(insn) = self.insn(step) else { return false };
        match of {
            Location::Register(register) => {
                insn.operation.defines() == Some(register)
                    || (clobbered(register) && matches!(insn.operation, Operation::Call(_)))
            }
            Location::Slot(_) => {
                matches!(insn.operation, Operation::Store { base: 10, offset, .. } if Location::slot(offset) == of)
            }
        }
    }

    /// The last step before this one that calls a function of one of these names, `*` standing for any end.
    pub fn call_before(&self, step: usize, names: &[&str]) -> Option<usize> {
        (0..step.min(self.steps().len())).rev().find(|&at| self.calls(at, names))
    }

    /// Whether the step calls a function of one of these names, `*` standing for any end.
    pub fn calls(&self, step: usize, names: &[&str]) -> bool {
        let insn = self.insn(step);
        let Some(called) = insn.as_ref().and_then(|insn| insn.operation.called()) else { return false };
        names.iter().any(|name| match name.strip_suffix('*') {
            Some(start) => called.starts_with(start),
            None => called == *name,
        })
    }
}

/// A call leaves nothing in the registers of its arguments.
fn clobbered(register: Reg) -> bool {
    (1..=5).contains(&register)
}

//! Where the value of a register comes from: found backwards along the path, through copies, stack slots, arguments and results.

use super::Path;
use crate::log::{Callee, Kind, Location, Operation, Reg, Store, Text};

/// How a value came to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// By the instruction of the step: loaded, computed, a constant, the result of a call.
    Here,
    /// By nothing: a call left nothing in the register.
    Clobbered,
    /// It is an argument of the program, or of a function that is verified by itself.
    Argument,
    /// No instruction of the path gives it a value.
    Never,
}

/// Where a value was made, and each place where it was since, the latest first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    pub made: Made,
    pub step: usize,
    /// (step before which it is there, frame, register or slot)
    pub carried: Vec<(usize, u8, Location)>,
}

/// Copies that are followed: those of a loop have no end.
const MAX_COPIES: usize = 64;

/// The origin of what the location has before a step.
pub fn origin<T: Text>(path: &Path<'_, T>, step: usize, frame: u8, of: Location) -> Origin {
    let mut walk = Walk { path, frame, of, carried: vec![(step, frame, of)] };
    let mut at = step.min(path.steps().len());
    while at > 0 {
        at -= 1;
        if let Some(made) = walk.back_over(at) {
            return Origin { made, step: at, carried: walk.carried };
        }
        if walk.carried.len() > MAX_COPIES {
            return Origin { made: Made::Here, step: at, carried: walk.carried };
        }
    }
    // The first state has the arguments.
    let known = path
        .steps()
        .first()
        .filter(|first| first.kind == Kind::State)
        .is_some_and(|_| path.after(0, walk.of).is_some());
    Origin { made: if known { Made::Argument } else { Made::Never }, step: 0, carried: walk.carried }
}

struct Walk<'a, 'b, T> {
    path: &'a Path<'b, T>,
    frame: u8,
    of: Location,
    carried: Vec<(usize, u8, Location)>,
}

impl<T: Text> Walk<'_, '_, T> {
    /// Goes back over a step. Returns how the value was made, if it was made there.
    fn back_over(&mut self, at: usize) -> Option<Made> {
        let step = &self.path.steps()[at];
        if step.kind == Kind::State {
            return None;
        }
        let insn = self.path.insn(at)?;
        // A function was called whose frame the value was in, as an argument.
        if step.frame < self.frame {
            return match (&insn.operation, self.of) {
                (Operation::Call(Callee::Function), Location::Register(1..=5)) => {
                    self.follow(at, step.frame, self.of);
                    None
                }
                (Operation::Call(Callee::Function), _) => Some(Made::Never),
                // A callback: the helper passes its arguments.
                (Operation::Call(Callee::Named(_)), Location::Register(1..=5)) => Some(Made::Argument),
                _ => Some(Made::Never),
            };
        }
        if step.frame > self.frame {
            return self.out_of_callee(at, step.frame, &insn.operation);
        }
        match self.of {
            Location::Register(register) => self.register(at, register, &insn.operation),
            Location::Slot(_) => self.slot(at, &insn.operation),
        }
    }

    /// The result of a function of the program is what its exit has in r0.
    fn out_of_callee(&mut self, at: usize, frame: u8, operation: &Operation) -> Option<Made> {
        let result = self.of == Location::Register(0) && *operation == Operation::Exit && frame == self.frame + 1;
        if result {
            self.follow(at, frame, self.of);
            return None;
        }
        let argument = matches!(self.of, Location::Register(1..=5));
        // Registers of arguments have nothing after a call.
        (argument && *operation == Operation::Exit).then_some(Made::Clobbered)
    }

    fn register(&mut self, at: usize, register: Reg, operation: &Operation) -> Option<Made> {
        if let Operation::Call(_) = operation {
            return match register {
                0 => Some(Made::Here),
                1..=5 => Some(Made::Clobbered),
                _ => None,
            };
        }
        if operation.defines() != Some(register) {
            return None;
        }
        if let Operation::Move { from, .. } = *operation {
            self.follow(at, self.frame, Location::Register(from));
            return None;
        }
        if let Operation::Load { base: Some(10), offset, .. } = *operation {
            self.follow(at, self.frame, Location::slot(offset));
            return None;
        }
        Some(Made::Here)
    }

    fn slot(&mut self, at: usize, operation: &Operation) -> Option<Made> {
        let Operation::Store { base: 10, offset, value } = *operation else { return None };
        if Location::slot(offset) != self.of {
            return None;
        }
        match value {
            Store::Register(from) => {
                self.follow(at, self.frame, Location::Register(from));
                None
            }
            Store::Other => Some(Made::Here),
        }
    }

    fn follow(&mut self, at: usize, frame: u8, of: Location) {
        self.frame = frame;
        self.of = of;
        self.carried.push((at, frame, of));
    }
}

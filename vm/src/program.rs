//! Loaded programs.

use crate::calls;
use crate::decode::{Endian, Insn, Op, Slot, decode};
use crate::facts::{self, Layout};
use crate::fault::{Fault, FaultKind, Line, Place};

/// A program as a loader gives it: its function, and behind it all functions that it calls.
#[derive(Default)]
pub struct ProgramSpec {
    pub name: String,
    /// `enum bpf_prog_type`
    pub prog_type: u32,
    /// Loads of addresses already have them (`memory::of_map`, `memory::of_code`).
    pub code: Vec<Slot>,
    /// The names of the kernel's functions that calls name by their immediates.
    pub kernel_functions: Vec<String>,
    /// Functions that the program asks for before it calls them, and those in code that no kernel runs: a call of one that the machine lacks is
    /// wrong only when it runs.
    pub asked: Vec<String>,
    /// In order of the instructions.
    pub lines: Vec<Line>,
}

/// A program that can run.
pub struct Program {
    pub(crate) name: String,
    pub(crate) prog_type: u32,
    pub(crate) code: Vec<Insn>,
    pub(crate) layout: Option<&'static Layout>,
    /// The names that `Op::Lacks` has the places of.
    pub(crate) lacks: Vec<String>,
    lines: Vec<Line>,
}

impl Program {
    pub(crate) fn new(spec: ProgramSpec, endian: Endian) -> Result<Program, Fault> {
        let ProgramSpec { name, prog_type, code, kernel_functions, asked, lines } = spec;
        let layout = facts::context_of(prog_type);
        let mut program = Program { name, prog_type, code: Vec::new(), layout, lacks: Vec::new(), lines };
        program.code = decode(&code, endian)
            .map_err(|wrong| Fault { place: Some(program.place(wrong.at)), ..Fault::wrong(wrong.why) })?;
        for at in 0..program.code.len() {
            match resolve(&mut program.code[at], &kernel_functions) {
                Ok(()) => {}
                Err(fault) if fault.kind == FaultKind::Lacks && asked.contains(&fault.message) => {
                    (program.code[at].op, program.code[at].immediate) = (Op::Lacks, program.lacks.len() as i64);
                    program.lacks.push(fault.message);
                }
                Err(fault) => return Err(Fault { place: Some(program.place(at)), ..fault }),
            }
        }
        Ok(program)
    }

    /// The name, as the object has it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `enum bpf_prog_type`
    pub fn prog_type(&self) -> u32 {
        self.prog_type
    }

    pub(crate) fn place(&self, instruction: usize) -> Place {
        let behind = self.lines.partition_point(|line| line.instruction <= instruction);
        let line = behind.checked_sub(1).map(|at| self.lines[at].clone());
        Place { program: self.name.clone(), instruction, line }
    }
}

/// Puts the place in the list of calls into an instruction.
fn resolve(insn: &mut Insn, kernel_functions: &[String]) -> Result<(), Fault> {
    let name = if insn.op == Op::Helper {
        let known = u32::try_from(insn.immediate).ok().and_then(facts::helper_name);
        known.ok_or_else(|| Fault::lacks(format!("helper {}", insn.immediate)))?
    } else if insn.op == Op::Kernel {
        let known = usize::try_from(insn.immediate).ok().and_then(|at| kernel_functions.get(at));
        known.ok_or_else(|| Fault::lacks(format!("kernel function {}", insn.immediate)))?
    } else {
        return Ok(());
    };
    if name == calls::TAIL_CALL {
        insn.op = Op::TailCall;
        return Ok(());
    }
    insn.immediate = calls::position(name).ok_or_else(|| Fault::lacks(name))? as i64;
    insn.op = Op::Helper;
    Ok(())
}

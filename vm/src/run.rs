//! The loop that runs instructions, with calls, callbacks and tail calls.

use crate::alu::{compare32, compare64, compute32, compute64};
use crate::calls;
use crate::decode::{Endian, FRAME, Insn, Op, Width};
use crate::facts::uapi;
use crate::fault::Fault;
use crate::memory::{self, Memory, What};
use crate::{Program, Vm};
use std::rc::Rc;

/// Bytes of a function's stack (`MAX_BPF_STACK`).
const STACK: usize = 512;
/// Functions that may be active at a time, those of callbacks included (`MAX_CALL_FRAMES`).
const FRAMES: usize = 8;
/// Tail calls of one run (`MAX_TAIL_CALL_CNT`).
const TAIL_CALLS: u32 = 33;
/// Iterations that `may_goto` lets a function begin (`BPF_MAX_LOOPS`).
const MAY_GOTOS: u32 = 8 << 20;
/// Instructions of one run. No program that a verifier takes comes near it.
const PATIENCE: u64 = 4_000_000_000;

/// What the run in progress has besides registers.
pub struct Running {
    frames: Vec<Frame>,
    /// The stack of each depth. Those of functions that are not active have no bytes.
    stacks: [u64; FRAMES],
    depth: usize,
    tail_calls: u32,
    instructions: u64,
    /// The one whose instructions run.
    pub(crate) program: u32,
    pub(crate) context: Option<crate::context::Context>,
    pub(crate) packet: Option<crate::packet::Packet>,
    /// Where a redirection leads, for the report of the run: the device, or the map and key.
    pub(crate) redirect: Option<u64>,
}

impl Running {
    pub(crate) fn new(memory: &mut Memory) -> Running {
        let stacks = std::array::from_fn(|_| {
            let stack = memory.add(What::Stack, STACK);
            memory.resize(stack, 0);
            stack
        });
        Running {
            frames: Vec::new(),
            stacks,
            depth: 0,
            tail_calls: 0,
            instructions: 0,
            program: 0,
            context: None,
            packet: None,
            redirect: None,
        }
    }
}

/// What a call saves.
struct Frame {
    program: u32,
    back: usize,
    saved: [u64; 4],
    frame_pointer: u64,
    may_gotos: u32,
}

struct Cpu {
    program: u32,
    at: usize,
    registers: [u64; 16],
    may_gotos: u32,
}

enum Next {
    Done(u64),
    /// Another program goes on in this frame, or in the one below.
    Switch,
}

impl Vm {
    /// Runs a program's first function; yields register 0 at its end.
    pub(crate) fn start(&mut self, program: u32, argument: u64) -> Result<u64, Fault> {
        self.outermost(|vm| vm.execute(program, 0, [argument, 0, 0, 0, 0]))
    }

    /// Runs code that no other code called: with all stack, tail calls and instructions that there are.
    pub(crate) fn outermost(&mut self, run: impl FnOnce(&mut Vm) -> Result<u64, Fault>) -> Result<u64, Fault> {
        (self.running.tail_calls, self.running.instructions) = (0, 0);
        let result = run(self);
        // A fault leaves frames behind.
        while self.running.depth > 0 {
            self.leave();
        }
        self.running.frames.clear();
        result
    }

    /// The instructions that the last run took.
    pub(crate) fn taken(&self) -> u64 {
        self.running.instructions
    }

    /// Runs a function by its address, as helpers do with callbacks.
    pub(crate) fn callback(&mut self, address: u64, args: [u64; 5]) -> Result<u64, Fault> {
        match memory::code_at(address) {
            Some((program, slot)) if (program as usize) < self.programs.len() => {
                self.execute(program, slot as usize, args)
            }
            _ => Err(Fault::wrong(format!("a callback that is {}", self.name_of(address)))),
        }
    }

    fn execute(&mut self, program: u32, at: usize, args: [u64; 5]) -> Result<u64, Fault> {
        let mut cpu = Cpu { program, at, registers: [0; 16], may_gotos: MAY_GOTOS };
        cpu.registers[1..=5].copy_from_slice(&args);
        cpu.registers[usize::from(FRAME)] = self.enter()?;
        let base = self.running.frames.len();
        loop {
            let program = Rc::clone(&self.programs[cpu.program as usize]);
            self.running.program = cpu.program;
            if cpu.at >= program.code.len() {
                return Err(Fault::wrong("a call of no function"));
            }
            match self.steps(&mut cpu, &program.code, base) {
                Ok(Next::Done(result)) => {
                    self.leave();
                    return Ok(result);
                }
                Ok(Next::Switch) => {}
                Err(fault) => return Err(placed(fault, &program, cpu.at - 1)),
            }
        }
    }

    fn steps(&mut self, cpu: &mut Cpu, code: &[Insn], base: usize) -> Result<Next, Fault> {
        loop {
            let insn = code[cpu.at];
            cpu.at += 1;
            self.running.instructions += 1;
            let (dst, src) = (usize::from(insn.dst & 15), usize::from(insn.src & 15));
            let left = cpu.registers[dst];
            let right = cpu.registers[src].wrapping_add_signed(insn.immediate);
            let jumps = match insn.op {
                Op::Alu64(alu) => {
                    cpu.registers[dst] = compute64(alu, left, right);
                    continue;
                }
                Op::Alu32(alu) => {
                    cpu.registers[dst] = compute32(alu, left as u32, right as u32).into();
                    continue;
                }
                Op::Wide => {
                    cpu.registers[dst] = right;
                    cpu.at += 1;
                    continue;
                }
                Op::Load(width) => {
                    cpu.registers[dst] = self.load(right.wrapping_add_signed(insn.offset.into()), width)?;
                    continue;
                }
                Op::LoadSigned(width) => {
                    let number = self.load(right.wrapping_add_signed(insn.offset.into()), width)?;
                    let unused = 64 - 8 * width.bytes();
                    cpu.registers[dst] = ((number << unused) as i64 >> unused) as u64;
                    continue;
                }
                Op::Store(width) => {
                    self.store(left.wrapping_add_signed(insn.offset.into()), width, right)?;
                    continue;
                }
                Op::Jump64(compare) => compare64(compare, left, right),
                Op::Jump32(compare) => compare32(compare, left as u32, right as u32),
                Op::Jump => true,
                Op::MayGoto => {
                    cpu.may_gotos = cpu.may_gotos.saturating_sub(1);
                    cpu.may_gotos == 0
                }
                Op::Atomic(width) => {
                    self.atomic(&mut cpu.registers, insn, width)?;
                    continue;
                }
                Op::Helper | Op::Kernel => {
                    let [_, a, b, c, d, e, ..] = cpu.registers;
                    cpu.registers[0] = calls::call(self, insn.immediate as usize, [a, b, c, d, e])?;
                    continue;
                }
                Op::Call => {
                    self.call(cpu)?;
                    true
                }
                Op::Exit if self.running.frames.len() == base => return Ok(Next::Done(cpu.registers[0])),
                Op::Exit => match self.returned(cpu) {
                    true => return Ok(Next::Switch),
                    false => continue,
                },
                Op::TailCall => match self.tail_call(cpu)? {
                    true => return Ok(Next::Switch),
                    false => continue,
                },
                Op::Lacks => {
                    let lacks = &self.programs[cpu.program as usize].lacks;
                    return Err(Fault::lacks(lacks.get(insn.immediate as usize).cloned().unwrap_or_default()));
                }
                Op::Nothing | Op::End => return Err(Fault::wrong("the program ends without an exit")),
            };
            if jumps {
                cpu.at = insn.offset as usize;
                // Only code that jumps can run for ever.
                if self.running.instructions > PATIENCE {
                    return Err(Fault::wrong(format!("the program did not end after {PATIENCE} instructions")));
                }
            }
        }
    }

    fn enter(&mut self) -> Result<u64, Fault> {
        let Some(&stack) = self.running.stacks.get(self.running.depth) else {
            return Err(Fault::wrong(format!("more than {FRAMES} functions are active")));
        };
        self.running.depth += 1;
        self.memory.open(stack, STACK);
        Ok(stack + STACK as u64)
    }

    fn leave(&mut self) {
        self.running.depth -= 1;
        self.memory.resize(self.running.stacks[self.running.depth], 0);
    }

    fn call(&mut self, cpu: &mut Cpu) -> Result<(), Fault> {
        let stack = self.enter()?;
        let [.., a, b, c, d, frame_pointer, _, _, _, _, _] = cpu.registers;
        let (program, may_gotos) = (cpu.program, cpu.may_gotos);
        self.running.frames.push(Frame { program, back: cpu.at, saved: [a, b, c, d], frame_pointer, may_gotos });
        cpu.registers[usize::from(FRAME)] = stack;
        cpu.may_gotos = MAY_GOTOS;
        Ok(())
    }

    /// Goes back to the caller; whether that is another program, whose function made a tail call here.
    fn returned(&mut self, cpu: &mut Cpu) -> bool {
        let Some(frame) = self.running.frames.pop() else { return false };
        self.leave();
        cpu.registers[6..10].copy_from_slice(&frame.saved);
        cpu.registers[usize::from(FRAME)] = frame.frame_pointer;
        (cpu.at, cpu.may_gotos) = (frame.back, frame.may_gotos);
        std::mem::replace(&mut cpu.program, frame.program) != frame.program
    }

    /// `bpf_tail_call(context, map, index)`: whether another program takes the place of this function.
    fn tail_call(&mut self, cpu: &mut Cpu) -> Result<bool, Fault> {
        let [_, context, map, index, ..] = cpu.registers;
        let found = self.map_of(map)?.program_at(index as u32);
        let Some(program) = found.filter(|_| self.running.tail_calls < TAIL_CALLS) else {
            cpu.registers[0] = (-uapi::ENOENT) as u64;
            return Ok(false);
        };
        if self.programs.get(program as usize).is_none_or(|program| program.code.len() <= 1) {
            return Err(Fault::wrong("a tail call of a program that is not loaded"));
        }
        self.running.tail_calls += 1;
        self.leave();
        let mut registers = [0; 16];
        registers[1] = context;
        registers[usize::from(FRAME)] = self.enter()?;
        *cpu = Cpu { program, at: 0, registers, may_gotos: MAY_GOTOS };
        Ok(true)
    }

    /// The number at an address, of contexts what the kernel has there for programs.
    #[inline(always)]
    pub(crate) fn load(&self, address: u64, width: Width) -> Result<u64, Fault> {
        match self.memory.load(address, width) {
            Some(number) => Ok(number),
            None => self.load_field(address, width),
        }
    }

    #[inline(always)]
    pub(crate) fn store(&mut self, address: u64, width: Width, number: u64) -> Result<(), Fault> {
        match self.memory.store(address, width, number) {
            Some(()) => Ok(()),
            None => self.store_field(address, width, number),
        }
    }

    /// The byte order of programs.
    pub fn endian(&self) -> Endian {
        self.memory.endian()
    }
}

#[cold]
fn placed(fault: Fault, program: &Program, at: usize) -> Fault {
    Fault { place: Some(fault.place.unwrap_or_else(|| program.place(at))), ..fault }
}

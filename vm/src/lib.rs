//! The crate's documentation is that of its folder.
//!
#![doc = include_str!("../README.md")]

pub mod alu;
mod atomic;
mod calls;
mod context;
pub mod decode;
pub mod elf;
pub mod facts;
mod fault;
mod format;
pub mod maps;
pub mod memory;
mod packet;
mod program;
mod run;
mod sockets;
pub mod syscall;
mod time;

pub use calls::names as functions;
pub use context::{Input, Output};
pub use decode::Endian;
pub use fault::{Fault, FaultKind, Line, Place};
pub use maps::MapSpec;
pub use program::{Program, ProgramSpec};
pub use sockets::Socket;

use maps::Map;
use memory::Memory;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A machine: memory, maps and programs, of one byte order. It is deterministic: two machines that get the same calls do the same.
pub struct Vm {
    pub(crate) memory: Memory,
    pub(crate) maps: Vec<Map>,
    pub(crate) programs: Vec<Rc<Program>>,
    pub(crate) running: run::Running,
    pub(crate) clock: time::Clock,
    pub(crate) timers: time::Timers,
    pub(crate) random: calls::Random,
    /// Buffers of events that a process has opened; with a process, arrays of events have nothing else.
    pub(crate) events: Vec<maps::EventBuffer>,
    pub(crate) has_process: bool,
    pub(crate) objects: calls::Objects,
    pub(crate) sockets: Vec<Socket>,
    pub(crate) printed: Vec<String>,
    /// By the numbers of programs.
    pub(crate) streams: BTreeMap<u32, Vec<u8>>,
    pub(crate) cpus: usize,
}

impl Vm {
    /// A machine without maps and programs. `cpus` is how many values the entries of per-CPU maps have; programs run on the first CPU.
    pub fn new(endian: Endian, cpus: usize) -> Vm {
        let mut memory = Memory::new(endian);
        let running = run::Running::new(&mut memory);
        Vm {
            memory,
            maps: Vec::new(),
            programs: Vec::new(),
            running,
            clock: time::Clock::default(),
            timers: time::Timers::default(),
            random: calls::Random::default(),
            events: Vec::new(),
            has_process: false,
            objects: calls::Objects::default(),
            sockets: Vec::new(),
            printed: Vec::new(),
            streams: BTreeMap::new(),
            cpus: cpus.max(1),
        }
    }

    /// The memory of programs, with the values of maps.
    pub fn memory(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Makes a map; yields its number. An error is what the machine has not, or a size that no kernel takes.
    pub fn create_map(&mut self, spec: MapSpec) -> Result<u32, Fault> {
        let number = self.maps.len() as u32;
        self.maps.push(Map::new(number, spec, self.cpus, self.memory.endian())?);
        Ok(number)
    }

    /// The map of a number that `create_map` gave.
    pub fn map(&self, number: u32) -> Option<&Map> {
        self.maps.get(number as usize)
    }

    /// The same, to change it, with the memory that its values are in.
    pub fn map_mut(&mut self, number: u32) -> Option<(&mut Map, &mut Memory)> {
        Some((self.maps.get_mut(number as usize)?, &mut self.memory))
    }

    /// Loads a program; yields its number. An error names the first thing that the machine has not, or the wrong instruction.
    pub fn load_program(&mut self, spec: ProgramSpec) -> Result<u32, Fault> {
        let number = self.programs.len() as u32;
        self.programs.push(Rc::new(Program::new(spec, self.memory.endian())?));
        Ok(number)
    }

    /// The program of a number that `load_program` gave.
    pub fn program(&self, number: u32) -> Option<&Program> {
        self.programs.get(number as usize).map(Rc::as_ref)
    }

    /// A socket that programs find from here on.
    pub fn add_socket(&mut self, socket: Socket) {
        self.sockets.push(socket);
    }

    /// Takes the lines that programs printed (`bpf_trace_printk`), in order.
    pub fn take_printed(&mut self) -> Vec<String> {
        std::mem::take(&mut self.printed)
    }

    /// Takes what a program wrote to its standard output (`bpf_stream_vprintk`), at most so many bytes.
    pub fn take_stream(&mut self, program: u32, most: usize) -> Vec<u8> {
        let Some(stream) = self.streams.get_mut(&program) else { return Vec::new() };
        stream.drain(..most.min(stream.len())).collect()
    }
}

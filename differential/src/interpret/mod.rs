//! An interpreter of BPF objects of either byte order (Documentation/bpf/standardization/instruction-set.rst of Linux), with the helpers that
//! generated programs call. No kernel here runs big-endian code. It shares no code with the evaluator.

mod btf;
mod calls;
mod load;
mod maps;
mod memory;
mod steps;

pub use calls::LACKS;
pub use load::load;

use differential::contents::Contents;
use differential::packets::Packet;
use differential::rings::Records;
use ksc::target::Endian;
use maps::Map;
use memory::Memory;
use std::collections::HashMap;

/// `struct bpf_insn` of include/uapi/linux/bpf.h.
#[derive(Clone, Copy, Debug)]
pub struct Instruction {
    pub opcode: u8,
    pub dst: u8,
    pub src: u8,
    pub offset: i16,
    pub immediate: i32,
}

impl Instruction {
    fn decode(bytes: &[u8], endian: Endian) -> Instruction {
        let halves = (bytes[1] & 15, bytes[1] >> 4);
        let (dst, src) = if endian == Endian::Little { halves } else { (halves.1, halves.0) };
        let (offset, immediate) = (endian.number(&bytes[2..4]) as i16, endian.number(&bytes[4..8]) as i32);
        Instruction { opcode: bytes[0], dst, src, offset, immediate }
    }
}

/// Why a run ends early.
pub enum Stop {
    /// Another program, by its first instruction, takes its place.
    TailCall(usize),
    Error(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Error(why)
    }
}

/// The context of a program that gets packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Context {
    /// `xdp_md`
    Xdp,
    /// `__sk_buff`
    Socket,
}

/// The packet of a run.
#[derive(Clone, Copy)]
struct Given {
    context: Context,
    /// The address of the context.
    at: u64,
    start: u64,
    length: usize,
    /// How many bytes of it are directly accessible.
    linear: usize,
}

pub struct Interpreter {
    code: Vec<Instruction>,
    memory: Memory,
    maps: Vec<Map>,
    functions: HashMap<String, usize>,
    globals: HashMap<String, u64>,
    packet: Option<Given>,
    /// Instructions that the run may still take.
    left: u64,
}

/// Instructions of one run.
const PATIENCE: u64 = 200_000_000;

/// Tail calls of one run.
const TAIL_CALLS: usize = 33;

impl Interpreter {
    fn new(
        code: Vec<Instruction>,
        memory: Memory,
        maps: Vec<Map>,
        functions: HashMap<String, usize>,
        globals: HashMap<String, u64>,
    ) -> Interpreter {
        Interpreter { code, memory, maps, functions, globals, packet: None, left: 0 }
    }

    fn global(&self, name: &str) -> Result<u64, String> {
        self.globals.get(name).copied().ok_or_else(|| format!("no variable {name}"))
    }

    /// Runs a program that takes arguments from one variable and leaves its result in another.
    pub fn call(&mut self, name: &str, args: [u64; 4]) -> Result<u64, String> {
        let output = self.global(differential::kernel::OUTPUT)?;
        if let Ok(input) = self.global(differential::kernel::INPUT) {
            for (at, argument) in args.into_iter().enumerate() {
                self.memory.store(input + 8 * at as u64, 8, argument)?;
            }
        }
        self.memory.store(output, 8, 0)?;
        let packet = Packet { bytes: vec![0; 64], linear: None };
        self.handle((&format!("{}{name}", differential::kernel::RUN), Context::Xdp), &packet)?;
        self.memory.load(output, 8)
    }

    /// Runs a program on a packet: what it returns, and the packet that it leaves.
    pub fn handle(&mut self, (name, context): (&str, Context), packet: &Packet) -> Result<(u32, Vec<u8>), String> {
        let mut next = *self.functions.get(name).ok_or_else(|| format!("no program {name}"))?;
        let start = self.memory.add(packet.bytes.clone());
        let at = self.memory.add(vec![0; 256]);
        let length = packet.bytes.len();
        let linear = packet.linear.map_or(length, |linear| linear as usize);
        self.packet = Some(Given { context, at, start, length, linear });
        self.left = PATIENCE;
        let failed = if context == Context::Socket { 2 } else { 0 };
        let mut result = failed;
        for _ in 0..=TAIL_CALLS {
            match self.function(next, [at, 0, 0, 0, 0]) {
                Ok(returned) => {
                    result = returned as u32;
                    break;
                }
                Err(Stop::TailCall(program)) => next = program,
                Err(Stop::Error(why)) => return Err(why),
            }
        }
        self.packet = None;
        self.memory.remove(at);
        Ok((result, self.memory.remove(start)))
    }

    fn map(&mut self, name: &str) -> Result<&mut Map, String> {
        self.maps.iter_mut().find(|map| map.of.name == name).ok_or_else(|| format!("no map {name}"))
    }

    /// Makes the maps of these names as they were made.
    pub fn clear(&mut self, names: &[String]) {
        for map in self.maps.iter_mut().filter(|map| names.contains(&map.of.name)) {
            map.clear(&mut self.memory);
        }
    }

    /// What the maps of these names hold.
    pub fn contents(&mut self, names: &[String]) -> Result<Contents, String> {
        let mut all = Contents::new();
        for name in names {
            let found = self.maps.iter().find(|map| map.of.name == *name).ok_or_else(|| format!("no map {name}"))?;
            all.extend(found.contents(&mut self.memory)?);
        }
        Ok(all)
    }

    /// Takes all that the ring buffers of these names hold.
    pub fn records(&mut self, names: &[String]) -> Result<Records, String> {
        let mut all = Records::new();
        for name in names {
            self.map(name)?;
            let map = self.maps.iter_mut().find(|map| map.of.name == *name);
            all.extend(map.map(|map| map.sent(&mut self.memory)).transpose()?);
        }
        Ok(all)
    }
}

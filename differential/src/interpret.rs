//! BPF objects of either byte order in the virtual machine. No kernel here runs big-endian code. The machine shares no code with the
//! evaluator.

use differential::contents::Contents;
use differential::kernel::{INPUT, OUTPUT, RUN};
use differential::packets::Packet;
use differential::rings::Records;
use differential::sockets::{FIELDS, PORT};
use ks_vm::decode::Width;
use ks_vm::elf::Object;
use ks_vm::facts::uapi;
use ks_vm::{Fault, FaultKind, Input, Socket};

pub struct Interpreter {
    object: Object,
}

/// Why a program did not run.
pub enum Stop {
    /// The machine has not what the program calls; in its words.
    Lacks(String),
    Error(String),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Stop {
        match fault.kind {
            FaultKind::Lacks => Stop::Lacks(Fault { place: None, ..fault }.to_string()),
            FaultKind::Wrong => Stop::Error(fault.to_string()),
        }
    }
}

fn wrong(what: String) -> Stop {
    Stop::Error(what)
}

impl Interpreter {
    /// The object, ready to run. The programs find the socket of the library.
    pub fn load(bytes: &[u8]) -> Result<Interpreter, Stop> {
        let mut object = Object::load(bytes)?;
        let fields = FIELDS.iter().map(|(name, number)| ((*name).to_owned(), *number as u64)).collect();
        object.vm.add_socket(Socket { protocol: libc::IPPROTO_TCP as u32, port: PORT, fields });
        Ok(Interpreter { object })
    }

    fn global(&self, name: &str) -> Result<u64, Stop> {
        self.object.global(name).ok_or_else(|| wrong(format!("no variable {name}")))
    }

    /// Runs a program that takes arguments from one variable and leaves its result in another.
    pub fn call(&mut self, name: &str, args: [u64; 4]) -> Result<u64, Stop> {
        let unmapped = || wrong("a variable is in no memory".into());
        let (input, output) = (self.global(INPUT), self.global(OUTPUT)?);
        if let Ok(input) = input {
            for (at, argument) in args.into_iter().enumerate() {
                self.object.vm.memory().store(input + 8 * at as u64, Width::Eight, argument).ok_or_else(unmapped)?;
            }
        }
        self.object.vm.memory().store(output, Width::Eight, 0).ok_or_else(unmapped)?;
        self.handle(&format!("{RUN}{name}"), &Packet { bytes: vec![0; 64], linear: None })?;
        self.object.vm.memory().load(output, Width::Eight).ok_or_else(unmapped)
    }

    /// Runs a program on a packet: what it returns, and the packet that it leaves.
    pub fn handle(&mut self, name: &str, packet: &Packet) -> Result<(u32, Vec<u8>), Stop> {
        let program = self.object.program(name).ok_or_else(|| wrong(format!("no program {name}")))??;
        let linear = packet.linear.map(|linear| linear as usize);
        let input = Input { packet: Some(packet.bytes.clone()), linear, ..Input::default() };
        let output = self.object.vm.run(program, input)?;
        Ok((output.result as u32, output.packet))
    }

    fn map(&self, name: &str) -> Result<u32, Stop> {
        self.object.map(name).ok_or_else(|| wrong(format!("no map {name}")))
    }

    /// Makes the maps of these names as they were made.
    pub fn clear(&mut self, names: &[String]) -> Result<(), Stop> {
        for name in names {
            let number = self.map(name)?;
            let Some((map, memory)) = self.object.vm.map_mut(number) else { continue };
            let mut value = vec![0; map.spec().value_size];
            while map.peek(&mut value, true).is_ok() {}
            for key in map.keys() {
                let zeros = vec![0; map.read(memory, &key).map_or(0, |value| value.len())];
                if map.delete(memory, &key).is_err() {
                    let written = map.write(memory, &key, &zeros, 0);
                    written.map_err(|error| wrong(format!("{name} is not cleared: {error}")))?;
                }
            }
        }
        Ok(())
    }

    /// What the maps of these names hold: keys and values in order of the keys, of queues and stacks as they are popped.
    pub fn contents(&mut self, names: &[String]) -> Result<Contents, Stop> {
        let mut all = Contents::new();
        for name in names {
            let number = self.map(name)?;
            let Some((map, memory)) = self.object.vm.map_mut(number) else { continue };
            let size = map.spec().value_size;
            if [uapi::BPF_MAP_TYPE_QUEUE, uapi::BPF_MAP_TYPE_STACK].contains(&map.spec().kind) {
                let mut line = Vec::new();
                let mut value = vec![0; size];
                while map.peek(&mut value, true).is_ok() {
                    line.push((Vec::new(), value.clone()));
                }
                let is_stack = map.spec().kind == uapi::BPF_MAP_TYPE_STACK;
                for at in 0..line.len() {
                    let back = if is_stack { line.len() - 1 - at } else { at };
                    let value: &(_, Vec<u8>) = &line[back];
                    map.push(&value.1, 0)
                        .map_err(|error| wrong(format!("{name} does not take its values: {error}")))?;
                }
                all.push(line);
                continue;
            }
            let keys = map.keys();
            let value = |key: Vec<u8>| {
                let mut value = map.read(memory, &key)?;
                value.truncate(size);
                Some((key, value))
            };
            let mut entries: Vec<_> = keys.into_iter().filter_map(value).collect();
            entries.sort();
            all.push(entries);
        }
        Ok(all)
    }

    /// Takes all that the ring buffers of these names hold.
    pub fn records(&mut self, names: &[String]) -> Result<Records, Stop> {
        let mut all = Records::new();
        for name in names {
            let number = self.map(name)?;
            all.push(self.object.vm.map_mut(number).map(|(map, _)| map.take_records()).unwrap_or_default());
        }
        Ok(all)
    }
}

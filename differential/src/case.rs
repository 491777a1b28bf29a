//! A compiled program with what its tests must do: written where the compiler is, replayed where it is not.

use crate::contents::{self, Contents, OneCpu};
use crate::kernel::{Extras, Loaded, Pruning};
use crate::packets::{Form, packet};
use crate::rings::{self, Records};
use crate::sockets::Listener;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a run of a test does.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    pub result: u64,
    /// The digest of the globals after it.
    pub globals: u64,
    /// What the maps hold after it.
    pub maps: Contents,
    /// What it leaves of its packet.
    pub packet: Vec<u8>,
    /// What it sent through ring buffers.
    pub records: Records,
}

impl Outcome {
    /// How one that is expected differs from this.
    pub fn difference(&self, want: &Outcome, maps: &[String]) -> String {
        let Outcome { result, globals, .. } = self;
        let numbers =
            format!("{result:#x} and globals {globals:#x}, expected {:#x} and {:#x}", want.result, want.globals);
        let mut text = numbers;
        if self.packet != want.packet {
            text.push_str(&format!("; {}", contents::first_difference("the packet", &self.packet, &want.packet)));
        }
        for (ring, (got, want)) in self.records.iter().zip(&want.records).enumerate() {
            if got.len() != want.len() {
                text.push_str(&format!("; {} records of ring buffer {ring}, expected {}", got.len(), want.len()));
            }
            if let Some((at, (got, want))) = got.iter().zip(want).enumerate().find(|(_, (got, want))| got != want) {
                text.push_str(&format!("; {}", contents::first_difference(&format!("record {at}"), got, want)));
            }
        }
        if self.maps == want.maps {
            return text;
        }
        format!("{text}; {}", contents::difference(maps, &self.maps, &want.maps))
    }
}

/// One test, with its inputs and what each must give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expected {
    pub name: String,
    pub form: Form,
    /// Those that end soon enough.
    pub outcomes: Vec<([u64; 4], Outcome)>,
}

/// What is beside an object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    pub extras: Extras,
    /// The digest of the globals as they are declared.
    pub initial: u64,
    pub tests: Vec<Expected>,
}

/// The programs of an object that is loaded, of which `reset` and `digest` go around each test.
pub struct Runner<'a> {
    loaded: &'a Loaded,
    extras: &'a Extras,
    cpu: OneCpu,
    _listener: Option<Listener>,
}

impl<'a> Runner<'a> {
    pub fn new(loaded: &'a Loaded, extras: &'a Extras) -> Result<Runner<'a>, String> {
        let listener = extras.has_sockets.then(Listener::open).transpose()?;
        Ok(Runner { loaded, extras, cpu: OneCpu::stay(), _listener: listener })
    }

    /// What a run of a test yields, and what it leaves of its packet; none of a packet that the kernel refuses.
    fn once(&self, test: &str, form: Form, input: [u64; 4]) -> Result<Option<(u64, Vec<u8>)>, String> {
        if form == Form::Function {
            return Ok(Some((self.call(test, input)?, Vec::new())));
        }
        let program = self.loaded.program(test).ok_or_else(|| format!("no program {test}"))?;
        let handled = self.loaded.handle(program, &packet(form, &input))?;
        Ok(handled.map(|(result, left)| (result.into(), left)))
    }

    fn call(&self, name: &str, args: [u64; 4]) -> Result<u64, String> {
        self.loaded.run(self.loaded.program(name).ok_or_else(|| format!("no program {name}"))?, args)
    }

    pub fn digest(&self) -> Result<u64, String> {
        if self.extras.has_digest { self.call("digest", [0; 4]) } else { Ok(0) }
    }

    fn reset(&self) -> Result<(), String> {
        if self.extras.has_reset {
            self.call("reset", [0; 4])?;
        }
        Ok(())
    }

    /// Runs a test on inputs, one after the other, and hands over what each does.
    pub fn run<'b>(
        &self,
        (test, form): (&str, Form),
        inputs: impl Iterator<Item = &'b [u64; 4]>,
        mut done: impl FnMut(usize, Outcome),
    ) -> Result<(), String> {
        contents::clear(self.loaded, &self.extras.maps)?;
        for (index, input) in inputs.enumerate() {
            if index == 0 || self.extras.maps.is_empty() {
                self.reset()?;
            }
            let Some((result, packet)) = self.once(test, form, *input)? else { continue };
            let globals = self.digest()?;
            let maps = contents::read(self.loaded, &self.extras.maps, &self.cpu)?;
            let records = rings::read(self.loaded, &self.extras.rings)?;
            done(index, Outcome { result, globals, maps, packet, records });
        }
        Ok(())
    }
}

impl Case {
    /// Writes `NAME.o` and `NAME.json`.
    pub fn write(&self, folder: &Path, name: &str, object: &[u8]) -> std::io::Result<()> {
        std::fs::write(folder.join(format!("{name}.o")), object)?;
        std::fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(self)?)
    }

    /// Runs the tests in this kernel; what each failure is, with the name of the test.
    pub fn replay(&self, object: &[u8], pruning: Pruning) -> Vec<(String, String)> {
        let mut failures = Vec::new();
        match Loaded::load(object, &|_| true, pruning) {
            Ok(loaded) => {
                if let Err(why) = self.check_initial(&loaded) {
                    failures.push(("globals".into(), why));
                }
                for test in &self.tests {
                    self.run(&loaded, test, &mut failures);
                }
            }
            Err(why) => self.replay_alone(object, pruning, &why, &mut failures),
        }
        failures
    }

    /// One of them is refused: each alone says which. Tests of programs that call others do not load alone, since libbpf puts
    /// the programs of all tests into one map; they are not run then. With a state at each jump the verifier may run out of memory or
    /// patience, which is no failure.
    fn replay_alone(&self, object: &[u8], pruning: Pruning, whole: &str, failures: &mut Vec<(String, String)>) {
        for test in &self.tests {
            let wanted = |name: &str| name == test.name || name == "reset" || name == "digest";
            match Loaded::load(object, &wanted, pruning) {
                Ok(loaded) => self.run(&loaded, test, failures),
                Err(_) if pruning == Pruning::Everywhere => {}
                Err(why) => {
                    let log = Loaded::log(object, &test.name);
                    if !log.is_empty() {
                        failures.push((test.name.clone(), format!("not loaded: {why}\n{log}")));
                    }
                }
            }
        }
        if failures.is_empty() && pruning == Pruning::Usual {
            failures.push(("the object".into(), format!("not loaded: {whole}")));
        }
    }

    fn check_initial(&self, loaded: &Loaded) -> Result<(), String> {
        let globals = Runner::new(loaded, &self.extras)?.digest()?;
        let initial = if self.extras.has_digest { self.initial } else { 0 };
        if globals == initial { Ok(()) } else { Err(format!("{globals:#x}, expected {initial:#x}")) }
    }

    fn run(&self, loaded: &Loaded, test: &Expected, failures: &mut Vec<(String, String)>) {
        let mut first = None;
        let inputs = test.outcomes.iter().map(|(input, _)| input);
        let ran = Runner::new(loaded, &self.extras).and_then(|runner| {
            runner.run((&test.name, test.form), inputs, |index, got| {
                let (input, want) = &test.outcomes[index];
                if got != *want && first.is_none() {
                    first = Some(format!("input {input:?}: {}", got.difference(want, &self.extras.maps)));
                }
            })
        });
        if let Some(why) = ran.err().or(first) {
            failures.push((test.name.clone(), why));
        }
    }
}

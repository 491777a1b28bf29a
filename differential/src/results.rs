//! Programs of an object with what each must return of packets, as `ci/bounds` writes them.

use crate::kernel::Loaded;
use crate::packets::Packet;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
pub struct Results {
    /// In hexadecimal digits.
    packets: Vec<String>,
    /// The expected result of each program for each packet; none where the model has no answer.
    programs: BTreeMap<String, Vec<Option<u32>>>,
}

impl Results {
    /// What each program does that it should not: it is refused, or returns something else.
    pub fn compare(&self, object: &[u8]) -> Result<Vec<(String, String)>, String> {
        let packets: Vec<Packet> = self
            .packets
            .iter()
            .map(|digits| Ok(Packet { bytes: bytes(digits)?, linear: None }))
            .collect::<Result<_, String>>()?;
        let mut wrong = Vec::new();
        let whole = Loaded::load_those(object, &|_| true);
        for (name, results) in &self.programs {
            let found = match &whole {
                Ok(loaded) => run(loaded, name, &packets, results),
                // One of them is refused: each alone says which.
                Err(_) => Loaded::load_those(object, &|other| other == name)
                    .and_then(|loaded| run(&loaded, name, &packets, results)),
            };
            wrong.extend(found.err().map(|why| (name.clone(), why)));
        }
        match whole {
            Err(why) if wrong.is_empty() => Err(why),
            Ok(_) | Err(_) => Ok(wrong),
        }
    }

    pub fn count(&self) -> usize {
        self.programs.len()
    }
}

fn run(loaded: &Loaded, name: &str, packets: &[Packet], results: &[Option<u32>]) -> Result<(), String> {
    let program = loaded.program(name).ok_or_else(|| format!("no program {name}"))?;
    for (at, (packet, want)) in packets.iter().zip(results).enumerate() {
        let Some(want) = want else { continue };
        let Some((got, _)) = loaded.handle(program, packet)? else { continue };
        if got != *want {
            return Err(format!("of packet {at} it returns {got:#x}, expected {want:#x}"));
        }
    }
    Ok(())
}

fn bytes(digits: &str) -> Result<Vec<u8>, String> {
    let byte = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).map(|at| byte(at).ok_or_else(|| format!("no hexadecimal digits: {digits}"))).collect()
}

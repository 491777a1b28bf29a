//! A compiled program with what its tests must return: written where the compiler is, replayed where it is not.

use crate::kernel::Loaded;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Result of the test, and the digest of the globals after it.
pub type Outcome = (u64, u64);

/// One test, with its inputs and what each must give.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Expected {
    pub name: String,
    /// Those that end soon enough.
    pub outcomes: Vec<([u64; 4], Outcome)>,
}

/// What stands beside an object.
#[derive(Debug, Serialize, Deserialize)]
pub struct Case {
    pub has_reset: bool,
    pub has_digest: bool,
    /// The digest of the globals as they are declared.
    pub initial: u64,
    pub tests: Vec<Expected>,
}

impl Case {
    /// Writes `NAME.o` and `NAME.json`.
    pub fn write(&self, folder: &Path, name: &str, object: &[u8]) -> std::io::Result<()> {
        std::fs::write(folder.join(format!("{name}.o")), object)?;
        std::fs::write(folder.join(format!("{name}.json")), serde_json::to_vec(self)?)
    }

    /// Runs the tests in this kernel; what each failure is, with the name of the test.
    pub fn replay(&self, object: &[u8]) -> Vec<(String, String)> {
        let mut failures = Vec::new();
        match Loaded::load(object, &|_| true) {
            Ok(loaded) => {
                if let Err(why) = self.check_initial(&loaded) {
                    failures.push(("globals".into(), why));
                }
                for test in &self.tests {
                    self.run(&loaded, test, &mut failures);
                }
            }
            // One of them is refused: each alone says which.
            Err(_) => {
                for test in &self.tests {
                    let wanted = |name: &str| name == test.name || name == "reset" || name == "digest";
                    match Loaded::load(object, &wanted) {
                        Ok(loaded) => self.run(&loaded, test, &mut failures),
                        Err(why) => {
                            let log = Loaded::log(object, &test.name);
                            failures.push((test.name.clone(), format!("not loaded: {why}\n{log}")));
                        }
                    }
                }
            }
        }
        failures
    }

    fn check_initial(&self, loaded: &Loaded) -> Result<(), String> {
        let Some(digest) = loaded.program("digest").filter(|_| self.has_digest) else { return Ok(()) };
        let globals = loaded.run(digest, [0; 4])?;
        if globals == self.initial { Ok(()) } else { Err(format!("{globals:#x}, expected {:#x}", self.initial)) }
    }

    fn run(&self, loaded: &Loaded, test: &Expected, failures: &mut Vec<(String, String)>) {
        if let Err(why) = self.try_run(loaded, test) {
            failures.push((test.name.clone(), why));
        }
    }

    fn try_run(&self, loaded: &Loaded, test: &Expected) -> Result<(), String> {
        let program = |name: &str| loaded.program(name).ok_or_else(|| format!("no program {name}"));
        let reset = if self.has_reset { Some(program("reset")?) } else { None };
        let digest = if self.has_digest { Some(program("digest")?) } else { None };
        let own = program(&test.name)?;
        for (input, want) in &test.outcomes {
            if let Some(reset) = reset {
                loaded.run(reset, [0; 4])?;
            }
            let result = loaded.run(own, *input)?;
            let globals = digest.map_or(Ok(0), |digest| loaded.run(digest, [0; 4]))?;
            if (result, globals) != *want {
                let (want, kept) = want;
                return Err(format!(
                    "input {input:?}: {result:#x} and globals {globals:#x}, expected {want:#x} and {kept:#x}"
                ));
            }
        }
        Ok(())
    }
}

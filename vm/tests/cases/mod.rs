//! Programs of a few instructions, and what is expected of them.

use crate::support::imm;
use ks_vm::decode::{Endian, Slot};
use ks_vm::{Fault, Input, ProgramSpec, Vm};

/// Runs code, through its bytes; yields register 0.
pub fn run(endian: Endian, code: &[Slot]) -> Result<u64, Fault> {
    let code = code.iter().map(|slot| Slot::read(&slot.write(endian), endian)).collect();
    let mut vm = Vm::new(endian, 1);
    let program = vm.load_program(ProgramSpec { name: "case".into(), code, ..ProgramSpec::default() })?;
    Ok(vm.run(program, Input::default())?.result)
}

/// Code with a name.
pub struct Case {
    name: String,
    code: Vec<Slot>,
}

impl Case {
    /// An exit follows the code.
    pub fn new(name: impl Into<String>, mut code: Vec<Slot>) -> Case {
        code.push(imm(0x95, 0, 0, 0));
        Case { name: name.into(), code }
    }

    /// The result is the same on little-endian and big-endian machines.
    pub fn expect(self, result: u64) {
        self.expect_of(result, result);
    }

    /// The results on little-endian and big-endian machines.
    pub fn expect_of(self, little: u64, big: u64) {
        for (endian, result) in [(Endian::Little, little), (Endian::Big, big)] {
            let got = run(endian, &self.code).unwrap_or_else(|fault| panic!("{} {endian:?}: {fault}", self.name));
            assert_eq!(got, result, "{} {endian:?}: {got:#x}, expected {result:#x}", self.name);
        }
    }

    /// The machine does not load it.
    pub fn refused(self) {
        let mut vm = Vm::new(Endian::Little, 1);
        let spec = ProgramSpec { name: "case".into(), code: self.code, ..ProgramSpec::default() };
        assert!(vm.load_program(spec).is_err(), "{} is loaded", self.name);
    }

    /// It loads, and fails with these words.
    pub fn fails(self, words: &str) {
        for endian in [Endian::Little, Endian::Big] {
            match run(endian, &self.code) {
                Ok(result) => panic!("{} yields {result:#x}", self.name),
                Err(fault) => assert!(fault.to_string().contains(words), "{}: {fault}", self.name),
            }
        }
    }
}

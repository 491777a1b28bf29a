//! The functions of the kernel that programs call: helpers and kfuncs, by name. A program that names another one is not loaded.

mod checksums;
mod dynptrs;
mod entries;
mod fields;
mod iterators;
mod objects;
mod packets;
mod rings;
mod surroundings;
mod texts;

use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
pub use objects::Objects;
use std::collections::BTreeMap;
use std::sync::OnceLock;
pub use surroundings::Random;

/// Gets registers 1 to 5, yields register 0. A fault is what a verifier would not let through; other failures are negative numbers.
type Handler = fn(&mut Vm, [u64; 5]) -> Result<u64, Fault>;

/// A part of the list.
type Part = &'static [(&'static str, Handler)];

/// The helper that the loop of the machine is.
pub const TAIL_CALL: &str = "bpf_tail_call";

static PARTS: [Part; 10] = [
    checksums::LIST,
    dynptrs::LIST,
    entries::LIST,
    fields::LIST,
    iterators::LIST,
    objects::LIST,
    packets::LIST,
    rings::LIST,
    surroundings::LIST,
    texts::LIST,
];

/// All handlers, and the places of the names among them.
static ALL: OnceLock<(Vec<Handler>, BTreeMap<&str, usize>)> = OnceLock::new();

fn all() -> &'static (Vec<Handler>, BTreeMap<&'static str, usize>) {
    ALL.get_or_init(|| {
        let list: Vec<_> = PARTS.iter().flat_map(|part| part.iter()).collect();
        let names = list.iter().enumerate().map(|(at, (name, _))| (*name, at)).collect();
        (list.iter().map(|(_, handler)| *handler).collect(), names)
    })
}

/// The place of a function in the list; None if the machine lacks it.
pub fn position(name: &str) -> Option<usize> {
    all().1.get(name).copied()
}

/// Calls the function at a place that `position` gave.
#[inline]
pub fn call(vm: &mut Vm, position: usize, args: [u64; 5]) -> Result<u64, Fault> {
    (all().0[position])(vm, args)
}

/// The names of all functions that programs may call.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().1.keys().copied().chain([TAIL_CALL])
}

/// A failure as register 0 has it.
fn failed(error: i64) -> u64 {
    (-error) as u64
}

/// Success, or a failure with a positive number.
fn status(result: Result<(), i64>) -> u64 {
    result.map_or_else(failed, |()| 0)
}

/// What helpers with lengths of user-visible text take at most.
const LONGEST: u64 = 1 << 29;

impl Vm {
    /// A copy of memory that a helper reads; of more bytes than any region has none.
    fn input(&self, address: u64, size: u64) -> Result<Vec<u8>, Fault> {
        let bytes = if size > LONGEST { None } else { self.memory.bytes(address, size as usize) };
        bytes.map(<[u8]>::to_vec).ok_or_else(|| self.wrong_access("read", address, size))
    }

    /// Memory that a helper writes.
    fn output(&mut self, address: u64, size: u64) -> Result<&mut [u8], Fault> {
        if size > LONGEST || !self.memory.is_writable(address, size as usize) {
            return Err(self.wrong_access("write", address, size));
        }
        Ok(self.memory.bytes_mut(address, size as usize).unwrap_or_default())
    }

    fn demand_context(&self, address: u64) -> Result<(), Fault> {
        match self.is_context(address) {
            true => Ok(()),
            false => Err(Fault::wrong(format!("a context that is {}", self.name_of(address)))),
        }
    }
}

/// The error of a helper whose map is of another kind.
fn other_kind() -> Fault {
    Fault::wrong("a helper that takes another kind of maps")
}

/// Errors that several files use.
const EFAULT: i64 = uapi::EFAULT;
const EINVAL: i64 = uapi::EINVAL;

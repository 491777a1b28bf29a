//! The order of instructions in a loaded program: libbpf appends each function that is called after the one that calls it first.

use super::{Function, INSN, Object, index, is_code};
use object::{Object as _, ObjectSection, ObjectSymbol, RelocationTarget, SymbolKind};
use std::collections::HashMap;

/// The instructions of a section, and where their relocations point.
pub struct Code {
    bytes: Vec<u8>,
    /// By the byte of the instruction: the section and the value of the symbol.
    targets: HashMap<u64, (usize, u64)>,
    /// By the byte of the instruction: what it names that is no code of the object.
    outside: HashMap<u64, Outside>,
}

/// What an instruction names by a symbol that is no code of the object.
enum Outside {
    /// Of the kernel; a weak one may be missing.
    Kernel {
        name: String,
        weak: bool,
    },
    Map(String),
}

/// What a call names that is no function of the object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call<'a> {
    /// By its number (enum bpf_func_id).
    Helper(u32),
    /// A function of the kernel or of a module. A weak one may be missing.
    Kernel { name: &'a str, weak: bool },
}

/// What the call of a function has as its operation, and in its source register.
const CALL: u8 = 0x85;
const FUNCTION_CALL: u8 = 1;
/// What the load of an address has as its operation.
const ADDRESS: u8 = 0x18;
/// Instructions of a program at most, which a damaged object may exceed.
const MAX_INSNS: usize = 1 << 20;

impl Code {
    /// The byte of code at an offset.
    pub fn byte(&self, offset: u64) -> Option<u8> {
        self.bytes.get(usize::try_from(offset).ok()?).copied()
    }

    fn immediate(&self, offset: u64) -> Option<i64> {
        let at = usize::try_from(offset).ok()?.checked_add(4)?;
        let bytes: [u8; 4] = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(i64::from(i32::from_le_bytes(bytes)))
    }

    /// What the call at a byte calls outside of the object; none for another instruction, or a function of the object.
    pub fn call(&self, offset: u64) -> Option<Call<'_>> {
        if self.byte(offset)? != CALL {
            return None;
        }
        if let Some(Outside::Kernel { name, weak }) = self.outside.get(&offset) {
            return Some(Call::Kernel { name, weak: *weak });
        }
        let is_helper = self.byte(offset + 1)? >> 4 == 0;
        is_helper.then(|| u32::try_from(self.immediate(offset)?).ok().map(Call::Helper))?
    }

    /// The map whose address is loaded at a byte.
    pub fn map(&self, offset: u64) -> Option<&str> {
        match self.outside.get(&offset)? {
            Outside::Map(name) => Some(name),
            Outside::Kernel { .. } => None,
        }
    }

    /// The section and the byte of the function that the instruction names.
    fn function(&self, section: usize, offset: u64) -> Option<(usize, u64)> {
        let code = self.byte(offset)?;
        let source = self.byte(offset + 1)? >> 4;
        let immediate = self.immediate(offset)?;
        match (code, self.targets.get(&offset)) {
            (CALL, Some(&(section, value))) if source == FUNCTION_CALL => {
                Some((section, value.checked_add_signed((immediate + 1) * INSN as i64)?))
            }
            (CALL, None) if source == FUNCTION_CALL => {
                Some((section, offset.checked_add_signed((immediate + 1) * INSN as i64)?))
            }
            (ADDRESS, Some(&(section, value))) => Some((section, value.checked_add_signed(immediate)?)),
            _ => None,
        }
    }
}

/// The sections with code, by their index.
pub fn sections(file: &object::File<'_>) -> HashMap<usize, Code> {
    let mut found = HashMap::new();
    for section in file.sections().filter(is_code) {
        let Ok(bytes) = section.data() else { continue };
        let targets = section.relocations().filter_map(|(offset, relocation)| {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { return None };
            let symbol = file.symbol_by_index(symbol).ok()?;
            let code = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Section);
            Some((offset, (index(symbol.section_index().filter(|_| code)?), symbol.address())))
        });
        let outside = section.relocations().filter_map(|(offset, relocation)| {
            let RelocationTarget::Symbol(symbol) = relocation.target() else { return None };
            Some((offset, outside(file, &file.symbol_by_index(symbol).ok()?)?))
        });
        let (targets, outside) = (targets.collect(), outside.collect());
        found.insert(section.index().0, Code { bytes: bytes.to_vec(), targets, outside });
    }
    found
}

/// What a symbol is that is not code: of the kernel if the object does not define it, or a map.
fn outside(file: &object::File<'_>, symbol: &object::Symbol<'_, '_>) -> Option<Outside> {
    let name = symbol.name().ok().filter(|name| !name.is_empty())?.to_owned();
    if symbol.is_undefined() {
        return Some(Outside::Kernel { name, weak: symbol.is_weak() });
    }
    let section = file.section_by_index(symbol.section_index()?).ok()?;
    matches!(section.name(), Ok(".maps" | "maps")).then_some(Outside::Map(name))
}

/// For each instruction of a loaded program the section and the byte in it.
pub fn linked(object: &Object, program: &Function) -> Vec<(usize, u64)> {
    let mut linked = Linked { object, insns: Vec::new(), done: vec![(program.section_index, program.start)] };
    let mut waiting = vec![(program, 0)];
    linked.append(program);
    // Depth first, as libbpf: a function's own calls before the next call of its caller.
    while let Some((function, from)) = waiting.pop() {
        if let Some((called, after)) = linked.next_call(function, from) {
            waiting.push((function, after));
            linked.append(called);
            waiting.push((called, 0));
        }
        if linked.insns.len() > MAX_INSNS {
            linked.insns.truncate(MAX_INSNS);
            break;
        }
    }
    linked.insns
}

struct Linked<'a> {
    object: &'a Object,
    insns: Vec<(usize, u64)>,
    /// Functions that are in.
    done: Vec<(usize, u64)>,
}

impl<'a> Linked<'a> {
    fn append(&mut self, function: &Function) {
        let length = self.object.sections.get(&function.section_index).map_or(0, |code| code.bytes.len() as u64);
        let end = function.start.saturating_add(function.size).min(length);
        let mut at = function.start;
        while at + INSN <= end && self.insns.len() <= MAX_INSNS {
            self.insns.push((function.section_index, at));
            at += INSN;
        }
    }

    /// The next function that is not in yet, called from this byte of the function on, and the byte after the call.
    fn next_call(&mut self, function: &Function, from: u64) -> Option<(&'a Function, u64)> {
        let code = self.object.sections.get(&function.section_index)?;
        let end = function.start.saturating_add(function.size).min(code.bytes.len() as u64);
        let mut at = function.start.saturating_add(from);
        while at + INSN <= end {
            if let Some((section, offset)) = code.function(function.section_index, at) {
                let mut functions = self.object.functions.iter();
                let called = functions.find(|f| f.section_index == section && f.start == offset);
                if let Some(called) = called.filter(|_| !self.done.contains(&(section, offset))) {
                    self.done.push((section, offset));
                    return Some((called, at + INSN - function.start));
                }
            }
            at += INSN;
        }
        None
    }
}

//! The functions of an object, put together to programs: each with the functions that it calls behind it.

use super::{File, btf::Btf, unreadable};
use crate::calls;
use crate::decode::{CALL, CALL_KERNEL, CALL_LOCAL, Endian, LOAD_IMMEDIATE, Slot};
use crate::fault::{Fault, Line};
use crate::memory;
use object::{Object as _, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SectionKind};
use std::collections::BTreeMap;

/// The section of functions that are no programs.
const FUNCTIONS: &str = ".text";

/// All code of an object.
pub struct Code {
    functions: Vec<Function>,
    /// The function at a slot of a section.
    by_place: BTreeMap<(usize, usize), usize>,
}

/// A function.
pub struct Function {
    pub name: String,
    pub section_name: String,
    section: SectionIndex,
    /// Its first slot in the section.
    start: usize,
    code: Vec<Slot>,
    /// By slots of the function.
    relocations: BTreeMap<usize, Target>,
    lines: Vec<Line>,
}

/// What a relocation names.
#[derive(Clone)]
enum Target {
    Defined(Reference),
    /// A function or variable of the kernel.
    Extern(String),
}

/// A place in the object.
#[derive(Clone)]
pub struct Reference {
    pub section: SectionIndex,
    /// Bytes from the section's start, without what the instruction adds.
    pub place: u64,
    pub name: String,
}

/// A program's slots, the names of the kernel's functions that it calls, and its lines.
type Assembled = (Vec<Slot>, Vec<String>, Vec<Line>);

/// A program while its functions are put together.
struct Assembly<'a> {
    program: u32,
    slots: Vec<Slot>,
    kernel_functions: Vec<String>,
    lines: Vec<Line>,
    /// Where functions begin.
    starts: BTreeMap<usize, usize>,
    /// Functions that are still to come.
    waiting: Vec<usize>,
    /// Slots that name functions, for when all have their places.
    calls: Vec<(usize, usize)>,
    address: &'a mut dyn FnMut(Reference) -> Result<u64, Fault>,
}

impl Code {
    /// Reads all sections of code.
    pub fn read(file: &File, endian: Endian) -> Result<Code, Fault> {
        let data = |name: &str| file.section_by_name(name).and_then(|section| section.data().ok());
        let btf = data(".BTF").and_then(|bytes| Btf::read(bytes, endian));
        let lines = btf.as_ref().zip(data(".BTF.ext")).and_then(|(btf, ext)| btf.lines(ext)).unwrap_or_default();
        let mut code = Code { functions: Vec::new(), by_place: BTreeMap::new() };
        for section in file.sections().filter(|section| section.kind() == SectionKind::Text) {
            let name = section.name().map_err(unreadable)?.to_owned();
            let bytes = section.data().map_err(unreadable)?;
            let slots: Vec<Slot> = bytes.chunks_exact(8).map(|bytes| Slot::read(bytes, endian)).collect();
            let relocations = relocations(file, &section)?;
            for symbol in file.symbols().filter(|symbol| symbol.section_index() == Some(section.index())) {
                let (start, size) = (symbol.address() as usize / 8, symbol.size() as usize / 8);
                let Some(own) = slots.get(start..start + size).filter(|own| !own.is_empty()) else { continue };
                let within = |at: &usize| (start..start + size).contains(at);
                let own_relocations =
                    relocations.range(start..start + size).map(|(at, target)| (at - start, target.clone()));
                let own_lines = lines.get(&name).into_iter().flatten().filter(|line| within(&line.instruction));
                let own_lines =
                    own_lines.map(|line| Line { instruction: line.instruction - start, ..line.clone() }).collect();
                code.by_place.insert((section.index().0, start), code.functions.len());
                code.functions.push(Function {
                    name: symbol.name().map_err(unreadable)?.to_owned(),
                    section_name: name.clone(),
                    section: section.index(),
                    start,
                    code: own.to_vec(),
                    relocations: own_relocations.collect(),
                    lines: own_lines,
                });
            }
        }
        Ok(code)
    }

    /// The functions that are programs, with their numbers.
    pub fn programs(&self) -> impl Iterator<Item = (usize, &Function)> {
        self.functions.iter().enumerate().filter(|(_, function)| function.section_name != FUNCTIONS)
    }

    /// The program that begins with a function. `address` yields what a load of an address is.
    pub fn assemble(
        &self,
        first: usize,
        program: u32,
        address: &mut dyn FnMut(Reference) -> Result<u64, Fault>,
    ) -> Result<Assembled, Fault> {
        let mut assembly = Assembly {
            program,
            slots: Vec::new(),
            kernel_functions: Vec::new(),
            lines: Vec::new(),
            starts: BTreeMap::new(),
            waiting: vec![first],
            calls: Vec::new(),
            address,
        };
        while let Some(function) = assembly.waiting.pop() {
            if !assembly.starts.contains_key(&function) {
                self.append(function, &mut assembly)?;
            }
        }
        assembly.resolve();
        Ok((assembly.slots, assembly.kernel_functions, assembly.lines))
    }

    fn append(&self, number: usize, to: &mut Assembly) -> Result<(), Fault> {
        let function = &self.functions[number];
        let base = to.slots.len();
        to.starts.insert(number, base);
        to.slots.extend(&function.code);
        let shifted = |line: &Line| Line { instruction: line.instruction + base, ..line.clone() };
        to.lines.extend(function.lines.iter().map(shifted));
        for at in 0..function.code.len() {
            let slot = function.code[at];
            let target = function.relocations.get(&at);
            match slot.opcode {
                CALL if slot.src == CALL_LOCAL => match target {
                    Some(Target::Extern(name)) => to.call_kernel(base + at, name),
                    Some(Target::Defined(Reference { section, place, .. })) => {
                        let callee = self.function(*section, *place as i64 / 8 + i64::from(slot.immediate) + 1)?;
                        to.call(base + at, callee);
                    }
                    None => {
                        let callee = (function.start + at) as i64 + 1 + i64::from(slot.immediate);
                        to.call(base + at, self.function(function.section, callee)?);
                    }
                },
                LOAD_IMMEDIATE => match target {
                    Some(Target::Extern(name)) => to.load(base + at, calls::position(name).is_some().into()),
                    Some(Target::Defined(reference)) => self.load(slot, base + at, reference, to)?,
                    None => {}
                },
                _ if target.is_some() => {
                    return Err(Fault::wrong(format!("a relocation of an instruction {:#04x}", slot.opcode)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The address of a function, a variable or a map.
    fn load(&self, slot: Slot, at: usize, reference: &Reference, to: &mut Assembly) -> Result<(), Fault> {
        let place = reference.place + u64::from(slot.immediate as u32);
        match self.function(reference.section, place as i64 / 8) {
            Ok(callee) => to.call(at, callee),
            Err(_) => {
                let address = (to.address)(Reference { place, ..reference.clone() })?;
                to.load(at, address);
            }
        }
        Ok(())
    }

    fn function(&self, section: SectionIndex, slot: i64) -> Result<usize, Fault> {
        let found = usize::try_from(slot).ok().and_then(|slot| self.by_place.get(&(section.0, slot)));
        found.copied().ok_or_else(|| Fault::wrong("a call of no function"))
    }
}

impl Assembly<'_> {
    fn call(&mut self, at: usize, callee: usize) {
        self.calls.push((at, callee));
        self.waiting.push(callee);
    }

    fn call_kernel(&mut self, at: usize, name: &str) {
        let known = self.kernel_functions.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.kernel_functions.push(name.to_owned());
            self.kernel_functions.len() - 1
        });
        self.slots[at] = Slot { opcode: CALL, src: CALL_KERNEL, immediate: number as i32, ..Slot::default() };
    }

    /// Makes an instruction one that loads a number.
    fn load(&mut self, at: usize, number: u64) {
        self.slots[at].src = 0;
        self.slots[at].immediate = number as i32;
        if let Some(second) = self.slots.get_mut(at + 1) {
            second.immediate = (number >> 32) as i32;
        }
    }

    fn resolve(&mut self) {
        for (at, callee) in std::mem::take(&mut self.calls) {
            let start = self.starts[&callee];
            if self.slots[at].opcode == CALL {
                self.slots[at].immediate = (start as i64 - at as i64 - 1) as i32;
            } else {
                self.load(at, memory::of_code(self.program, start as u32));
            }
        }
    }
}

/// The relocations of a section by its slots.
fn relocations<'d>(file: &File<'d>, section: &impl ObjectSection<'d>) -> Result<BTreeMap<usize, Target>, Fault> {
    let mut all = BTreeMap::new();
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
        let symbol = file.symbol_by_index(symbol).map_err(unreadable)?;
        let name = symbol.name().map_err(unreadable)?.to_owned();
        let target = match symbol.section_index() {
            Some(section) => Target::Defined(Reference { section, place: symbol.address(), name }),
            None => Target::Extern(name),
        };
        all.insert(offset as usize / 8, target);
    }
    Ok(all)
}

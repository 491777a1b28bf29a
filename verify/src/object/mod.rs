//! A BPF object of any compiler: its programs as libbpf links them, the places of their instructions, and the names of what they hold.

mod btf;
mod dwarf;
mod link;
pub mod moves;
mod variables;

use crate::log::Location;
use btf::Lines;
use dwarf::Names;
pub use link::Call;
pub use variables::set;

use object::{Object as _, ObjectSection, ObjectSymbol, SectionFlags, SectionIndex, SymbolKind};
use std::collections::HashMap;

/// A program, or a function that programs call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    pub name: String,
    pub section: String,
    section_index: usize,
    /// Bytes into the section.
    start: u64,
    size: u64,
}

impl Function {
    /// Its instructions, those of the functions that it calls not among them.
    pub fn instructions(&self) -> u64 {
        self.size / INSN
    }
}

/// A place in a source file.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    /// As the debug information names it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1; 0 if it is not known.
    pub column: u32,
}

/// Bytes of an instruction.
const INSN: u64 = 8;

/// An object that was read.
pub struct Object {
    functions: Vec<Function>,
    sections: HashMap<usize, link::Code>,
    lines: Lines,
    names: Names,
}

impl Object {
    /// Reads an ELF file. An error, in words, if it is none or not of BPF code; what is damaged of its debug information is missing.
    pub fn parse(bytes: &[u8]) -> Result<Object, String> {
        let file = object::File::parse(bytes).map_err(|why| format!("no ELF file: {why}"))?;
        if file.architecture() != object::Architecture::Bpf {
            return Err("an ELF file, but not of BPF code".to_owned());
        }
        let functions = functions(&file);
        let sections = link::sections(&file);
        let lines = Lines::read(&file);
        let names = Names::read(&file);
        Ok(Object { functions, sections, lines, names })
    }

    /// The programs that a loader loads, in the order of their symbols: functions that are in no section of their own are called by them.
    pub fn programs(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|function| function.section != ".text")
    }

    /// A program as it is loaded, with the functions that it calls; none if there is no program of this name.
    pub fn program(&self, name: &str) -> Option<Program<'_>> {
        let function = self.programs().find(|function| function.name == name)?;
        Some(Program { object: self, function, insns: link::linked(self, function) })
    }

    /// A line of a file, as the compiler recorded it.
    pub fn recorded(&self, file: &str, line: u32) -> Option<&str> {
        self.lines.text(file, line)
    }

    /// The last line of a file that an instruction is of.
    pub fn last_line(&self, file: &str) -> Option<u32> {
        self.lines.last(file)
    }

    /// The lines of a file that the compiler recorded, each with its number.
    pub fn recorded_lines(&self, file: &str) -> impl Iterator<Item = (u32, &str)> {
        self.lines.texts(file)
    }
}

/// A program of an object as it is loaded.
pub struct Program<'a> {
    object: &'a Object,
    pub function: &'a Function,
    /// For each instruction the section and the byte in it.
    insns: Vec<(usize, u64)>,
}

impl Program<'_> {
    /// The number of its instructions, those of the functions that it calls among them.
    pub fn instructions(&self) -> usize {
        self.insns.len()
    }

    /// The place of an instruction by its number; none without debug information.
    pub fn place(&self, insn: u32) -> Option<Place> {
        let &(section, offset) = self.insns.get(insn as usize)?;
        self.object.lines.place(section, offset)
    }

    /// The code of an operation.
    pub fn opcode(&self, insn: u32) -> Option<u8> {
        let &(section, offset) = self.insns.get(insn as usize)?;
        self.object.sections.get(&section)?.byte(offset)
    }

    /// The bytes of an instruction, as the object has them; of one of two slots, each by itself.
    pub fn code(&self, insn: u32) -> Option<[u8; 8]> {
        let &(section, offset) = self.insns.get(insn as usize)?;
        let code = self.object.sections.get(&section)?;
        let mut bytes = [0; 8];
        for (at, byte) in (offset..).zip(&mut bytes) {
            *byte = code.byte(at)?;
        }
        Some(bytes)
    }

    /// The name of the function that an instruction is of.
    pub fn function_at(&self, insn: u32) -> Option<&str> {
        let &(section, offset) = self.insns.get(insn as usize)?;
        let mut functions = self.object.functions.iter();
        let found = functions
            .find(|f| f.section_index == section && f.start <= offset && offset < f.start.saturating_add(f.size))?;
        Some(&found.name)
    }

    /// The variable that a register or slot holds before an instruction.
    pub fn name(&self, insn: u32, location: Location) -> Option<&str> {
        let &(section, offset) = self.insns.get(insn as usize)?;
        self.object.names.at(section, offset, location)
    }

    /// The calls of what is no function of the object, each with the number of its instruction.
    pub fn calls(&self) -> impl Iterator<Item = (u32, Call<'_>)> {
        self.named(link::Code::call)
    }

    /// The maps whose addresses are loaded, each with the number of the instruction.
    pub fn maps(&self) -> impl Iterator<Item = (u32, &str)> {
        self.named(link::Code::map)
    }

    fn named<'b, T: 'b>(
        &'b self,
        of: impl Fn(&'b link::Code, u64) -> Option<T> + 'b,
    ) -> impl Iterator<Item = (u32, T)> {
        (0..).zip(&self.insns).filter_map(move |(insn, &(section, offset))| {
            Some((insn, of(self.object.sections.get(&section)?, offset)?))
        })
    }

    /// Which file a place is in may be known by the end of its name alone: as a log has it.
    pub fn object(&self) -> &Object {
        self.object
    }
}

fn functions(file: &object::File<'_>) -> Vec<Function> {
    let mut found: Vec<Function> = file
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
        .filter_map(|symbol| {
            let section = file.section_by_index(symbol.section_index()?).ok()?;
            Some(Function {
                name: symbol.name().ok()?.to_owned(),
                section: section.name().ok()?.to_owned(),
                section_index: section.index().0,
                start: symbol.address(),
                size: symbol.size(),
            })
        })
        .collect();
    found.sort_by_key(|function| (function.section_index, function.start));
    found
}

/// Whether a section has code.
fn is_code(section: &object::Section<'_, '_>) -> bool {
    let SectionFlags::Elf { sh_flags } = section.flags() else { return false };
    sh_flags & u64::from(object::elf::SHF_EXECINSTR) != 0
}

fn index(section: SectionIndex) -> usize {
    section.0
}

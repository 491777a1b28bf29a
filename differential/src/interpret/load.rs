//! Reads an object as libbpf does: code, data, maps, and the relocations between them.

use super::maps::{Definition, Map};
use super::memory::Memory;
use super::{Instruction, Interpreter};
use ksc::target::Endian;
use object::read::elf::ElfFile64;
use object::{
    Endianness, Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SectionKind, SymbolIndex,
};
use std::collections::{BTreeMap, HashMap};

type File<'d> = ElfFile64<'d, Endianness>;

/// Where functions are in the address space.
pub const CODE: u64 = 0x8_0000_0000;
/// Where maps are, by their numbers.
pub const MAPS: u64 = 0x9_0000_0000;

const CALL: u8 = 0x85;
const LOAD_IMMEDIATE: u8 = 0x18;
const OF_PROGRAM: u8 = 1;

struct Loading<'d> {
    file: File<'d>,
    endian: Endian,
    /// The first instruction of each section of code.
    starts: HashMap<SectionIndex, usize>,
    /// The address of each section of data.
    data: HashMap<SectionIndex, u64>,
    /// The number of the map at each offset of `.maps`.
    maps: BTreeMap<u64, usize>,
}

/// The object, ready to run.
pub fn load(bytes: &[u8]) -> Result<Interpreter, String> {
    let file = File::parse(bytes).map_err(|error| error.to_string())?;
    let endian = if file.is_little_endian() { Endian::Little } else { Endian::Big };
    let mut memory = Memory::new(endian);
    let mut loading = Loading { file, endian, starts: HashMap::new(), data: HashMap::new(), maps: BTreeMap::new() };
    let mut code = loading.code()?;
    let mut globals = HashMap::new();
    loading.add_data(&mut memory, &mut globals)?;
    let mut maps = loading.add_maps(&mut memory)?;
    loading.relocate(&mut code, &mut maps)?;
    let functions = loading.file.symbols().filter_map(|symbol| {
        let start = loading.starts.get(&symbol.section_index()?)?;
        (symbol.size() > 0).then(|| Some((symbol.name().ok()?.to_owned(), start + symbol.address() as usize / 8)))?
    });
    Ok(Interpreter::new(code, memory, maps, functions.collect(), globals))
}

impl Loading<'_> {
    fn code(&mut self) -> Result<Vec<Instruction>, String> {
        let mut code = Vec::new();
        for section in self.file.sections().filter(|section| section.kind() == SectionKind::Text) {
            self.starts.insert(section.index(), code.len());
            let data = section.data().map_err(|error| error.to_string())?;
            code.extend(data.chunks_exact(8).map(|bytes| Instruction::decode(bytes, self.endian)));
        }
        Ok(code)
    }

    fn add_data(&mut self, memory: &mut Memory, globals: &mut HashMap<String, u64>) -> Result<(), String> {
        for section in self.file.sections() {
            let name = section.name().unwrap_or_default();
            if ![".data", ".bss", ".rodata"].iter().any(|own| name.starts_with(own)) {
                continue;
            }
            let mut bytes = section.data().map_err(|error| error.to_string())?.to_vec();
            bytes.resize(section.size() as usize, 0);
            self.data.insert(section.index(), memory.add(bytes));
        }
        for symbol in self.file.symbols() {
            let start = symbol.section_index().and_then(|section| self.data.get(&section));
            if let (Some(start), Ok(name)) = (start, symbol.name()) {
                globals.insert(name.to_owned(), start + symbol.address());
            }
        }
        Ok(())
    }

    fn add_maps(&mut self, memory: &mut Memory) -> Result<Vec<Map>, String> {
        let Some(section) = self.file.section_by_name(".maps") else { return Ok(Vec::new()) };
        let btf = self.file.section_by_name(".BTF").and_then(|btf| btf.data().ok()).ok_or("no BTF")?;
        let definitions = super::btf::maps(btf, self.endian).ok_or("the BTF of maps is not as expected")?;
        let mut maps = Vec::new();
        for symbol in self.file.symbols().filter(|symbol| symbol.section_index() == Some(section.index())) {
            let name = symbol.name().unwrap_or_default();
            let Some(of) = definitions.iter().find(|of| of.name == name) else { continue };
            self.maps.insert(symbol.address(), maps.len());
            maps.push(Map::new(Definition::clone(of), memory));
        }
        Ok(maps)
    }

    fn relocate(&self, code: &mut [Instruction], maps: &mut [Map]) -> Result<(), String> {
        for section in self.file.sections() {
            for (offset, relocation) in section.relocations() {
                let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
                if let Some(start) = self.starts.get(&section.index()) {
                    self.relocate_code(code, start + offset as usize / 8, symbol)?;
                } else if section.name() == Ok(".maps") {
                    self.add_program(maps, offset, symbol)?;
                }
            }
        }
        Ok(())
    }

    fn relocate_code(&self, code: &mut [Instruction], at: usize, symbol: SymbolIndex) -> Result<(), String> {
        let symbol = self.file.symbol_by_index(symbol).map_err(|error| error.to_string())?;
        let section =
            symbol.section_index().ok_or_else(|| format!("`{}` is elsewhere", symbol.name().unwrap_or("?")))?;
        let instruction = code[at];
        if instruction.opcode == CALL && instruction.src == OF_PROGRAM {
            let start = self.starts.get(&section).ok_or("a call of no code")?;
            let target = *start as i64 + symbol.address() as i64 / 8 + i64::from(instruction.immediate) + 1;
            code[at].immediate = (target - at as i64 - 1) as i32;
            return Ok(());
        }
        if instruction.opcode != LOAD_IMMEDIATE {
            return Err(format!("a relocation of an instruction {:#x}", instruction.opcode));
        }
        let place = symbol.address() + u64::from(instruction.immediate as u32);
        let address = if let Some(start) = self.starts.get(&section) {
            CODE + *start as u64 + place / 8
        } else if let Some(start) = self.data.get(&section) {
            start + place
        } else {
            MAPS + *self.maps.get(&place).ok_or("a reference to no map")? as u64
        };
        code[at].src = 0;
        code[at].immediate = address as i32;
        code[at + 1].immediate = (address >> 32) as i32;
        Ok(())
    }

    /// The entries of arrays of programs are in order.
    fn add_program(&self, maps: &mut [Map], offset: u64, symbol: SymbolIndex) -> Result<(), String> {
        let symbol = self.file.symbol_by_index(symbol).map_err(|error| error.to_string())?;
        let start =
            symbol.section_index().and_then(|section| self.starts.get(&section)).ok_or("an entry of no code")?;
        let Some((_, &map)) = self.maps.range(..=offset).next_back() else { return Err("an entry of no map".into()) };
        maps[map].entries.push((Vec::new(), *start as u64 + symbol.address() / 8));
        Ok(())
    }
}

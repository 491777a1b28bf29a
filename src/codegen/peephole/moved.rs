//! What in an object has the place of an instruction: symbols, relocations with what they add, and `.BTF.ext`. DWARF has places too, but
//! no loader reads it: it stays as it is, and its readers are told what moved.
//!
//! Relocations of BPF are `SHT_REL`: what is added to the symbol's value is in the bytes that are relocated
//! (llvm/docs/../ELFRelocs/BPF.def, Documentation/bpf/llvm_reloc.rst of Linux).

use super::code::{Moves, SLOT};
use super::line_info::{self, Record, Rewritten};
use ks_vm::decode::Endian;
use object::build::Id;
use object::build::elf::{Builder, Relocation, Section, SectionData};
use object::elf::{R_BPF_64_32, R_BPF_64_64, SHF_EXECINSTR, STT_FUNC};
use std::collections::BTreeMap;
use std::ops::Range;

/// `R_BPF_64_ABS64`: 8 bytes of data. The other kinds, `R_BPF_64_ABS32` and `R_BPF_64_NODYLD32`, have 4.
const ABS64: u32 = 2;

/// Of a section of code, by offsets.
#[derive(Default)]
pub struct Places {
    /// By ELF or by CO-RE.
    pub relocated: Vec<u64>,
    /// By CO-RE.
    pub by_types: Vec<u64>,
    pub entries: Vec<u64>,
}

/// A symbol as it was.
#[derive(Clone, Copy)]
struct Symbol {
    section: usize,
    value: u64,
}

/// Whether a section has instructions.
pub fn is_code(section: &Section<'_>) -> bool {
    section.sh_flags & u64::from(SHF_EXECINSTR) != 0
}

/// Symbols that lie in sections, by their numbers.
fn symbols(builder: &Builder<'_>) -> BTreeMap<usize, Symbol> {
    let own = |symbol: &object::build::elf::Symbol<'_>| {
        let section = symbol.section?.index();
        Some((symbol.id().index(), Symbol { section, value: symbol.st_value }))
    };
    builder.symbols.iter().filter_map(own).collect()
}

/// Relocations: the number of the section that has them, and of the one that they are for.
fn relocations<'b>(builder: &'b Builder<'_>) -> impl Iterator<Item = (usize, usize, &'b [Relocation])> {
    builder.sections.iter().filter_map(|section| {
        let SectionData::Relocation(all) = &section.data else { return None };
        Some((section.id().index(), section.sh_info_section?.index(), all.as_slice()))
    })
}

fn bytes_of<'b>(builder: &'b Builder<'_>, section: usize) -> Option<&'b [u8]> {
    let section = builder.sections.iter().find(|one| one.id().index() == section)?;
    let SectionData::Data(bytes) = &section.data else { return None };
    Some(bytes.as_slice())
}

/// Where the relocated bytes are, and where they point to, as an offset in the section of the symbol.
struct Pointer {
    at: usize,
    size: usize,
    /// Bytes, for the calls of functions too.
    to: u64,
}

/// What a relocation points to. None: it is of no kind that has an offset into a section.
fn pointer(bytes: &[u8], relocation: &Relocation, symbol: Symbol, endian: Endian) -> Option<Pointer> {
    let start = usize::try_from(relocation.r_offset).ok()?;
    let (at, size) = match relocation.r_type {
        R_BPF_64_64 | R_BPF_64_32 => (start + 4, 4),
        ABS64 => (start, 8),
        _ => (start, 4),
    };
    let number = endian.number(bytes.get(at..at + size)?);
    let added = if size == 4 { i64::from(number as i32) } else { number as i64 };
    // A call has the distance in instructions from the one behind it.
    let added = if relocation.r_type == R_BPF_64_32 { (added + 1) * SLOT as i64 } else { added };
    Some(Pointer { at, size, to: symbol.value.checked_add_signed(added)? })
}

/// What loaders relocate in each section of code, and where functions begin. None: the object is not as expected.
pub fn places(builder: &Builder<'_>, endian: Endian) -> Option<BTreeMap<usize, Places>> {
    let code = builder.sections.iter().filter(|section| is_code(section)).map(|section| section.id().index());
    let mut all: BTreeMap<usize, Places> = code.map(|section| (section, Places::default())).collect();
    let symbols = symbols(builder);
    for symbol in builder.symbols.iter().filter(|symbol| symbol.st_type() == STT_FUNC) {
        if let Some(places) = symbol.section.and_then(|section| all.get_mut(&section.index())) {
            places.entries.push(symbol.st_value);
        }
    }
    for (_, section, relocations) in relocations(builder) {
        let bytes = bytes_of(builder, section);
        for relocation in relocations {
            if let Some(places) = all.get_mut(&section) {
                places.relocated.push(relocation.r_offset);
            }
            let Some(bytes) = bytes.filter(|_| !is_about_code(builder, section)) else { continue };
            let symbol = relocation.symbol.and_then(|symbol| symbols.get(&symbol.index()));
            if let Some(&symbol) = symbol
                && let Some(places) = all.get_mut(&symbol.section)
            {
                places.entries.push(pointer(bytes, relocation, symbol, endian)?.to);
            }
        }
    }
    for (section, offset) in core_relocations(builder, endian)? {
        if let Some(places) = all.get_mut(&section) {
            places.relocated.push(offset);
            places.by_types.push(offset);
        }
    }
    Some(all)
}

/// Whether a section says something about instructions, without control coming to them by it.
fn is_about_code(builder: &Builder<'_>, section: usize) -> bool {
    let is_btf = |name: &[u8]| name.starts_with(b".BTF") || name == b".eh_frame";
    is_dwarf(builder, section) || name(builder, section).is_some_and(is_btf)
}

fn is_dwarf(builder: &Builder<'_>, section: usize) -> bool {
    name(builder, section).is_some_and(|name| name.starts_with(b".debug_"))
}

fn name<'b>(builder: &'b Builder<'_>, section: usize) -> Option<&'b [u8]> {
    let section = builder.sections.iter().find(|one| one.id().index() == section)?;
    Some(section.name.as_slice())
}

/// The sections of an object by the offsets of their names among the strings of `.BTF`.
fn named<'b>(builder: &'b Builder<'_>, endian: Endian) -> impl Fn(u64) -> Option<usize> + 'b {
    let btf = section_bytes(builder, b".BTF");
    move |offset| {
        let btf = btf?;
        let word = |at: usize| Some(endian.number(btf.get(at..at + 4)?));
        // `hdr_len` and `str_off` of `struct btf_header`.
        let start = usize::try_from(word(4)?.checked_add(word(16)?)?.checked_add(offset)?).ok()?;
        let name = btf.get(start..)?.split(|&byte| byte == 0).next()?;
        let section = builder.sections.iter().find(|section| section.name.as_slice() == name)?;
        Some(section.id().index())
    }
}

fn section_bytes<'b>(builder: &'b Builder<'_>, name: &[u8]) -> Option<&'b [u8]> {
    let section = builder.sections.iter().find(|section| section.name.as_slice() == name)?;
    bytes_of(builder, section.id().index())
}

fn core_relocations(builder: &Builder<'_>, endian: Endian) -> Option<Vec<(usize, u64)>> {
    let Some(ext) = section_bytes(builder, b".BTF.ext") else { return Some(Vec::new()) };
    let named = named(builder, endian);
    let mut found = Vec::new();
    for records in line_info::tables(ext, endian)?.iter().flat_map(|table| &table.sections) {
        for record in records.records.iter().filter(|record| record.is_core) {
            found.push((named(records.section)?, record.offset));
        }
    }
    Some(found)
}

/// Puts right all that has places of instructions, but the code itself, which is as it will be. None: the object is not as expected.
pub fn update(builder: &mut Builder<'_>, moves: &BTreeMap<usize, Moves>, endian: Endian) -> Option<()> {
    let ext = rewritten_ext(builder, moves, endian)?;
    let moved = moved_relocations(builder, moves, ext.as_ref(), endian)?;
    for (section, range, added) in moved.added {
        let section = builder.sections.iter_mut().find(|one| one.id().index() == section)?;
        let SectionData::Data(bytes) = &mut section.data else { return None };
        endian.write(added as u64, bytes.to_mut().get_mut(range)?);
    }
    for (section, relocations) in moved.relocations {
        let section = builder.sections.iter_mut().find(|one| one.id().index() == section)?;
        section.data = SectionData::Relocation(relocations);
    }
    if let Some((id, ext)) = ext {
        let section = builder.sections.iter_mut().find(|one| one.id().index() == id)?;
        section.data = SectionData::Data(ext.bytes.into());
    }
    for symbol in builder.symbols.iter_mut() {
        if let Some(moves) = symbol.section.and_then(|section| moves.get(&section.index())) {
            let end = moves.offset(symbol.st_value + symbol.st_size)?;
            symbol.st_value = moves.offset(symbol.st_value)?;
            symbol.st_size = end - symbol.st_value;
        }
    }
    Some(())
}

/// The number of `.BTF.ext`, and what becomes of it. The outer None: it is not as expected.
fn rewritten_ext(
    builder: &Builder<'_>,
    moves: &BTreeMap<usize, Moves>,
    endian: Endian,
) -> Option<Option<(usize, Rewritten)>> {
    let Some(section) = builder.sections.iter().find(|section| section.name.as_slice() == b".BTF.ext") else {
        return Some(None);
    };
    let id = section.id().index();
    let named = named(builder, endian);
    let offset = |section: u64, record: &Record| match moves.get(&named(section)?) {
        Some(moves) if record.is_core => moves.relocated(record.offset),
        Some(moves) => moves.offset(record.offset),
        None => Some(record.offset),
    };
    Some(Some((id, line_info::rewrite(bytes_of(builder, id)?, endian, offset)?)))
}

/// What becomes of relocations.
#[derive(Default)]
struct Moved {
    /// By the number of the section that has them.
    relocations: Vec<(usize, Vec<Relocation>)>,
    /// What is added to symbols: the section, the bytes in it, and the number.
    added: Vec<(usize, Range<usize>, i64)>,
}

fn moved_relocations(
    builder: &Builder<'_>,
    moves: &BTreeMap<usize, Moves>,
    ext: Option<&(usize, Rewritten)>,
    endian: Endian,
) -> Option<Moved> {
    let symbols = symbols(builder);
    let mut moved = Moved::default();
    for (id, section, relocations) in relocations(builder) {
        if is_dwarf(builder, section) {
            continue;
        }
        let mut kept = Vec::with_capacity(relocations.len());
        let bytes = bytes_of(builder, section);
        for relocation in relocations {
            let mut relocation = *relocation;
            if let Some((_, ext)) = ext.filter(|(id, _)| *id == section) {
                // What is added is in the records, which have been rewritten.
                if let Some(place) = ext.place(relocation.r_offset) {
                    kept.push(Relocation { r_offset: place, ..relocation });
                }
                continue;
            }
            if let Some(moves) = moves.get(&section) {
                relocation.r_offset = moves.offset(relocation.r_offset)?;
            }
            kept.push(relocation);
            let symbol = relocation.symbol.and_then(|symbol| symbols.get(&symbol.index()));
            if let Some((symbol, moves)) = symbol.and_then(|symbol| Some((symbol, moves.get(&symbol.section)?))) {
                let pointer = pointer(bytes?, &relocation, *symbol, endian)?;
                let added = moves.offset(pointer.to)? as i64 - moves.offset(symbol.value)? as i64;
                let added = if relocation.r_type == R_BPF_64_32 { added / SLOT as i64 - 1 } else { added };
                moved.added.push((section, pointer.at..pointer.at + pointer.size, added));
            }
        }
        moved.relocations.push((id, kept));
    }
    Some(moved)
}

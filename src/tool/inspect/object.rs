//! From the ELF file to the report.

use super::btf::Btf;
use super::signed;
use super::{BtfSize, Function, Global, Map, Program, Report, Tier, Type};
use crate::codegen::{OBJECT_ALIGN, PINS_SECTION, TIER_SECTION};
use crate::tables::{MAP_FLAGS, MAP_KINDS, MapFlagSpec, ProgramSpec};
use crate::target::Endian;
use object::elf::{ELFMAG, EM_BPF};
use object::read::elf::{ElfFile64, FileHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionKind, SymbolKind};
use std::collections::BTreeMap;

/// An object file of BPF, of either byte order.
pub type File<'d> = ElfFile64<'d, Endianness>;

/// One instruction, in bytes.
pub const INSTRUCTION: u64 = 8;

/// The BPF objects of a file.
pub struct Objects<'d> {
    /// The one for the oldest kernels.
    pub oldest: &'d [u8],
    /// By their kernels.
    pub newer: Vec<&'d [u8]>,
}

impl<'d> Objects<'d> {
    /// All of them, by their kernels, each with the release of the first one; none for the first object.
    pub fn tiers(&self) -> impl Iterator<Item = (Option<String>, &'d [u8])> {
        let newer = self.newer.iter().map(|object| (since(object), *object));
        std::iter::once((None, self.oldest)).chain(newer)
    }
}

/// The BPF object that a file is, or those that an executable of ksc carries.
pub fn objects(bytes: &[u8]) -> Result<Objects<'_>, String> {
    let file = parse(bytes)?;
    if is_bpf(&file) {
        return Ok(Objects { oldest: bytes, newer: Vec::new() });
    }
    // By what they look like, since a stripped executable has no symbols.
    let carried = (OBJECT_ALIGN..bytes.len()).step_by(OBJECT_ALIGN).map(|at| &bytes[at..]);
    let found = carried.filter(|rest| rest.starts_with(&ELFMAG) && parse(rest).is_ok_and(|file| is_bpf(&file)));
    let (newer, oldest): (Vec<&[u8]>, Vec<&[u8]>) = found.partition(|object| since(object).is_some());
    match oldest.first() {
        Some(oldest) => Ok(Objects { oldest, newer }),
        None => Err("it is an ELF file for another machine, and carries none".to_owned()),
    }
}

/// The first kernel that the object of an executable is for, if there is another object for older ones.
fn since(object: &[u8]) -> Option<String> {
    parse(object).ok().and_then(|file| text(section(&file, TIER_SECTION)))
}

/// Reads the headers of an ELF file; the error is the reason in words.
pub fn parse(bytes: &[u8]) -> Result<File<'_>, String> {
    File::parse(bytes).map_err(|error| format!("{error}").to_lowercase())
}

/// The order of bytes in the object.
pub fn endian(file: &File) -> Endian {
    if file.is_little_endian() { Endian::Little } else { Endian::Big }
}

fn is_bpf(file: &File) -> bool {
    file.elf_header().e_machine(file.endian()) == EM_BPF
}

/// The report on an object; `newer` are the objects for newer kernels in the same executable.
pub fn report(bytes: &[u8], newer: &[&[u8]]) -> Result<Report, String> {
    let file = parse(bytes)?;
    let btf_bytes = section(&file, ".BTF");
    let btf = Btf::read(btf_bytes, endian(&file));
    if btf.is_none() && !btf_bytes.is_empty() {
        return Err("its BTF cannot be read".to_owned());
    }
    let pins = pins(&file);
    let (programs, functions) = functions(&file);
    let size = |name| section(&file, name).len() as u64;
    Ok(Report {
        license: text(section(&file, "license")),
        maps: maps(&file, btf.as_ref(), &pins),
        programs,
        functions,
        globals: globals(&file, btf.as_ref(), &pins),
        btf: BtfSize { types: btf.as_ref().map_or(0, Btf::type_count), btf: size(".BTF"), btf_ext: size(".BTF.ext") },
        tiers: newer.iter().filter_map(|object| tier(object)).collect(),
        signatures: std::iter::once(&bytes)
            .chain(newer)
            .filter_map(|object| signed::of(since(object), object))
            .collect(),
    })
}

/// The maps of an object: the name of each, and that of its kind.
///
/// # Errors
/// It is no object that can be read; in words.
pub fn map_kinds(bytes: &[u8]) -> Result<Vec<(String, String)>, String> {
    Ok(report(bytes, &[])?.maps.into_iter().map(|map| (map.name, map.kind)).collect())
}

fn tier(object: &[u8]) -> Option<Tier> {
    let (programs, functions) = functions(&parse(object).ok()?);
    Some(Tier { since: since(object)?, programs, functions })
}

/// The bytes of a section; empty if there is none.
pub fn section<'d>(file: &File<'d>, name: &str) -> &'d [u8] {
    file.section_by_name(name).and_then(|section| section.data().ok()).unwrap_or(&[])
}

/// The text before the first NUL; none if it is empty.
pub fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    (end > 0).then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
}

/// What the program of a ksc object pins, and where.
fn pins(file: &File) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(section(file, PINS_SECTION)).into_owned();
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
}

/// Programs, and what they call: functions of `.text`, or without a section of their own.
pub fn functions(file: &File) -> (Vec<Program>, Vec<Function>) {
    let (mut programs, mut others) = (Vec::new(), Vec::new());
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let Some(section) = symbol.section_index().and_then(|index| file.section_by_index(index).ok()) else {
            continue;
        };
        let (Ok(name), Ok(section)) = (symbol.name(), section.name()) else { continue };
        let (name, section, instructions) = (name.to_owned(), section.to_owned(), symbol.size() / INSTRUCTION);
        if section != ".text" && symbol.is_global() {
            let kind = ProgramSpec::of_section(&section).map(ProgramSpec::kernel_name);
            programs.push(Program { name, kind, section, instructions });
        } else {
            others.push(Function { name, section, instructions });
        }
    }
    (programs, others)
}

fn maps(file: &File, btf: Option<&Btf>, pins: &BTreeMap<String, String>) -> Vec<Map> {
    let mut maps = Vec::new();
    if let Some(btf) = btf {
        let sections = btf.sections();
        let variables = sections.iter().filter(|(name, _)| *name == ".maps").flat_map(|(_, variables)| variables);
        maps.extend(variables.map(|variable| described(btf, variable.name, variable.ty, pins)));
    } else {
        maps.extend(undescribed(file));
    }
    maps.extend(old_maps(file));
    maps
}

/// Maps of an object that has lost its BTF: what they are is unknown.
fn undescribed(file: &File) -> Vec<Map> {
    let Some(section) = file.section_by_name(".maps") else { return Vec::new() };
    let symbols = file.symbols().filter(|symbol| symbol.section_index() == Some(section.index()));
    let names = symbols.filter_map(|symbol| symbol.name().ok()).filter(|name| !name.is_empty());
    let unknown = |name: &str| {
        let (key, value, pin) = (None, None, None);
        Map { name: name.to_owned(), kind: "?".to_owned(), key, value, max_entries: 0, flags: Vec::new(), pin }
    };
    names.map(unknown).collect()
}

/// A map as its BTF describes it: numbers are lengths of arrays, types are pointed to.
fn described(btf: &Btf, name: &str, ty: u32, pins: &BTreeMap<String, String>) -> Map {
    let members = btf.members(ty);
    let pointee = |name: &str| members.iter().find(|m| m.name == name).and_then(|m| btf.pointee(m.ty));
    let number = |name: &str| pointee(name).and_then(|ty| btf.array_length(ty));
    let part = |ty: &str, size: &str| {
        let (ty, size) = (pointee(ty), number(size));
        (ty.is_some() || size.is_some()).then(|| Type {
            name: ty.map(|ty| btf.text(ty)),
            size: ty.and_then(|ty| btf.size(ty)).or(size.map(u64::from)),
        })
    };
    let by_name = (number("pinning") == Some(1)).then(|| format!("/sys/fs/bpf/{name}"));
    Map {
        name: name.to_owned(),
        kind: kind(number("type").unwrap_or(0)),
        key: part("key", "key_size"),
        value: part("value", "value_size"),
        max_entries: number("max_entries").unwrap_or(0),
        flags: flags(number("map_flags").unwrap_or(0), number("numa_node")),
        pin: pins.get(&format!("map {name}")).cloned().or(by_name),
    }
}

/// The section `maps` of older objects: each is five numbers, type, sizes of key and value, entries, flags.
fn old_maps(file: &File) -> Vec<Map> {
    let Some(section) = file.section_by_name("maps") else { return Vec::new() };
    let data = section.data().unwrap_or(&[]);
    let symbols = file.symbols().filter(|symbol| symbol.section_index() == Some(section.index()) && symbol.is_global());
    let map = |symbol: object::read::elf::ElfSymbol64<'_, '_, Endianness>| {
        let at = usize::try_from(symbol.address()).ok()?;
        let word = |index: usize| endian(file).word(data, at.checked_add(index * 4)?);
        let sized = |size: u32| Some(Type { name: None, size: Some(size.into()) });
        Some(Map {
            name: symbol.name().ok()?.to_owned(),
            kind: kind(word(0)?),
            key: sized(word(1)?),
            value: sized(word(2)?),
            max_entries: word(3)?,
            flags: flags(word(4).unwrap_or(0), None),
            pin: None,
        })
    };
    symbols.filter_map(map).collect()
}

fn kind(number: u32) -> String {
    let known = MAP_KINDS.iter().find(|kind| kind.map_type == number);
    known.map_or(format!("kind {number}"), |kind| kind.name.to_owned())
}

/// By the language's names, as they are written; bits without one as a number.
fn flags(bits: u32, node: Option<u32>) -> Vec<String> {
    let known = MAP_FLAGS.iter().filter(|flag| bits & 1 << flag.bit != 0);
    let rest = MAP_FLAGS.iter().fold(bits, |rest, flag| rest & !(1 << flag.bit));
    let written = |flag: &MapFlagSpec| match node.filter(|_| flag.argument) {
        Some(node) => format!("{}({node})", flag.name),
        None => flag.name.to_owned(),
    };
    let mut names: Vec<String> = known.map(written).collect();
    if rest != 0 {
        names.push(format!("0x{rest:x}"));
    }
    names
}

/// Variables of the sections that libbpf makes maps of, by symbols; BTF knows their types.
fn globals(file: &File, btf: Option<&Btf>, pins: &BTreeMap<String, String>) -> Vec<Global> {
    let sections = btf.map_or(Vec::new(), Btf::sections);
    let typed = |section: &str, name: &str| {
        let (_, variables) = sections.iter().find(|(of, _)| *of == section)?;
        variables.iter().find(|variable| variable.name == name).map(|variable| variable.ty)
    };
    let mut globals: Vec<(String, u64, Global)> = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Data) {
        let Some(section) = symbol.section_index().and_then(|index| file.section_by_index(index).ok()) else {
            continue;
        };
        let (Ok(name), Ok(section_name)) = (symbol.name(), section.name()) else { continue };
        let is_data = matches!(
            section.kind(),
            SectionKind::Data
                | SectionKind::ReadOnlyData
                | SectionKind::ReadOnlyString
                | SectionKind::UninitializedData
        );
        let ours = [".data", ".bss", ".rodata"];
        if name.is_empty() || !is_data || !ours.iter().any(|start| section_name.starts_with(start)) {
            continue;
        }
        let global = Global {
            name: name.to_owned(),
            ty: typed(section_name, name).and_then(|ty| btf.map(|btf| btf.text(ty))),
            section: section_name.to_owned(),
            size: symbol.size(),
            pin: pins.get(&format!("section {section_name}")).cloned(),
        };
        globals.push((global.section.clone(), symbol.address(), global));
    }
    globals.sort_by(|one, other| (&one.0, one.1, &one.2.name).cmp(&(&other.0, other.1, &other.2.name)));
    globals.into_iter().map(|(_, _, global)| global).collect()
}

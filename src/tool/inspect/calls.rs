//! Which program and function of an object calls which: `--call-graph`.

use super::btf::Btf;
use super::object::{File, INSTRUCTION, endian, functions, parse, section};
use crate::cli::GraphFormat;
use crate::codegen::bindings::entries;
use crate::diag::escape;
use crate::target::Endian;
use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};

/// Opcodes of include/uapi/linux/bpf.h.
pub const CALL: u8 = 0x85;
const LOAD_IMM64: u8 = 0x18;
const GO: u8 = 0x05;
const EXIT: u8 = 0x95;
const MOVE_IMM: [u8; 2] = [0xb4, 0xb7];
/// `BPF_PSEUDO_CALL`
pub const PSEUDO_CALL: u8 = 1;
/// The helper bpf_tail_call, and the registers of its map and its index.
const TAIL_CALL: i32 = 12;
const MAP: u8 = 2;
const INDEX: u8 = 3;

struct Graph {
    /// With the types of programs.
    functions: Vec<(String, Option<String>)>,
    calls: Vec<Call>,
}

#[derive(PartialEq, Eq)]
struct Call {
    from: String,
    to: String,
    how: How,
}

#[derive(PartialEq, Eq)]
enum How {
    Call,
    /// Its address is handed to a helper, which calls it.
    Callback,
    /// Through this entry of this map.
    Tail(String, usize),
    /// Through a map that user space fills.
    Filled,
}

/// A BPF instruction; of one of two slots, the first.
pub struct Instruction {
    /// In its section.
    pub offset: u64,
    pub opcode: u8,
    /// Destination and source.
    pub registers: (u8, u8),
    /// The distance of a jump, in instructions.
    distance: i16,
    pub immediate: i32,
}

/// The graph of an object.
pub fn graph(bytes: &[u8], format: GraphFormat) -> Result<String, String> {
    let file = parse(bytes)?;
    let (programs, others) = functions(&file);
    let programs = programs.into_iter().map(|program| (program.name, program.kind.or(Some(program.section))));
    let functions = programs.chain(others.into_iter().map(|function| (function.name, None))).collect();
    let arrays = arrays(&file);
    let mut graph = Graph { functions, calls: Vec::new() };
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0) {
        let (Some(at), Ok(from)) = (symbol.section_index(), symbol.name()) else { continue };
        let part = (symbol.address(), symbol.address().saturating_add(symbol.size()));
        add_calls(&mut graph, &file, (at, from, part), &arrays);
    }
    Ok(match format {
        GraphFormat::Text => graph.text(),
        GraphFormat::Dot => graph.dot(),
    })
}

/// The programs in the entries of program arrays, as relocations of their definitions say.
fn arrays(file: &File) -> BTreeMap<String, Vec<(usize, String)>> {
    let mut arrays: BTreeMap<String, Vec<(usize, String)>> = BTreeMap::new();
    let Some(btf) = Btf::read(section(file, ".BTF"), endian(file)) else { return arrays };
    let sections = btf.sections();
    let described = sections.iter().filter(|(name, _)| *name == ".maps").flat_map(|(_, variables)| variables);
    let types: BTreeMap<&str, u32> = described.map(|variable| (variable.name, variable.ty)).collect();
    for (name, ty) in types {
        // The entries come after the other members, and each of those is a pointer.
        let before = btf.members(ty).iter().filter(|member| member.name != "values").count();
        let programs = entries::of(file, name, before as u64 * 8);
        if !programs.is_empty() {
            let slots =
                programs.into_iter().map(|(slot, program)| (usize::try_from(slot).unwrap_or(usize::MAX), program));
            arrays.insert(name.to_owned(), slots.collect());
        }
    }
    arrays
}

fn add_calls(
    graph: &mut Graph,
    file: &File,
    (at, from, (start, end)): (SectionIndex, &str, (u64, u64)),
    arrays: &BTreeMap<String, Vec<(usize, String)>>,
) {
    let Ok(section) = file.section_by_index(at) else { return };
    let relocations: BTreeMap<u64, _> = section.relocations().collect();
    let code = code(section.data().unwrap_or(&[]), endian(file), start, end);
    let indexes = indexes(&code);
    let maps = file.section_by_name(".maps").map(|section| section.index());
    // The array that a helper takes, and the last one whose entries the object has.
    let (mut named, mut array) = (None, None);
    for (number, instruction) in code.iter().enumerate() {
        let relocated = relocations.get(&instruction.offset).and_then(|relocation| match relocation.target() {
            RelocationTarget::Symbol(symbol) => file.symbol_by_index(symbol).ok(),
            RelocationTarget::Section(_) | RelocationTarget::Absolute | _ => None,
        });
        let immediate = i64::from(instruction.immediate);
        let (_, src) = instruction.registers;
        if instruction.opcode == CALL && src == PSEUDO_CALL {
            let next = (immediate + 1) * INSTRUCTION as i64;
            let (of, base) = match &relocated {
                Some(symbol) => (symbol.section_index(), symbol.address()),
                None => (Some(at), instruction.offset),
            };
            graph.add(from, function_at(file, of, base.checked_add_signed(next)), How::Call);
        } else if instruction.opcode == CALL && instruction.immediate == TAIL_CALL {
            let programs = array.and_then(|array: &str| Some((array, arrays.get(array)?)));
            if let (None, Some(array)) = (programs, named.or(array)) {
                graph.add(from, Some(array.to_owned()), How::Filled);
            }
            for (array, (slot, program)) in
                programs.into_iter().flat_map(|(array, all)| all.iter().map(move |p| (array, p)))
            {
                if indexes[number].may_be(*slot) {
                    graph.add(from, Some(program.clone()), How::Tail(array.to_owned(), *slot));
                }
            }
        } else if instruction.opcode == LOAD_IMM64
            && let Some(symbol) = relocated
        {
            let name = symbol.name().ok().filter(|name| arrays.contains_key(*name));
            array = name.or(array);
            if registers_map(instruction) && symbol.section_index() == maps {
                named = symbol.name().ok();
                array = name;
            }
            let target = function_at(file, symbol.section_index(), symbol.address().checked_add_signed(immediate));
            graph.add(from, target.filter(|_| name.is_none()), How::Callback);
        }
    }
}

/// Whether the instruction loads the second argument of a call.
fn registers_map(instruction: &Instruction) -> bool {
    instruction.registers.0 == MAP
}

/// The values that the register of the index may hold.
#[derive(Clone, PartialEq, Eq)]
enum Index {
    These(BTreeSet<usize>),
    Any,
}

impl Index {
    fn may_be(&self, slot: usize) -> bool {
        match self {
            Index::These(slots) => slots.contains(&slot),
            Index::Any => true,
        }
    }

    fn join(&self, other: &Index) -> Index {
        match (self, other) {
            (Index::These(one), Index::These(other)) => Index::These(one | other),
            (Index::Any, _) | (_, Index::Any) => Index::Any,
        }
    }
}

/// Before each instruction, on all paths that reach it.
fn indexes(code: &[Instruction]) -> Vec<Index> {
    let mut before = vec![Index::These(BTreeSet::new()); code.len()];
    let at: BTreeMap<u64, usize> = code.iter().enumerate().map(|(number, i)| (i.offset, number)).collect();
    let mut open: BTreeSet<usize> = (0..code.len()).collect();
    while let Some(number) = open.pop_first() {
        let instruction = &code[number];
        let constant = usize::try_from(instruction.immediate).ok().filter(|_| MOVE_IMM.contains(&instruction.opcode));
        let after = match constant {
            _ if instruction.opcode == CALL || is_jump(instruction.opcode) => before[number].clone(),
            Some(constant) if instruction.registers.0 == INDEX => Index::These(BTreeSet::from([constant])),
            None if instruction.registers.0 == INDEX && !is_store(instruction.opcode) => Index::Any,
            Some(_) | None => before[number].clone(),
        };
        let next = (!matches!(instruction.opcode, GO | EXIT)).then_some(number + 1).filter(|&next| next < code.len());
        let target = is_jump(instruction.opcode).then(|| at.get(&instruction.target()).copied()).flatten();
        for successor in next.into_iter().chain(target) {
            let joined = before[successor].join(&after);
            if joined != before[successor] {
                before[successor] = joined;
                open.insert(successor);
            }
        }
    }
    before
}

impl Instruction {
    /// Whether the level v4 has it and no one before: signed division and remainder, moves and loads with a sign, a swap of
    /// all bytes, a jump of 32 bits (Documentation/bpf/standardization/instruction-set.rst).
    pub fn is_v4(&self) -> bool {
        let (class, of) = (self.opcode & 7, self.opcode & 0xf0);
        match class {
            4 | 7 if matches!(of, 0x30 | 0x90 | 0xb0) => self.distance != 0,
            7 => of == 0xd0,
            1 => self.opcode & 0xe0 == 0x80,
            6 => of == 0,
            _ => false,
        }
    }

    fn target(&self) -> u64 {
        self.offset.wrapping_add_signed((i64::from(self.distance) + 1) * INSTRUCTION as i64)
    }
}

/// The classes BPF_JMP and BPF_JMP32, but for calls and exits.
fn is_jump(opcode: u8) -> bool {
    matches!(opcode & 7, 5 | 6) && !matches!(opcode, CALL | EXIT)
}

/// The classes BPF_ST and BPF_STX.
fn is_store(opcode: u8) -> bool {
    matches!(opcode & 7, 2 | 3)
}

/// The instructions of a part of a section (`struct bpf_insn` of include/uapi/linux/bpf.h).
pub fn code(data: &[u8], endian: Endian, start: u64, end: u64) -> Vec<Instruction> {
    let range =
        usize::try_from(start).ok().zip(usize::try_from(end).ok()).and_then(|(start, end)| data.get(start..end));
    let (words, _) = range.unwrap_or(&[]).as_chunks::<8>();
    let mut found = Vec::new();
    let mut second_half = false;
    for (offset, &[opcode, registers, low, high, a, b, c, d]) in (start..).step_by(8).zip(words) {
        if !std::mem::take(&mut second_half) {
            let halves = (registers & 15, registers >> 4);
            let registers = match endian {
                Endian::Little => halves,
                Endian::Big => (halves.1, halves.0),
            };
            let immediate = endian.number(&[a, b, c, d]) as i32;
            let distance = endian.number(&[low, high]) as i16;
            found.push(Instruction { offset, opcode, registers, distance, immediate });
            second_half = opcode == LOAD_IMM64;
        }
    }
    found
}

fn function_at(file: &File, section: Option<SectionIndex>, address: Option<u64>) -> Option<String> {
    let (section, address) = (section?, address?);
    let mut functions = file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let found = functions.find(|symbol| symbol.section_index() == Some(section) && symbol.address() == address)?;
    found.name().ok().map(str::to_owned)
}

impl Graph {
    fn add(&mut self, from: &str, to: Option<String>, how: How) {
        let Some(to) = to else { return };
        let call = Call { from: from.to_owned(), to, how };
        if !self.calls.contains(&call) {
            self.calls.push(call);
        }
    }

    /// Each program and function, and below it what it calls.
    fn text(&self) -> String {
        let mut out = String::new();
        for (name, kind) in &self.functions {
            let kind = kind.as_ref().map_or(String::new(), |kind| format!(" ({})", escape::value(kind)));
            out += &format!("{}{kind}\n", escape::value(name));
            for call in self.calls.iter().filter(|call| call.from == *name) {
                let to = escape::value(&call.to);
                out += &match &call.how {
                    How::Call => format!("  calls {to}\n"),
                    How::Callback => format!("  is called back at {to}\n"),
                    How::Tail(map, slot) => format!("  tail calls {to}, {}[{slot}]\n", escape::value(map)),
                    How::Filled => format!("  tail calls what user space puts into {to}\n"),
                };
            }
        }
        out
    }

    /// For Graphviz: programs are boxes, tail calls dashed, callbacks dotted.
    fn dot(&self) -> String {
        let mut out = "digraph calls {\n".to_owned();
        for (name, kind) in &self.functions {
            let shape = if kind.is_some() { "box" } else { "ellipse" };
            out += &format!("    {} [shape={shape}]\n", quoted(name));
        }
        for call in &self.calls {
            let style = match &call.how {
                How::Call => String::new(),
                How::Callback => " [style=dotted]".to_owned(),
                How::Filled => " [style=dashed, label=\"filled by user space\"]".to_owned(),
                How::Tail(map, slot) => format!(" [style=dashed, label={}]", quoted(&format!("{map}[{slot}]"))),
            };
            out += &format!("    {} -> {}{style}\n", quoted(&call.from), quoted(&call.to));
        }
        out + "}\n"
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escape::value(text).replace('\\', "\\\\").replace('"', "\\\""))
}

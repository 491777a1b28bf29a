//! The BPF instructions of lines of a program: `ksc/bytecode`.

use super::dispatch::Answer;
use super::server::Server;
use crate::tables::HELPERS;
use ks_verify::object::Program;
use ks_vm::decode::{CALL, CALL_KERNEL, CALL_LOCAL, Endian, LOAD_IMMEDIATE, Slot};
use lsp_types::{Range, TextDocumentIdentifier};
use serde::{Deserialize, Serialize};

/// The lines of a text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Params {
    text_document: TextDocumentIdentifier,
    range: Range,
}

/// The instructions by functions, for the oldest kernel of the object.
#[derive(Serialize)]
pub struct Bytecode {
    kernel: String,
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Function {
    name: String,
    instructions: Vec<Instruction>,
}

#[derive(Serialize)]
struct Instruction {
    /// From the start of the program as it is loaded, in slots of 8 bytes.
    offset: u32,
    text: String,
    /// As positions count them, from 0.
    line: u32,
}

/// Answers `ksc/bytecode`: null of a program with errors, or without BPF code.
pub fn bytecode(server: &mut Server, params: Params) -> Answer<Option<Bytecode>> {
    let uri = params.text_document.uri.as_str();
    let path = server.document(uri)?.path.clone();
    let Some(compiled) = server.compiled(uri, true) else { return Ok(None) };
    let lines = params.range.start.line..=params.range.end.line;
    let mut functions: Vec<Function> = Vec::new();
    for program in compiled.object.programs().filter_map(|function| compiled.object.program(&function.name)) {
        let mut found: Vec<Function> = Vec::new();
        for at in 0..program.instructions() as u32 {
            let Some(place) = program.place(at).filter(|place| path.ends_with(&place.file)) else { continue };
            let line = place.line.saturating_sub(1);
            let (Some(name), Some(text)) = (program.function_at(at), text(&program, at)) else { continue };
            if !lines.contains(&line) {
                continue;
            }
            let instruction = Instruction { offset: at, text, line };
            match found.iter_mut().find(|function| function.name == name) {
                Some(function) => function.instructions.push(instruction),
                None => found.push(Function { name: name.to_owned(), instructions: vec![instruction] }),
            }
        }
        // A function that several programs call is the same in each.
        found.retain(|function| functions.iter().all(|known| known.name != function.name));
        functions.extend(found);
    }
    Ok(Some(Bytecode { kernel: compiled.kernel.clone(), functions }))
}

/// The instruction as the kernel prints it (kernel/bpf/disasm.c), with names of helpers; none of the second half of one.
fn text(program: &Program, at: u32) -> Option<String> {
    let slot = |at: u32| program.code(at).map(|bytes| Slot::read(&bytes, Endian::Little));
    let slot_here = slot(at)?;
    let Slot { opcode, dst, src, offset, immediate } = slot_here;
    let class = opcode & 7;
    let wide = class == 7 || class == 5;
    let left = register(dst, wide);
    let right = if opcode & 8 != 0 { register(src, wide) } else { immediate.to_string() };
    Some(match class {
        0 if opcode == LOAD_IMMEDIATE => {
            let high = slot(at + 1).map_or(0, |high| high.immediate as u32);
            format!("r{dst} = {:#x} ll", u64::from(high) << 32 | u64::from(immediate as u32))
        }
        1 => format!("r{dst} = *({} *)(r{src} {offset:+})", width(opcode)),
        2 => format!("*({} *)(r{dst} {offset:+}) = {immediate}", width(opcode)),
        3 if opcode & 0xe0 == 0xc0 => atomic(slot_here),
        3 => format!("*({} *)(r{dst} {offset:+}) = r{src}", width(opcode)),
        4 | 7 => alu(slot_here, &left, &right),
        5 | 6 => jump(slot_here, &left, &right),
        _ => return None,
    })
}

fn register(number: u8, wide: bool) -> String {
    format!("{}{number}", if wide { 'r' } else { 'w' })
}

fn width(opcode: u8) -> String {
    let sign = if opcode & 0xe0 == 0x80 { 's' } else { 'u' };
    let bits = match opcode & 0x18 {
        0 => 32,
        8 => 16,
        0x10 => 8,
        _ => 64,
    };
    format!("{sign}{bits}")
}

/// Operations of arithmetic, RFC 9669, section 4.1.
fn alu(slot: Slot, left: &str, right: &str) -> String {
    let signed = if slot.offset == 1 { "s" } else { "" };
    let operator = match slot.opcode & 0xf0 {
        0x00 => "+=".to_owned(),
        0x10 => "-=".to_owned(),
        0x20 => "*=".to_owned(),
        0x30 => format!("{signed}/="),
        0x40 => "|=".to_owned(),
        0x50 => "&=".to_owned(),
        0x60 => "<<=".to_owned(),
        0x70 => ">>=".to_owned(),
        0x80 => return format!("{left} = -{left}"),
        0x90 => format!("{signed}%="),
        0xa0 => "^=".to_owned(),
        0xb0 if slot.offset != 0 => return format!("{left} = (s{}){right}", slot.offset),
        0xb0 => "=".to_owned(),
        0xc0 => "s>>=".to_owned(),
        _ => {
            let order = match (slot.opcode & 7, slot.opcode & 8) {
                (7, _) => "bswap",
                (_, 0) => "le",
                (_, _) => "be",
            };
            return format!("r{} = {order}{} r{}", slot.dst, slot.immediate, slot.dst);
        }
    };
    format!("{left} {operator} {right}")
}

/// Jumps and calls, RFC 9669, section 4.3.
fn jump(slot: Slot, left: &str, right: &str) -> String {
    let distance = slot.offset;
    let operator = match slot.opcode & 0xf0 {
        0x00 if slot.opcode & 7 == 6 => return format!("goto {:+}", slot.immediate),
        0x00 => return format!("goto {distance:+}"),
        0x10 => "==",
        0x20 => ">",
        0x30 => ">=",
        0x40 => "&",
        0x50 => "!=",
        0x60 => "s>",
        0x70 => "s>=",
        0x80 if slot.opcode == CALL => return call(slot),
        0x90 => return "exit".to_owned(),
        0xa0 => "<",
        0xb0 => "<=",
        0xc0 => "s<",
        0xd0 => "s<=",
        _ => return format!("may_goto {distance:+}"),
    };
    format!("if {left} {operator} {right} goto {distance:+}")
}

fn call(slot: Slot) -> String {
    let helper = || HELPERS.iter().find(|helper| i64::from(helper.number) == i64::from(slot.immediate));
    match slot.src {
        CALL_LOCAL => "call of a function".to_owned(),
        CALL_KERNEL => "call of a kernel function".to_owned(),
        _ => helper().map_or_else(|| format!("call {}", slot.immediate), |helper| format!("call {}", helper.name)),
    }
}

/// Atomic operations, RFC 9669, section 5.3.
fn atomic(slot: Slot) -> String {
    let place = format!("*({} *)(r{} {:+})", width(slot.opcode & 0x1f | 0x60), slot.dst, slot.offset);
    let (fetches, source) = (slot.immediate & 1 != 0, slot.src);
    let operator = match slot.immediate & 0xf0 {
        0x00 => "+=",
        0x40 => "|=",
        0x50 => "&=",
        0xa0 => "^=",
        0xe0 => return format!("r{source} = xchg({place}, r{source})"),
        _ => return format!("r0 = cmpxchg({place}, r0, r{source})"),
    };
    if fetches {
        format!("r{source} = fetch({place} {operator} r{source})")
    } else {
        format!("lock {place} {operator} r{source}")
    }
}

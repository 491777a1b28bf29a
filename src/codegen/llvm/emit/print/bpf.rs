//! Printing from BPF code: `bpf_trace_printk`, or beyond three values `bpf_trace_vprintk`.

use super::super::super::builder::Extend;
use super::super::super::function::FnGen;
use crate::codegen::abi::KS_PRINT_MARK;
use crate::codegen::formats::{Conversion, Piece, pieces};
use crate::diag::codes::limits::NotPrintable;
use crate::ir::ops::{BpfSeqPrint, BpfSeqWrite, BpfStreamPrint, KsPrint};
use crate::ir::{OpData, Value};
use crate::tables;
use crate::types::TyKind;
use inkwell::values::{BasicValueEnum, PointerValue};

/// The most values that bpf_trace_printk takes after the format and its size.
const PRINTK_VALUES: usize = 3;
/// The helper for more.
const VPRINTK: &str = "bpf_trace_vprintk";
/// `enum bpf_stream_id` of include/linux/bpf.h
const BPF_STDOUT: u64 = 1;
/// `MAX_BPRINTF_VARARGS` of include/linux/bpf.h
const MAX_VALUES: usize = 12;

pub fn emit(g: &mut FnGen, op: &OpData, view: &KsPrint) {
    let Some((mut line, [format, size])) = Line::of(g, op, view.format(), view.args(), Ends::EachCall) else { return };
    let long = Some(g.g.build.int_type(64).into());
    if line.values.len() <= PRINTK_VALUES {
        let mut args = vec![format, size];
        args.extend(&line.values);
        g.call_helper(op.helper(), long, &args);
        return line.done(g);
    }
    if line.values.len() > MAX_VALUES {
        return refuse(g, op, format!("{} values at once", line.values.len()));
    }
    let since = tables::helper(VPRINTK).and_then(|helper| helper.since);
    if let Some(version) = g.g.cx.options.lacks(since) {
        let what = format!("printing more than {PRINTK_VALUES} values at once");
        if g.g.cx.needs_kernel(op.loc.span, what, version).is_some() {
            g.g.failed = true;
            return;
        }
    }
    let [values, bytes] = line.in_memory(g);
    g.call_helper(VPRINTK, long, &[format, size, values, bytes]);
    line.done(g);
}

/// `bpf_seq_printf`
pub fn emit_seq(g: &mut FnGen, op: &OpData) {
    let view = BpfSeqPrint::of(op);
    let ends = if view.newline() { Ends::WithLine } else { Ends::AsWritten };
    let Some((mut line, [format, size])) = Line::of(g, op, view.format(), view.args(), ends) else { return };
    if line.values.len() > MAX_VALUES {
        return refuse(g, op, format!("{} values at once", line.values.len()));
    }
    let (seq, long) = (g.value(view.seq()), Some(g.g.build.int_type(64).into()));
    let [values, bytes] = line.in_memory(g);
    g.call_helper("bpf_seq_printf", long, &[seq, format, size, values, bytes]);
    line.done(g);
}

/// The function `bpf_stream_vprintk_impl` of the kernel.
pub fn emit_stream(g: &mut FnGen, op: &OpData) {
    let view = BpfStreamPrint::of(op);
    let ends = if view.newline() { Ends::WithLine } else { Ends::AsWritten };
    let Some((mut line, [format, _])) = Line::of(g, op, view.format(), view.args(), ends) else { return };
    if line.values.len() > MAX_VALUES {
        return refuse(g, op, format!("{} values at once", line.values.len()));
    }
    let callee = g.g.declared_kfunc(view.function());
    let stream = g.g.build.int(32, BPF_STDOUT).into();
    let [values, bytes] = line.in_memory(g);
    // The verifier wants memory that may be written to, also where it has no bytes.
    let values = if line.values.is_empty() { g.slot(g.g.bytes_type(8), 8, "").into() } else { values };
    // The verifier replaces the last argument by the program.
    let args = [stream, format, values, bytes, g.g.build.null().into()].map(Into::into);
    let status = g.g.build.call(callee, &args).try_as_basic_value().basic();
    line.done(g);
    g.set_maybe(op, status);
}

/// `bpf_seq_write`
pub fn emit_seq_write(g: &mut FnGen, op: &OpData) {
    let view = BpfSeqWrite::of(op);
    let size = g.types().size_of(g.pointee(view.value()));
    let args = [g.value(view.seq()), g.value(view.value()), g.g.build.int(32, size).into()];
    g.call_helper("bpf_seq_write", Some(g.g.build.int_type(64).into()), &args);
}

fn refuse(g: &mut FnGen, op: &OpData, what: String) {
    g.g.cx.error(op.loc.span, NotPrintable { what });
    g.g.failed = true;
}

/// The kernel's format, and the values as 64-bit integers or pointers.
struct Line<'c> {
    format: Vec<u8>,
    values: Vec<BasicValueEnum<'c>>,
    /// Room for values that the kernel reads by address.
    slots: Vec<PointerValue<'c>>,
}

/// What follows the text of a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// The kernel ends the line: since Linux 5.9 every call is one.
    EachCall,
    /// The end of a line, if the text has none.
    WithLine,
    AsWritten,
}

impl<'c> Line<'c> {
    /// With the format and its size; none if something in it was reported.
    fn of(
        g: &mut FnGen<'_, '_, 'c>,
        op: &OpData,
        format: &[u8],
        args: &[Value],
        ends: Ends,
    ) -> Option<(Line<'c>, [BasicValueEnum<'c>; 2])> {
        let mut line = Line { format: Vec::new(), values: Vec::new(), slots: Vec::new() };
        if let Err(what) = line.fill(g, format, args, ends).and_then(|()| line.check()) {
            refuse(g, op, what);
            return None;
        }
        if ends == Ends::EachCall && g.g.cx.options.streams {
            line.format.extend(KS_PRINT_MARK);
        }
        let size = line.format.len() as u64 + 1;
        line.format.push(0);
        let format = g.g.string(&line.format).into();
        let size = g.g.build.int(32, size).into();
        Some((line, [format, size]))
    }

    /// The address of an array of the values, and its size; null and 0 for none.
    fn in_memory(&mut self, g: &FnGen<'_, '_, 'c>) -> [BasicValueEnum<'c>; 2] {
        let bytes = self.values.len() as u64 * 8;
        let size = g.g.build.int(32, bytes).into();
        if bytes == 0 {
            return [g.g.build.null().into(), size];
        }
        let slot = g.slot(g.g.bytes_type(bytes), 8, "");
        g.begin_life(slot);
        for (index, &value) in self.values.iter().enumerate() {
            let at = g.g.build.offset(slot, g.g.build.int(64, index as u64 * 8));
            g.g.build.store(at, value, 8);
        }
        self.slots.push(slot);
        [slot.into(), size]
    }

    fn fill(&mut self, g: &mut FnGen<'_, '_, 'c>, format: &[u8], args: &[Value], ends: Ends) -> Result<(), String> {
        let mut args = args.iter();
        for piece in pieces(format) {
            match piece {
                Piece::Text(text) => self.format.extend(text),
                Piece::Conversion(conversion) => match args.next() {
                    Some(&arg) => self.convert(g, &conversion, arg)?,
                    // The checker counts them; a module of IR text may have fewer.
                    None => return Err("a format with fewer values than it names".to_owned()),
                },
            }
        }
        match (ends, self.format.last() == Some(&b'\n')) {
            (Ends::EachCall, true) => drop(self.format.pop()),
            (Ends::WithLine, false) => self.format.push(b'\n'),
            (Ends::EachCall | Ends::AsWritten, _) | (Ends::WithLine, true) => {}
        }
        Ok(())
    }

    fn convert(&mut self, g: &mut FnGen<'_, '_, 'c>, conversion: &Conversion, arg: Value) -> Result<(), String> {
        let Conversion { modifiers, letters } = conversion;
        if modifiers.contains(['#', '.', '*']) {
            return Err(format!("`%{modifiers}{letters}`"));
        }
        match letters.as_str() {
            "d" | "i" | "u" | "x" | "X" => self.integer(g, modifiers, letters, arg),
            "pM" => self.mac_address(g, arg),
            "pI4" | "pI6" => {
                let value = self.address_of(g, arg);
                self.push(&format!("%{letters}"), value);
            }
            "c" => {
                let value = g.g.build.resize(host_order(g, arg), 64, Extend::Zero);
                self.push(&format!("%{modifiers}c"), value.into());
            }
            "s" | "p" | "pS" => self.push(&format!("%{modifiers}{letters}"), g.value(arg)),
            _ => return Err(format!("`%{letters}`")),
        }
        Ok(())
    }

    fn push(&mut self, format: &str, value: BasicValueEnum<'c>) {
        self.format.extend(format.as_bytes());
        self.values.push(value);
    }

    /// Length and signedness are those of the value.
    fn integer(&mut self, g: &mut FnGen<'_, '_, 'c>, modifiers: &str, letter: &str, arg: Value) {
        let signed = g.g.is_signed(g.func.ty(arg));
        let value = host_order(g, arg);
        let long = if value.get_type().get_bit_width() == 64 { "ll" } else { "" };
        let letter = match letter {
            "x" | "X" => letter,
            _ if signed => "d",
            _ => "u",
        };
        let build = &g.g.build;
        let extend = if signed { Extend::Sign } else { Extend::Zero };
        let bits = value.get_type().get_bit_width().max(32);
        let value = build.resize(build.resize(value, bits, extend), 64, Extend::Zero);
        self.push(&format!("%{modifiers}{long}{letter}"), value.into());
    }

    /// The kernel's helper has no format for it.
    fn mac_address(&mut self, g: &mut FnGen<'_, '_, 'c>, arg: Value) {
        let place = g.ptr(arg);
        for index in 0..6 {
            let build = &g.g.build;
            let byte = build.load(build.int_type(8).into(), build.offset(place, build.int(64, index)), 1);
            let value = build.resize(byte.into_int_value(), 64, Extend::Zero);
            self.push(if index == 0 { "%02x" } else { ":%02x" }, value.into());
        }
    }

    /// The kernel reads addresses from memory; one that is a value gets a slot.
    fn address_of(&mut self, g: &FnGen<'_, '_, 'c>, arg: Value) -> BasicValueEnum<'c> {
        let value = g.value(arg);
        if value.is_pointer_value() {
            return value;
        }
        let slot = g.slot(value.get_type(), 8, "");
        g.begin_life(slot);
        g.g.build.store(slot, value, 8);
        self.slots.push(slot);
        slot.into()
    }

    /// After the call.
    fn done(&self, g: &FnGen<'_, '_, 'c>) {
        for &slot in &self.slots {
            g.end_life(slot);
        }
    }

    /// Checks for what the kernel refuses at run time, printing nothing.
    fn check(&self) -> Result<(), String> {
        if let Some(byte) = self.format.iter().find(|b| !(b' '..=b'~').contains(b) && !b.is_ascii_whitespace()) {
            return Err(format!("the byte 0x{byte:02x}"));
        }
        for (at, pair) in self.format.windows(2).enumerate() {
            let ends_conversion = (pair == b"%s" || pair == b"%p") && !self.escaped(at);
            let next = self.format.get(at + 2).copied().unwrap_or(b' ');
            let continues = next.is_ascii_alphanumeric() && !(pair == b"%p" && matches!(next, b'I' | b'S'));
            if ends_conversion && continues {
                let (letter, next) = (pair[1] as char, next as char);
                return Err(format!("a `%{letter}` with `{next}` right after it"));
            }
        }
        Ok(())
    }

    /// Whether the `%` at this place is the second of a `%%`.
    fn escaped(&self, at: usize) -> bool {
        self.format[..at].iter().rev().take_while(|&&b| b == b'%').count() % 2 == 1
    }
}

fn host_order<'c>(g: &FnGen<'_, '_, 'c>, arg: Value) -> inkwell::values::IntValue<'c> {
    let value = g.int(arg);
    if matches!(g.types().kind(g.func.ty(arg)), TyKind::Be { .. }) { g.bswap(value) } else { value }
}

//! `strings`: lowers operations on strings to loops over words and bytes.
//!
//! Takes dialect `str`; leaves plain loads, stores and `ks.for` with constant bounds. Strings are read by words of 8
//! bytes: one test decides whether a word holds a NUL, so that the BPF verifier meets one branch where a loop over
//! bytes has eight. After `loop-form` and `outline`, since these loops are bounded and stay plain whatever their size,
//! and after `cancel-points`, since they end; before `to-cf`, which takes the loops.

mod compare;
mod words;
mod write;

use super::{Because, Changed, Declarations, Pass, Run};
use crate::ir::ops::{KsStr, StrAppend, StrCopy, StrEq, StrLen, StrStartsWith};
use crate::ir::{Builder, Function, OpId, Opcode, Value};
use crate::session::Session;
use crate::types::{TyKind, Types};
use std::collections::HashMap;
use words::Words;

const NAME: &str = "strings";
pub static PASS: Pass = Pass {
    name: NAME,
    summary: "Expand operations on strings",
    after: &[
        ("loop-form", "would choose a form for the loops of this pass, which are bounded and stay plain"),
        ("outline", "would move the loops of this pass, which stay plain"),
        ("cancel-points", "would end the loops of this pass on a signal, though they are short"),
    ],
    before: &[("to-cf", "takes the loops that this pass makes")],
    because: Because::Target,
    run: Run::Function(run),
};

fn run(func: &mut Function, module: &Declarations, cx: &mut Session) -> Changed {
    let mut results = HashMap::new();
    let mut changed = Changed::No;
    let used = func.uses();
    for op in func.walk() {
        let opcode = func.ops[op].opcode;
        let data = &func.ops[op];
        let ends_matter = data.results.iter().any(|result| !used.users(*result).is_empty());
        let verified = module.target.is_some_and(|target| target.facts().verified);
        let result = if opcode == Opcode::StrCopy {
            let view = StrCopy::of(data);
            let (to, from) = (view.to(), view.from());
            write::copy(&mut words(func, &mut cx.types, op, verified), to, from);
            None
        } else if opcode == Opcode::StrAppend {
            let view = StrAppend::of(data);
            let append = write::Append { to: view.to(), at: view.at(), from: view.from(), ends_matter };
            append.expand(&mut words(func, &mut cx.types, op, verified))
        } else if opcode == Opcode::StrLen {
            let (place, ty) = (StrLen::of(data).place(), func.ty(data.results[0]));
            let mut words = words(func, &mut cx.types, op, verified);
            let length = words.length(place);
            Some(words.cast(length, ty))
        } else if opcode == Opcode::StrEq {
            let view = StrEq::of(data);
            let (left, right) = (view.left(), view.right());
            Some(compare::equal(&mut words(func, &mut cx.types, op, verified), left, right))
        } else if opcode == Opcode::StrStartsWith {
            let view = StrStartsWith::of(data);
            let (place, prefix) = (view.place(), view.prefix());
            Some(compare::starts_with(&mut words(func, &mut cx.types, op, verified), place, prefix))
        } else {
            continue;
        };
        if let Some(result) = result {
            results.insert(func.ops[op].results[0], result);
        }
        func.erase(op);
        changed = Changed::Yes;
    }
    func.replace_values(&results);
    changed
}

fn words<'f>(func: &'f mut Function, types: &'f mut Types, op: OpId, verified: bool) -> Words<'f> {
    Words { b: Builder::before(func, op, NAME), types, verified }
}

/// Bytes of the text that a place holds, NULs included.
fn size(func: &Function, types: &Types, place: Value) -> u64 {
    let TyKind::Place { of, .. } = types.kind(func.ty(place)) else {
        crate::bug!("a string is a place, not {}", types.ir_text(func.ty(place)));
    };
    types.size_of(of)
}

/// The text of a string constant.
fn literal(func: &Function, place: Value) -> Option<Vec<u8>> {
    let data = &func.ops[func.def(place)?];
    if data.opcode != Opcode::KsStr {
        return None;
    }
    let bytes = KsStr::of(data).bytes();
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    Some(bytes[..end].to_vec())
}

/// Whether a place holds a string, whose bytes after the NUL are zero, and no array of characters.
fn is_string(func: &Function, types: &Types, place: Value) -> bool {
    matches!(types.kind(func.ty(place)), TyKind::Place { of, .. } if matches!(types.kind(of), TyKind::Str(_)))
}

/// A word with this value in each of its bytes.
const fn repeated(byte: u8) -> i128 {
    0x0101_0101_0101_0101 * byte as i128
}

/// Bytes of a word.
const WORD: u64 = 8;

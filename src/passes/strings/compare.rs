//! Comparisons of strings.

use super::words::Words;
use super::{WORD, literal};
use crate::ir::Value;
use crate::types::{Space, Ty, TyKind};

/// The result so far: open, equal up to the end, different.
const OPEN: i128 = 0;
const AGREE: i128 = 1;
const DIFFER: i128 = 2;

/// Emits a comparison of two strings up to their NUL; yields a bool.
pub fn equal(w: &mut Words<'_>, left: Value, right: Value) -> Value {
    for (constant, other) in [(right, left), (left, right)] {
        if let Some(mut text) = literal(w.b.func, constant) {
            text.push(0);
            return begins(w, other, &text);
        }
    }
    walk(w, left, right, false)
}

/// Emits whether a string begins with another; yields a bool.
pub fn starts_with(w: &mut Words<'_>, place: Value, prefix: Value) -> Value {
    if let Some(text) = literal(w.b.func, prefix) {
        return begins(w, place, &text);
    }
    walk(w, prefix, place, true)
}

/// Whether a place begins with bytes that are known.
fn begins(w: &mut Words<'_>, place: Value, text: &[u8]) -> Value {
    let stored = text.len().min(w.size(place) as usize);
    // Behind all bytes of an array without a NUL there is one.
    if text.len() as u64 > w.room(place) || text[stored..].iter().any(|&byte| byte != 0) {
        return w.b.ks_const(0, Ty::BOOL);
    }
    if stored == 0 {
        return w.b.ks_const(1, Ty::BOOL);
    }
    let text_type = w.types.intern(TyKind::Str(stored as u32 + 1));
    let known_type = w.types.place(text_type, Space::Global);
    let known = w.b.ks_str(&text[..stored], known_type);
    let (left, right) = (w.bytes(place, stored as u64), w.bytes(known, stored as u64));
    w.b.mem_equal(left, right, Ty::BOOL)
}

/// Word by word, up to the first NUL of `left`: with it if they must be equal, before it if `left` is a prefix.
fn walk(w: &mut Words<'_>, left: Value, right: Value, prefix: bool) -> Value {
    // The smaller one ends within its room, and where it does the other goes on or not.
    let room = w.room(left).min(w.room(right));
    let (left_size, right_size) = (w.size(left), w.size(right));
    let words = left_size.min(right_size) / WORD;
    let full = words * WORD;
    let state = w.variable("state", Ty::U32, OPEN);
    w.each(words, |w, index| {
        let (left, right) = (w.unit(left, WORD, index), w.unit(right, WORD, index));
        let (left, right) = (w.load(left), w.load(right));
        step(w, (left, right), state, prefix);
        let known = w.b.ks_load(state, Ty::U32);
        w.is(known, "ne", OPEN)
    });
    if full < room {
        let known = w.b.ks_load(state, Ty::U32);
        let on = w.is(known, "eq", OPEN);
        w.when(on, |w| {
            let (left, right) =
                (w.partial_word(left, full, room.min(left_size)), w.partial_word(right, full, room.min(right_size)));
            step(w, (left, right), state, prefix);
        });
    }
    let state = w.b.ks_load(state, Ty::U32);
    w.is(state, "ne", DIFFER)
}

fn step(w: &mut Words<'_>, (left, right): (Value, Value), state: Value, prefix: bool) {
    let nul = w.nul(left);
    let counts = if prefix { w.before_nul(nul) } else { w.through_nul(nul) };
    let difference = w.b.arith_xor(left, right, Ty::U64);
    let difference = w.b.arith_and(difference, counts, Ty::U64);
    let differ = w.is(difference, "ne", 0);
    let ends = w.is(nul, "ne", 0);
    w.when(ends, |w| {
        let agree = w.b.ks_const(AGREE, Ty::U32);
        w.b.ks_store(state, agree);
    });
    w.when(differ, |w| {
        let differ = w.b.ks_const(DIFFER, Ty::U32);
        w.b.ks_store(state, differ);
    });
}

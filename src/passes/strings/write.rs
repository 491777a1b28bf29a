//! Copying and appending strings.

use super::words::{Words, parts};
use super::{WORD, is_string, literal};
use crate::ir::Value;
use crate::types::{Ty, TyKind};

/// Text to a string of another size.
pub fn copy(w: &mut Words<'_>, to: Value, from: Value) {
    let (room, size) = (w.size(to), w.size(from));
    if is_string(w.b.func, w.types, from) {
        if room > size {
            w.b.ks_zero(to);
        }
        let common = room.min(size);
        let (head, source) = (bytes(w, to, common), bytes(w, from, common));
        w.b.ks_copy(head, source);
        if room < size {
            let last = w.part(to, (room - 1, 1));
            let nul = w.b.ks_const(0, Ty::U8);
            w.b.ks_store(last, nul);
        }
        return;
    }
    w.b.ks_zero(to);
    // The last byte stays zero.
    let common = size.min(room - 1);
    let full = common / WORD * WORD;
    let ended = w.variable("ended", Ty::BOOL, 0);
    w.each(common / WORD, |w, index| {
        let source = w.unit(from, WORD, index);
        let word = w.load(source);
        let (kept, ends) = before_nul(w, word);
        let target = w.unit(to, WORD, index);
        w.store(target, kept);
        w.b.ks_store(ended, ends);
        ends
    });
    if full < common {
        let ended = w.b.ks_load(ended, Ty::BOOL);
        let on = w.is(ended, "eq", 0);
        w.when(on, |w| {
            let word = w.partial_word(from, full, common);
            let (kept, _) = before_nul(w, word);
            for part in parts(full, common) {
                let ty = w.types.int(part.1 as u8 * 8, false);
                let shift = w.number(i128::from(part.0 - full) * 8);
                let value = w.b.arith_shr(kept, shift, Ty::U64);
                let value = w.cast(value, ty);
                let target = w.part(to, part);
                w.store(target, value);
            }
        });
    }
}

/// A word without the bytes from its first NUL on, and whether it has one.
fn before_nul(w: &mut Words<'_>, word: Value) -> (Value, Value) {
    let nul = w.nul(word);
    let before = w.before_nul(nul);
    let kept = w.b.arith_and(word, before, Ty::U64);
    (kept, w.is(nul, "ne", 0))
}

/// The first bytes of a place, as bytes.
fn bytes(w: &mut Words<'_>, place: Value, count: u64) -> Value {
    let TyKind::Place { of, space } = w.types.kind(w.b.func.ty(place)) else { crate::bug!("text is in a place") };
    let array = w.types.array(Ty::U8, count);
    let (from, to) = (w.types.ptr(of, space, false), w.types.ptr(array, space, false));
    let pointer = w.b.ks_addr(place, from);
    let pointer = w.b.arith_cast(pointer, to);
    w.b.ks_deref(pointer, w.types.place(array, space))
}

/// A string that is appended to another: its text goes to `to` at the offset `at`.
pub struct Append {
    pub to: Value,
    pub at: Value,
    pub from: Value,
    /// Something asks where the string ends then.
    pub ends_matter: bool,
}

impl Append {
    /// Byte by byte, since the words of the two are not aligned alike. The end of the string is counted and not taken
    /// from the iteration in which the loop ends: for the verifier that would be another state per iteration.
    pub fn expand(self, w: &mut Words<'_>) -> Option<Value> {
        let last = w.size(self.to) - 1;
        let bytes = match literal(w.b.func, self.from) {
            Some(text) => text.len() as u64,
            None => w.room(self.from) - 1,
        };
        let at = w.cast(self.at, Ty::U64);
        w.each(bytes.min(last), |w, index| {
            let byte = w.unit(self.from, 1, index);
            let byte = w.b.ks_load(byte, Ty::U8);
            let target = w.b.arith_add(at, index, Ty::U64);
            let (ends, full) = (w.is(byte, "eq", 0), w.is(target, "ge", last.into()));
            let stops = w.b.arith_or(ends, full, Ty::BOOL);
            let goes_on = w.is(stops, "eq", 0);
            w.when(goes_on, |w| {
                // The verifier has to see that it is in range.
                let target = if w.verified { w.b.bpf_clamp(target, last.into(), Ty::U64) } else { target };
                let target = w.unit(self.to, 1, target);
                w.b.ks_store(target, byte);
            });
            stops
        });
        w.forget(self.to);
        if !self.ends_matter {
            return None;
        }
        // What the verifier knows of it here depends on the iteration in which the loop ended.
        let at = if w.verified { w.b.bpf_forget(at, Ty::U64) } else { at };
        let length = w.length(self.from);
        let end = w.b.arith_add(at, length, Ty::U64);
        let ty = w.b.func.ty(self.at);
        Some(w.cast(end, ty))
    }
}

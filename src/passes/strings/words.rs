//! Strings as words: reading them, finding the NUL in them, loops over them.

use super::{WORD, is_string, literal, repeated, size};
use crate::ir::{Builder, Value};
use crate::passes::analysis;
use crate::target::Endian;
use crate::types::{Space, Ty, TyKind, Types};

/// Makes ops that read and write text.
pub struct Words<'f> {
    pub b: Builder<'f>,
    pub types: &'f mut Types,
    /// The code is for BPF, whose verifier follows every path through it.
    pub verified: bool,
}

/// The parts of so many bytes by 8, 4, 2 and 1 of them: offset and size of each.
pub fn parts(from: u64, to: u64) -> Vec<(u64, u64)> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < to {
        let size = [8, 4, 2, 1].into_iter().find(|&size| at.is_multiple_of(size) && at + size <= to).unwrap_or(1);
        parts.push((at, size));
        at += size;
    }
    parts
}

impl Words<'_> {
    /// A constant of 64 bits.
    pub fn number(&mut self, value: i128) -> Value {
        self.b.ks_const(value, Ty::U64)
    }

    /// The value as another integer type; itself if it has that type.
    pub fn cast(&mut self, value: Value, ty: Ty) -> Value {
        if self.b.func.ty(value) == ty { value } else { self.b.arith_cast(value, ty) }
    }

    /// The size of a string or of an array of characters, in bytes.
    pub fn size(&self, place: Value) -> u64 {
        size(self.b.func, self.types, place)
    }

    /// The size, with the NUL that an array of characters may lack.
    pub fn room(&self, place: Value) -> u64 {
        self.size(place) + u64::from(!is_string(self.b.func, self.types, place))
    }

    /// A new variable that holds a constant.
    pub fn variable(&mut self, name: &str, ty: Ty, value: i128) -> Value {
        let place = self.types.place(ty, Space::Stack);
        let place = self.b.ks_var(name.as_bytes(), place);
        let value = self.b.ks_const(value, ty);
        self.b.ks_store(place, value);
        place
    }

    /// So many bytes from the start on.
    pub fn bytes(&mut self, place: Value, count: u64) -> Value {
        let TyKind::Place { of, space } = self.types.kind(self.b.func.ty(place)) else {
            crate::bug!("text is in a place");
        };
        let array = self.types.array(Ty::U8, count);
        let (from, to) = (self.types.ptr(of, space, false), self.types.ptr(array, space, false));
        let pointer = self.b.ks_addr(place, from);
        let pointer = self.b.arith_cast(pointer, to);
        self.b.ks_deref(pointer, self.types.place(array, space))
    }

    /// The unit of this size at an index that counts such units.
    pub fn unit(&mut self, place: Value, unit: u64, index: Value) -> Value {
        let TyKind::Place { of, space } = self.types.kind(self.b.func.ty(place)) else {
            crate::bug!("text is in a place");
        };
        let count = self.types.size_of(of) / unit;
        let unit = self.types.int(unit as u8 * 8, false);
        let array = self.types.array(unit, count);
        let (from, to) = (self.types.ptr(of, space, false), self.types.ptr(array, space, false));
        let pointer = self.b.ks_addr(place, from);
        let pointer = self.b.arith_cast(pointer, to);
        let array = self.b.ks_deref(pointer, self.types.place(array, space));
        self.b.ks_elem(array, index, self.types.place(unit, space))
    }

    /// A part of the text, by its offset and size.
    pub fn part(&mut self, place: Value, (at, size): (u64, u64)) -> Value {
        let index = self.number((at / size).into());
        self.unit(place, size, index)
    }

    /// Loads a part of 1, 2, 4 or 8 bytes, extended to 64 bits. A part is an offset and a size.
    pub fn load_part(&mut self, place: Value, part: (u64, u64)) -> Value {
        let place = self.part(place, part);
        let value = self.load(place);
        self.cast(value, Ty::U64)
    }

    /// Loads a unit as a number whose lowest byte is the first one, whatever the machine's order is.
    pub fn load(&mut self, unit: Value) -> Value {
        let TyKind::Place { of, .. } = self.types.kind(self.b.func.ty(unit)) else { crate::bug!("a unit is a place") };
        let value = self.b.ks_load(unit, of);
        self.lowest_first(value)
    }

    /// Stores what such a load yields.
    pub fn store(&mut self, unit: Value, value: Value) {
        let value = self.lowest_first(value);
        self.b.ks_store(unit, value);
    }

    fn lowest_first(&mut self, value: Value) -> Value {
        let ty = self.b.func.ty(value);
        match self.types.machine().endian {
            Endian::Big if self.types.size_of(ty) > 1 => self.b.arith_bswap(value, ty),
            Endian::Big | Endian::Little => value,
        }
    }

    /// Stores the same bytes again as numbers that the verifier does not know. Else it would keep a state for each number of leading zeros
    /// that it
    /// has seen. It never knows memory outside of the stack, so that is left alone.
    pub fn forget(&mut self, place: Value) {
        if !self.verified || !analysis::may_be_on_stack(self.b.func, self.types, place) {
            return;
        }
        for part in parts(0, self.size(place)) {
            let ty = self.types.int(part.1 as u8 * 8, false);
            let value = self.load_part(place, part);
            let value = self.b.bpf_forget(value, Ty::U64);
            let value = self.cast(value, ty);
            let target = self.part(place, part);
            self.store(target, value);
        }
    }

    /// The bytes from a word's start up to `end`, zeros after them.
    pub fn partial_word(&mut self, place: Value, start: u64, end: u64) -> Value {
        let mut word = None;
        for part in parts(start, end) {
            let value = self.load_part(place, part);
            word = Some(match word {
                Some(word) => {
                    let shift = self.number(i128::from(part.0 - start) * 8);
                    let value = self.b.arith_shl(value, shift, Ty::U64);
                    self.b.arith_or(word, value, Ty::U64)
                }
                None => value,
            });
        }
        word.unwrap_or_else(|| self.number(0))
    }

    /// Not zero where a word holds a NUL: the lowest bit that is set is the highest one of the first NUL. (Bits above that
    /// mean nothing: the subtraction borrows.)
    pub fn nul(&mut self, word: Value) -> Value {
        let (ones, highs, all) = (self.number(repeated(1)), self.number(repeated(0x80)), self.number(repeated(0xff)));
        let less = self.b.arith_sub(word, ones, Ty::U64);
        let not = self.b.arith_xor(word, all, Ty::U64);
        let borrowed = self.b.arith_and(less, not, Ty::U64);
        self.b.arith_and(borrowed, highs, Ty::U64)
    }

    /// All bits up to and with the first NUL's; all if there is none.
    pub fn through_nul(&mut self, nul: Value) -> Value {
        let one = self.number(1);
        let below = self.b.arith_sub(nul, one, Ty::U64);
        self.b.arith_xor(nul, below, Ty::U64)
    }

    /// All bits of the bytes before the first NUL; all if there is none.
    pub fn before_nul(&mut self, nul: Value) -> Value {
        let (one, seven, all) = (self.number(1), self.number(7), self.number(repeated(0xff)));
        let lowest = self.b.arith_shr(nul, seven, Ty::U64);
        let below = self.b.arith_sub(lowest, one, Ty::U64);
        let not = self.b.arith_xor(lowest, all, Ty::U64);
        self.b.arith_and(below, not, Ty::U64)
    }

    /// Compares a value with a constant.
    pub fn is(&mut self, value: Value, pred: &str, number: i128) -> Value {
        let number = self.b.ks_const(number, self.b.func.ty(value));
        self.b.arith_cmp(value, number, pred, Ty::BOOL)
    }

    /// Runs `body` for each index below `count`; its value decides whether the loop ends.
    pub fn each(&mut self, count: u64, body: impl FnOnce(&mut Words<'_>, Value) -> Value) {
        if count == 0 {
            return;
        }
        let (low, high) = (self.number(0), self.number(count.into()));
        let (region, block) = self.b.region(&[Ty::U64]);
        self.b.ks_for(low, high, false, vec![region]);
        let index = self.b.func.blocks[block].args[0];
        let mut inside = self.inside(block);
        let ends = body(&mut inside, index);
        let leave = |b: &mut Builder<'_>| {
            b.ks_break();
        };
        inside.b.either(ends, &[], leave, |b| b.done());
        inside.b.done();
    }

    /// `then` where a condition holds.
    pub fn when(&mut self, condition: Value, then: impl FnOnce(&mut Words<'_>)) {
        let (region, block) = self.b.region(&[]);
        let (other, other_block) = self.b.region(&[]);
        self.b.ks_if(condition, &[], vec![region, other]);
        let mut inside = self.inside(block);
        then(&mut inside);
        inside.b.done();
        self.inside(other_block).b.done();
    }

    fn inside(&mut self, block: crate::ir::BlockId) -> Words<'_> {
        let loc = self.b.loc;
        Words { b: Builder::at_end(self.b.func, block, loc), types: self.types, verified: self.verified }
    }

    /// Bytes before the first NUL; as many as there are if there is none.
    pub fn length(&mut self, place: Value) -> Value {
        if let Some(text) = literal(self.b.func, place) {
            return self.number(text.len() as i128);
        }
        let size = self.size(place);
        let full = size / WORD * WORD;
        let length = self.variable("length", Ty::U64, 0);
        let found = self.variable("found", Ty::BOOL, 0);
        self.each(size / WORD, |w, index| {
            let word = w.unit(place, WORD, index);
            let word = w.load(word);
            let ends = w.count(word, length);
            w.b.ks_store(found, ends);
            ends
        });
        if full < size {
            let seen = self.b.ks_load(found, Ty::BOOL);
            let on = self.is(seen, "eq", 0);
            self.when(on, |w| {
                let word = w.partial_word(place, full, size);
                w.count(word, length);
            });
        }
        let length = self.b.ks_load(length, Ty::U64);
        // Without this the verifier would go on once for each exit of the loop.
        if self.verified { self.b.bpf_forget(length, Ty::U64) } else { length }
    }

    /// Adds how many bytes of a word come before its first NUL; yields whether there is one.
    fn count(&mut self, word: Value, length: Value) -> Value {
        let nul = self.nul(word);
        let before = self.before_nul(nul);
        let (ones, high) = (self.number(repeated(1)), self.number(56));
        let flags = self.b.arith_and(before, ones, Ty::U64);
        let sums = self.b.arith_mul(flags, ones, Ty::U64);
        let count = self.b.arith_shr(sums, high, Ty::U64);
        let old = self.b.ks_load(length, Ty::U64);
        let new = self.b.arith_add(old, count, Ty::U64);
        self.b.ks_store(length, new);
        self.is(nul, "ne", 0)
    }
}

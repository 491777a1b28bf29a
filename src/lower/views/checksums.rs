//! `csum_diff`: the words of views, summed in the arithmetic of one's complement.
//!
//! The kernel's `bpf_csum_diff` takes a number of bytes that is a multiple of 4, is not for all types of programs, and yields
//! other numbers of 32 bits on each kernel and machine, which are equal only when they are folded. So the words are added up
//! here: of 32 bits, in 64.

use super::pieces::PIECE;
use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::lower::func::{Dest, Lowering};
use crate::target::Endian;
use crate::types::Ty;

/// The bytes of a word.
const WORD: u64 = 4;
/// So many bytes are summed without a loop.
const WRITTEN_OUT: u64 = 256;

impl Lowering<'_> {
    /// The seed, plus the words of `fresh`, minus those of `old`.
    pub(super) fn sum_difference(&mut self, old: Option<View>, fresh: Option<View>, seed: Option<Value>) -> Value {
        let sum = self.temporary("sum", Ty::U64);
        let seed = seed.unwrap_or_else(|| self.int(0, Ty::U64));
        self.store(sum, seed);
        for (view, negative) in [(old, true), (fresh, false)] {
            if let Some(view) = view {
                self.add_words(sum, view, negative);
            }
        }
        let mut total = self.load(sum);
        // The first carries may carry once more.
        for _ in 0..2 {
            let (bits, mask) = (self.int(32, Ty::U64), self.int(0xffff_ffff, Ty::U64));
            let high = self.b.arith_shr(total, bits, Ty::U64);
            let low = self.b.arith_and(total, mask, Ty::U64);
            total = self.b.arith_add(high, low, Ty::U64);
        }
        self.cast(total, Ty::U32)
    }

    fn add_words(&mut self, sum: Value, view: View, negative: bool) {
        if let (Root::Memory(bytes), Some(offset), Some(length)) =
            (view.root, self.number(view.offset), self.number(view.length))
            && offset == 0
            && length <= WRITTEN_OUT
        {
            return self.add_known(sum, bytes, length, negative);
        }
        if self.has_pieces(view) {
            match self.most(view.length) {
                Some(most) if most <= PIECE => self.add_few(sum, view, most, negative),
                Some(_) | None => self.add_pieces(sum, view, negative),
            }
            return;
        }
        let (zero, two) = (self.int(0, Ty::U64), self.int(2, Ty::U64));
        let words = self.b.arith_shr(view.length, two, Ty::U64);
        self.count_up(zero, words, |this, index| {
            let at = this.b.arith_shl(index, two, Ty::U64);
            let word = this.existing_part(view, at, Ty::U32);
            this.add_word(sum, word, negative);
        });
        self.add_end(sum, view, words, negative);
    }

    /// A view that is asked for `most` bytes: straight where it has them all.
    fn add_few(&mut self, sum: Value, view: View, most: u64, negative: bool) {
        let (whole, _) = self.region(&[], Dest::Nothing, |this, _| {
            let bytes = this.cx.types.array(Ty::U8, most);
            let add = &mut |this: &mut Self, bytes: Value| {
                this.add_known(sum, bytes, most, negative);
                None
            };
            this.use_view(view);
            this.with_part(view.root, (view.offset, bytes), Dest::Nothing, add, &mut |_| None)
        });
        let (short, _) = self.region(&[], Dest::Nothing, |this, _| {
            this.add_halves(sum, view, negative);
            None
        });
        let all = self.int(most.into(), Ty::U64);
        let is_whole = self.compare(CompareOp::Eq, view.length, all);
        self.b.ks_if(is_whole, &[], vec![whole, short]);
    }

    /// The words of whole pieces, then those behind the last piece.
    fn add_pieces(&mut self, sum: Value, view: View, negative: bool) {
        let piece = self.cx.types.array(Ty::U8, PIECE);
        self.each_piece(view, piece, |this, piece| this.add_known(sum, piece, PIECE, negative));
        self.add_halves(sum, view, negative);
    }

    /// The words behind the last piece, and the last bytes.
    fn add_halves(&mut self, sum: Value, view: View, negative: bool) {
        self.each_half(view, WORD, |this, part, size| this.add_known(sum, part, size, negative));
        let two = self.int(2, Ty::U64);
        let words = self.b.arith_shr(view.length, two, Ty::U64);
        self.add_end(sum, view, words, negative);
    }

    /// The last bytes, behind so many whole words.
    fn add_end(&mut self, sum: Value, view: View, words: Value, negative: bool) {
        let (zero, two, three) = (self.int(0, Ty::U64), self.int(2, Ty::U64), self.int(3, Ty::U64));
        let rest = self.b.arith_and(view.length, three, Ty::U64);
        let some = self.compare(CompareOp::Ne, rest, zero);
        self.when(some, |this| {
            let word = match this.before_packet_view(view) {
                Some(before) => this.end_of_word(view, before, rest),
                None => {
                    let end = this.b.arith_shl(words, two, Ty::U64);
                    this.last_word(view, end)
                }
            };
            this.add_word(sum, word, negative);
        });
    }

    /// The offset of the word that ends where a view of a packet begins, if the packet certainly has it.
    fn before_packet_view(&mut self, view: View) -> Option<Value> {
        let Root::Packet(_) = view.root else { return None };
        let before = self.number(view.offset)?.checked_sub(WORD)?;
        Some(self.int(before.into(), Ty::U64))
    }

    /// The last `rest` bytes of a view, one to three; the others are zero. `before`: the offset of the word that ends where the view
    /// begins. The word that ends where the view ends has them as its last bytes.
    fn end_of_word(&mut self, view: View, before: Value, rest: Value) -> Value {
        let word = self.existing_part(View { offset: before, ..view }, view.length, Ty::U32);
        let word = self.cast(word, Ty::U64);
        let (three, bits) = (self.int(3, Ty::U64), self.int(32, Ty::U64));
        let shift = self.b.arith_shl(rest, three, Ty::U64);
        let word = match self.cx.types.machine().endian {
            Endian::Little => {
                let shifted = self.b.arith_shl(word, shift, Ty::U64);
                self.b.arith_shr(shifted, bits, Ty::U64)
            }
            Endian::Big => {
                let shift = self.b.arith_sub(bits, shift, Ty::U64);
                self.b.arith_shl(word, shift, Ty::U64)
            }
        };
        self.cast(word, Ty::U32)
    }

    /// The last one to three bytes, from an offset on, as a word; its other bytes are zero.
    fn last_word(&mut self, view: View, from: Value) -> Value {
        let (one, two, zero) = (self.int(1, Ty::U64), self.int(2, Ty::U64), self.int(0, Ty::U64));
        let word = self.temporary("last", Ty::U32);
        self.b.ks_zero(word);
        let pair = self.b.arith_and(view.length, two, Ty::U64);
        let has_pair = self.compare(CompareOp::Ne, pair, zero);
        self.when(has_pair, |this| {
            let pair = this.existing_part(view, from, Ty::U16);
            let pair = this.cast(pair, Ty::U32);
            let pair = this.at_byte(pair, 0, 2);
            this.store(word, pair);
        });
        let odd = self.b.arith_and(view.length, one, Ty::U64);
        let is_odd = self.compare(CompareOp::Ne, odd, zero);
        self.when(is_odd, |this| {
            let last = this.b.arith_sub(view.length, one, Ty::U64);
            let byte = this.existing_part(view, last, Ty::U8);
            let byte = this.cast(byte, Ty::U32);
            // Behind a pair it is the third one.
            let three = this.int(3, Ty::U64);
            let shift = this.b.arith_shl(pair, three, Ty::U64);
            let shift = this.cast(shift, Ty::U32);
            let byte = match this.cx.types.machine().endian {
                Endian::Little => this.b.arith_shl(byte, shift, Ty::U32),
                Endian::Big => {
                    let first = this.at_byte(byte, 0, 1);
                    this.b.arith_shr(first, shift, Ty::U32)
                }
            };
            let before = this.load(word);
            let both = this.b.arith_or(before, byte, Ty::U32);
            this.store(word, both);
        });
        self.load(word)
    }

    /// The first bytes of a place. The inverse of a word is what is missing to the largest one.
    fn add_known(&mut self, sum: Value, bytes: Value, length: u64, negative: bool) {
        let whole = length / WORD;
        if whole > 0 {
            let words = self.cx.types.array(Ty::U32, whole);
            let words = self.place_as(bytes, words);
            let mut total = self.int(0, Ty::U64);
            for index in 0..whole {
                let word = self.element_place(words, index as usize);
                let word = self.load(word);
                let word = self.cast(word, Ty::U64);
                total = self.plus(total, word);
            }
            if negative {
                let most = self.int(i128::from(whole * u64::from(u32::MAX)), Ty::U64);
                total = self.b.arith_sub(most, total, Ty::U64);
            }
            self.add_to(sum, total);
        }
        if length.is_multiple_of(WORD) {
            return;
        }
        let mut word = self.int(0, Ty::U32);
        for at in whole * WORD..length {
            let byte = self.element_place(bytes, at as usize);
            let byte = self.load(byte);
            let byte = self.cast(byte, Ty::U32);
            let byte = self.at_byte(byte, at % WORD, 1);
            word = self.b.arith_or(word, byte, Ty::U32);
        }
        self.add_word(sum, word, negative);
    }

    /// A number of `size` bytes as the bytes from `at` on of a word that is zero else.
    fn at_byte(&mut self, number: Value, at: u64, size: u64) -> Value {
        let bytes = match self.cx.types.machine().endian {
            Endian::Little => at,
            Endian::Big => WORD - at - size,
        };
        let shift = self.int(i128::from(bytes) * 8, Ty::U32);
        self.b.arith_shl(number, shift, Ty::U32)
    }

    fn add_word(&mut self, sum: Value, word: Value, negative: bool) {
        let word = if negative { self.invert(word, Ty::U32) } else { word };
        let word = self.cast(word, Ty::U64);
        self.add_to(sum, word);
    }

    fn add_to(&mut self, sum: Value, number: Value) {
        let before = self.load(sum);
        let after = self.b.arith_add(before, number, Ty::U64);
        self.store(sum, after);
    }
}

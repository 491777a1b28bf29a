//! `csum_diff`: the words of views, summed in the arithmetic of one's complement.
//!
//! The kernel's `bpf_csum_diff` takes a number of bytes that is a multiple of 4, is not for all types of programs, and yields
//! other numbers of 32 bits on each kernel and machine, which are equal only when they are folded. So the words are added up
//! here: of 32 bits, in 64.

use super::pieces::PIECE;
use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::ir::numbers::LONGEST_PACKET;
use crate::lower::func::{Dest, Lowering};
use crate::target::Endian;
use crate::types::{Space, Ty};

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
        let total = self.load(sum);
        // With its halves exchanged and added, the upper half is the sum of both, and of what that carries, which the lower half carries too.
        let bits = self.int(32, Ty::U64);
        let (low, high) = (self.b.arith_shl(total, bits, Ty::U64), self.b.arith_shr(total, bits, Ty::U64));
        let both = self.b.arith_add(total, low, Ty::U64);
        let both = self.b.arith_add(both, high, Ty::U64);
        let total = self.b.arith_shr(both, bits, Ty::U64);
        self.cast(total, Ty::U32)
    }

    fn add_words(&mut self, sum: Value, view: View, negative: bool) {
        if let (Root::Memory(bytes), Some(offset), Some(length)) =
            (view.root, self.number(view.offset), self.number(view.length))
            && offset == 0
            && length <= WRITTEN_OUT
        {
            let total = self.sum_of(bytes, length);
            return self.add_total(sum, total, (view.length, negative));
        }
        match view.root {
            Root::Packet(ctx) if self.has_load(ctx) => match self.most(view.length) {
                Some(most) if most <= PIECE => self.add_few(sum, (ctx, view), most, negative),
                Some(_) | None => self.add_blocks(sum, (ctx, view), negative),
            },
            Root::Packet(_) | Root::Record(_) => {
                let piece = self.cx.types.array(Ty::U8, PIECE);
                self.each_piece(view, piece, |this, piece| {
                    let total = this.sum_of(piece, PIECE);
                    let bytes = this.int(PIECE.into(), Ty::U64);
                    this.add_total(sum, total, (bytes, negative));
                });
                let last = self.int(-i128::from(PIECE), Ty::U64);
                let pieces = self.b.arith_and(view.length, last, Ty::U64);
                self.add_one_by_one(sum, view, pieces, negative);
            }
            Root::Memory(_) | Root::Buffer(_) => {
                let zero = self.int(0, Ty::U64);
                self.add_one_by_one(sum, view, zero, negative);
            }
        }
    }

    /// A view of a packet that is asked for `most` bytes: straight where it has them all.
    fn add_few(&mut self, sum: Value, (ctx, view): (Value, View), most: u64, negative: bool) {
        let (whole, _) = self.region(&[], Dest::Nothing, |this, _| {
            let bytes = this.cx.types.array(Ty::U8, most);
            let add = &mut |this: &mut Self, bytes: Value| {
                let total = this.sum_of(bytes, most);
                this.add_total(sum, total, (view.length, negative));
                None
            };
            this.use_view(view);
            this.with_part(view.root, (view.offset, bytes), Dest::Nothing, add, &mut |_| None)
        });
        let (short, _) = self.region(&[], Dest::Nothing, |this, _| {
            let zero = this.int(0, Ty::U64);
            let any = this.compare(CompareOp::Ne, view.length, zero);
            this.when(any, |this| {
                // Larger than the view can be: so it is a copy, and no code looks for the bytes in the packet.
                let words = most / WORD + 1;
                let total = this.sum_of_block((ctx, view), (zero, view.length), words * WORD);
                this.add_total(sum, total, (view.length, negative));
            });
            None
        });
        let all = self.int(most.into(), Ty::U64);
        let is_whole = self.compare(CompareOp::Eq, view.length, all);
        self.b.ks_if(is_whole, &[], vec![whole, short]);
    }

    /// The blocks of a view of a packet; the last one is filled with zeros.
    fn add_blocks(&mut self, sum: Value, (ctx, view): (Value, View), negative: bool) {
        let sums = if negative { self.temporary("taken", Ty::U64) } else { sum };
        if negative {
            self.b.ks_zero(sums);
        }
        // No packet has more. So it is the same range on all paths that lead here, and the verifier walks the loop once.
        let most = self.int(LONGEST_PACKET - 1, Ty::U64);
        let length = self.b.arith_and(view.length, most, Ty::U64);
        let zero = self.int(0, Ty::U64);
        // A short view does not pay for the start of a loop.
        let any = self.compare(CompareOp::Ne, length, zero);
        self.when(any, |this| {
            this.each_block(length, PIECE, |this, at, count| {
                let total = this.sum_of_block((ctx, view), (at, count), PIECE);
                this.add_to(sums, total);
            });
        });
        if negative {
            let total = self.load(sums);
            self.add_total(sum, total, (view.length, true));
        }
    }

    /// The sum of the words of a part of a packet, of at least one byte, that is no longer than `size`.
    fn sum_of_block(&mut self, (ctx, view): (Value, View), (at, count): (Value, Value), size: u64) -> Value {
        // The type says how a copy is aligned.
        let words = self.cx.types.array(Ty::U32, size / WORD);
        let place = self.cx.types.place(words, Space::Packet);
        self.use_view(view);
        let at = self.plus(view.offset, at);
        let block = self.b.packet_block(ctx, at, count, place);
        self.sum_of(block, size)
    }

    /// The words behind so many bytes, whole words, in a loop, and the last bytes.
    fn add_one_by_one(&mut self, sum: Value, view: View, from: Value, negative: bool) {
        let two = self.int(2, Ty::U64);
        let first = self.b.arith_shr(from, two, Ty::U64);
        let words = self.b.arith_shr(view.length, two, Ty::U64);
        self.count_up(first, words, |this, index| {
            let at = this.b.arith_shl(index, two, Ty::U64);
            let word = this.existing_part(view, at, Ty::U32);
            this.add_word(sum, word, negative);
        });
        self.add_end(sum, view, words, negative);
    }

    /// The last bytes, behind so many whole words.
    fn add_end(&mut self, sum: Value, view: View, words: Value, negative: bool) {
        let (zero, two, three) = (self.int(0, Ty::U64), self.int(2, Ty::U64), self.int(3, Ty::U64));
        let rest = self.b.arith_and(view.length, three, Ty::U64);
        let some = self.compare(CompareOp::Ne, rest, zero);
        self.when(some, |this| {
            let end = this.b.arith_shl(words, two, Ty::U64);
            let word = this.last_word(view, end);
            this.add_word(sum, word, negative);
        });
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

    /// The sum of the words of the first bytes of a place.
    fn sum_of(&mut self, bytes: Value, length: u64) -> Value {
        let whole = length / WORD;
        let mut total = self.int(0, Ty::U64);
        if whole > 0 {
            let words = self.cx.types.array(Ty::U32, whole);
            let words = self.place_as(bytes, words);
            for index in 0..whole {
                let word = self.element_place(words, index as usize);
                let word = self.load(word);
                let word = self.cast(word, Ty::U64);
                total = self.plus(total, word);
            }
        }
        if length.is_multiple_of(WORD) {
            return total;
        }
        let mut word = self.int(0, Ty::U32);
        for at in whole * WORD..length {
            let byte = self.element_place(bytes, at as usize);
            let byte = self.load(byte);
            let byte = self.cast(byte, Ty::U32);
            let byte = self.at_byte(byte, at % WORD, 1);
            word = self.b.arith_or(word, byte, Ty::U32);
        }
        let word = self.cast(word, Ty::U64);
        self.plus(total, word)
    }

    /// Adds the total of the words of so many bytes, or takes it away: the inverse of a word is what is missing to the largest one.
    fn add_total(&mut self, sum: Value, total: Value, (bytes, negative): (Value, bool)) {
        if !negative {
            return self.add_to(sum, total);
        }
        let (round, two) = (self.int(i128::from(WORD) - 1, Ty::U64), self.int(2, Ty::U64));
        let most = self.int(u32::MAX.into(), Ty::U64);
        let words = self.plus(bytes, round);
        let words = self.b.arith_shr(words, two, Ty::U64);
        let all = self.b.arith_mul(words, most, Ty::U64);
        let missing = self.b.arith_sub(all, total, Ty::U64);
        self.add_to(sum, missing);
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

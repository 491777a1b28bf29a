//! Bytes of views: read, written, walked over, copied.

use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::{Role, Value};
use crate::lower::func::{Dest, Lowering, Slot};
use crate::sema::tree::{Block, Expr, LocalId};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

/// So many bytes are copied by words where their number is known: sixteen instructions, which take as long as a call of a helper.
const COPIED_BY_WORDS: u64 = 64;

impl<'a> Lowering<'a> {
    /// Does `inside` with the place of a byte, if the view has it.
    pub(in crate::lower) fn with_byte(
        &mut self,
        view: View,
        index: Value,
        dest: Dest,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Option<Value>,
        outside: &mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>,
    ) -> Option<Value> {
        let in_range = self.test(index, CompareOp::Lt, view.length);
        match self.number(in_range) {
            Some(0) => return outside(self),
            Some(_) => return self.with_existing_byte(view, index, dest, inside, outside),
            None => {}
        }
        let (there, _) = self.region(&[], dest, |this, _| this.with_existing_byte(view, index, dest, inside, outside));
        let (not_there, _) = self.region(&[], dest, |this, _| outside(this));
        let op = self.b.ks_if(in_range, &Self::results(dest), vec![there, not_there]);
        self.outcome(op, dest, true)
    }

    /// The same for a byte that the view has.
    fn with_existing_byte(
        &mut self,
        view: View,
        index: Value,
        dest: Dest,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Option<Value>,
        outside: &mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>,
    ) -> Option<Value> {
        let at = self.plus(view.offset, index);
        match view.root {
            Root::Packet(_) | Root::Record(_) => {
                self.use_view(view);
                self.with_part(view.root, (at, Ty::U8), dest, inside, outside)
            }
            Root::Memory(bytes) if self.never_has(bytes, at, 1) => outside(self),
            Root::Memory(bytes) => {
                let byte = self.element_at(bytes, at);
                inside(self, byte)
            }
            Root::Buffer(start) => {
                let byte = self.part_of_buffer(start, at, Ty::U8);
                inside(self, byte)
            }
        }
    }

    /// Runs `inside` with the place of a `T` at an offset of a packet or record, if it is there; else `outside`.
    pub(super) fn with_part(
        &mut self,
        root: Root,
        (at, of): (Value, Ty),
        dest: Dest,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Option<Value>,
        outside: &mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>,
    ) -> Option<Value> {
        let space = if let Root::Packet(_) = root { Space::Packet } else { Space::Ringbuf };
        let place = self.cx.types.place(of, space);
        let ty = self.cx.types.opt(place);
        let found = match root {
            Root::Packet(ctx) => self.b.packet_at(ctx, at, ty),
            Root::Record(dynptr) => self.b.map_tail_at(dynptr, at, ty),
            Root::Memory(_) | Root::Buffer(_) => crate::bug!("memory is not asked for its parts"),
        };
        let (there, _) = self.region(&[place], dest, |this, args| inside(this, args[0]));
        let (not_there, _) = self.region(&[], dest, |this, _| outside(this));
        let op = self.b.ks_if_some(found, &Self::results(dest), vec![there, not_there]);
        self.outcome(op, dest, true)
    }

    /// A byte, zero if the view does not have it.
    pub(super) fn byte(&mut self, view: View, index: Value) -> Value {
        let read =
            self.with_byte(view, index, Dest::Value(Ty::U8), &mut |this, place| Some(this.load(place)), &mut |this| {
                Some(this.int(0, Ty::U8))
            });
        read.unwrap_or_else(|| crate::bug!("a byte is a value"))
    }

    /// `view.read(offset, T)` of a scalar.
    pub(in crate::lower) fn read_scalar(&mut self, view: &Expr, offset: &Expr, ty: Ty, span: Span) -> Value {
        let view = self.view_to_read(view);
        let offset = self.scalar_as(offset, Ty::U64);
        self.at(span).part_of_view(view, offset, ty)
    }

    /// A scalar in a view, zero if the view does not have all of it.
    pub(super) fn part_of_view(&mut self, view: View, offset: Value, ty: Ty) -> Value {
        let place = self.temporary("part", ty);
        self.copy_part(view, offset, place);
        self.load(place)
    }

    /// A scalar in a view that has all of it; zero if it is in a part of the packet that is not there.
    pub(super) fn existing_part(&mut self, view: View, offset: Value, ty: Ty) -> Value {
        let place = self.temporary("part", ty);
        self.b.ks_zero(place);
        let size = self.cx.types.size_of(ty);
        self.copy_existing(view, offset, place, size);
        self.load(place)
    }

    /// `view.read(offset, T)` into a place that nothing else sees meanwhile.
    pub(in crate::lower) fn read_into(&mut self, view: &Expr, offset: &Expr, place: Value, span: Span) {
        let view = self.view_to_read(view);
        let offset = self.scalar_as(offset, Ty::U64);
        self.at(span).copy_part(view, offset, place);
    }

    fn copy_part(&mut self, view: View, offset: Value, place: Value) {
        let (of, _) = self.pointee(place);
        let size = self.cx.types.size_of(of);
        self.b.ks_zero(place);
        let length = self.int(size.into(), Ty::U64);
        let fits = self.test(length, CompareOp::Le, view.length);
        self.when(fits, |this| {
            let last = this.minus(view.length, length);
            let begins = this.test(offset, CompareOp::Le, last);
            this.when(begins, |this| this.copy_existing(view, offset, place, size));
        });
    }

    /// Copies bytes that exist into a place.
    fn copy_existing(&mut self, view: View, offset: Value, place: Value, size: u64) {
        let (of, _) = self.pointee(place);
        let at = self.plus(view.offset, offset);
        let array = self.cx.types.array(Ty::U8, size);
        let bytes = match view.root {
            Root::Packet(_) | Root::Record(_) => {
                let copy = &mut |this: &mut Lowering<'a>, part: Value| {
                    this.b.ks_copy(place, part);
                    None
                };
                self.use_view(view);
                self.with_part(view.root, (at, of), Dest::Nothing, copy, &mut |_| None);
                return;
            }
            Root::Buffer(start) => {
                let from = self.part_of_buffer(start, at, array);
                let target = self.place_as(place, array);
                self.b.ks_copy(target, from);
                return;
            }
            Root::Memory(bytes) if self.never_has(bytes, at, size) => return,
            Root::Memory(bytes) => bytes,
        };
        let target = self.place_as(place, array);
        if let Some(at) = self.number(at) {
            let from = self.element_place(bytes, at as usize);
            let from = self.place_as(from, array);
            self.b.ks_copy(target, from);
            return;
        }
        self.each_below(size, |this, index| {
            let from = this.plus(at, index);
            let from = this.element_at(bytes, from);
            let byte = this.load(from);
            let to = this.element_at(target, index);
            this.store(to, byte);
        });
    }

    /// A loop over so many numbers; few of them are written out.
    fn each_below(&mut self, count: u64, mut body: impl FnMut(&mut Self, Value)) {
        const WRITTEN_OUT: u64 = 16;
        if count <= WRITTEN_OUT {
            for index in 0..count {
                let index = self.int(index.into(), Ty::U64);
                body(self, index);
            }
            return;
        }
        let (low, high) = (self.int(0, Ty::U64), self.int(count.into(), Ty::U64));
        self.count_up(low, high, body);
    }

    pub(super) fn count_up(&mut self, low: Value, high: Value, body: impl FnOnce(&mut Self, Value)) {
        let iteration = self.iteration(&[Ty::U64], Dest::Nothing, |this, args| {
            body(this, args[0]);
            None
        });
        self.b.ks_for(low, high, false, vec![iteration]);
    }

    /// `for (i, c in view)`
    pub(in crate::lower) fn for_view(&mut self, view: &Expr, index: LocalId, value: LocalId, body: &Block) {
        let span = view.span;
        let view = self.view(view);
        self.at(span);
        let low = self.int(0, Ty::U64);
        let iteration = self.iteration(&[Ty::U64], Dest::Nothing, |this, args| {
            this.at(span);
            let number = this.cast(args[0], Ty::U32);
            if this.uses.in_memory(index) {
                let place = this.declare(index);
                this.store(place, number);
            } else {
                this.set_slot(index, Slot::Value(number));
            }
            let byte = match view.root {
                Root::Packet(ctx) if this.has_load(ctx) => {
                    let at = this.plus(view.offset, args[0]);
                    this.use_view(view);
                    this.b.packet_byte(ctx, at, Ty::U8)
                }
                Root::Packet(_) | Root::Record(_) | Root::Memory(_) | Root::Buffer(_) => this.byte(view, args[0]),
            };
            let place = this.declare(value);
            this.store(place, byte);
            this.loop_body(body)
        });
        self.at(span).b.ks_for(low, view.length, false, vec![iteration]);
    }

    /// `copy(to, from, count)`: from the first byte to the last, also where they overlap. Yields how many there were.
    pub(super) fn copy_views(&mut self, to: View, from: View, count: Option<Value>) -> Value {
        let both = self.smaller(from.length, to.length);
        let count = count.map_or(both, |count| self.smaller(count, both));
        if let Some(known) = self.number(count).filter(|&known| self.copies_words(to, from, known)) {
            self.copy_first(to, from, known);
            return count;
        }
        if self.copied_in_blocks(to, from, count) {
            return count;
        }
        let zero = self.int(0, Ty::U64);
        self.count_up(zero, count, |this, index| {
            let byte = this.byte(from, index);
            let write = &mut |this: &mut Lowering<'a>, place: Value| {
                this.store(place, byte);
                None
            };
            this.with_byte(to, index, Dest::Nothing, write, &mut |_| None);
        });
        count
    }

    /// Whether so many bytes are copied by words. From a packet that may lie in pages they would go through a variable, which a helper
    /// writes: it can as well write the place that they go to.
    fn copies_words(&self, to: View, from: View, count: u64) -> bool {
        let by_helper = matches!(from.root, Root::Packet(ctx) if self.has_load(ctx) && !self.sees_linear_packets());
        (1..=COPIED_BY_WORDS).contains(&count)
            && !by_helper
            && self.has_words(to)
            && self.has_words(from)
            && self.are_apart(to, from)
    }

    /// Whether the function is a program whose packets lie in no pages.
    fn sees_linear_packets(&self) -> bool {
        let Role::Program { spec, mode, .. } = &self.b.func.role else { return false };
        spec.form(mode).is_some_and(|form| form.linear)
    }

    /// Whether two views certainly share no byte: those of different kinds of memory that BPF code has. In user space a pointer of one kind
    /// may lead into another.
    fn are_apart(&self, one: View, other: View) -> bool {
        let space = |view: View| {
            let space = match view.root {
                Root::Packet(_) => Space::Packet,
                Root::Memory(bytes) => self.pointee(bytes).1,
                Root::Record(_) | Root::Buffer(_) => return None,
            };
            let kinds = [Space::Stack, Space::Global, Space::MapValue, Space::Percpu, Space::Packet, Space::Ringbuf];
            kinds.contains(&space).then_some(space)
        };
        matches!((space(one), space(other)), (Some(one), Some(other)) if one != other)
    }

    /// Whether an array of bytes ends before so many bytes at a constant offset. No test of a view's length lets code get there: the
    /// verifier, which may not see that, is not shown the access.
    fn never_has(&self, bytes: Value, at: Value, size: u64) -> bool {
        self.number(at).is_some_and(|at| at.checked_add(size).is_none_or(|end| end > self.capacity(bytes)))
    }

    /// The length of the array of bytes that a place is.
    pub(super) fn capacity(&self, bytes: Value) -> u64 {
        let (of, _) = self.pointee(bytes);
        let TyKind::Array(_, length) = self.cx.types.kind(of) else { crate::bug!("a view is of an array of bytes") };
        length
    }
}

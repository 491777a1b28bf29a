//! Views: a `bytes` consists of the memory that it views, and two numbers, an offset and a length. They never go beyond the bytes that
//! exist: a view without bytes may have any offset.
//!
//! The viewed memory is known where the view begins and never changes, also where a condition chooses a view (`chosen`): a packet, by its
//! context, or the bytes of a value. So that the verifier follows each access, those to a packet look for its end (`packet.at`), and those
//! to a value go by an index of an array whose length is known; those to a record of variable size ask the kernel for the bytes
//! (`map.tail_at`). A function that takes views is lowered for each kind of them (`instances`).
//!
//! A `bytes` is never a value in the IR. Lowering keeps the viewed memory apart from its offset and length (`lower/views/`). Each access to
//! a packet is a `packet.at`, which compares with the end of the packet, so that no pointer has to live; an access to a value indexes an
//! array of bytes of known length. Bytes after the value of a record are such an array if their number is constant. Else the record is a
//! dynptr in a variable (`map.reserve_sized`), and each access asks for a part of it (`map.tail_at`). Few bytes of a known
//! number are copied and compared as one array, `views/blocks.rs` copies others by helpers where the kernel has one for them. So lowering makes one function for each kind of views that it takes, and a variable
//! views one thing as long as it lives. A `packet.view` op marks the lifetime of a view, which ends when the packet moves; its result is
//! kept as a pointer is. The pass `moved-packets` checks it and removes the op.

mod access;
mod blocks;
mod checksums;
mod chosen;
mod compare;
mod instances;
mod pieces;
mod tails;

pub(super) use instances::{Instances, Kind, takes_views};
pub(super) use tails::Tail;

use super::elements::whole_constant;
use super::func::{Dest, Lowering, Slot};
use crate::fold::{self, CompareOp};
use crate::ir::Value;
use crate::sema::tree::{Const, Expr, ExprKind, LocalId, View as Source};
use crate::types::{Space, Ty, TyKind};

/// Where the bytes are.
#[derive(Clone, Copy)]
pub(super) enum Root {
    /// In the packet of this context.
    Packet(Value),
    /// In this place of bytes.
    Memory(Value),
    /// In a record of variable size: a pointer to the kernel's handle of it. Offsets count from the start of the record.
    Record(Value),
    /// In memory of user space, from this pointer on.
    Buffer(Value),
}

/// The parts of a view, numbers of 64 bits.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub root: Root,
    pub offset: Value,
    pub length: Value,
    /// A `packet.view`, or the variable that holds it; none if what it is of never moves.
    pub life: Option<Value>,
}

/// The part that a `slice` asks for, by its offset and count, and the number of bytes that exist.
#[derive(Clone, Copy)]
struct Wanted {
    offset: Value,
    count: Option<Value>,
    /// So many bytes there are from the start on.
    exist: Value,
}

impl Lowering<'_> {
    /// A view that may be written through, and outlives the expression.
    pub(super) fn view(&mut self, expr: &Expr) -> View {
        self.view_and_wanted(expr).0
    }

    /// A view, and for a `slice` the part that it asks for.
    fn view_and_wanted(&mut self, expr: &Expr) -> (View, Option<Wanted>) {
        if let ExprKind::Local(local) = expr.kind {
            return (self.at(expr.span).local_view(local), None);
        }
        let ExprKind::View(source) = &expr.kind else { return (self.chosen_view(expr), None) };
        let (root, life, start, exist, offset, count) = match &**source {
            Source::Value(value) => {
                let place = if Self::is_place(value) { self.place(value) } else { self.pointed_to(value) };
                return (self.at(expr.span).view_of_value(value, place), None);
            }
            Source::Tail(record) => return (self.tail_of(record), None),
            Source::Packet { ctx, offset, count } => {
                let ctx = self.scalar(ctx);
                let life = self.at(expr.span).life(ctx, Space::Packet);
                let length = self.b.packet_size(ctx, Ty::U64);
                (Root::Packet(ctx), life, None, length, offset, count)
            }
            Source::Slice { view, offset, count } => {
                let view = self.view(view);
                (view.root, view.life, Some(view.offset), view.length, offset, count)
            }
        };
        let offset = self.scalar_as(offset, Ty::U64);
        let count = count.as_ref().map(|count| self.scalar_as(count, Ty::U64));
        let wanted = Wanted { offset, count, exist };
        let length = self.at(expr.span).limited(wanted);
        let offset = match start {
            Some(start) => self.plus(start, offset),
            None => offset,
        };
        (View { root, offset, length, life }, Some(wanted))
    }

    /// The number of the bytes that exist. If there are none, the offset may be beyond the end.
    fn limited(&mut self, Wanted { offset, count, exist }: Wanted) -> Value {
        let rest = if self.number(offset) == Some(0) { exist } else { self.beyond(exist, offset) };
        count.map_or(rest, |count| self.smaller(count, rest))
    }

    /// How many bytes of so many are behind an offset.
    fn beyond(&mut self, exist: Value, offset: Value) -> Value {
        if let (Some(exist), Some(offset)) = (self.number(exist), self.number(offset)) {
            return self.int(exist.saturating_sub(offset).into(), Ty::U64);
        }
        let begins = self.b.arith_cmp(offset, exist, CompareOp::Le.word(), Ty::BOOL);
        let (rest, none) = (self.b.arith_sub(exist, offset, Ty::U64), self.int(0, Ty::U64));
        self.b.arith_select(begins, rest, none, Ty::U64)
    }

    /// A view, and whether all of it exists, as `if (var …)` asks; the view has so many bytes as were asked for, which it has where that
    /// holds.
    pub(super) fn whole_view(&mut self, expr: &Expr) -> (View, Value) {
        let (view, wanted) = self.view_and_wanted(expr);
        self.at(expr.span);
        let Some(Wanted { offset, count, exist }) = wanted else { return (view, self.int(1, Ty::BOOL)) };
        let begins = self.b.arith_cmp(offset, exist, CompareOp::Le.word(), Ty::BOOL);
        let Some(count) = count else { return (view, begins) };
        let whole = self.b.arith_cmp(view.length, count, CompareOp::Eq.word(), Ty::BOOL);
        (View { length: count, ..view }, self.b.arith_and(begins, whole, Ty::BOOL))
    }

    /// A view that is only read, before anything else happens: a constant's may be of read-only data.
    fn view_to_read(&mut self, expr: &Expr) -> View {
        if let ExprKind::View(source) = &expr.kind
            && let Source::Value(value) = &**source
        {
            let place = match whole_constant(&self.cx.types, value) {
                Some(constant) if self.cx.types.is_aggregate(value.ty) => {
                    self.at(value.span).constant_place(&constant, value.ty)
                }
                Some(_) | None => self.place(value),
            };
            return self.at(expr.span).view_of_value(value, place);
        }
        self.view(expr)
    }

    /// A view to write to: of a string all bytes but the last one, whatever text is in it.
    fn view_to_write(&mut self, expr: &Expr) -> View {
        if let ExprKind::View(source) = &expr.kind
            && let Source::Value(value) = &**source
        {
            let place = self.place(value);
            return self.at(expr.span).view_of_place(place);
        }
        self.view(expr)
    }

    /// All bytes of a value, which is in this place; those of a string up to the NUL.
    fn view_of_value(&mut self, value: &Expr, place: Value) -> View {
        let view = self.view_of_place(place);
        let TyKind::Str(_) = self.cx.types.kind(value.ty) else { return view };
        let length = match whole_constant(&self.cx.types, value) {
            Some(Const::Str(text)) => self.int(text.len() as i128, Ty::U64),
            Some(_) | None => self.b.str_len(place, Ty::U64),
        };
        View { length, ..view }
    }

    /// None where it is `null`.
    fn view_or_null(&mut self, expr: &Expr) -> Option<View> {
        if let ExprKind::Const(Const::Null) = expr.kind { None } else { Some(self.view_to_read(expr)) }
    }

    /// All bytes of a place, those of a string without the last one.
    fn view_of_place(&mut self, place: Value) -> View {
        let (of, space) = self.pointee(place);
        let size = self.cx.types.size_of(of);
        let length = if let TyKind::Str(_) = self.cx.types.kind(of) { size - 1 } else { size };
        let bytes = self.cx.types.array(Ty::U8, size);
        let place = self.place_as(place, bytes);
        let (offset, length) = (self.int(0, Ty::U64), self.int(length.into(), Ty::U64));
        View { root: Root::Memory(place), offset, length, life: self.life(place, space) }
    }

    /// What `moved-packets` follows of a view: of a context for its packet, or of memory that may be in a packet.
    fn life(&mut self, of: Value, space: Space) -> Option<Value> {
        let ty = self.life_in(space)?;
        Some(self.b.packet_view(of, ty))
    }

    /// The type of that.
    fn life_type(&mut self, root: Root) -> Option<Ty> {
        match root {
            Root::Packet(_) => self.life_in(Space::Packet),
            Root::Memory(place) => {
                let (_, space) = self.pointee(place);
                self.life_in(space)
            }
            // The records' own analysis follows these.
            Root::Record(_) | Root::Buffer(_) => None,
        }
    }

    fn life_in(&mut self, space: Space) -> Option<Ty> {
        let moves = space == Space::Packet || space == Space::Any;
        moves.then(|| self.cx.types.ptr(Ty::BYTES, space, false))
    }

    /// Code behind this uses what a view is of.
    pub(super) fn use_view(&mut self, view: View) {
        if let Some(life) = view.life {
            self.b.packet_view_use(life);
        }
    }

    /// The memory of a place, as a place of another type.
    fn place_as(&mut self, place: Value, of: Ty) -> Value {
        let (own, space) = self.pointee(place);
        if own == of {
            return place;
        }
        let pointer = self.address(place);
        let pointer_type = self.cx.types.ptr(of, space, false);
        let pointer = self.b.arith_cast(pointer, pointer_type);
        self.deref(pointer)
    }

    fn local_view(&mut self, local: LocalId) -> View {
        match self.slot(local) {
            Slot::View(variables) => self.loaded(variables),
            Slot::FixedView(view) => View { life: view.life.map(|life| self.load(life)), ..view },
            Slot::None | Slot::Place(_) | Slot::Value(_) | Slot::Pointee(_) => {
                crate::bug!("`{}` is no view", self.source.local(local).name)
            }
        }
    }

    /// What the variables of a view hold.
    fn loaded(&mut self, variables: View) -> View {
        let View { root, offset, length, life } = variables;
        let life = life.map(|life| self.load(life));
        View { root, offset: self.load(offset), length: self.load(length), life }
    }

    fn store_view(&mut self, view: View, variables: View) {
        self.store(variables.offset, view.offset);
        self.store(variables.length, view.length);
        if let (Some(variable), Some(life)) = (variables.life, view.life) {
            self.store(variable, life);
        }
    }

    /// A variable for a view. Its lifetime marker is kept in a place; the pass `moved-packets` takes each read of that for a use of the
    /// view. Its
    /// numbers have places where they may change; deferred code sees places alone.
    pub(super) fn declare_view(&mut self, local: LocalId, view: View) {
        let name = self.source.local(local).name.clone();
        let life = view.life.map(|life| {
            let place = self.cx.types.place(self.b.func.ty(life), Space::Stack);
            let variable = self.b.ks_var(name.as_bytes(), place);
            self.store(variable, life);
            variable
        });
        if !self.uses.in_memory(local) && !self.uses.defers {
            return self.set_slot(local, Slot::FixedView(View { life, ..view }));
        }
        let number = self.cx.types.place(Ty::U64, Space::Stack);
        let offset = self.b.ks_var(format!("{name}_offset").as_bytes(), number);
        let length = self.b.ks_var(format!("{name}_length").as_bytes(), number);
        self.store(offset, view.offset);
        self.store(length, view.length);
        self.set_slot(local, Slot::View(View { root: view.root, offset, length, life }));
    }

    /// `local = value`: it views the same thing.
    pub(super) fn assign_view(&mut self, local: LocalId, value: &Expr) {
        let view = self.view(value);
        let Slot::View(variables) = self.slot(local) else {
            crate::bug!("`{}` is no view", self.source.local(local).name)
        };
        self.store_view(view, variables);
    }

    /// `len(view)`
    pub(super) fn view_length(&mut self, expr: &Expr, ty: Ty) -> Value {
        let view = self.view_to_read(expr);
        self.at(expr.span).cast(view.length, ty)
    }

    fn number(&self, value: Value) -> Option<u64> {
        self.b.func.known(&self.cx.types, value).and_then(|number| u64::try_from(number).ok())
    }

    fn plus(&mut self, left: Value, right: Value) -> Value {
        match (self.number(left), self.number(right)) {
            (Some(0), _) => right,
            (_, Some(0)) => left,
            (Some(left), Some(right)) => self.int(i128::from(left.wrapping_add(right)), Ty::U64),
            (Some(_) | None, Some(_) | None) => self.b.arith_add(left, right, Ty::U64),
        }
    }

    fn minus(&mut self, left: Value, right: Value) -> Value {
        match (self.number(left), self.number(right)) {
            (Some(left), Some(right)) => self.int(i128::from(left.wrapping_sub(right)), Ty::U64),
            (Some(_) | None, Some(_) | None) => self.b.arith_sub(left, right, Ty::U64),
        }
    }

    /// The outcome of a comparison of two numbers of 64 bits: a constant if both are.
    fn test(&mut self, left: Value, op: CompareOp, right: Value) -> Value {
        match (self.number(left), self.number(right)) {
            (Some(left), Some(right)) => {
                let outcome = fold::compare(op, left, right);
                self.int(outcome.into(), Ty::BOOL)
            }
            (Some(_) | None, Some(_) | None) => self.b.arith_cmp(left, right, op.word(), Ty::BOOL),
        }
    }

    fn smaller(&mut self, left: Value, right: Value) -> Value {
        if let (Some(l), Some(r)) = (self.number(left), self.number(right)) {
            return if l <= r { left } else { right };
        }
        let is_less = self.b.arith_cmp(left, right, CompareOp::Le.word(), Ty::BOOL);
        self.b.arith_select(is_less, left, right, Ty::U64)
    }

    /// `then` where a condition holds.
    fn when(&mut self, condition: Value, then: impl FnOnce(&mut Self)) {
        match self.number(condition) {
            Some(0) => return,
            Some(_) => return then(self),
            None => {}
        }
        let (region, _) = self.region(&[], Dest::Nothing, |this, _| {
            then(this);
            None
        });
        let (otherwise, _) = self.region(&[], Dest::Nothing, |_, _| None);
        self.b.ks_if(condition, &[], vec![region, otherwise]);
    }
}

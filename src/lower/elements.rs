//! Elements of arrays: places behind variable indexes, filling, walking.
//!
//! A place with variable indexes exists only if all of them are in range, one behind a pointer into the packet only if
//! that is not null. So its parts are evaluated first, in order (a [`Path`]), and one test for each is before its use.
//! The tested number is the index: of 64 bits, unsigned, so that a negative index is out of range.

use super::aggregates::as_constant;
use super::consts;
use super::func::{Dest, Lowering, Slot};
use super::scan::may_write;
use super::views::View;
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::{Block, Const, Expr, ExprKind, LocalId, MapId, Unproven};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind, Types};

/// More elements than this are written and compared by a loop.
pub(super) const UNROLLED: u64 = 16;

/// A place whose parts were evaluated.
#[derive(Clone)]
pub(super) struct Path {
    root: Root,
    steps: Vec<Step>,
}

/// The base of the steps.
#[derive(Clone, Copy)]
enum Root {
    Place(Value),
    /// The pointee of a pointer, and whether that is null.
    Behind(Value, Value, Span),
    /// The byte of a view at this index.
    Viewed(View, Value, Span),
    /// The entry of a map, looked up by a place with the key.
    Entry(MapId, Value, Span),
}

#[derive(Clone, Copy)]
enum Step {
    Field(usize, Span),
    /// The index is in range.
    Known(Value, Span),
    /// The index is tested against the length.
    Tested(Value, u64, Span),
}

/// Whether the place exists only where an index is in range, or a pointer not null.
pub(super) fn may_be_absent(expr: &Expr) -> bool {
    if let ExprKind::Index { base, index } = &expr.kind {
        return constant_index(index).is_none() || may_be_absent(base);
    }
    if let ExprKind::Field { base, .. } = &expr.kind {
        return may_be_absent(base);
    }
    matches!(expr.kind, ExprKind::DerefIf { .. } | ExprKind::ViewByte { .. })
}

/// Whether the place exists where a pointer is not null, and is then all of what that leads to: known when it is read.
pub(super) fn is_behind_pointer(expr: &Expr) -> bool {
    if let ExprKind::Field { base, .. } = &expr.kind {
        return is_behind_pointer(base);
    }
    matches!(expr.kind, ExprKind::DerefIf { .. })
}

/// Whether a place is a part of what `m[k]` reads, and no index may change the entry before that: the part is then read where it is, and
/// the rest of the entry is not copied.
pub(super) fn is_part_of_entry(expr: &Expr) -> bool {
    !matches!(expr.kind, ExprKind::MapGet { .. }) && is_in_entry(expr)
}

fn is_in_entry(expr: &Expr) -> bool {
    if let ExprKind::Index { base, index } = &expr.kind {
        return !may_write(index) && is_in_entry(base);
    }
    if let ExprKind::Field { base, .. } = &expr.kind {
        return is_in_entry(base);
    }
    matches!(expr.kind, ExprKind::MapGet { .. })
}

pub(super) fn constant_index(index: &Expr) -> Option<usize> {
    if let ExprKind::Const(Const::Int(number)) = index.kind { usize::try_from(number).ok() } else { None }
}

pub(super) fn length(types: &Types, ty: Ty) -> u64 {
    if let TyKind::Str(size) = types.kind(ty) {
        return size.into();
    }
    let TyKind::Array(_, length) = types.kind(ty) else { crate::bug!("`{}` has no elements", types.name(ty)) };
    length
}

/// The constant that a literal is.
pub(super) fn whole_constant(types: &Types, expr: &Expr) -> Option<Const> {
    let ExprKind::Fill(value) = &expr.kind else { return as_constant(types, expr) };
    let length = length(types, expr.ty) as usize;
    as_constant(types, value).map(|value| Const::Array(vec![value; length]))
}

impl<'a> Lowering<'a> {
    /// Evaluates the parts of a place.
    pub(super) fn path(&mut self, expr: &Expr) -> Path {
        if !may_be_absent(expr) {
            return Path { root: Root::Place(self.readable(expr)), steps: Vec::new() };
        }
        if let ExprKind::DerefIf { pointer, header, unproven } = &expr.kind {
            let at = pointer.span;
            let word = match unproven {
                Unproven::Fine => "fine",
                Unproven::Warning => "warning",
                Unproven::Error => "error",
            };
            let pointer = self.scalar(pointer);
            let ctx = header.map(|(ctx, _)| self.at(at).local_value(ctx));
            let end = header.map_or(0, |(_, end)| i128::from(end));
            let absent = self.at(at).b.ks_absent(pointer, ctx, end, word, Ty::BOOL);
            return Path { root: Root::Behind(pointer, absent, expr.span), steps: Vec::new() };
        }
        if let ExprKind::ViewByte { view, index } = &expr.kind {
            let view = self.view(view);
            let index = self.scalar_as(index, Ty::U64);
            return Path { root: Root::Viewed(view, index, expr.span), steps: Vec::new() };
        }
        if let ExprKind::Field { base, field } = &expr.kind {
            let mut path = self.path(base);
            path.steps.push(Step::Field(*field, expr.span));
            return path;
        }
        let ExprKind::Index { base, index } = &expr.kind else { crate::bug!("only fields and elements have parts") };
        let mut path = self.path(base);
        path.steps.push(self.element_step(base, index, expr.span));
        path
    }

    fn element_step(&mut self, base: &Expr, index: &Expr, span: Span) -> Step {
        if constant_index(index).is_some() {
            return Step::Known(self.scalar_as(index, Ty::U64), span);
        }
        let number = self.scalar(index);
        let number = self.at(index.span).cast(number, Ty::U64);
        Step::Tested(number, length(&self.cx.types, base.ty), span)
    }

    /// A part of the entry that `m[k]` reads.
    fn path_in_entry(&mut self, expr: &Expr) -> Path {
        if let ExprKind::Field { base, field } = &expr.kind {
            let mut path = self.path_in_entry(base);
            path.steps.push(Step::Field(*field, expr.span));
            return path;
        }
        if let ExprKind::Index { base, index } = &expr.kind {
            let mut path = self.path_in_entry(base);
            path.steps.push(self.element_step(base, index, expr.span));
            return path;
        }
        let ExprKind::MapGet { map, key } = &expr.kind else { crate::bug!("it is in no entry") };
        let key = self.key(key);
        Path { root: Root::Entry(*map, key, expr.span), steps: Vec::new() }
    }

    /// The place of a value that is only read: a constant's is in read-only data.
    pub(super) fn readable(&mut self, expr: &Expr) -> Value {
        match whole_constant(&self.cx.types, expr) {
            Some(value) => self.at(expr.span).constant_place(&value, expr.ty),
            None => self.place(expr),
        }
    }

    /// Does `inside` with the place where it exists, and `outside` where an index is out of range.
    pub(super) fn with_path(
        &mut self,
        path: &Path,
        dest: Dest,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Option<Value>,
        outside: &mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>,
    ) -> Option<Value> {
        let (pointer, absent, span) = match path.root {
            Root::Place(place) => return self.with_steps(place, &path.steps, dest, inside, outside),
            Root::Viewed(view, index, span) => return self.at(span).with_byte(view, index, dest, inside, outside),
            Root::Entry(map, key, span) => {
                let (optional, place) = self.at(span).entry(map, key);
                let (there, _) = self
                    .region(&[place], dest, |this, args| this.with_steps(args[0], &path.steps, dest, inside, outside));
                let (not_there, _) = self.region(&[], dest, |this, _| outside(this.at(span)));
                let op = self.at(span).b.ks_if_some(optional, &Self::results(dest), vec![there, not_there]);
                return self.outcome(op, dest, true);
            }
            Root::Behind(pointer, absent, span) => (pointer, absent, span),
        };
        let (not_there, _) = self.region(&[], dest, |this, _| outside(this.at(span)));
        let (there, _) = self.region(&[], dest, |this, _| {
            let place = this.at(span).deref(pointer);
            this.with_steps(place, &path.steps, dest, inside, outside)
        });
        let op = self.at(span).b.ks_if(absent, &Self::results(dest), vec![not_there, there]);
        self.outcome(op, dest, true)
    }

    fn with_steps(
        &mut self,
        place: Value,
        steps: &[Step],
        dest: Dest,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Option<Value>,
        outside: &mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>,
    ) -> Option<Value> {
        let Some((step, rest)) = steps.split_first() else { return inside(self, place) };
        match *step {
            Step::Field(field, span) => {
                let place = self.at(span).field_place(place, field);
                self.with_steps(place, rest, dest, inside, outside)
            }
            Step::Known(index, span) => {
                let place = self.at(span).element_at(place, index);
                self.with_steps(place, rest, dest, inside, outside)
            }
            Step::Tested(index, length, span) => {
                let length = self.at(span).int(length.into(), Ty::U64);
                let in_range = self.b.arith_cmp(index, length, CompareOp::Lt.word(), Ty::BOOL);
                let (there, _) = self.region(&[], dest, |this, _| {
                    let place = this.at(span).element_at(place, index);
                    this.with_steps(place, rest, dest, inside, outside)
                });
                let (not_there, _) = self.region(&[], dest, |this, _| outside(this.at(span)));
                let op = self.at(span).b.ks_if(in_range, &Self::results(dest), vec![there, not_there]);
                self.outcome(op, dest, true)
            }
        }
    }

    /// The address of a place behind variable indexes, null where it does not exist. One that cannot be null exists.
    pub(super) fn element_address(&mut self, place: &Expr, ty: Ty, span: Span) -> Value {
        let mut path = self.path(place);
        let TyKind::Ptr { to, nullable, .. } = self.cx.types.kind(ty) else { crate::bug!("an address is a pointer") };
        let space = match path.root {
            Root::Place(place) => self.pointee(place).1,
            Root::Behind(..) => Space::Packet,
            Root::Viewed(..) | Root::Entry(..) => {
                crate::bug!("neither a byte of a view nor what `m[k]` reads has an address")
            }
        };
        let ty = self.cx.types.ptr(to, space, nullable);
        if !nullable {
            for step in &mut path.steps {
                if let Step::Tested(index, _, span) = *step {
                    *step = Step::Known(index, span);
                }
            }
        }
        let address = self.with_path(
            &path,
            Dest::Value(ty),
            &mut |this, place| Some(this.at(span).address(place)),
            &mut |this| Some(this.zero_value(ty)),
        );
        address.unwrap_or_else(|| crate::bug!("an address is a value"))
    }

    /// Loads from a place behind variable indexes, zero where it does not exist: a scalar, or a copy into `dest`.
    pub(super) fn read_checked(&mut self, expr: &Expr, dest: Dest) -> Option<Value> {
        if is_part_of_entry(expr) {
            return self.scoped(|this| {
                let path = this.path_in_entry(expr);
                this.read_path(&path, expr, dest)
            });
        }
        let path = self.path(expr);
        self.read_path(&path, expr, dest)
    }

    fn read_path(&mut self, path: &Path, expr: &Expr, dest: Dest) -> Option<Value> {
        let (span, bits) = (expr.span, self.bit_field(expr));
        self.with_path(
            path,
            dest,
            &mut |this, place| {
                this.at(span);
                match (dest, bits) {
                    (Dest::Into(to), _) => {
                        this.b.ks_copy(to, place);
                        None
                    }
                    (Dest::Value(_), Some((bits, ty))) => Some(this.bits(place, bits, ty)),
                    (Dest::Value(_), None) => Some(this.load(place)),
                    (Dest::Nothing | Dest::View(_), _) => None,
                }
            },
            &mut |this| match dest {
                Dest::Into(to) => {
                    this.b.ks_zero(to);
                    None
                }
                Dest::Value(ty) => Some(this.zero_value(ty)),
                Dest::Nothing | Dest::View(_) => None,
            },
        )
    }

    /// Copies text behind a pointer to a string of another size, empty where the pointer is null.
    pub(super) fn read_text(&mut self, from: &Expr, place: Value, span: Span) {
        let path = self.path(from);
        self.with_path(
            &path,
            Dest::Into(place),
            &mut |this, source| {
                this.at(span).b.str_copy(place, source);
                None
            },
            &mut |this| {
                this.at(span).b.ks_zero(place);
                None
            },
        );
    }

    /// `[value; count]` into a place that nothing else sees meanwhile.
    pub(super) fn fill(&mut self, value: &Expr, array: Ty, place: Value) {
        let length = length(&self.cx.types, array);
        let (is_aggregate, span) = (self.cx.types.is_aggregate(value.ty), value.span);
        let made = if is_aggregate { self.materialise(value) } else { self.scalar(value) };
        self.at(span);
        let write = |this: &mut Self, part: Value| {
            if is_aggregate {
                this.b.ks_copy(part, made);
            } else {
                this.store(part, made);
            }
        };
        if length <= UNROLLED {
            for index in 0..length {
                let part = self.element_place(place, index as usize);
                write(self, part);
            }
            return;
        }
        // The kernel's verifier wants all bytes written by something that it follows.
        self.b.ks_zero(place);
        self.each_index(length, |this, index| {
            let part = this.at(span).element_at(place, index);
            write(this, part);
        });
    }

    /// A loop over the indexes of an array.
    pub(super) fn each_index(&mut self, length: u64, body: impl FnOnce(&mut Self, Value)) {
        let (low, high) = (self.int(0, Ty::U64), self.int(length.into(), Ty::U64));
        let iteration = self.iteration(&[Ty::U64], Dest::Nothing, |this, args| {
            body(this, args[0]);
            None
        });
        self.b.ks_for(low, high, false, vec![iteration]);
    }

    /// `for (i, v in array)`
    pub(super) fn for_array(&mut self, array: &Expr, index: LocalId, value: LocalId, body: &Block) {
        let span = array.span;
        let path = self.path(array);
        let element = consts::element(&self.cx.types, array.ty);
        let length = length(&self.cx.types, array.ty);
        self.at(span);
        let (low, high) = (self.int(0, Ty::U32), self.int(length.into(), Ty::U32));
        let iteration = self.iteration(&[Ty::U32], Dest::Nothing, |this, args| {
            this.at(span);
            if this.uses.in_memory(index) {
                let place = this.declare(index);
                this.store(place, args[0]);
            } else {
                this.set_slot(index, Slot::Value(args[0]));
            }
            let mut path = path;
            let number = this.cast(args[0], Ty::U64);
            path.steps.push(Step::Known(number, span));
            let copy = this.declare(value);
            let is_aggregate = this.cx.types.is_aggregate(element);
            let dest = if is_aggregate { Dest::Into(copy) } else { Dest::Value(element) };
            if let Some(read) = this.read_path(&path, array, dest) {
                this.store(copy, read);
            }
            this.loop_body(body)
        });
        self.at(span).b.ks_for(low, high, false, vec![iteration]);
    }

    pub(super) fn leave_loop(&mut self) -> Option<Value> {
        self.b.ks_break();
        self.leave();
        None
    }
}

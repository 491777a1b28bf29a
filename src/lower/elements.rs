//! Elements of arrays: places behind variable indexes, filling, comparing, walking.
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
use crate::sema::tree::{Block, Const, Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::tables::LONGEST_OF_CHOICES;
use crate::types::{Space, Ty, TyKind, Types};

/// More elements than this are written and compared by a loop.
const UNROLLED: u64 = 16;

/// Whether a type is or has an array of more elements than this.
fn has_array_over(types: &Types, ty: Ty, most: u64) -> bool {
    let kind = types.kind(ty);
    if let TyKind::Struct(id) = kind {
        return types.struct_def(id).fields.iter().any(|field| has_array_over(types, field.ty, most));
    }
    matches!(kind, TyKind::Array(element, length) if length > most || has_array_over(types, element, most))
}

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
    /// The pointee of a pointer that may be null.
    Behind(Value, Span),
    /// The byte of a view at this index.
    Viewed(View, Value, Span),
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
    matches!(expr.kind, ExprKind::DerefIf(_) | ExprKind::ViewByte { .. })
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
        if let ExprKind::DerefIf(pointer) = &expr.kind {
            return Path { root: Root::Behind(self.scalar(pointer), expr.span), steps: Vec::new() };
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
        let step = if constant_index(index).is_some() {
            Step::Known(self.scalar_as(index, Ty::U64), expr.span)
        } else {
            let number = self.scalar(index);
            let number = self.at(index.span).cast(number, Ty::U64);
            Step::Tested(number, length(&self.cx.types, base.ty), expr.span)
        };
        path.steps.push(step);
        path
    }

    /// The place of a value that is only read: a constant's is in read-only data.
    fn readable(&mut self, expr: &Expr) -> Value {
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
        let (pointer, span) = match path.root {
            Root::Place(place) => return self.with_steps(place, &path.steps, dest, inside, outside),
            Root::Viewed(view, index, span) => return self.at(span).with_byte(view, index, dest, inside, outside),
            Root::Behind(pointer, span) => (pointer, span),
        };
        let null = self.at(span).b.mem_is_null(pointer, Ty::BOOL);
        let (not_there, _) = self.region(&[], dest, |this, _| outside(this.at(span)));
        let (there, _) = self.region(&[], dest, |this, _| {
            let place = this.at(span).deref(pointer);
            this.with_steps(place, &path.steps, dest, inside, outside)
        });
        let op = self.at(span).b.ks_if(null, &Self::results(dest), vec![not_there, there]);
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
            Root::Viewed(..) => crate::bug!("a byte of a view has no address"),
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
                    (Dest::Value(_), Some((bits, ty))) => {
                        Some(this.b.ks_bits(place, bits.shift.into(), bits.width.into(), ty))
                    }
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
    fn each_index(&mut self, length: u64, body: impl FnOnce(&mut Self, Value)) {
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

    /// `left == right`, `left != right` of structs and arrays.
    pub(super) fn compare_aggregates(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Value {
        // The right side must not change what was read before it.
        let changes = Self::is_place(left) && may_write(right);
        let l = if changes { self.materialise(left) } else { self.readable(left) };
        let r = self.readable(right);
        self.at(span);
        let (l, r) = (self.indexable(l), self.indexable(r));
        let equal = self.equal(l, r, left.ty);
        if op == CompareOp::Eq { equal } else { self.invert(equal, Ty::BOOL) }
    }

    /// The place, or a copy if it is in a packet and has long arrays: the verifier follows no variable index into packets.
    fn indexable(&mut self, place: Value) -> Value {
        let (ty, space) = self.pointee(place);
        if space != Space::Packet || !has_array_over(&self.cx.types, ty, LONGEST_OF_CHOICES) {
            return place;
        }
        let copy = self.temporary("copy", ty);
        self.b.ks_copy(copy, place);
        copy
    }

    /// Whether two places of one type hold equal values; padding plays no part.
    fn equal(&mut self, left: Value, right: Value, ty: Ty) -> Value {
        let kind = self.cx.types.kind(ty);
        if let TyKind::Struct(id) = kind {
            let fields = 0..self.cx.types.struct_def(id).fields.len();
            let held: Vec<usize> = fields.filter(|&field| !self.cx.types.is_view(id, field)).collect();
            return self.all_equal(0, held.len(), &mut |this, index| this.equal_fields(left, right, held[index]));
        }
        if let TyKind::Str(_) = kind {
            return self.b.str_eq(left, right, Ty::BOOL);
        }
        let TyKind::Array(element, length) = kind else {
            let (l, r) = (self.load(left), self.load(right));
            return self.compare(CompareOp::Eq, l, r);
        };
        if length > UNROLLED || self.cx.types.is_aggregate(element) {
            return self.equal_in_loop(left, right, (element, length));
        }
        self.all_equal(0, length as usize, &mut |this, index| {
            let (l, r) = (this.element_place(left, index), this.element_place(right, index));
            this.equal(l, r, element)
        })
    }

    fn equal_fields(&mut self, left: Value, right: Value, field: usize) -> Value {
        let (of, _) = self.pointee(left);
        let def = &consts::fields(&self.cx.types, of)[field];
        let (ty, bits) = (def.ty, def.bits);
        let (l, r) = (self.field_place(left, field), self.field_place(right, field));
        let Some(bits) = bits else { return self.equal(l, r, ty) };
        let l = self.b.ks_bits(l, bits.shift.into(), bits.width.into(), ty);
        let r = self.b.ks_bits(r, bits.shift.into(), bits.width.into(), ty);
        self.b.arith_cmp(l, r, CompareOp::Eq.word(), Ty::BOOL)
    }

    /// Whether all parts from `from` on are equal; stops at the first that is not.
    fn all_equal(&mut self, from: usize, parts: usize, equal: &mut dyn FnMut(&mut Self, usize) -> Value) -> Value {
        if from == parts {
            return self.int(1, Ty::BOOL);
        }
        let first = equal(self, from);
        if from + 1 == parts {
            return first;
        }
        let dest = Dest::Value(Ty::BOOL);
        let (more, _) = self.region(&[], dest, |this, _| Some(this.all_equal(from + 1, parts, equal)));
        let (done, _) = self.region(&[], dest, |this, _| Some(this.int(0, Ty::BOOL)));
        let op = self.b.ks_if(first, &[Ty::BOOL], vec![more, done]);
        self.b.result(op)
    }

    /// The same by a loop.
    fn equal_in_loop(&mut self, left: Value, right: Value, (element, length): (Ty, u64)) -> Value {
        let flag = self.temporary("equal", Ty::BOOL);
        let yes = self.int(1, Ty::BOOL);
        self.store(flag, yes);
        self.each_index(length, |this, index| {
            let (l, r) = (this.element_at(left, index), this.element_at(right, index));
            let same = this.equal(l, r, element);
            let (next, _) = this.region(&[], Dest::Nothing, |_, _| None);
            let (differs, _) = this.region(&[], Dest::Nothing, |this, _| {
                let no = this.int(0, Ty::BOOL);
                this.store(flag, no);
                this.leave_loop()
            });
            this.b.ks_if(same, &[], vec![next, differs]);
        });
        self.load(flag)
    }

    pub(super) fn leave_loop(&mut self) -> Option<Value> {
        self.b.ks_break();
        self.leave();
        None
    }
}

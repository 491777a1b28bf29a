//! Views compared with each other, and what builtins do with them.

use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::lower::func::{Dest, Lowering};
use crate::sema::tree::{Callee, Const, Expr, ExprKind};
use crate::source::Span;
use crate::tables::ViewOp;
use crate::types::Ty;

/// So many bytes are compared without a loop.
const WRITTEN_OUT: u64 = 64;

/// So many bytes are compared one by one without a loop.
const BYTES_WRITTEN_OUT: u64 = 16;

impl<'a> Lowering<'a> {
    /// A builtin that takes views.
    pub(in crate::lower) fn view_builtin(&mut self, op: ViewOp, args: &[Expr], ty: Ty, span: Span) -> Value {
        let (first, second) = match op {
            ViewOp::Copy => (Some(self.view_to_write(&args[0])), Some(self.view_to_read(&args[1]))),
            ViewOp::Compare | ViewOp::Sum => (self.view_or_null(&args[0]), self.view_or_null(&args[1])),
        };
        let number = args.get(2).map(|number| self.scalar_as(number, Ty::U64));
        self.at(span);
        match (op, first, second) {
            (ViewOp::Copy, Some(to), Some(from)) => {
                let is_first = self.is_first_write(&args[0], from);
                let count = self.copy_views(to, from, number);
                if is_first {
                    self.clear_rest(to, count);
                }
                self.cast(count, ty)
            }
            (ViewOp::Compare, Some(left), Some(right)) => {
                let left = self.first_bytes(left, number);
                let right = self.first_bytes(right, number);
                self.order(left, right)
            }
            (ViewOp::Sum, old, fresh) => self.sum_difference(old, fresh, number),
            (ViewOp::Copy | ViewOp::Compare, _, _) => crate::bug!("only a sum takes `null`"),
        }
    }

    fn first_bytes(&mut self, view: View, count: Option<Value>) -> View {
        let length = count.map_or(view.length, |count| self.smaller(count, view.length));
        View { length, ..view }
    }

    /// `==`, `!=`
    pub(in crate::lower) fn compare_views(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Value {
        let (left, right) = (self.view_to_read(left), self.view_to_read(right));
        self.at(span).equal_views(op, left, right)
    }

    /// `compare(a, b, n) == 0`, which asks whether the first bytes are equal; none if it is something else.
    pub(in crate::lower) fn compared_with_zero(
        &mut self,
        op: CompareOp,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Value> {
        let ExprKind::Operation { callee: Callee::Builtin(builtin), args } = &left.kind else { return None };
        let is_zero = matches!(right.kind, ExprKind::Const(Const::Int(0) | Const::Zero));
        if builtin.views != Some(ViewOp::Compare) || !is_zero || !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return None;
        }
        let (first, second) = (self.view_to_read(&args[0]), self.view_to_read(&args[1]));
        let number = args.get(2).map(|number| self.scalar_as(number, Ty::U64));
        self.at(span);
        let (first, second) = (self.first_bytes(first, number), self.first_bytes(second, number));
        Some(self.equal_views(op, first, second))
    }

    fn equal_views(&mut self, op: CompareOp, left: View, right: View) -> Value {
        let same_length = self.test(left.length, CompareOp::Eq, right.length);
        let dest = Dest::Value(Ty::BOOL);
        let (same, _) = self.region(&[], dest, |this, _| {
            let known = this.number(left.length).or_else(|| this.number(right.length));
            Some(match known {
                Some(0) => this.int(1, Ty::BOOL),
                Some(length) if length <= WRITTEN_OUT && this.has_words(left) && this.has_words(right) => {
                    this.equal_words(left, right, length)
                }
                Some(length) if length <= BYTES_WRITTEN_OUT => this.equal_bytes(left, right, 0, length),
                Some(_) | None => {
                    let order = this.order(left, right);
                    let zero = this.int(0, Ty::I32);
                    this.b.arith_cmp(order, zero, CompareOp::Eq.word(), Ty::BOOL)
                }
            })
        });
        let (differs, _) = self.region(&[], dest, |this, _| Some(this.int(0, Ty::BOOL)));
        let op_if = self.b.ks_if(same_length, &[Ty::BOOL], vec![same, differs]);
        let equal = self.b.result(op_if);
        if op == CompareOp::Eq { equal } else { self.invert(equal, Ty::BOOL) }
    }

    /// Copies the first `count` bytes, which both views have, from one place to another.
    pub(super) fn copy_first(&mut self, to: View, from: View, count: u64) {
        self.with_first(from, count, &mut |this, from| {
            this.with_first(to, count, &mut |this, to| {
                this.b.ks_copy(to, from);
                this.int(1, Ty::BOOL)
            })
        });
    }

    /// Whether the bytes of a view are at one place: not where the verifier wants a bound of each index.
    pub(super) fn has_words(&self, view: View) -> bool {
        !matches!(view.root, Root::Memory(_)) || self.number(view.offset).is_some()
    }

    /// Whether the first bytes of two views that have so many are equal.
    fn equal_words(&mut self, left: View, right: View, count: u64) -> Value {
        self.with_first(left, count, &mut |this, left| {
            this.with_first(right, count, &mut |this, right| this.b.mem_equal(left, right, Ty::BOOL))
        })
    }

    /// The result of `inside`, which gets the place of the first `count` bytes; false if they are in a part of the packet that does not
    /// exist.
    fn with_first(
        &mut self,
        view: View,
        count: u64,
        inside: &mut dyn FnMut(&mut Lowering<'a>, Value) -> Value,
    ) -> Value {
        let array = self.cx.types.array(Ty::U8, count);
        let bytes = match view.root {
            Root::Packet(_) | Root::Record(_) => {
                self.use_view(view);
                let (part, dest) = ((view.offset, array), Dest::Value(Ty::BOOL));
                let found =
                    self.with_part(view.root, part, dest, &mut |this, place| Some(inside(this, place)), &mut |this| {
                        Some(this.int(0, Ty::BOOL))
                    });
                return found.unwrap_or_else(|| crate::bug!("a comparison is a value"));
            }
            Root::Buffer(start) => self.part_of_buffer(start, view.offset, array),
            Root::Memory(bytes) => match self.number(view.offset) {
                Some(offset) if offset.saturating_add(count) <= self.capacity(bytes) => {
                    let first = self.element_place(bytes, offset as usize);
                    self.place_as(first, array)
                }
                // It does not have so many.
                Some(_) | None => return self.int(0, Ty::BOOL),
            },
        };
        inside(self, bytes)
    }

    /// Whether the bytes from one index up to another are equal; stops at the first that differ.
    fn equal_bytes(&mut self, left: View, right: View, from: u64, to: u64) -> Value {
        if from == to {
            return self.int(1, Ty::BOOL);
        }
        let index = self.int(from.into(), Ty::U64);
        let (l, r) = (self.byte(left, index), self.byte(right, index));
        let equal = self.b.arith_cmp(l, r, CompareOp::Eq.word(), Ty::BOOL);
        let dest = Dest::Value(Ty::BOOL);
        let (more, _) = self.region(&[], dest, |this, _| Some(this.equal_bytes(left, right, from + 1, to)));
        let (done, _) = self.region(&[], dest, |this, _| Some(this.int(0, Ty::BOOL)));
        let op = self.b.ks_if(equal, &[Ty::BOOL], vec![more, done]);
        self.b.result(op)
    }

    /// Less than 0, 0 or more, as the first bytes that differ are; where none do, as the lengths.
    fn order(&mut self, left: View, right: View) -> Value {
        let order = self.temporary("order", Ty::I32);
        let longer = self.compare(CompareOp::Gt, left.length, right.length);
        let shorter = self.compare(CompareOp::Lt, left.length, right.length);
        let (longer, shorter) = (self.cast(longer, Ty::I32), self.cast(shorter, Ty::I32));
        let by_length = self.b.arith_sub(longer, shorter, Ty::I32);
        self.store(order, by_length);
        let both = self.smaller(left.length, right.length);
        let zero = self.int(0, Ty::U64);
        self.count_up(zero, both, |this, index| {
            let (l, r) = (this.byte(left, index), this.byte(right, index));
            let differ = this.b.arith_cmp(l, r, CompareOp::Ne.word(), Ty::BOOL);
            this.when(differ, |this| {
                let (l, r) = (this.cast(l, Ty::I32), this.cast(r, Ty::I32));
                let difference = this.b.arith_sub(l, r, Ty::I32);
                this.store(order, difference);
                this.leave_loop();
            });
        });
        self.load(order)
    }
}

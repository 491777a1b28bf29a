//! Records of ring buffers with bytes after the value: `rb.reserve(n)`, `e.tail`, `rb.output(v, bytes)`.
//!
//! Where the number of bytes is a constant, such a record is memory like any other. Else the kernel gives out a handle of the
//! record, which is in a variable on the stack, and copies to it or yields addresses of parts of constant size (`map.tail_at`,
//! `map.tail_write`).

use super::{Root, View};
use crate::fold::CompareOp;
use crate::ir::{OpId, Opcode, Value};
use crate::lower::func::{Dest, Lowering, Slot};
use crate::lower::scan::may_write;
use crate::sema::tree::{self, Const, Expr, ExprKind, LocalId, MapId, Optional, OptionalKind};
use crate::source::Span;
use crate::tables::uapi::EAGAIN;
use crate::types::{Space, Ty, Types};

/// The most constant bytes after the value that are reserved together with it, as memory that passes follow byte by byte; a longer tail is
/// a dynptr.
const LARGEST_PLAIN: u64 = 4096;
/// How many bytes are cleared at a time.
const CLEARED: u64 = 256;

/// A record that is asked for.
#[derive(Clone, Copy)]
pub(in crate::lower) struct Reserved {
    /// `opt<ptr<T, ringbuf>>`
    record: Value,
    /// `ptr<T, ringbuf>`
    found: Ty,
    /// What the record begins with.
    value: Ty,
    /// How many bytes follow the value.
    tail: Value,
    /// The variable with the handle; none where `tail` is a constant.
    dynptr: Option<Value>,
}

/// What `e.tail` views.
#[derive(Clone, Copy)]
pub(in crate::lower) struct Tail {
    view: View,
    /// The pointer to the value.
    record: Value,
    /// The op that clears all bytes of a record of variable size.
    cleared: Option<OpId>,
}

/// `struct bpf_dynptr` of include/uapi/linux/bpf.h; the kernel keeps an address in it.
fn dynptr(types: &mut Types) -> Ty {
    let word = types.ptr(Ty::U8, Space::Ringbuf, false);
    types.array(word, 2)
}

pub(super) fn dynptr_pointer(types: &mut Types) -> Ty {
    let dynptr = dynptr(types);
    types.ptr(dynptr, Space::Stack, false)
}

impl Reserved {
    /// The optional, and the type of the pointer in it.
    pub(in crate::lower) fn record(self) -> (Value, Ty) {
        (self.record, self.found)
    }
}

impl Lowering<'_> {
    /// `rb.reserve(n)`; none if the optional is something else.
    pub(in crate::lower) fn sized_record(&mut self, optional: &Optional) -> Option<Reserved> {
        let OptionalKind::Record { map, tail: Some(tail) } = &optional.kind else { return None };
        let tail = self.scalar_as(tail, Ty::U64);
        Some(self.at(optional.span).reserve(*map, tail))
    }

    fn reserve(&mut self, map: MapId, tail: Value) -> Reserved {
        let value = self.program.map(map).value;
        let name = self.names.map(map);
        if let Some(bytes) = self.number(tail).filter(|&bytes| bytes <= LARGEST_PLAIN) {
            let whole = self.cx.types.size_of(value) + bytes;
            let whole = self.cx.types.array(Ty::U8, whole);
            let found = self.cx.types.ptr(whole, Space::Ringbuf, false);
            let ty = self.cx.types.opt(found);
            return Reserved { record: self.b.map_reserve(name, ty), found, value, tail, dynptr: None };
        }
        let ty = dynptr(&mut self.cx.types);
        let place = self.cx.types.place(ty, Space::Stack);
        let dynptr = self.b.ks_var(name.as_bytes(), place);
        let found = self.cx.types.ptr(value, Space::Ringbuf, false);
        let ty = self.cx.types.opt(found);
        let record = self.b.map_reserve_sized(dynptr, tail, name, ty);
        Reserved { record, found, value, tail, dynptr: Some(dynptr) }
    }

    /// A pointer to the value at the start of a record.
    fn value_pointer(&mut self, record: Value, sized: Reserved) -> Value {
        let ty = self.cx.types.ptr(sized.value, Space::Ringbuf, false);
        if sized.found == ty { record } else { self.b.arith_cast(record, ty) }
    }

    /// Makes a record the variable's, all zero.
    pub(in crate::lower) fn bind_sized(&mut self, local: LocalId, record: Value, sized: Reserved) {
        let record = self.value_pointer(record, sized);
        let head = self.deref(record);
        self.b.ks_zero(head);
        let view = self.tail(record, sized);
        let cleared = self.clear(view);
        self.tails.insert(local, Tail { view, record, cleared });
        if self.uses.in_memory(local) {
            let place = self.declare(local);
            return self.store(place, record);
        }
        self.set_slot(local, Slot::Value(record));
    }

    /// The bytes after the value.
    fn tail(&mut self, record: Value, sized: Reserved) -> View {
        let size = self.cx.types.size_of(sized.value);
        let start = self.int(size.into(), Ty::U64);
        if let Some(dynptr) = sized.dynptr {
            return View { root: Root::Record(self.address(dynptr)), offset: start, length: sized.tail, life: None };
        }
        let Some(bytes) = self.number(sized.tail).filter(|&bytes| bytes > 0) else {
            let head = self.deref(record);
            return View { length: sized.tail, ..self.view_of_place(head) };
        };
        let byte = self.cx.types.ptr(Ty::U8, Space::Ringbuf, false);
        let all = self.cx.types.array(Ty::U8, bytes);
        let all = self.cx.types.ptr(all, Space::Ringbuf, false);
        let first = self.b.arith_cast(record, byte);
        let first = self.b.mem_ptr_add(first, start, byte);
        let first = self.b.arith_cast(first, all);
        let place = self.deref(first);
        self.view_of_place(place)
    }

    /// `e.tail`
    pub(super) fn tail_of(&mut self, record: &Expr) -> View {
        let ExprKind::Local(local) = record.kind else { crate::bug!("a record is named by a variable") };
        match self.tails.get(&local) {
            Some(tail) => tail.view,
            None => crate::bug!("a record without bytes after its value"),
        }
    }

    /// Zeros bytes after a value; those of a record of variable size by one op with a region.
    fn clear(&mut self, tail: View) -> Option<OpId> {
        let dynptr = match tail.root {
            Root::Record(dynptr) => dynptr,
            Root::Memory(place) => {
                if self.number(tail.length) != Some(0) {
                    self.b.ks_zero(place);
                }
                return None;
            }
            Root::Packet(_) | Root::Buffer(_) => crate::bug!("the end of a record is in the record"),
        };
        let zeros = self.cx.types.array(Ty::U8, CLEARED);
        let zeros = self.constant_place(&Const::Zero, zeros);
        self.each_block(tail.length, CLEARED, |this, at, count| {
            let to = this.plus(tail.offset, at);
            this.b.map_tail_write(dynptr, to, zeros, count);
        });
        self.b.func.blocks[self.b.block].ops.last().copied()
    }

    /// Whether a copy to all of `e.tail` is the first thing that happens to these bytes, on each path from where they are
    /// cleared. Then that is left out, and `clear_rest` comes after the copy.
    pub(super) fn is_first_write(&mut self, to: &Expr, from: View) -> bool {
        let ExprKind::View(view) = &to.kind else { return false };
        let tree::View::Tail(Expr { kind: ExprKind::Local(local), .. }) = &**view else { return false };
        let Some(&Tail { view, record, cleared: Some(cleared) }) = self.tails.get(local) else { return false };
        let (Root::Record(dynptr), Root::Packet(_) | Root::Memory(_)) = (view.root, from.root) else { return false };
        let func = &self.b.func;
        if func.ops[cleared].block != self.b.block {
            return false;
        }
        let after = func.blocks[self.b.block].ops.iter().skip_while(|&&op| op != cleared).skip(1);
        let mut ops: Vec<OpId> = after.copied().collect();
        for op in ops.clone() {
            func.ops[op].regions.iter().for_each(|&region| func.walk_region(region, &mut ops));
        }
        // A path that ends the record uses its pointer.
        let uses = |op: &OpId| func.ops[*op].operands.iter().any(|operand| [record, dynptr].contains(operand));
        if ops.iter().any(|op| uses(op) && func.ops[*op].opcode != Opcode::KsDeref) {
            return false;
        }
        self.b.func.erase(cleared);
        self.tails.insert(*local, Tail { view, record, cleared: None });
        true
    }

    /// Zeros the bytes after so many.
    pub(super) fn clear_rest(&mut self, tail: View, count: Value) {
        let is_less = self.b.arith_cmp(count, tail.length, CompareOp::Lt.word(), Ty::BOOL);
        self.when(is_less, |this| {
            let offset = this.plus(tail.offset, count);
            let length = this.b.arith_sub(tail.length, count, Ty::U64);
            this.clear(View { offset, length, ..tail });
        });
    }

    /// `rb.output(value, bytes)`: 0, or a negative errno.
    pub(in crate::lower) fn output_with(&mut self, map: MapId, value: &Expr, bytes: &Expr, span: Span) -> Value {
        let of = self.program.map(map).value;
        let value = self.operand_place(value, "value", !may_write(bytes));
        let bytes = self.view_to_read(bytes);
        let sized = self.at(span).reserve(map, bytes.length);
        let name = self.names.map(map);
        let dest = Dest::Value(Ty::I32);
        let (some, _) = self.region(&[sized.found], dest, |this, args| {
            let record = this.value_pointer(args[0], sized);
            let head = this.deref(record);
            if this.cx.types.is_aggregate(of) {
                this.b.ks_copy(head, value);
            } else {
                let value = this.load(value);
                this.store(head, value);
            }
            let tail = this.tail(record, sized);
            this.copy_views(tail, bytes, None);
            this.b.map_submit(record, name);
            Some(this.int(0, Ty::I32))
        });
        let (none, _) = self.region(&[], dest, |this, _| Some(this.int(-EAGAIN, Ty::I32)));
        let op = self.b.ks_if_some(sized.record, &[Ty::I32], vec![some, none]);
        self.b.result(op)
    }
}

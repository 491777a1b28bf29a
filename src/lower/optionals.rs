//! Optionals: `if (var …)`, `var … else`, presence tests, copies that remember presence.

use super::func::{Dest, Lowering, Slot};
use super::scan::may_write;
use crate::diag::codes::syntax::NestingTooDeep;
use crate::fold::CompareOp;
use crate::ir::Value;
use crate::sema::tree::{Binding, Block, Expr, If, LocalId, MapId, Optional, OptionalKind};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

/// How deep `var … else` may nest; stages that walk regions recur as deep.
const MAX_NESTING: usize = 1000;

/// Lowers a block of one branch of a condition.
type Branch<'w, 'a> = &'w mut dyn FnMut(&mut Lowering<'a>) -> Option<Value>;

impl<'a> Lowering<'a> {
    /// The optional, and the type of its value: an entry's or a header's place, or a pointer.
    fn optional(&mut self, optional: &Optional) -> (Value, Ty) {
        match &optional.kind {
            OptionalKind::MapEntry { map, key } => {
                let key = self.key(key);
                self.at(optional.span).entry(*map, key)
            }
            OptionalKind::MapEntryOr { map, key, init } => {
                let key = self.operand_place(key, "key", !may_write(init));
                let init = self.operand_place(init, "init", true);
                let entry = self.cx.types.place(self.program.map(*map).value, self.entry_space(*map));
                let ty = self.cx.types.opt(entry);
                let name = self.names.map(*map);
                (self.at(optional.span).b.map_entry_or(key, init, name, ty), entry)
            }
            OptionalKind::InnerMap { map, key, .. } => {
                let key = self.key(key);
                let inner = self.cx.types.ptr(Ty::U8, Space::Map, false);
                let ty = self.cx.types.opt(inner);
                let name = self.names.map(*map);
                (self.at(optional.span).b.map_inner(key, name, ty), inner)
            }
            OptionalKind::MapTake { map, method } => {
                let (present, place) = self.map_take(*map, method, optional.span);
                let stored = self.b.func.ty(place);
                let ty = self.cx.types.opt(stored);
                (self.b.mem_some_if(present, place, ty), stored)
            }
            OptionalKind::Record { map, .. } => {
                let ty = self.cx.types.opt(optional.ty);
                let name = self.names.map(*map);
                (self.at(optional.span).b.map_reserve(name, ty), optional.ty)
            }
            OptionalKind::Packet { ctx, offset, of } => {
                let ctx = self.scalar(ctx);
                let offset = self.scalar_as(offset, Ty::U64);
                let header = self.cx.types.place(*of, Space::Packet);
                let ty = self.cx.types.opt(header);
                (self.at(optional.span).b.packet_at(ctx, offset, ty), header)
            }
            OptionalKind::Meta { ctx, field, of } => {
                let ctx = self.scalar(ctx);
                self.at(optional.span).metadata(ctx, *field, *of)
            }
            OptionalKind::Builtin { builtin, args } => {
                let place = self.temporary("value", optional.ty);
                let there = self.ask(builtin, args, place, optional.span);
                let stored = self.b.func.ty(place);
                let ty = self.cx.types.opt(stored);
                (self.b.mem_some_if(there, place, ty), stored)
            }
            OptionalKind::Pointer(pointer) => self.pointer_optional(pointer, optional.span),
            OptionalKind::View(_) => crate::bug!("a view is tested by its numbers"),
        }
    }

    /// A value at the start of the metadata, which end where the packet begins, and the type of its place. `field` is that of the context
    /// where they begin.
    fn metadata(&mut self, ctx: Value, field: usize, of: Ty) -> (Value, Ty) {
        let byte = self.cx.types.ptr(Ty::U8, Space::Packet, false);
        let size = self.cx.types.size_of(of);
        let (start, data) = (self.b.packet_ctx_load(ctx, field as i128, byte), self.b.packet_start(ctx, byte));
        let size = self.b.ks_const(size.into(), Ty::U64);
        let end = self.b.mem_ptr_add(start, size, byte);
        let is_there = self.b.arith_cmp(end, data, CompareOp::Le.word(), Ty::BOOL);
        let pointer = self.cx.types.ptr(of, Space::Packet, false);
        let pointer = self.b.arith_cast(start, pointer);
        let place = self.deref(pointer);
        let stored = self.b.func.ty(place);
        let ty = self.cx.types.opt(stored);
        (self.b.mem_some_if(is_there, place, ty), stored)
    }

    /// The entry of a key, which is in a place, and the type of its place.
    pub(super) fn entry(&mut self, map: MapId, key: Value) -> (Value, Ty) {
        let entry = self.cx.types.place(self.program.map(map).value, self.entry_space(map));
        let ty = self.cx.types.opt(entry);
        let name = self.names.map(map);
        (self.b.map_entry(key, name, ty), entry)
    }

    fn pointer_optional(&mut self, pointer: &Expr, span: Span) -> (Value, Ty) {
        let pointer = self.scalar(pointer);
        let own = self.b.func.ty(pointer);
        let there = if let TyKind::Ptr { to, space, .. } = self.cx.types.kind(own) {
            self.cx.types.ptr(to, space, false)
        } else {
            own // of a function
        };
        let ty = self.cx.types.opt(there);
        (self.at(span).b.mem_some(pointer, ty), there)
    }

    /// `m[k] != null` and the like.
    pub(super) fn is_present(&mut self, optional: &Optional, span: Span) -> Value {
        if let OptionalKind::View(view) = &optional.kind {
            return self.whole_view(view).1;
        }
        let (value, _) = self.scoped(|this| this.optional(optional));
        self.at(span).b.ks_is_some(value, Ty::BOOL)
    }

    /// The address of a header, or of a record, which begins as all zero; null where it is absent.
    pub(super) fn packet_pointer(&mut self, header: &Optional, ty: Ty) -> Value {
        let (optional, place) = self.scoped(|this| this.optional(header));
        let dest = Dest::Value(ty);
        let (some, _) = self.region(&[place], dest, |this, args| {
            this.at(header.span);
            if let TyKind::Ptr { to, space, .. } = this.cx.types.kind(place) {
                this.zero_record(args[0], to, space);
                return Some(this.cast(args[0], ty));
            }
            Some(this.address(args[0]))
        });
        let (none, _) = self.region(&[], dest, |this, _| Some(this.zero_value(ty)));
        let op = self.at(header.span).b.ks_if_some(optional, &Self::results(dest), vec![some, none]);
        self.b.result(op)
    }

    /// Makes the value of an optional that is there the binding's variable.
    fn bind(&mut self, binding: &Binding, value: Value) {
        let slot = match &binding.source.kind {
            OptionalKind::MapTake { .. } | OptionalKind::Builtin { .. } if self.kept.contains(&binding.local) => {
                return self.bind_copy(binding.local, value);
            }
            OptionalKind::MapEntry { .. }
            | OptionalKind::MapEntryOr { .. }
            | OptionalKind::MapTake { .. }
            | OptionalKind::Builtin { .. } => Slot::Place(value),
            OptionalKind::InnerMap { bound, .. } => return self.bind_map(*bound, value),
            OptionalKind::Record { .. } => return self.bind_record(binding, value),
            OptionalKind::Packet { .. } | OptionalKind::Meta { .. } if !self.uses.in_memory(binding.local) => {
                Slot::Pointee(value)
            }
            OptionalKind::Pointer(_) if !self.uses.in_memory(binding.local) => Slot::Value(value),
            OptionalKind::Packet { .. } | OptionalKind::Meta { .. } => {
                let address = self.at(binding.source.span).address(value);
                return self.bind_variable(binding.local, address);
            }
            OptionalKind::Pointer(_) => return self.bind_variable(binding.local, value),
            OptionalKind::View(_) => crate::bug!("a view is bound by its parts"),
        };
        self.set_slot(binding.local, slot);
    }

    /// A record begins as all zero.
    fn bind_record(&mut self, binding: &Binding, record: Value) {
        let TyKind::Ptr { to, space, .. } = self.cx.types.kind(binding.source.ty) else {
            crate::bug!("a record has an address")
        };
        self.at(binding.source.span).zero_record(record, to, space);
        if self.uses.in_memory(binding.local) {
            return self.bind_variable(binding.local, record);
        }
        self.set_slot(binding.local, Slot::Value(record));
    }

    fn zero_record(&mut self, record: Value, of: Ty, space: Space) {
        let place = self.cx.types.place(of, space);
        let place = self.b.ks_deref(record, place);
        self.b.ks_zero(place);
    }

    /// The value that was taken, as a variable that lives as long as the function.
    fn bind_copy(&mut self, local: LocalId, taken: Value) {
        let place = self.declare(local);
        if self.cx.types.is_aggregate(self.pointee(taken).0) {
            self.b.ks_copy(place, taken);
        } else {
            let value = self.load(taken);
            self.store(place, value);
        }
    }

    fn bind_variable(&mut self, local: LocalId, value: Value) {
        let place = self.declare(local);
        self.store(place, value);
    }

    /// One branch if all are there, another if one is missing; `none` is lowered once for each binding.
    pub(super) fn bindings(
        &mut self,
        list: &[Binding],
        dest: Dest,
        some: Branch<'_, 'a>,
        none: Branch<'_, 'a>,
    ) -> Option<Value> {
        let [first, rest @ ..] = list else { return some(self) };
        if let OptionalKind::View(view) = &first.source.kind {
            let (view, whole) = self.whole_view(view);
            let (some_region, some_reached) = self.region(&[], dest, |this, _| {
                this.at(first.source.span).declare_view(first.local, view);
                this.bindings(rest, dest, some, none)
            });
            let (none_region, none_reached) = self.region(&[], dest, |this, _| none(this));
            let results = Self::results(dest);
            let op = self.at(first.source.span).b.ks_if(whole, &results, vec![some_region, none_region]);
            return self.outcome(op, dest, some_reached || none_reached);
        }
        let sized = self.sized_record(&first.source);
        let (optional, ty) = match sized {
            Some(sized) => sized.record(),
            None => self.scoped(|this| this.optional(&first.source)),
        };
        let (some_region, some_reached) = self.region(&[ty], dest, |this, args| {
            match sized {
                Some(sized) => this.at(first.source.span).bind_sized(first.local, args[0], sized),
                None => this.bind(first, args[0]),
            }
            this.bindings(rest, dest, some, none)
        });
        let (none_region, none_reached) = self.region(&[], dest, |this, _| none(this));
        let results = Self::results(dest);
        let op = self.at(first.source.span).b.ks_if_some(optional, &results, vec![some_region, none_region]);
        self.outcome(op, dest, some_reached || none_reached)
    }

    /// `if (var a = x, var b = y) { … } else { … }`
    pub(super) fn if_bindings(&mut self, list: &[Binding], node: &If, dest: Dest) -> Option<Value> {
        let span = list.first().map_or(node.then.span, |binding| binding.source.span);
        let mut then = |this: &mut Self| {
            this.count_branch(span, 0);
            this.block(&node.then, dest)
        };
        let missing = |this: &mut Self| this.count_branch(span, 1);
        let Some(otherwise) = &node.otherwise else {
            return self.bindings(list, dest, &mut then, &mut |this| {
                missing(this);
                None
            });
        };
        if let [_] = list {
            return self.bindings(list, dest, &mut then, &mut |this| {
                missing(this);
                this.block(otherwise, dest)
            });
        }
        // The else block is lowered once, behind a test of whether the other was taken.
        let kept = match dest {
            Dest::Value(ty) => Some(self.temporary("value", ty)),
            Dest::Nothing | Dest::Into(_) | Dest::View(_) => None,
        };
        let taken = self.bindings(
            list,
            Dest::Value(Ty::BOOL),
            &mut |this| {
                let value = then(this);
                this.keep(kept, value);
                this.reachable.then(|| this.int(1, Ty::BOOL))
            },
            &mut |this| Some(this.int(0, Ty::BOOL)),
        )?;
        let (then_region, _) = self.region(&[], Dest::Nothing, |_, _| None);
        let (else_region, _) = self.region(&[], Dest::Nothing, |this, _| {
            missing(this);
            let value = this.block(otherwise, dest);
            this.keep(kept, value);
            None
        });
        self.b.ks_if(taken, &[], vec![then_region, else_region]);
        kept.map(|place| self.load(place))
    }

    fn keep(&mut self, place: Option<Value>, value: Option<Value>) {
        if let (Some(place), Some(value)) = (place, value) {
            self.store(place, value);
        }
    }

    /// `var v = m[k]`: a copy, zero where absent, and whether it is there.
    pub(super) fn var_copy(&mut self, local: LocalId, present: LocalId, source: &Optional, span: Span) {
        if let OptionalKind::MapEntry { map, key } = &source.kind {
            let key = self.key(key);
            self.at(span);
            let place = self.declare(local);
            let name = self.names.map(*map);
            let there = self.b.map_copy(key, place, name, Ty::BOOL);
            let flag = self.declare(present);
            return self.store(flag, there);
        }
        let (optional, ty) = self.optional(source);
        self.at(span);
        let place = self.declare(local);
        let flag = self.declare(present);
        let dest = Dest::Value(Ty::BOOL);
        let (some_region, _) = self.region(&[ty], dest, |this, args| {
            if !matches!(this.cx.types.kind(ty), TyKind::Place { .. }) {
                this.store(place, args[0]);
            } else if this.cx.types.is_aggregate(source.ty) {
                this.b.ks_copy(place, args[0]);
            } else {
                let value = this.load(args[0]);
                this.store(place, value);
            }
            Some(this.int(1, Ty::BOOL))
        });
        let (none_region, _) = self.region(&[], dest, |this, _| {
            this.b.ks_zero(place);
            Some(this.int(0, Ty::BOOL))
        });
        let op = self.b.ks_if_some(optional, &[Ty::BOOL], vec![some_region, none_region]);
        let there = self.b.result(op);
        self.store(flag, there);
    }

    /// `var v = optional else { … }`, with the rest of its block.
    pub(super) fn var_else(
        &mut self,
        binding: &Binding,
        otherwise: &Block,
        span: Span,
        dest: Dest,
        rest: Branch<'_, 'a>,
    ) -> Option<Value> {
        if self.nesting == MAX_NESTING {
            self.cx
                .error(span, NestingTooDeep { limit: MAX_NESTING.to_string() })
                .help("each `var … else` nests the rest of its block in it: move a part to a function of its own");
            self.at(span).unreachable();
            return None;
        }
        self.nesting += 1;
        let source = binding.source.span;
        let found = &mut |this: &mut Self| {
            this.count_branch(source, 0);
            rest(this)
        };
        let value = self.bindings(std::slice::from_ref(binding), dest, found, &mut |this| {
            this.count_branch(source, 1);
            this.block(otherwise, Dest::Nothing);
            None
        });
        self.nesting -= 1;
        value
    }
}

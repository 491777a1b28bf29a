//! Access to maps. Keys and values are passed as places, which hold zeros in their padding.

use super::func::{Dest, Lowering, Slot};
use super::print::order_attributes;
use super::scan::may_write;
use crate::ir::{Attr, Opcode, Value};
use crate::sema::tree::{Block, CompoundOp, Const, EntryOrder, Expr, ExprKind, FuncId, LocalId, MapId};
use crate::source::Span;
use crate::tables::{FieldMethodSpec, MapAccess, MapMethodSpec};
use crate::target::Target;
use crate::types::{Space, Ty};

impl Lowering<'_> {
    /// The space of a map's entries.
    pub(super) fn entry_space(&self, map: MapId) -> Space {
        if self.program.map(map).kind.percpu { Space::Percpu } else { Space::MapValue }
    }

    /// A key or value as a place on the stack, which is not changed before the op that takes it: `name` is for
    /// temporaries. A variable serves as it is where nothing that is evaluated in between may write to it.
    pub(super) fn operand_place(&mut self, expr: &Expr, name: &'static str, may_share: bool) -> Value {
        if may_share && self.cx.types.is_aggregate(expr.ty) && Self::is_place(expr) {
            let place = self.place(expr);
            if self.pointee(place).1 == Space::Stack {
                return place;
            }
            let copy = self.at(expr.span).temporary(name, expr.ty);
            self.b.ks_copy(copy, place);
            return copy;
        }
        let place = self.at(expr.span).temporary(name, expr.ty);
        self.write(expr, place);
        place
    }

    /// Whether a helper can read an aggregate where it lies, in memory that others see too.
    fn is_shared_place(&self, expr: &Expr) -> bool {
        let entry = |local: LocalId| match self.slot(local) {
            Slot::Place(place) => matches!(self.pointee(place).1, Space::MapValue | Space::Percpu),
            Slot::None | Slot::Value(_) | Slot::Pointee(_) | Slot::View(_) | Slot::FixedView(_) => false,
        };
        let whole = if let ExprKind::Local(local) = &expr.kind {
            entry(*local)
        } else {
            matches!(expr.kind, ExprKind::Global(_))
        };
        whole && self.cx.types.is_aggregate(expr.ty)
    }

    pub(super) fn key(&mut self, key: &Expr) -> Value {
        self.operand_place(key, "key", true)
    }

    /// `m[k]` as a scalar: zero where absent.
    pub(super) fn entry_value(&mut self, map: MapId, key: &Expr, span: Span) -> Value {
        let ty = self.program.map(map).value;
        self.scoped(|this| {
            let copy = this.at(span).temporary("value", ty);
            this.copy_entry(map, key, copy, span);
            this.load(copy)
        })
    }

    /// `m[k]` into a place: zero where absent.
    pub(super) fn copy_entry(&mut self, map: MapId, key: &Expr, to: Value, span: Span) {
        if self.copy_only_histogram(map, to, span) {
            return;
        }
        let name = self.names.map(map);
        self.scoped(|this| {
            let key = this.key(key);
            this.at(span).b.map_copy(key, to, name, Ty::BOOL);
        });
    }

    /// `m[k] = e`
    pub(super) fn map_update(&mut self, map: MapId, key: &Expr, value: &Expr, span: Span) {
        let key = self.operand_place(key, "key", !may_write(value));
        let value = self.operand_place(value, "value", true);
        let name = self.names.map(map);
        self.at(span).b.map_update(key, value, name, 0, Ty::I32);
    }

    /// `m[k] op= e`
    pub(super) fn map_assign_op(&mut self, map: MapId, key: &Expr, op: CompoundOp, value: &Expr, span: Span) {
        let key = self.operand_place(key, "key", !may_write(value));
        let value = self.scalar(value);
        let name = self.names.map(map);
        self.at(span).b.map_assign_op(key, value, name, op.op.word(), op.compute);
    }

    /// `m.insert(k, v)` and the like: its op, whose operands are places for keys and values, and scalars.
    pub(super) fn map_call(
        &mut self,
        map: MapId,
        method: &MapMethodSpec,
        args: &[Expr],
        result: Ty,
        span: Span,
    ) -> Option<Value> {
        if let (Some(_), [value, bytes @ Expr { ty: Ty::BYTES, .. }]) = (method.tail, args) {
            return Some(self.output_with(map, value, bytes, span));
        }
        let name = self.names.map(map).clone();
        let Some(opcode) = method.op.and_then(Opcode::from_name) else { crate::bug!("`{}` is no op", method.name) };
        self.scoped(|this| {
            let mut operands = Vec::new();
            for (index, arg) in args.iter().enumerate() {
                let stays = !args[index + 1..].iter().any(may_write);
                operands.push(match method.params.get(index) {
                    Some((_, "K")) => this.operand_place(arg, "key", stays),
                    // An event is read at once, wherever it lies.
                    Some((_, "V")) if method.needs == MapAccess::Output && this.is_shared_place(arg) => this.place(arg),
                    Some((_, "V")) => this.operand_place(arg, "value", stays),
                    Some(_) | None => match method.handler {
                        Some(on) => this.handed(arg, on),
                        None => this.scalar(arg),
                    },
                });
            }
            let mut attrs = vec![Attr::Symbol(name)];
            if opcode == Opcode::MapOnEvent {
                attrs.push(Attr::Int(0)); // the pass `events` finds out what the records are
            }
            let op = this.at(span).b.insert(opcode, operands, attrs, result.results(), Vec::new(), Vec::new());
            this.b.first_result(op)
        })
    }

    /// `q.pop()`, `q.peek()`: whether there is a value, and a place with its copy.
    pub(super) fn map_take(&mut self, map: MapId, method: &MapMethodSpec, span: Span) -> (Value, Value) {
        let name = self.names.map(map).clone();
        let Some(opcode) = method.op.and_then(Opcode::from_name) else { crate::bug!("`{}` is no op", method.name) };
        let of = self.program.map(map).value;
        let place = self.cx.types.place(of, Space::Stack);
        let place = self.at(span).b.ks_var(name.as_bytes(), place);
        let attrs = vec![Attr::Symbol(name)];
        let op = self.b.insert(opcode, vec![place], attrs, &[Ty::BOOL], Vec::new(), Vec::new());
        (self.b.result(op), place)
    }

    /// `delete m[k]`
    pub(super) fn map_delete(&mut self, map: MapId, key: &Expr, span: Span) {
        let key = self.key(key);
        let name = self.names.map(map);
        self.at(span).b.map_delete(key, name, Ty::I32);
    }

    /// `lock (entry.field)`
    pub(super) fn locked(&mut self, lock: &Expr, body: &Block, span: Span) {
        let of_module = if let ExprKind::Global(global) = &lock.kind
            && !self.program.is_entry(lock)
        {
            Some(self.names.global(*global).clone())
        } else {
            None
        };
        let place = if of_module.is_none() { Some(self.place(lock)) } else { None };
        let (region, reached) = self.region(&[], Dest::Nothing, |this, _| this.block(body, Dest::Nothing));
        match (of_module, place) {
            (Some(name), _) => self.at(span).b.kmod_locked(&name, vec![region]),
            (None, Some(place)) => self.at(span).b.bpf_locked(place, vec![region]),
            (None, None) => crate::bug!("a lock is a variable or a place"),
        };
        if !reached {
            self.b.ks_unreachable();
            self.leave();
        }
    }

    /// A method of a list or tree of objects, the first argument.
    pub(super) fn object_call(
        &mut self,
        function: &str,
        less: Option<FuncId>,
        args: &[Expr],
        result: Ty,
        span: Span,
    ) -> Option<Value> {
        let Some((place, args)) = args.split_first() else { crate::bug!("`{function}` has no object") };
        let place = self.place(place);
        let args: Vec<Value> = args.iter().map(|arg| self.scalar(arg)).collect();
        self.at(span);
        if let (Some(less), &[object]) = (less, args.as_slice()) {
            let less = self.names.func(less);
            self.b.bpf_object_add(place, object, function.as_bytes(), less);
            return None;
        }
        let op = self.b.bpf_object_call(place, &args, function.as_bytes(), result.results());
        self.b.first_result(op)
    }

    /// `v.t.start(ns, f)`: its op, whose operands are the field and numbers.
    pub(super) fn field_call(
        &mut self,
        method: &FieldMethodSpec,
        map: Option<MapId>,
        flags: u32,
        args: &[Expr],
        result: Ty,
        span: Span,
    ) -> Value {
        let Some(opcode) = Opcode::from_name(method.op) else { crate::bug!("`{}` is no op", method.name) };
        self.scoped(|this| {
            let mut operands = Vec::new();
            let mut attrs: Vec<Attr> = map.iter().map(|&map| Attr::Symbol(this.names.map(map).clone())).collect();
            for (index, arg) in args.iter().enumerate() {
                if let ExprKind::Const(Const::Func(func)) = arg.kind {
                    attrs.push(Attr::Symbol(this.names.handed(func, Target::Bpf).clone()));
                    attrs.push(Attr::Int(flags.into()));
                } else if index == 0 {
                    operands.push(this.place(arg));
                } else {
                    operands.push(this.scalar(arg));
                }
            }
            let op = this.at(span).b.insert(opcode, operands, attrs, &[result], Vec::new(), Vec::new());
            this.b.result(op)
        })
    }

    /// `for (k, v in m)`
    pub(super) fn for_map(&mut self, map: MapId, key: LocalId, value: LocalId, body: &Block, span: Span) {
        self.at(span);
        let (key, value) = (self.declare(key), self.declare(value));
        let region = self.iteration(&[], Dest::Nothing, |this, _| this.loop_body(body));
        let name = self.names.map(map);
        self.at(span).b.map_each(key, value, name, vec![region]);
    }

    /// `for (k, v in m.top(n, by: field))`
    pub(super) fn for_ordered(
        &mut self,
        (map, by, top): (MapId, &EntryOrder, Option<&Expr>),
        (key, value): (LocalId, LocalId),
        body: &Block,
        span: Span,
    ) {
        let (keys, top) = (self.declared_key(map), self.most_entries(top, span));
        let (key, value) = (self.declare(key), self.declare(value));
        let region = self.iteration(&[], Dest::Nothing, |this, _| this.loop_body(body));
        let name = self.names.map(map);
        let (order, by) = order_attributes(by);
        self.at(span).b.map_each_ordered(key, value, top, name, keys, order, by.as_bytes(), vec![region]);
    }

    /// At the start of the function, before anything is bound: where the pointers to bound maps are kept.
    pub(super) fn bound_maps(&mut self) {
        let pointer = self.cx.types.ptr(Ty::U8, Space::Map, false);
        let place = self.cx.types.place(pointer, Space::Stack);
        for map in self.uses.bound_maps.clone() {
            let name = self.names.map(map);
            let variable = self.b.ks_var(name.as_bytes(), place);
            self.b.map_bind(variable, name);
            self.bound.insert(map, variable);
        }
    }

    /// `if (var inner = outer[k])`, where it is there.
    pub(super) fn bind_map(&mut self, bound: MapId, pointer: Value) {
        let place = self.bound[&bound];
        self.b.ks_store(place, pointer);
    }

    /// `outer[k] = &inner`
    pub(super) fn map_set_inner(&mut self, map: MapId, key: &Expr, inner: MapId, span: Span) {
        let key = self.key(key);
        let (name, inner) = (self.names.map(map), self.names.map(inner));
        self.at(span).b.map_set_inner(key, name, inner, Ty::I32);
    }
}

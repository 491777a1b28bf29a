//! Per-CPU entries in user space: one CPU's value, the sum, a walk over the CPUs.

use super::consts;
use super::func::{Dest, Lowering, Slot};
use crate::ir::Value;
use crate::sema::tree::{Block, Expr, LocalId, MapId};
use crate::source::Span;
use crate::types::{Space, Ty, TyKind};

impl Lowering<'_> {
    /// `m[k].cpu(i)` or `m[k].sum()` as a scalar.
    pub(super) fn percpu_scalar(&mut self, map: MapId, key: &Expr, cpu: Option<&Expr>, span: Span) -> Value {
        let ty = self.program.map(map).value;
        self.scoped(|this| {
            let copy = this.at(span).temporary("value", ty);
            this.percpu_value(map, key, cpu, copy, span);
            this.load(copy)
        })
    }

    /// Stores one CPU's value into a place, or without `cpu` the sum of all.
    pub(super) fn percpu_value(&mut self, map: MapId, key: &Expr, cpu: Option<&Expr>, to: Value, span: Span) {
        self.scoped(|this| {
            let key = this.operand_place(key, "key", false);
            let name = this.names.map(map);
            match cpu {
                Some(cpu) => {
                    let cpu = this.scalar(cpu);
                    this.at(span).b.map_copy_cpu(key, cpu, to, name, Ty::BOOL);
                }
                None => this.sum(map, key, to, span),
            }
        });
    }

    /// Adds up the integers of all CPUs' values.
    fn sum(&mut self, map: MapId, key: Value, to: Value, span: Span) {
        let (name, ty) = (self.names.map(map), self.program.map(map).value);
        let place = self.cx.types.place(ty, Space::Stack);
        self.at(span).b.ks_zero(to);
        let one = self.b.ks_var(b"value", place);
        let count = self.b.map_cpus(key, name, Ty::U32);
        let first = self.int(0, Ty::U32);
        let iteration = self.iteration(&[Ty::U32], Dest::Nothing, |this, args| {
            this.at(span).b.map_copy_cpu(key, args[0], one, name, Ty::BOOL);
            this.add_up(ty, to, one);
            None
        });
        self.at(span).b.ks_for(first, count, false, vec![iteration]);
    }

    fn add_up(&mut self, ty: Ty, to: Value, from: Value) {
        if matches!(self.cx.types.kind(ty), TyKind::Int { .. }) {
            let value = self.load(from);
            self.b.ks_assign_op(to, value, "add", ty);
        } else if let TyKind::Struct(id) = self.cx.types.kind(ty) {
            if self.cx.types.struct_def(id).origin.is_union() {
                return;
            }
            let fields = consts::fields(&self.cx.types, ty).to_vec();
            for (index, field) in fields.iter().enumerate().filter(|(_, field)| field.bits.is_none()) {
                if self.cx.types.is_view(id, index) {
                    continue;
                }
                let part = self.cx.types.place(field.ty, Space::Stack);
                let (to, from) = (self.b.ks_field(to, index as i128, part), self.b.ks_field(from, index as i128, part));
                self.add_up(field.ty, to, from);
            }
        } else if let TyKind::Array(element, length) = self.cx.types.kind(ty) {
            for index in 0..length as usize {
                let (to, from) = (self.element_place(to, index), self.element_place(from, index));
                self.add_up(element, to, from);
            }
        }
    }

    /// `for (cpu, v in m[k])`
    pub(super) fn for_cpus(
        &mut self,
        map: MapId,
        key: &Expr,
        (cpu, value): (LocalId, LocalId),
        body: &Block,
        span: Span,
    ) {
        let key = self.operand_place(key, "key", false);
        let name = self.names.map(map);
        let count = self.at(span).b.map_cpus(key, name, Ty::U32);
        let first = self.int(0, Ty::U32);
        let iteration = self.iteration(&[Ty::U32], Dest::Nothing, |this, args| {
            this.at(span);
            if this.uses.in_memory(cpu) {
                let place = this.declare(cpu);
                this.store(place, args[0]);
            } else {
                this.set_slot(cpu, Slot::Value(args[0]));
            }
            let copy = this.declare(value);
            this.b.map_copy_cpu(key, args[0], copy, name, Ty::BOOL);
            this.loop_body(body)
        });
        self.at(span).b.ks_for(first, count, false, vec![iteration]);
    }

    /// `m[k].cpu(i) = e`
    pub(super) fn map_cpu_update(&mut self, map: MapId, key: &Expr, cpu: &Expr, value: &Expr, span: Span) {
        let key = self.operand_place(key, "key", false);
        let cpu = self.scalar(cpu);
        let value = self.operand_place(value, "value", true);
        let name = self.names.map(map);
        self.at(span).b.map_update_cpu(key, cpu, value, name, Ty::I32);
    }
}

//! Operations of user space: `attach`, and the heap.

use super::func::{Dest, Lowering};
use super::scan::may_write;
use crate::ir::{Symbol, Value};
use crate::sema::tree::{Const, Expr, ExprKind, MapId};
use crate::source::Span;
use crate::tables::{ATTACH_OPTIONS, AttachOption};
use crate::types::{Ty, TyKind};

/// The target of an attachment.
enum Target {
    Name(Value),
    Number(Value),
    Map(Symbol),
}

/// The place of an option in the table.
fn number(option: &AttachOption) -> i128 {
    let place = ATTACH_OPTIONS.iter().position(|known| known.name == option.name);
    place.map_or_else(|| crate::bug!("`attach` has no option `{}`", option.name), |place| place as i128)
}

impl Lowering<'_> {
    /// `attach(handle, target, flags, option: value)`: the target is a string, a number, a map, or the attribute's.
    pub(super) fn attach(
        &mut self,
        (has_target, has_flags, options): (bool, bool, &[&AttachOption]),
        args: &[Expr],
        span: Span,
    ) -> Value {
        let (given, values) = args.split_at(args.len() - options.len());
        let target = given.get(1).filter(|_| has_target);
        let flags = given.last().filter(|_| has_flags);
        let handle = self.scalar(&given[0]);
        // The evaluation of the flags and the options must not change the name.
        let changes = flags.into_iter().chain(values).any(may_write);
        let target = target.map(|target| {
            if let ExprKind::MapAddress(map) = &target.kind {
                Target::Map(self.names.map(*map).clone())
            } else if self.cx.types.is_handle(target.ty) {
                Target::Number(self.scalar(target))
            } else if !self.cx.types.is_aggregate(target.ty) {
                Target::Number(self.scalar_as(target, Ty::I64))
            } else if changes && Self::is_place(target) {
                Target::Name(self.materialise(target))
            } else {
                Target::Name(self.place(target))
            }
        });
        let flags = match flags {
            Some(flags) => self.scalar_as(flags, Ty::U64),
            None => self.at(span).int(0, Ty::U64),
        };
        let values: Vec<Value> = values.iter().map(|value| self.scalar(value)).collect();
        let numbers: Vec<i128> = options.iter().map(|option| number(option)).collect();
        let b = &mut self.at(span).b;
        match target {
            None => b.host_attach(handle, flags, &values, &numbers, Ty::LINK),
            Some(Target::Map(map)) => b.host_attach_map(handle, flags, &values, &map, &numbers, Ty::LINK),
            Some(Target::Name(name)) => b.host_attach_name(handle, name, flags, &values, &numbers, Ty::LINK),
            Some(Target::Number(target)) => b.host_attach_number(handle, target, flags, &values, &numbers, Ty::LINK),
        }
    }

    /// `pin(x, name)`, of a map or of the first argument. The result is an `i32`.
    pub(super) fn pin(&mut self, map: Option<Symbol>, args: &[Expr], span: Span) -> Option<Value> {
        Some(match (map, args) {
            (Some(map), [name]) => {
                let name = self.place(name);
                self.at(span).b.host_pin_map(name, &map, Ty::I32)
            }
            (None, [held, name]) => {
                let held = self.scalar(held);
                let name = self.place(name);
                self.at(span).b.host_pin(held, name, Ty::I32)
            }
            (_, _) => crate::bug!("a pin is of a map or of a value"),
        })
    }

    /// `unpin(x)`, as `pin`, or of what is pinned at a name.
    pub(super) fn unpin(&mut self, map: Option<Symbol>, args: &[Expr], span: Span) -> Option<Value> {
        if let Some(map) = map {
            return Some(self.at(span).b.host_unpin_map(&map, Ty::I32));
        }
        if self.cx.types.is_aggregate(args[0].ty) {
            let name = self.place(&args[0]);
            return Some(self.at(span).b.host_unpin_name(name, Ty::I32));
        }
        let held = self.scalar(&args[0]);
        Some(self.at(span).b.host_unpin(held, Ty::I32))
    }

    /// `new T()`: memory that is zero, then the value, if there is memory.
    pub(super) fn new_object(&mut self, arena: Option<MapId>, init: &Const, gfp: &str, ty: Ty, span: Span) -> Value {
        let TyKind::Ptr { to, .. } = self.cx.types.kind(ty) else { crate::bug!("an object is a pointer") };
        let size = self.cx.types.size_of(to);
        let pointer = match arena {
            Some(arena) => {
                let name = self.names.map(arena);
                self.at(span).b.map_alloc(name, size.into(), ty)
            }
            None => self.at(span).b.host_new(size.into(), gfp.as_bytes(), ty),
        };
        if init.is_zero() {
            return pointer;
        }
        let null = self.b.mem_is_null(pointer, Ty::BOOL);
        let (none, _) = self.region(&[], Dest::Nothing, |_, _| None);
        let (some, _) = self.region(&[], Dest::Nothing, |this, _| {
            let value = this.at(span).constant_place(init, to);
            let place = this.deref(pointer);
            this.b.ks_copy(place, value);
            None
        });
        self.at(span).b.ks_if(null, &[], vec![none, some]);
        pointer
    }

    /// `delete pointer`
    pub(super) fn delete_object(&mut self, pointer: &Expr, span: Span) {
        let pointer = self.scalar(pointer);
        self.at(span).b.host_delete(pointer);
    }
}

//! Variables that the source does not name: keys and values on their way to a map, copies of arguments, results of calls.
//!
//! A BPF stack frame has 512 bytes, so a temporary is taken for as long as it is needed and then serves again. Their
//! `ks.var`s stand at the start of the function, where they can be used from everywhere. No pointer of the program may
//! point to one.

use super::func::Lowering;
use crate::ir::Value;
use crate::types::{Space, Ty};

#[derive(Default)]
pub(super) struct Temporaries {
    /// In the order of taking; what was taken last is given back first.
    taken: Vec<Temporary>,
    free: Vec<Temporary>,
    /// How many were made.
    count: usize,
}

#[derive(Clone, Copy)]
struct Temporary {
    name: &'static str,
    ty: Ty,
    place: Value,
}

impl Lowering<'_> {
    /// A temporary with undefined contents, taken until the `scoped` around ends.
    pub(super) fn temporary(&mut self, name: &'static str, ty: Ty) -> Value {
        let fits = |t: &Temporary| t.name == name && t.ty == ty;
        let temporary = match self.temporaries.free.iter().position(fits) {
            Some(index) => self.temporaries.free.remove(index),
            None => Temporary { name, ty, place: self.make_temporary(name, ty) },
        };
        self.temporaries.taken.push(temporary);
        temporary.place
    }

    /// Puts the variable at the start of the function.
    fn make_temporary(&mut self, name: &str, ty: Ty) -> Value {
        let place_ty = self.cx.types.place(ty, Space::Stack);
        let place = self.b.ks_var(name.as_bytes(), place_ty);
        let func = &mut *self.b.func;
        let entry = func.entry();
        if let Some(op) = func.blocks[self.b.block].ops.pop() {
            func.blocks[entry].ops.insert(self.temporaries.count, op);
            func.ops[op].block = entry;
        }
        self.temporaries.count += 1;
        place
    }

    /// What `lower` takes is free again after it; what was taken before stays.
    pub(super) fn scoped<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.temporaries.taken.len();
        let result = lower(self);
        let Temporaries { taken, free, .. } = &mut self.temporaries;
        free.extend(taken.drain(before..));
        result
    }
}

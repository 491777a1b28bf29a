//! Variables that the source does not name: keys and values for maps, copies of arguments, results of calls.
//!
//! A BPF stack frame has 512 bytes, so a temporary is taken for as long as it is needed and then serves again. Their
//! `ks.var`s are at the start of the function, where they can be used from everywhere; those of a loop's iteration at
//! the start of the body, so that they are variables of the iteration, and of the callback that it may become. No
//! pointer of the program may point to one.

use super::func::{Dest, Lowering};
use crate::ir::{BlockId, RegionId, Value};
use crate::types::{Space, Ty};

pub(super) struct Temporaries {
    /// The block of their `ks.var`s, at its start.
    block: BlockId,
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

impl Temporaries {
    pub(super) fn of(block: BlockId) -> Temporaries {
        Temporaries { block, taken: Vec::new(), free: Vec::new(), count: 0 }
    }
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

    /// Puts the variable at the start of the function or iteration.
    fn make_temporary(&mut self, name: &str, ty: Ty) -> Value {
        let place_ty = self.cx.types.place(ty, Space::Stack);
        let place = self.b.ks_var(name.as_bytes(), place_ty);
        let func = &mut *self.b.func;
        let start = self.temporaries.block;
        if let Some(op) = func.blocks[self.b.block].ops.pop() {
            func.blocks[start].ops.insert(self.temporaries.count, op);
            func.ops[op].block = start;
        }
        self.temporaries.count += 1;
        place
    }

    /// Frees after `lower` what it takes; what was taken before stays.
    pub(super) fn scoped<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.temporaries.taken.len();
        let result = lower(self);
        let Temporaries { taken, free, .. } = &mut self.temporaries;
        free.extend(taken.drain(before..));
        result
    }

    /// A region that runs once in each iteration of a loop.
    pub(super) fn iteration(
        &mut self,
        args: &[Ty],
        dest: Dest,
        fill: impl FnOnce(&mut Self, &[Value]) -> Option<Value>,
    ) -> RegionId {
        let (region, _) = self.region(args, dest, |this, args| {
            let outside = std::mem::replace(&mut this.temporaries, Temporaries::of(this.b.block));
            let value = fill(this, args);
            this.temporaries = outside;
            value
        });
        region
    }
}

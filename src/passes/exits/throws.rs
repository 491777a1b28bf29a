//! Thrown codes, from the `throw` to the handler that takes them or to the function's end.

use super::{Kind, Lowering, NAME};
use crate::ir::exits::THROWN;
use crate::ir::ops::KsThrow;
use crate::ir::{Attr, Builder, Loc, OpData, OpId, Opcode, Param, Throws, Value};
use crate::types::{Space, Ty, TyKind};

impl Lowering<'_> {
    /// Where what is thrown in the function is kept: in the caller's place, or in one of its own if something may be.
    pub(super) fn place_of_thrown(&mut self) {
        let body = self.func.body;
        let place = self.types.place(self.program.word(), Space::Stack);
        if self.func.throws == Throws::ToCaller {
            let (entry, span) = (self.func.entry(), self.func.name_span);
            self.func.params.push(Param { name: THROWN.into(), ty: place, out: false, span });
            self.thrown = Some(self.func.add_block_arg(entry, place));
        } else if self.func.cancels || self.program.may_throw(self.func, body) {
            // Behind the variables that begin the function, those of parameters with their values.
            let begins = |op: &&OpId| matches!(self.func.ops[**op].opcode, Opcode::KsVar | Opcode::KsStore);
            let Some(&first) = self.func.blocks[self.func.entry()].ops.iter().find(|op| !begins(op)) else {
                crate::bug!("@{} has no end", self.func.name)
            };
            let mut b = Builder::before(self.func, first, NAME);
            b.loc = self.loc;
            let thrown = b.ks_var(THROWN.as_bytes(), place);
            b.ks_zero(thrown);
            self.thrown = Some(thrown);
        }
    }

    /// Makes a place for codes that deferred code throws, in the block that grows.
    pub(super) fn place_apart(&mut self) {
        let thrown = self.variable(THROWN, self.program.word());
        self.builder().ks_zero(thrown);
        self.thrown = Some(thrown);
    }

    pub(super) fn thrown(&self) -> Value {
        self.thrown.unwrap_or_else(|| crate::bug!("nothing can be thrown here"))
    }

    /// `throw code`
    pub(super) fn throw(&mut self, data: &OpData) {
        let view = KsThrow::of(data);
        let site = if self.program.in_kernel { 1 } else { self.number(view.file(), view.line()) } << 32;
        let (code, place) = (view.code(), self.thrown());
        let known = self.func.known(self.types, code);
        if known.is_some() {
            self.drop_constant(code);
        }
        let narrow = self.program.narrow;
        let mut b = self.builder();
        let thrown = match known {
            Some(number) if narrow => b.ks_const(i128::from(number as u32), Ty::U32),
            Some(number) => b.ks_const(site | i128::from(number as u32), Ty::U64),
            None => {
                let code = b.arith_cast(code, Ty::U32);
                let (code, site) = (b.arith_cast(code, Ty::U64), b.ks_const(site, Ty::U64));
                b.arith_or(site, code, Ty::U64)
            }
        };
        b.ks_store(place, thrown);
        self.throw_on();
    }

    /// Drops a constant right before the `throw`, which nothing else can use.
    fn drop_constant(&mut self, code: Value) {
        let def = self.func.def(code).filter(|&def| self.func.ops[def].opcode == Opcode::KsConst);
        let ops = &mut self.func.blocks[self.at].ops;
        if def.is_some() && ops.last().copied() == def {
            ops.pop();
        }
    }

    /// The number of a line, from 1.
    fn number(&self, file: &[u8], line: i128) -> i128 {
        let before = self.program.files.iter().take_while(|(other, _)| other != file);
        before.map(|(_, lines)| lines).sum::<i128>() + line
    }

    /// Something was thrown: to the handlers around, else to what is deferred, else out of the function.
    pub(super) fn throw_on(&mut self) {
        match self.target(&[Kind::Handlers, Kind::Deferred, Kind::Apart]) {
            Some(target) => self.leave(target),
            None => self.end_by_throw(),
        }
    }

    /// Continues a throw past all handlers of this function.
    pub(super) fn throw_past(&mut self) {
        match self.target(&[Kind::Deferred, Kind::Apart]) {
            Some(target) => self.leave(target),
            None => self.end_by_throw(),
        }
    }

    /// The end of the function, with something thrown.
    fn end_by_throw(&mut self) {
        match self.func.throws {
            Throws::ToCaller if !self.deferred => {
                self.clear_result();
                let result = self.no_result();
                self.builder().ks_return(result);
            }
            Throws::Ends if !self.deferred => {
                self.uncaught();
                self.builder().ks_unreachable();
            }
            Throws::Never if !self.deferred && self.ends_panics() => self.refuse(),
            // The checker lets nothing through that comes here.
            Throws::Never | Throws::ToCaller | Throws::Ends => {
                self.builder().ks_unreachable();
            }
        }
    }

    /// Nobody looks at the caller's place for the result now, but the verifier may think so: it forgets in loops that
    /// something was thrown, and refuses what is read without having been written.
    fn clear_result(&mut self) {
        let params = self.func.params.first().filter(|_| self.program.clears);
        let Some(place) = params.filter(|param| param.out).map(|_| self.func.param(0)) else {
            return;
        };
        let TyKind::Place { of, .. } = self.types.kind(self.func.ty(place)) else { return };
        // Null would be a value that a function pointer in the result may have.
        if !self.types.holds(of, &|kind| matches!(kind, TyKind::Fn(_))) {
            self.builder().ks_zero(place);
        }
    }

    /// The result of a function that has none: nobody looks at it.
    pub(super) fn no_result(&mut self) -> Option<Value> {
        let ty = self.func.result;
        let kind = self.types.kind(ty);
        if ty == Ty::VOID {
            return None;
        }
        if matches!(kind, TyKind::Fn(_)) {
            // Null would be a value that the result may have.
            let place = self.variable("result", ty);
            return Some(self.builder().ks_load(place, ty));
        }
        let is_pointer = matches!(kind, TyKind::Ptr { .. });
        let mut b = self.builder();
        Some(if is_pointer { b.ks_null(ty) } else { b.ks_const(0, ty) })
    }

    /// A call of what may throw: goes on only if it threw nothing.
    pub(super) fn call(&mut self, op: OpId) {
        let place = self.thrown();
        self.func.ops[op].operands.push(place);
        if self.func.ops[op].opcode == Opcode::KsCallPointer {
            self.no_longer_throws(op);
        }
        self.adopt(op);
        self.loc = Loc { made_by: Some(NAME), ..self.func.ops[op].loc };
        let leaves = (self.func.throws != Throws::Never || self.ends_panics()) && !self.deferred;
        // If neither holds, the callee throws nothing here: the checker reports calls whose errors nothing takes.
        if leaves || self.target(&[Kind::Handlers, Kind::Deferred, Kind::Apart]).is_some() {
            self.if_thrown(Self::throw_on);
        }
    }

    fn no_longer_throws(&mut self, op: OpId) {
        let data = &mut self.func.ops[op];
        for (spec, attr) in std::iter::zip(data.opcode.spec().attrs, &mut data.attrs) {
            if spec.name == "throws" {
                *attr = Attr::Bool(false);
            }
        }
    }

    pub(super) fn if_thrown(&mut self, then: impl FnOnce(&mut Self)) {
        let place = self.thrown();
        let threw = self.is_set(place, self.program.word());
        self.when(threw, then);
    }

    /// Whether what a variable holds is not 0.
    pub(super) fn is_set(&mut self, place: Value, ty: Ty) -> Value {
        let mut b = self.builder();
        let (held, zero) = (b.ks_load(place, ty), b.ks_const(0, ty));
        b.arith_cmp(held, zero, "ne", Ty::BOOL)
    }
}

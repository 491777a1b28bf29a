//! The types of results: those that the op's record states, and those that depend on the op's operands.

use super::Checker;
use crate::ir::ops::{KsAddr, KsDeref, MemIndex};
use crate::ir::{OpId, Opcode, Value};
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    pub(super) fn results(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        let specs = data.opcode.spec().results;
        for (index, &result) in data.results.iter().enumerate() {
            if !self.is_value(self.func.ty(result)) {
                return self.refuse(op, result, "no type of a value");
            }
            let wanted = specs.get(index).or(specs.last()).and_then(|spec| spec.kind);
            if let Some(kind) = wanted
                && !self.fits(result, kind)
            {
                return self.refuse(op, result, &format!("not {kind:?}"));
            }
        }
        match data.results.first() {
            Some(&result) => self.pointees(op, result),
            None => Ok(()),
        }
    }

    /// Addresses and places of one thing agree on its type.
    fn pointees(&self, op: OpId, result: Value) -> Result<(), String> {
        let data = &self.func.ops[op];
        let of = self.target_of(result);
        if data.opcode == Opcode::KsAddr {
            return self.same(op, self.target_of(KsAddr::of(data).place()), of);
        }
        if data.opcode == Opcode::KsDeref {
            return self.same(op, self.target_of(KsDeref::of(data).pointer()), of);
        }
        if data.opcode == Opcode::MemIndex && self.cx.types.size_of(self.target_of(MemIndex::of(data).pointer())) == 0 {
            return self.refuse(op, result, "of nothing that has a size");
        }
        // A frame may have no fields.
        let is_struct = matches!(self.cx.types.kind(of), TyKind::Struct(_));
        if matches!(data.opcode, Opcode::KsVar | Opcode::KsStr) && self.cx.types.size_of(of) == 0 && !is_struct {
            return self.refuse(op, result, "of no size");
        }
        Ok(())
    }

    /// The pointee of a place or pointer; `Ty::ERROR` for others.
    pub(super) fn target_of(&self, value: Value) -> Ty {
        let kind = self.cx.types.kind(self.func.ty(value));
        if let TyKind::Place { of, .. } | TyKind::Ptr { to: of, .. } = kind { of } else { Ty::ERROR }
    }

    fn refuse(&self, op: OpId, result: Value, why: &str) -> Result<(), String> {
        let ty = self.cx.types.ir_text(self.func.ty(result));
        Err(self.say(op, &format!("its result has the type {ty}, {why}")))
    }
}

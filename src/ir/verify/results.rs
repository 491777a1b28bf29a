//! The types that emitters rely on in results. Records say how many results an op has; this checks their types.

use super::Checker;
use crate::ir::ops::{KsAddr, KsDeref, MemIndex};
use crate::ir::{OpId, Opcode, Value};
use crate::types::{Ty, TyKind};

/// Ops that yield a condition.
const CONDITIONS: &[Opcode] = &[
    Opcode::ArithCmp,
    Opcode::FloatCmp,
    Opcode::KsIsSome,
    Opcode::MemIsNull,
    Opcode::StrEq,
    Opcode::StrStartsWith,
    Opcode::MapContains,
];

/// Ops that yield a place.
const PLACES: &[Opcode] =
    &[Opcode::KsStr, Opcode::KsVar, Opcode::KsField, Opcode::KsElem, Opcode::KsDeref, Opcode::KsGlobal];

/// Ops that yield a number.
const NUMBERS: &[Opcode] =
    &[Opcode::KsConst, Opcode::KsBits, Opcode::ArithBswap, Opcode::MemToInt, Opcode::StrLen, Opcode::FloatToInt];

impl Checker<'_> {
    pub(super) fn results(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        for &result in &data.results {
            if !self.is_value(self.func.ty(result)) {
                return self.refuse(op, result, "no type of a value");
            }
        }
        let Some(&result) = data.results.first() else { return Ok(()) };
        let ty = self.func.ty(result);
        let kind = self.cx.types.kind(ty);
        let (opcode, pointer) = (data.opcode, matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_)));
        let number = self.cx.types.as_int(ty).is_some() || matches!(kind, TyKind::Bool | TyKind::Be { .. });
        if CONDITIONS.contains(&opcode) && kind != TyKind::Bool {
            return self.refuse(op, result, "not i1");
        }
        if PLACES.contains(&opcode) && !matches!(kind, TyKind::Place { .. }) {
            return self.refuse(op, result, "no place");
        }
        if NUMBERS.contains(&opcode)
            && !number
            && !(opcode == Opcode::KsConst && matches!(kind, TyKind::F64 | TyKind::Fn(_)))
        {
            return self.refuse(op, result, "no number");
        }
        if opcode == Opcode::KsFunc && !matches!(kind, TyKind::Fn(_)) {
            return self.refuse(op, result, "no function");
        }
        if matches!(opcode, Opcode::KsNull | Opcode::MemFromInt) && !pointer {
            return self.refuse(op, result, "no pointer");
        }
        self.pointees(op, result)
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

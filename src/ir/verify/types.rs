//! Types of operands against records, and the few ops whose types must agree with each other.

use super::Checker;
use crate::fold;
use crate::ir::ops::{ArithCmp, KsCall, KsCopy, KsGlobal, KsLoad, KsMatch, KsStore};
use crate::ir::{OpId, Opcode, Value};
use crate::tables::{OpTrait, OperandKind};
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    pub(super) fn types(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        let spec = data.opcode.spec();
        for (index, &operand) in data.operands.iter().enumerate() {
            let wanted = spec.operands.get(index).or(spec.operands.last());
            if let Some(wanted) = wanted
                && !self.fits(operand, wanted.kind)
            {
                let ty = self.cx.types.ir_text(self.func.ty(operand));
                return Err(self.say(op, &format!("operand `{}` is a {ty}, not {:?}", wanted.name, wanted.kind)));
            }
        }
        self.agreement(op)?;
        self.symbols(op)?;
        let ends = data.opcode.has(OpTrait::Terminator) || data.opcode.has(OpTrait::RegionEnd);
        if ends { self.branch(op) } else { Ok(()) }
    }

    pub(super) fn fits(&self, value: Value, kind: OperandKind) -> bool {
        let ty = self.cx.types.kind(self.func.ty(value));
        let is_place = matches!(ty, TyKind::Place { .. });
        let is_optional = matches!(ty, TyKind::Opt(_));
        match kind {
            OperandKind::Any => !is_optional,
            OperandKind::Scalar => !is_place && !is_optional && !self.cx.types.is_aggregate(self.func.ty(value)),
            OperandKind::Bool => ty == TyKind::Bool,
            OperandKind::Int => {
                matches!(ty, TyKind::Bool | TyKind::Be { .. }) || self.cx.types.as_int(self.func.ty(value)).is_some()
            }
            OperandKind::Float => ty == TyKind::F64,
            OperandKind::Const => self.fits(value, OperandKind::Int) || matches!(ty, TyKind::F64 | TyKind::Fn(_)),
            OperandKind::Place | OperandKind::Out => is_place,
            OperandKind::Ptr => matches!(ty, TyKind::Ptr { .. } | TyKind::Fn(_)),
            OperandKind::Func => matches!(ty, TyKind::Fn(_)),
            OperandKind::Opt => is_optional,
        }
    }

    fn pointee(&self, place: Value) -> Ty {
        if let TyKind::Place { of, .. } = self.cx.types.kind(self.func.ty(place)) { of } else { Ty::ERROR }
    }

    pub(super) fn same(&self, op: OpId, left: Ty, right: Ty) -> Result<(), String> {
        if left == right {
            return Ok(());
        }
        let types = &self.cx.types;
        Err(self.say(op, &format!("its types differ: {} and {}", types.ir_text(left), types.ir_text(right))))
    }

    fn agreement(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsLoad {
            return self.same(op, self.pointee(KsLoad::of(data).place()), self.func.ty(data.results[0]));
        }
        if data.opcode == Opcode::KsStore {
            let view = KsStore::of(data);
            return self.same(op, self.pointee(view.place()), self.func.ty(view.value()));
        }
        if data.opcode == Opcode::KsCopy {
            let view = KsCopy::of(data);
            return self.same(op, self.pointee(view.to()), self.pointee(view.from()));
        }
        if data.opcode == Opcode::ArithCmp {
            let view = ArithCmp::of(data);
            let (left, right) = (self.func.ty(view.left()), self.func.ty(view.right()));
            if left == Ty::F64 {
                return Err(self.say(op, "float.cmp compares f64"));
            }
            let pointers = [left, right].iter().all(|&t| matches!(self.cx.types.kind(t), TyKind::Ptr { .. }));
            return if pointers { Ok(()) } else { self.same(op, left, right) };
        }
        if data.opcode == Opcode::KsReturn {
            let value = data.operands.first().map_or(Ty::VOID, |&value| self.func.ty(value));
            return self.same(op, value, self.func.result);
        }
        if matches!(data.opcode, Opcode::KsThrow | Opcode::KsCancel) {
            return self.same(op, self.func.ty(data.operands[0]), Ty::I32);
        }
        if data.opcode == Opcode::KsMatch {
            return self.cases(op);
        }
        if data.opcode.has(OpTrait::SameTypes) {
            let result = self.func.ty(data.results[0]);
            return data.operands.iter().try_for_each(|&operand| self.same(op, self.func.ty(operand), result));
        }
        Ok(())
    }

    /// The cases of a `ks.match` are numbers that the subject's bits can be, each in one case: passes test them in any order,
    /// and constants are cut to the type.
    fn cases(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        let view = KsMatch::of(data);
        let ty = self.func.ty(view.subject());
        let (least, most) = match (self.cx.types.kind(ty), self.cx.types.as_int(ty)) {
            (TyKind::Be { bits }, _) => fold::range(bits, false),
            (_, Some((bits, signed))) => fold::range(bits, signed),
            (_, None) => (0, 1),
        };
        let (cases, rest) = view.cases().as_chunks::<3>();
        if !rest.is_empty() {
            return Err(self.say(op, "its cases are no triples"));
        }
        let mut ranges = Vec::new();
        for &[low, high, region] in cases {
            if low > high {
                return Err(self.say(op, &format!("the case {low}..={high} is empty")));
            }
            if low < least || high > most {
                let ty = self.cx.types.ir_text(ty);
                return Err(self.say(op, &format!("the case {low}..={high} goes beyond {ty}")));
            }
            if !usize::try_from(region).is_ok_and(|region| region < data.regions.len()) {
                return Err(
                    self.say(op, &format!("the case {low}..={high} takes region {region}, which it does not have"))
                );
            }
            ranges.push((low, high));
        }
        ranges.sort_unstable();
        match ranges.windows(2).find(|pair| pair[0].1 >= pair[1].0) {
            Some(pair) => {
                let [(a, b), (c, d)] = [pair[0], pair[1]];
                Err(self.say(op, &format!("the cases {a}..={b} and {c}..={d} overlap")))
            }
            None => Ok(()),
        }
    }

    /// Names of functions, globals and maps; calls fit.
    fn symbols(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        if data.opcode == Opcode::KsCall {
            let view = KsCall::of(data);
            let Some(callee) = self.funcs.get(&**view.callee()) else {
                return Err(self.say(op, &format!("there is no function @{}", view.callee())));
            };
            if callee.params.len() != view.args().len() {
                return Err(self.say(op, "it has another number of arguments than the callee has parameters"));
            }
            for (param, &arg) in std::iter::zip(&callee.params, view.args()) {
                if !self.passes(self.func.ty(arg), param.ty) {
                    return self.same(op, self.func.ty(arg), param.ty);
                }
            }
            let result = data.results.first().map_or(Ty::VOID, |&r| self.func.ty(r));
            return self.same(op, result, callee.result);
        }
        if data.opcode == Opcode::KsGlobal {
            let name = KsGlobal::of(data).global();
            if self.module.global(name).is_none() {
                return Err(self.say(op, &format!("there is no global @{name}")));
            }
        }
        Ok(())
    }

    /// Pointers and places of any space are passed where the types pointed to agree.
    fn passes(&self, arg: Ty, param: Ty) -> bool {
        match (self.cx.types.kind(arg), self.cx.types.kind(param)) {
            (TyKind::Ptr { to: a, .. }, TyKind::Ptr { to: b, .. }) => a == b,
            (TyKind::Place { of: a, .. }, TyKind::Place { of: b, .. }) => a == b,
            _ => arg == param,
        }
    }

    /// A branch's operands are the arguments of its block.
    fn branch(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        for &block in &data.successors {
            let args = &self.func.blocks[block].args;
            let given: &[Value] = if data.opcode == Opcode::CfBr { &data.operands } else { &[] };
            if args.len() != given.len() {
                return Err(self.say(op, "its block takes another number of arguments"));
            }
            for (&arg, &value) in std::iter::zip(args, given) {
                self.same(op, self.func.ty(value), self.func.ty(arg))?;
            }
        }
        if matches!(data.opcode, Opcode::CfRet | Opcode::KsReturn) {
            let value = data.operands.first().map_or(Ty::VOID, |&v| self.func.ty(v));
            return self.same(op, value, self.func.result);
        }
        Ok(())
    }
}

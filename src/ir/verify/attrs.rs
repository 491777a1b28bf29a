//! The attributes of ops: symbols, words, fields, numbers.

use super::Checker;
use crate::ir::ops::{BpfAdvance, BpfClamp, CoreBits, CoreField, CoreVariant, KsBits, KsConst, KsElem, KsField};
use crate::ir::{Attr, OpData, OpId, Opcode, Symbol, Value};
use crate::tables::{self, BuiltinSpec, KFUNCS, Names};
use crate::target::Target;
use crate::types::{Ty, TyKind};

impl Checker<'_> {
    pub(super) fn attrs(&self, op: OpId) -> Result<(), String> {
        let data = &self.func.ops[op];
        for (spec, attr) in std::iter::zip(data.opcode.spec().attrs, &data.attrs) {
            if let (Attr::Symbol(name), Some(names)) = (attr, spec.names)
                && !self.names(names, name)
            {
                return Err(self.say(op, &format!("there is no {} @{name}", spec.name)));
            }
            if let Attr::Word(word) = attr
                && !spec.words.contains(&&**word)
            {
                return Err(self.say(op, &format!("its `{}` cannot be `{word}`", spec.name)));
            }
            if let Attr::Type(ty) = attr
                && !self.is_value(*ty)
                && !self.cx.types.is_aggregate(*ty)
            {
                return Err(self.say(op, &format!("nothing has the type {}", self.cx.types.ir_text(*ty))));
            }
        }
        self.parts(op, data)
    }

    /// Whether the module, or a table, has what a symbol names.
    fn names(&self, names: Names, name: &Symbol) -> bool {
        match names {
            Names::Map => self.maps.contains_key(&**name),
            Names::Program => {
                self.module.programs.iter().any(|program| program.name == *name) || self.funcs.contains_key(&**name)
            }
            Names::StructOps => self.module.struct_ops(name).is_some(),
            Names::Function => self.funcs.contains_key(&**name),
            Names::Global => self.module.global(name).is_some(),
            Names::Builtin => {
                let has_code = |builtin: &BuiltinSpec| Target::ALL.into_iter().any(|on| builtin.callee(on).is_some());
                tables::builtin(name).is_some_and(has_code)
            }
            Names::Kfunc => self.module.kfunc(name).is_some(),
            Names::Helper => tables::helper(name).is_some() || KFUNCS.iter().any(|function| function.name == &**name),
        }
    }

    /// Fields and elements are there, and numbers fit their types.
    fn parts(&self, op: OpId, data: &OpData) -> Result<(), String> {
        if let Some((base, field)) = field_of(data) {
            let ty = self.field(op, self.target_of(base), field)?;
            let is_place = data.opcode != Opcode::CoreBits;
            return if is_place { self.same(op, ty, self.target_of(data.results[0])) } else { Ok(()) };
        }
        if matches!(data.opcode, Opcode::PacketCtxLoad | Opcode::PacketCtxStore) {
            let field = data.opcode.spec().attrs.iter().position(|attr| attr.name == "field");
            if let Some(Attr::Int(field)) = field.map(|at| &data.attrs[at]) {
                let ty = self.field(op, self.target_of(data.operands[0]), *field)?;
                let value =
                    data.results.first().or(data.operands.get(1)).map_or(Ty::VOID, |&value| self.func.ty(value));
                // In the other direction, and with pointers, the field is converted.
                if self.cx.types.as_int(ty).is_some() && data.opcode == Opcode::PacketCtxLoad {
                    self.same(op, value, ty)?;
                }
            }
        }
        if data.opcode == Opcode::KsElem {
            let base = self.target_of(KsElem::of(data).base());
            let kind = self.cx.types.kind(base);
            let element = if let TyKind::Array(element, _) = kind { element } else { Ty::CHAR };
            if !matches!(kind, TyKind::Array(..) | TyKind::Str(_)) {
                return Err(self.say(op, &format!("{} has no elements", self.cx.types.ir_text(base))));
            }
            return self.same(op, element, self.target_of(data.results[0]));
        }
        if data.opcode == Opcode::KsConst {
            let value = KsConst::of(data).value();
            let ty = self.func.ty(data.results[0]);
            let bits = 8 * self.cx.types.size_of(ty);
            if bits == 0 || value.unsigned_abs() >> bits.min(64) != 0 {
                return Err(self.say(op, &format!("{value} is no {}", self.cx.types.ir_text(ty))));
            }
        }
        if data.opcode == Opcode::KsBits {
            let view = KsBits::of(data);
            let unit = self.target_of(view.place());
            let bits = i128::from(8 * self.cx.types.size_of(unit));
            let (shift, width) = (view.shift(), view.width());
            if shift < 0 || width < 1 || shift > bits || width > bits - shift {
                return Err(self.say(op, &format!("{} does not hold its bits", self.cx.types.ir_text(unit))));
            }
        }
        if data.opcode == Opcode::CoreVariant {
            let (of, variant) = (CoreVariant::of(data).ty(), CoreVariant::of(data).variant());
            let count = if let TyKind::Enum(id) = self.cx.types.kind(of) {
                self.cx.types.enum_def(id).variants.len()
            } else {
                0
            };
            if !usize::try_from(variant).is_ok_and(|variant| variant < count) {
                return Err(self.say(op, &format!("{} has no variant {variant}", self.cx.types.ir_text(of))));
            }
        }
        if data.opcode == Opcode::BpfClamp && !(0..=i128::from(i32::MAX)).contains(&BpfClamp::of(data).limit()) {
            return Err(self.say(op, "its limit is no number that an instruction holds"));
        }
        if data.opcode == Opcode::BpfAdvance && u16::try_from(BpfAdvance::of(data).limit()).is_err() {
            return Err(self.say(op, "its limit is beyond every packet that a verifier follows"));
        }
        if data.opcode == Opcode::CfSwitch {
            let cases = data.attrs.iter().map(|attr| if let Attr::Ints(cases) = attr { cases.len() } else { 0 }).sum();
            if data.successors.len().checked_sub(1) != Some(cases) {
                return Err(self.say(op, &format!("it has {cases} cases and {} successors", data.successors.len())));
            }
        }
        Ok(())
    }

    /// The type of a struct's field.
    fn field(&self, op: OpId, of: Ty, field: i128) -> Result<Ty, String> {
        let TyKind::Struct(id) = self.cx.types.kind(of) else {
            return Err(self.say(op, &format!("{} has no fields", self.cx.types.ir_text(of))));
        };
        let def = self.cx.types.struct_def(id);
        let found = usize::try_from(field).ok().and_then(|field| def.fields.get(field));
        found.map(|field| field.stored()).ok_or_else(|| self.say(op, &format!("@{} has no field {field}", def.name)))
    }

    /// Whether values can have the type: aggregates are in places.
    pub(super) fn is_value(&self, ty: Ty) -> bool {
        let kind = self.cx.types.kind(ty);
        !matches!(kind, TyKind::Void | TyKind::Error) && !self.cx.types.is_aggregate(ty)
    }
}

/// The place and the number of a field, of the ops that take a place apart.
fn field_of(data: &OpData) -> Option<(Value, i128)> {
    if data.opcode == Opcode::KsField {
        let view = KsField::of(data);
        return Some((view.base(), view.field()));
    }
    if data.opcode == Opcode::CoreField {
        let view = CoreField::of(data);
        return Some((view.base(), view.field()));
    }
    let bits = (data.opcode == Opcode::CoreBits).then(|| CoreBits::of(data))?;
    Some((bits.base(), bits.field()))
}

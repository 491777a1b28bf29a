//! The section of an object with the types of the records that go through its maps of events, as JSON.

use super::model::{Declared, Field, Form, Kind, Records};
use crate::ir::Module;
use crate::tables::MapAccess;
use crate::target::Endian;
use crate::types::{BitField, Ty, TyKind, Types};
use std::collections::BTreeMap;

/// The contents of the section; empty where no map of events has typed records.
pub fn of(types: &Types, module: &Module) -> String {
    let mut forms = Forms { types, declared: BTreeMap::new(), records: Records::default() };
    for map in module.maps.iter().filter(|map| map.kind.can(MapAccess::Events) && !map.bound && map.value != Ty::VOID) {
        let form = forms.form(map.value);
        forms.records.maps.push((map.name.to_string(), form));
    }
    if forms.records.maps.is_empty() {
        return String::new();
    }
    serde_json::to_string(&forms.records).unwrap_or_else(|error| crate::bug!("records are JSON: {error}"))
}

struct Forms<'t> {
    types: &'t Types,
    declared: BTreeMap<Ty, usize>,
    records: Records,
}

impl Forms<'_> {
    fn form(&mut self, ty: Ty) -> Form {
        match self.types.kind(ty) {
            TyKind::Bool => Form::Bool,
            TyKind::Int { bits, signed } => Form::Int(u32::from(bits) / 8, signed),
            TyKind::Be { bits } => Form::Be(u32::from(bits) / 8),
            TyKind::Char => Form::Int(1, false),
            TyKind::F64 => Form::Float(8),
            TyKind::Str(size) => Form::Text(size.into()),
            TyKind::Array(Ty::CHAR, count) => Form::Text(count),
            TyKind::Array(Ty::U8, count) => Form::Bytes(count),
            TyKind::Array(element, count) => Form::Array(Box::new(self.form(element)), count),
            TyKind::Struct(_) | TyKind::Enum(_) => Form::Declared(self.declare(ty)),
            TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Link => Form::Int(8, false),
            TyKind::Handle(_) => Form::Int(4, false),
            TyKind::Void | TyKind::Opt(_) | TyKind::Place { .. } | TyKind::Bytes | TyKind::Null | TyKind::Error => {
                crate::bug!("no `{}` is in a record", self.types.name(ty))
            }
        }
    }

    /// The bit of a bit-field's storage unit with which it begins, counted as BTF does.
    fn first_bit(&self, bits: BitField) -> u64 {
        match self.types.machine().endian {
            Endian::Little => bits.shift.into(),
            Endian::Big => 8 * self.types.size_of(bits.unit) - u64::from(bits.shift) - u64::from(bits.width),
        }
    }

    fn declare(&mut self, ty: Ty) -> usize {
        if let Some(&known) = self.declared.get(&ty) {
            return known;
        }
        let (name, kind) = if let TyKind::Enum(id) = self.types.kind(ty) {
            let def = self.types.enum_def(id);
            let signed = matches!(self.types.kind(def.repr), TyKind::Int { signed: true, .. });
            let variants = def.variants.iter().map(|v| (v.name.clone(), v.value)).collect();
            (def.name.clone(), Kind::Enum { signed, variants })
        } else if let TyKind::Struct(id) = self.types.kind(ty) {
            let def = self.types.struct_def(id).clone();
            let field = |field: &crate::types::FieldDef| Field {
                name: field.name.clone(),
                offset: field.offset,
                bits: field.bits.map(|bits| (8 * field.offset + self.first_bit(bits), bits.width.into())),
                form: self.form(field.ty),
            };
            let fields = def.fields.iter().map(field).collect();
            let kind = if def.origin.is_union() { Kind::Union(fields) } else { Kind::Struct { fields, locked: false } };
            (def.name, kind)
        } else {
            crate::bug!("`{}` is not declared", self.types.name(ty))
        };
        self.records.types.push(Declared { name, size: self.types.size_of(ty), kind });
        let index = self.records.types.len() - 1;
        self.declared.insert(ty, index);
        index
    }
}

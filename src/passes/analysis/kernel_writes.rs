//! Fields of the kernel's objects that some programs write: the functions of structs that they implement for the kernel.

use crate::ir::ops::{CoreField, KsField};
use crate::ir::{Function, OpData, Opcode, Value};
use crate::tables::{STRUCT_OPS, StructOpsSpec};
use crate::types::{Space, TyKind, Types};

/// The field that an op writes, if the verifier knows the object and some programs may write it.
pub fn written<'t>(func: &Function, types: &'t Types, op: &OpData) -> Option<Field<'t>> {
    let place = *op.operands.first().filter(|_| matches!(op.opcode, Opcode::KsStore | Opcode::KsAssignOp))?;
    let TyKind::Place { space: Space::BtfTrusted, .. } = types.kind(func.ty(place)) else { return None };
    let field = Field::of(func, types, place)?;
    STRUCT_OPS.iter().any(|spec| field.is_writable(spec)).then_some(field)
}

/// A field by the fields that lead to it, each with the name of its struct, the outermost first.
pub struct Field<'t>(Vec<(&'t str, &'t str)>);

impl<'t> Field<'t> {
    fn of(func: &Function, types: &'t Types, place: Value) -> Option<Field<'t>> {
        let mut path = Vec::new();
        let mut place = place;
        while let Some(op) = func.def(place) {
            let data = &func.ops[op];
            let field = if data.opcode == Opcode::KsField {
                KsField::of(data).field()
            } else if data.opcode == Opcode::CoreField {
                CoreField::of(data).field()
            } else if matches!(data.opcode, Opcode::KsElem | Opcode::CoreElem) {
                place = data.operands[0];
                continue;
            } else {
                break;
            };
            place = data.operands[0];
            let TyKind::Place { of, .. } = types.kind(func.ty(place)) else { return None };
            let TyKind::Struct(id) = types.kind(of) else { return None };
            let def = types.struct_def(id);
            path.push((def.name.as_str(), def.fields.get(usize::try_from(field).ok()?)?.name.as_str()));
        }
        path.reverse();
        (!path.is_empty()).then_some(Field(path))
    }

    /// Whether the functions of a struct may write it.
    pub fn is_writable(&self, spec: &StructOpsSpec) -> bool {
        (0..self.0.len()).any(|start| {
            let names = self.0[start..].iter().map(|(_, field)| *field);
            let full: Vec<&str> = std::iter::once(self.0[start].0).chain(names).collect();
            (2..=full.len()).any(|end| spec.writes.contains(&full[..end].join(".").as_str()))
        })
    }

    /// `tcp_sock.snd_cwnd`
    pub fn name(&self) -> String {
        self.0.last().map_or_else(String::new, |(of, field)| format!("{of}.{field}"))
    }
}

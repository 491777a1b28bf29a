//! Places: finding, reading and writing them.

use super::value::{self, Object, Place, Target, Value};
use super::{Machine, Run, Stop, layout};
use ksc::sema::tree::{Expr, ExprKind};
use ksc::types::{BitField, Ty, TyKind};

impl<'a> Machine<'a> {
    /// What an expression names; none if it is a value that is stored nowhere.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is a value")]
    pub(super) fn target(&mut self, expr: &'a Expr) -> Run<Option<Target>> {
        let root = |object| Some(Target::Place(Place { object, path: Vec::new() }));
        Ok(match &expr.kind {
            ExprKind::Local(local) => root(self.local(*local)),
            ExprKind::Global(global) => root(Object::Variable(global.0 as usize)),
            ExprKind::ConfigField { config, field } => {
                let object = Object::Variable(self.program.globals.len() + config.0 as usize);
                Some(Target::Place(Place { object, path: vec![*field] }))
            }
            ExprKind::Field { base, field } => self.target(base)?.map(|target| below(target, *field)),
            ExprKind::Index { base, index } => {
                // Characters are values.
                if matches!(self.types.kind(base.ty), TyKind::Str(_)) {
                    return Ok(None);
                }
                let Some(target) = self.target(base)? else { return Ok(None) };
                let TyKind::Array(_, length) = self.types.kind(base.ty) else { panic!("an element of no array") };
                Some(self.element(target, length, index)?)
            }
            ExprKind::Deref(pointer) => match self.value(pointer)? {
                Value::Pointer(Some(place)) => Some(Target::Place(place)),
                Value::Pointer(None) => return Err(Stop::Unknown("a null pointer is followed")),
                other => panic!("{other:?} is followed"),
            },
            ExprKind::DerefIf { pointer, .. } => match self.value(pointer)? {
                Value::Pointer(Some(place)) => Some(Target::Place(place)),
                Value::Pointer(None) => Some(Target::Nowhere),
                other => panic!("{other:?} is followed"),
            },
            ExprKind::ViewByte { view, index } => Some(self.view_byte(view, index)?),
            _ => None,
        })
    }

    fn element(&mut self, array: Target, length: u64, index: &'a Expr) -> Run<Target> {
        let index = self.value(index)?.number();
        Ok(match u64::try_from(index) {
            Ok(index) if index < length => below(array, index as usize),
            Ok(_) | Err(_) => Target::Nowhere,
        })
    }

    pub(super) fn read(&mut self, target: &Target, ty: Ty) -> Run<Value> {
        match target {
            Target::Place(place) => self.load(place),
            Target::Byte(view, at) => Ok(Value::Int(self.viewed(view)?[*at].into())),
            Target::Nowhere => Ok(value::zero(self.types, ty)),
        }
    }

    pub(super) fn assign_to(&mut self, target: &Target, value: Value) -> Run<()> {
        match target {
            Target::Place(place) => self.store(place, value),
            Target::Byte(view, at) => self.overwrite(view, *at, &[value.number() as u8]),
            Target::Nowhere => Ok(()),
        }
    }

    pub(super) fn load(&mut self, place: &Place) -> Run<Value> {
        if let Some((at, ty, bits)) = self.in_packet(place) {
            let types = self.types;
            let from = self.packet.get(at..at + types.size_of(ty) as usize).ok_or(Stop::Unknown(MOVED))?;
            return Ok(match bits {
                Some(bits) => layout::read_bits(types, ty, bits, from),
                None => layout::read(types, ty, from),
            });
        }
        let whole = self.whole(place.object)?;
        Ok(place.path.iter().fold(&*whole, |value, &part| value.part(part)).clone())
    }

    pub(super) fn store(&mut self, place: &Place, value: Value) -> Run<()> {
        if let Some((at, ty, bits)) = self.in_packet(place) {
            let types = self.types;
            let to = self.packet.get_mut(at..at + types.size_of(ty) as usize).ok_or(Stop::Unknown(MOVED))?;
            match bits {
                Some(bits) => layout::write_bits(types, ty, bits, &value, to),
                None => layout::write(types, ty, &value, to),
            }
            return Ok(());
        }
        let whole = self.whole(place.object)?;
        *place.path.iter().fold(whole, |value, &part| value.part_mut(part)) = value;
        Ok(())
    }

    /// Where a place in the packet is, and its type; of a bit-field its storage unit.
    pub(super) fn in_packet(&self, place: &Place) -> Option<(usize, Ty, Option<BitField>)> {
        let Object::Packet { at, ty } = place.object else { return None };
        let (mut at, mut ty, mut bits) = (at, ty, None);
        for &part in &place.path {
            if let TyKind::Struct(id) = self.types.kind(ty) {
                let field = &self.types.struct_def(id).fields[part];
                (at, ty, bits) = (at + field.offset as usize, field.ty, field.bits);
            } else if let TyKind::Array(of, _) = self.types.kind(ty) {
                (at, ty, bits) = (at + part * self.types.size_of(of) as usize, of, None);
            } else {
                panic!("a part of a value without parts");
            }
        }
        Some((at, ty, bits))
    }

    pub(super) fn whole(&mut self, object: Object) -> Run<&mut Value> {
        Ok(match object {
            Object::Variable(at) => &mut self.objects[at],
            Object::Entry(slot) => self.slots.at(slot),
            Object::Record(at) => self.records.value(at)?,
            Object::Socket(at) => self.sockets.at(at)?,
            Object::Context => return Err(Stop::Unknown("the whole context")),
            Object::Packet { .. } => return Err(Stop::Unknown("the packet as a variable")),
        })
    }
}

/// Nothing in the model moves the packet.
const MOVED: &str = "a place beyond the packet";

fn below(target: Target, part: usize) -> Target {
    match target {
        Target::Place(mut place) => {
            place.path.push(part);
            Target::Place(place)
        }
        Target::Byte(..) | Target::Nowhere => Target::Nowhere,
    }
}

//! Places: finding, reading and writing them.

use super::value::{Object, Place, Target, Value};
use super::{Machine, Run, Stop};
use ksc::sema::tree::{Expr, ExprKind};
use ksc::types::TyKind;

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
                Some(self.element(target, index)?)
            }
            ExprKind::Deref(pointer) => match self.value(pointer)? {
                Value::Pointer(Some(place)) => Some(Target::Place(place)),
                Value::Pointer(None) => return Err(Stop::Unknown("a null pointer is followed")),
                other => panic!("{other:?} is followed"),
            },
            _ => None,
        })
    }

    fn element(&mut self, array: Target, index: &'a Expr) -> Run<Target> {
        let index = self.value(index)?.number();
        let Target::Place(place) = &array else { return Ok(Target::Nowhere) };
        let length = self.at(place).length();
        Ok(match usize::try_from(index) {
            Ok(index) if index < length => below(array, index),
            Ok(_) | Err(_) => Target::Nowhere,
        })
    }

    pub(super) fn at(&mut self, place: &Place) -> &mut Value {
        place.path.iter().fold(self.whole(place.object), |value, &part| value.part_mut(part))
    }

    pub(super) fn whole(&mut self, object: Object) -> &mut Value {
        match object {
            Object::Variable(at) => &mut self.objects[at],
            Object::Entry(slot) => self.slots.at(slot),
        }
    }
}

fn below(target: Target, part: usize) -> Target {
    match target {
        Target::Place(mut place) => {
            place.path.push(part);
            Target::Place(place)
        }
        Target::Nowhere => Target::Nowhere,
    }
}

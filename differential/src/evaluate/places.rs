//! Places: finding, reading and writing them.

use super::value::{ObjectId, Place, Value};
use super::{Machine, Run, Stop};
use ksc::sema::tree::{Expr, ExprKind};

impl Machine<'_> {
    /// The place that an expression names; none if it is a value that is stored nowhere.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all else is a value")]
    pub(super) fn place(&mut self, expr: &Expr) -> Run<Option<Place>> {
        let root = |object| Some(Place { object, path: Vec::new() });
        Ok(match &expr.kind {
            ExprKind::Local(local) => root(self.local(*local)),
            ExprKind::Global(global) => root(ObjectId(global.0 as usize)),
            ExprKind::ConfigField { config, field } => {
                let object = ObjectId(self.program.globals.len() + config.0 as usize);
                Some(Place { object, path: vec![*field] })
            }
            ExprKind::Field { base, field } => self.place(base)?.map(|mut place| {
                place.path.push(*field);
                place
            }),
            ExprKind::Deref(pointer) => match self.value(pointer)? {
                Value::Pointer(Some(place)) => Some(place),
                Value::Pointer(None) => return Err(Stop::Unknown("a null pointer is followed")),
                other => panic!("{other:?} is followed"),
            },
            _ => None,
        })
    }

    pub(super) fn at(&mut self, place: &Place) -> &mut Value {
        place.path.iter().fold(&mut self.objects[place.object.0], |value, &part| value.part_mut(part))
    }
}

//! The types of the numbers of stacks: enums without variants, named after the map that has the stacks.

use super::{EnumDef, EnumId, Ty, TyKind, Types};

/// Begins the name of the type whose values are numbers of stacks; the rest is the map with the stacks. No program can write this name.
const STACK_ID: &str = "stack_id.";

impl EnumDef {
    /// The type of a map's stack numbers, of integers without names.
    pub fn of_stacks(map: &str) -> EnumDef {
        EnumDef { name: format!("{STACK_ID}{map}"), repr: Ty::I32, variants: Vec::new(), span: None }
    }

    /// The map whose stacks the values are numbers of; none of an enum with variants.
    pub fn stacks(&self) -> Option<&str> {
        self.name.strip_prefix(STACK_ID)
    }
}

impl Types {
    /// `stack_id(map)`
    pub fn stack_id(&mut self, map: &str) -> Ty {
        let def = EnumDef::of_stacks(map);
        let known = self.enums.iter().position(|known| known.name == def.name);
        let id = known.map_or_else(|| self.add_enum(def), |at| EnumId(at as u32));
        self.intern(TyKind::Enum(id))
    }

    /// The map whose stacks values of the type are numbers of; none for other types.
    pub fn stacks_of(&self, ty: Ty) -> Option<&str> {
        if let TyKind::Enum(id) = self.kind(ty) { self.enum_def(id).stacks() } else { None }
    }
}

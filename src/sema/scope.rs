//! How constants and types look names up: the declarations see each other while they are still being resolved, a body
//! sees its locals first.

use super::env::{Declared, Entity, Env};
use super::tree::Const;
use crate::session::Session;
use crate::types::{StructId, Ty};

/// What a name means where it stands.
pub enum Found {
    Declared(Declared),
    /// A parameter, local or global variable: neither constant nor type, but `sizeof` takes it.
    Variable(Ty),
    Nothing,
    /// Declared, but its declaration is wrong; that was reported, so no more is to be said.
    Broken,
}

pub trait Scope {
    fn find(&mut self, cx: &mut Session, name: &str) -> Found;

    /// What a struct literal may leave out; none if it may not.
    fn field_default(&mut self, cx: &mut Session, of: StructId, field: usize) -> Option<Const>;

    /// The names that one could have meant by a misspelt one.
    fn candidates(&self) -> Vec<String>;
}

/// The file level, once all declarations are resolved.
impl Scope for &Env<'_> {
    fn find(&mut self, _: &mut Session, name: &str) -> Found {
        match self.lookup(name) {
            Some(Declared { entity: Entity::Global(id), .. }) => Found::Variable(self.program.global(*id).ty),
            Some(Declared { entity: Entity::Broken, .. }) => Found::Broken,
            Some(declared) => Found::Declared(declared.clone()),
            None => Found::Nothing,
        }
    }

    fn field_default(&mut self, _: &mut Session, of: StructId, field: usize) -> Option<Const> {
        self.field_defaults.get(&(of, field)).cloned()
    }

    fn candidates(&self) -> Vec<String> {
        self.all_names()
    }
}

//! `type Name = T`.

use super::Declare;
use crate::ast;
use crate::sema::env::Entity;
use crate::sema::types::{Position, resolve_bare};
use crate::session::Session;
use crate::types::Ty;

impl Declare<'_> {
    pub(super) fn alias(&mut self, cx: &mut Session, ty: &ast::Type) -> Option<Entity> {
        match resolve_bare(cx, self, ty, Position::Bare) {
            Ty::ERROR => None,
            ty => Some(Entity::Type(ty)),
        }
    }
}

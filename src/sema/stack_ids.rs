//! `stack_id(stacks)`: the type of the numbers that a map of stacks yields.

use super::env::{Declared, Entity};
use super::scope::{Found, Scope};
use super::types::wrong_arguments;
use crate::ast::{self, Ident};
use crate::session::Session;
use crate::source::Span;
use crate::types::Ty;

/// What a map's numbers of stacks are called.
pub const NAME: &str = "stack_id";
/// What stands behind it.
pub const FORM: &str = "a map of stacks: with `var stacks: stack_trace(1024)` it is `stack_id(stacks)`";

/// The type of `stack_id(stacks)`.
pub fn resolve(cx: &mut Session, scope: &mut dyn Scope, span: Span, name: &Ident, of: Option<&ast::Expr>) -> Ty {
    let found = match of.map(|of| &of.kind) {
        Some(ast::ExprKind::Name(path)) if path.segments.len() == 1 => scope.find(cx, &path.segments[0].name),
        _ => return wrong_arguments(cx, span, name, FORM),
    };
    match found {
        Found::Declared(Declared { entity: Entity::Map(map), .. }) => match scope.stacks(map) {
            Some(stacks) => cx.types.stack_id(&stacks),
            None => wrong_arguments(cx, span, name, FORM),
        },
        Found::Broken => Ty::ERROR,
        Found::Declared(_) | Found::Variable(_) | Found::Nothing => wrong_arguments(cx, span, name, FORM),
    }
}

//! The meanings of declared names, as editors ask for them (`Session::uses`).

use super::env::{Declared, Entity};
use super::scope::{Found, Scope, Wanted};
use super::tree::Const;
use crate::ast::Ident;
use crate::session::Session;
use crate::types::{TyKind, Types};
use crate::uses::{Candidate, Gap, Meaning};

/// The meaning of a name that a file declares, or the tables.
pub fn of_declared(types: &Types, declared: &Declared, name: &str) -> Option<Meaning> {
    if let Entity::Variants(variants) = &declared.entity {
        let &(of, _) = variants.visible.first()?;
        let variant = types.enum_def(of).variants.iter().position(|variant| variant.name == name)?;
        return Some(Meaning::Variant { of, variant });
    }
    if let Some(span) = declared.span {
        return Some(Meaning::Declared(span));
    }
    match &declared.entity {
        Entity::Type(ty) => Some(Meaning::Type(*ty)),
        Entity::Const { value: Const::Int(number), ty } => {
            let number = match ty.map(|ty| types.kind(ty)) {
                Some(TyKind::Be { .. }) => format!("{number:#x}"),
                Some(_) | None => number.to_string(),
            };
            Some(Meaning::Constant(number))
        }
        Entity::Const { .. }
        | Entity::Variants(_)
        | Entity::Func(_)
        | Entity::Global(_)
        | Entity::Config(_)
        | Entity::Map(_)
        | Entity::Impl(_)
        | Entity::Kfunc(_)
        | Entity::C(_)
        | Entity::Import(_)
        | Entity::Broken => None,
    }
}

/// Notes what a name was found to be.
pub fn note_found(cx: &Session, name: &Ident, found: &Found) {
    if cx.uses.is_open()
        && let Found::Declared(declared) = found
        && let Some(meaning) = of_declared(&cx.types, declared, &name.name)
    {
        cx.uses.note(name.span, || meaning);
    }
}

/// Answers that a type may stand in the place of the name that is asked about.
pub fn fill_types(cx: &mut Session, scope: &mut dyn Scope) {
    let mut candidates = Vec::new();
    for name in scope.candidates(Wanted::Type) {
        if let Found::Declared(declared) = scope.find(cx, &name)
            && let Some(meaning) = of_declared(&cx.types, &declared, &name)
        {
            candidates.push(Candidate { name, meaning });
        }
    }
    cx.uses.fill(Gap { candidates, kernel_types: true });
}

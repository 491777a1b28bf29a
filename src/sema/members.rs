//! Fields and variants that are not there: what is near, or all that there are.

use super::similar;
use crate::ast::Ident;
use crate::diag::Diagnostic;
use crate::diag::codes::names::{NoSuchField, NoSuchVariant};
use crate::session::Session;
use crate::types::{EnumId, StructId};

/// Reports a field that a struct does not have.
pub fn no_such_field(cx: &mut Session, id: StructId, name: &Ident) {
    let def = cx.types.struct_def(id);
    let names: Vec<String> = def.fields.iter().map(|field| field.name.clone()).collect();
    let (ty, declared) = (def.name.clone(), def.span);
    let error = cx.error(name.span, NoSuchField { ty, name: name.name.clone() });
    propose(error, name, &names);
    if let Some(declared) = declared {
        error.note(declared, "declared here");
    }
}

/// Reports a variant that an enum does not have.
pub fn no_such_variant(cx: &mut Session, id: EnumId, name: &Ident) {
    let def = cx.types.enum_def(id);
    let names: Vec<String> = def.variants.iter().map(|variant| variant.name.clone()).collect();
    let ty = def.name.clone();
    let error = cx.error(name.span, NoSuchVariant { ty, name: name.name.clone() });
    propose(error, name, &names);
}

fn propose(error: &mut Diagnostic, name: &Ident, names: &[String]) {
    if let Some(near) = similar::best(&name.name, names) {
        error.help(format!("did you mean `{near}`?")).fix(name.span, near);
    } else if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        error.help(format!("it has {}", names.join(", ")));
    }
}

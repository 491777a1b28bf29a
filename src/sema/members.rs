//! Fields and variants that are not there, or not written so: what is near, or all that there are.

use super::similar;
use crate::ast::Ident;
use crate::diag::Diagnostic;
use crate::diag::codes::names::{NoSuchField, NoSuchVariant};
use crate::diag::codes::types::ArrowOnValue;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{CONTEXTS, FieldRole};
use crate::types::{EnumId, StructId, Ty};

/// Reports a field that a struct does not have.
pub fn no_such_field(cx: &mut Session, id: StructId, name: &Ident) {
    let def = cx.types.struct_def(id);
    // Not what is refused as soon as it is used.
    let context = CONTEXTS.iter().find(|context| context.name == def.name);
    let unsupported = |name: &str| {
        let mut fields = context.into_iter().flat_map(|context| context.fields);
        fields.any(|field| field.name == name && field.role == FieldRole::PacketMeta)
    };
    let names = def.fields.iter().map(|field| field.name.clone()).filter(|name| !unsupported(name)).collect::<Vec<_>>();
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

/// Reports `base->name` of a struct, which is no pointer.
pub fn arrow_on_value(cx: &mut Session, base: Span, ty: Ty, name: &Ident) {
    let ty = cx.types.name(ty);
    let text = format!("{}.{}", cx.sources.text(base), name.name);
    let between = Span { lo: base.hi, hi: name.span.lo, ..name.span };
    cx.error(between, ArrowOnValue { ty }).help(format!("write `{text}`")).fix(between, ".");
}

fn propose(error: &mut Diagnostic, name: &Ident, names: &[String]) {
    if let Some(near) = similar::best(&name.name, names) {
        error.near(name.span, near);
    } else if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        error.help(format!("it has {}", names.join(", ")));
    }
}

//! Fields and variants that are not there, or not written so: what is near, or all that there are.

use super::similar;
use crate::ast::Ident;
use crate::diag::Diagnostic;
use crate::diag::codes::names::{NoSuchField, NoSuchVariant};
use crate::diag::codes::types::{ArrowOnValue, RepeatedField, SharedBytes};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{HEADERS, StructSpec};
use crate::types::{EnumId, Origin, StructDef, StructId, Ty, Types};

/// Reports a field that a struct does not have.
pub fn no_such_field(cx: &mut Session, id: StructId, name: &Ident) {
    let def = cx.types.struct_def(id);
    let names: Vec<String> = def.fields.iter().map(|field| field.name.clone()).collect();
    let (ty, declared) = (def.name.clone(), def.span);
    let longer = longer_header(def, &name.name);
    let error = cx.error(name.span, NoSuchField { ty, name: name.name.clone() });
    match longer {
        Some(longer) => drop(error.help(format!("`{longer}`, which begins as this header does, has it"))),
        None => propose(error, name, &names),
    }
    if let Some(declared) = declared {
        error.note(declared, "declared here");
    }
}

/// The packet header that has the field and begins with the same one, as `arp_eth_header` does with that of `arphdr`.
fn longer_header(def: &StructDef, field: &str) -> Option<&'static str> {
    let first = def.fields.first().filter(|_| def.origin == Origin::Packet)?;
    let has = |spec: &StructSpec| spec.fields.iter().any(|f| f.name == field);
    HEADERS.iter().find(|spec| spec.fields[0].name == first.name && has(spec)).map(|spec| spec.name)
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

/// Whether a literal that gives one field must not give the other.
pub fn gives_again(types: &Types, id: StructId, before: usize, field: usize) -> bool {
    before == field || types.is_shared(id, field) && types.share_bits(id, before, field)
}

/// Reports a field of a literal that is given already, or whose bytes are.
pub fn given_again(cx: &mut Session, id: StructId, before: usize, name: &Ident) {
    let def = cx.types.struct_def(id);
    let (ty, other, name, span) = (def.name.clone(), def.fields[before].name.clone(), name.name.clone(), name.span);
    if other == name {
        cx.error(span, RepeatedField { name });
    } else {
        cx.error(span, SharedBytes { name, other, ty }).help("give one of them");
    }
}

fn propose(error: &mut Diagnostic, name: &Ident, names: &[String]) {
    if let Some(near) = similar::best(&name.name, names) {
        error.help(format!("did you mean `{near}`?")).fix(name.span, near);
    } else if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        error.help(format!("it has {}", names.join(", ")));
    }
}

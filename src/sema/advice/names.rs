//! Advice for names that nothing declares: near names, the language's word for a name of another language, and modules that declare the
//! name.

use crate::ast::Ident;
use crate::btf;
use crate::diag::codes::names::{UnknownName, UnknownType};
use crate::diag::foreign::{self, Instead};
use crate::sema::imports;
use crate::sema::kernel_types;
use crate::sema::scope::{Scope, Wanted};
use crate::session::Session;
use crate::tables::{self, BUILTINS, record_class};
use std::collections::HashSet;

/// Reports a name that nothing declares, where a value is expected; `otherwise` is the help if no other name is near.
pub fn unknown_name(cx: &mut Session, scope: &dyn Scope, name: &Ident, otherwise: Option<String>) {
    let values = || {
        let types: HashSet<String> = scope.candidates(Wanted::Type).into_iter().collect();
        scope.candidates(Wanted::Any).into_iter().filter(|name| !types.contains(name)).collect()
    };
    report_unknown(cx, scope, name, values, otherwise);
}

/// Reports an unknown name where a type or a module is expected.
pub fn unknown_owner(cx: &mut Session, scope: &dyn Scope, name: &Ident) {
    report_unknown(cx, scope, name, || scope.candidates(Wanted::Any), None);
}

/// The helper that is written without its prefix.
pub fn unprefixed(name: &str) -> Option<Instead> {
    tables::helper(&format!("bpf_{name}")).map(|helper| Instead::Name(helper.name))
}

fn report_unknown(
    cx: &mut Session,
    scope: &dyn Scope,
    name: &Ident,
    candidates: impl FnOnce() -> Vec<String>,
    otherwise: Option<String>,
) {
    let instead = foreign::name(&name.name).or_else(|| unprefixed(&name.name));
    let words = foreign::ALONE.iter().map(|word| (*word).to_owned());
    let elsewhere = scope.imports().spelled_out(name);
    let known = !elsewhere.is_empty() || instead.is_some();
    let mut declared = Vec::new();
    let names = || {
        declared = candidates();
        declared.iter().cloned().chain(words).collect::<Vec<String>>()
    };
    let mut near = if known { None } else { cx.diags.near(&name.name, names) };
    // A name of the program that is near is more likely meant than one of another tool, and that more than a builtin.
    let traced = foreign::of_tracing(&name.name);
    if traced.is_some() {
        let is_builtin = |near: &String| BUILTINS.iter().any(|builtin| builtin.name == near);
        near = near.filter(|near| declared.contains(near) || !is_builtin(near));
    }
    let instead = instead.or(traced.filter(|_| near.is_none()));
    let error = cx.error(name.span, UnknownName { name: name.name.clone() });
    if !elsewhere.is_empty() {
        imports::propose(error, name.span, &elsewhere);
    } else if let Some(instead) = instead {
        instead.propose(error, name.span);
    } else if let Some(near) = near {
        error.near(name.span, near);
    } else {
        error.helps.extend(otherwise);
    }
}

/// Reports an unknown name where a type is expected.
pub fn unknown_type(cx: &mut Session, scope: &dyn Scope, name: &Ident) {
    let usual = foreign::ty(&name.name).map(str::to_owned);
    let elsewhere = scope.imports().spelled_out(name);
    let near = if usual.is_none() { cx.diags.near(&name.name, || scope.candidates(Wanted::Type)) } else { None };
    let near = match near {
        None if usual.is_none() => {
            let known = cx.kernel_types.names_of_types();
            cx.diags.near(&name.name, || known)
        }
        near => near,
    };
    let remark = match cx.kernel_types.btf() {
        Ok(_) => "the program declares none of this name, and the kernel has none".to_owned(),
        Err(why) => format!(
            "the program declares none of this name, and the kernel's types cannot be read: {}",
            kernel_types::in_words(why)
        ),
    };
    let records = records_like(cx, &name.name);
    let error = cx.error(name.span, UnknownType { name: name.name.clone() });
    match (usual, near) {
        _ if !elsewhere.is_empty() => imports::propose(error, name.span, &elsewhere),
        (Some(usual), _) => {
            error.help(format!("did you mean `{usual}`?")).fix(name.span, usual);
        }
        (None, Some(near)) => {
            error.near(name.span, near);
        }
        (None, None) => {
            error.remark(remark);
            if !records.is_empty() {
                error.help(format!("the records of such events are {}", records.join(", ")));
            }
        }
    }
}

/// The records of the kernel's events whose classes begin with the same word as that of a record that it lacks.
fn records_like(cx: &mut Session, name: &str) -> Vec<String> {
    let Some(class) = record_class(name) else { return Vec::new() };
    let prefix = &name[..name.len() - class.len()];
    let word = class.split('_').next().unwrap_or_default();
    let known = cx.kernel_types.names_with(btf::Wanted::Type, prefix);
    let alike = known.iter().filter(|known| known.split('_').next() == Some(word));
    alike.map(|class| format!("`{prefix}{class}`")).collect()
}

//! The page of a project: how it is compiled and run, and what the tables say of programs of its type.

use super::kind::Hook;
use super::template::filled;
use super::{Names, Project};
use crate::sema::handed::Parameter;
use crate::session::Session;
use crate::tables::{CONTEXTS, ContextField, Params, record_field};
use crate::types::TyKind;

/// The text of the page.
pub fn text(names: &Names, project: &Project) -> String {
    let facts: Vec<String> = project.facts.iter().map(|fact| format!("- {fact}")).collect();
    filled(
        "readme",
        &[
            ("name", &names.name),
            ("about_kind", &project.about),
            ("commands", &project.commands.join("\n")),
            ("facts", &facts.join("\n")),
        ],
    )
}

/// What the tables say of programs of a form.
pub fn of_program(hook: &Hook) -> Vec<String> {
    let (spec, form) = (hook.spec, hook.form);
    let section =
        form.section.replace("{mode}", form.mode).replace("{target}", hook.target.as_deref().unwrap_or_default());
    let mut facts =
        vec![format!("The kernel's type is `{}`, the section of the object `{section}`.", spec.kernel_name())];
    if let Some(target) = form.target() {
        facts.push(format!("What it attaches to: {}.", target.words));
    }
    if let Some((major, minor)) = form.since {
        facts.push(format!("It needs Linux {major}.{minor}."));
    }
    let result = form.result.unwrap_or(spec.result);
    let range = form.returns.map_or(String::new(), |(least, most)| format!(", from {least} to {most}"));
    facts.push(format!("It returns `{result}`{range}; `{}` changes nothing.", form.neutral.unwrap_or(spec.neutral)));
    if let Some(context) = CONTEXTS.iter().find(|context| Some(context.name) == spec.context()) {
        let is_read = |field: &ContextField| field.readers.is_empty() || field.readers.contains(&spec.name);
        let fields = context.fields.iter().filter(|field| form.shows(field.name) && is_read(field));
        let fields: Vec<String> = fields.map(|field| format!("`{}`", field.name)).collect();
        facts.push(format!("Fields of `*{}`: {}.", context.name, fields.join(", ")));
    }
    facts
}

/// The parameters of a program that the tables do not list: the fields of its record, or its parameters.
pub fn of_parameters(cx: &mut Session, hook: &Hook, params: &[Parameter]) -> Vec<String> {
    let is_record = matches!(hook.spec.params, Params::Record { .. });
    let record = params.first().filter(|_| is_record).and_then(|(_, ty)| ty.strip_prefix('*'));
    let is_context = |of: &str| CONTEXTS.iter().any(|context| context.name == of);
    let is_listed = params.first().and_then(|(_, ty)| ty.strip_prefix('*')).is_some_and(is_context);
    match record {
        Some(of) => vec![format!("Fields of `*{of}`: {}.", fields(cx, of).join(", "))],
        None if params.is_empty() || is_listed => Vec::new(),
        None => {
            let params: Vec<String> = params.iter().map(|(name, ty)| format!("`{name}: {ty}`")).collect();
            vec![format!("Its parameters: {}; those at the end may be left out.", params.join(", "))]
        }
    }
}

/// The fields of a struct of the kernel that the language has types for.
fn fields(cx: &mut Session, of: &str) -> Vec<String> {
    let Some(Ok(ty)) = cx.kernel_types.named(&mut cx.types, of) else { return Vec::new() };
    let TyKind::Struct(id) = cx.types.kind(ty) else { return Vec::new() };
    let mut fields = Vec::new();
    for name in cx.kernel_types.field_names(id) {
        if let Ok(Some(at)) = cx.kernel_types.field(&mut cx.types, id, &name) {
            let ty = cx.types.struct_def(id).fields[at].ty;
            fields.push(format!("`{}: {}`", record_field(&name), cx.types.name(ty)));
        }
    }
    fields
}

//! The page of a project: how it is compiled and run, and what the tables say of programs of its type.

use super::kind::Hook;
use super::template::filled;
use super::{Names, Project};
use crate::tables::{CONTEXTS, ContextField};

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

//! Unused imports.

use super::env::Env;
use super::tree::Role;
use crate::diag::codes::modules::UnusedImport;
use crate::modules::{ModuleId, Modules};
use crate::session::Session;
use crate::source::Span;

pub(super) fn report(cx: &mut Session, modules: &Modules, env: &Env) {
    for import in env.imports.all() {
        if import.used.get() || brings_programs(modules, env, import.module) {
            continue;
        }
        let line = whole_line(cx, import.span);
        cx.warn(import.span, UnusedImport { name: import.name.clone() }).help("remove it").fix(line, "");
    }
}

/// Programs are in the object whether the file names them or not.
fn brings_programs(modules: &Modules, env: &Env, module: ModuleId) -> bool {
    let mut seen = vec![module];
    let mut next = 0;
    while let Some(&module) = seen.get(next) {
        next += 1;
        let is_program = |(func, decl): (&super::tree::Func, &super::env::FuncDecl)| {
            decl.module == module && matches!(func.role, Role::Program(_))
        };
        if env.program.funcs.iter().zip(&env.funcs).any(is_program) {
            return true;
        }
        for imported in modules.imported_by(module) {
            if !seen.contains(&imported) {
                seen.push(imported);
            }
        }
    }
    false
}

/// With the line end, if nothing else is on its line.
fn whole_line(cx: &Session, span: Span) -> Span {
    let text = &cx.sources.file(span.file).text;
    let (before, after) = (&text[..span.lo as usize], &text[span.hi as usize..]);
    let alone = before.is_empty() || before.ends_with('\n');
    let rest = after.find('\n').map_or(after.len(), |end| end + 1);
    if alone && after[..rest].trim().is_empty() { Span { hi: span.hi + rest as u32, ..span } } else { span }
}

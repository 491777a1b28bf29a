//! Symbols of the BPF object that have the names of the source: of programs, maps and variables.
//!
//! LLVM has a symbol of its own for each section, with the section's name, and the licence is a variable.

use super::functions::section;
use super::module::ModuleGen;
use crate::diag::codes::limits::SectionName;
use crate::ir::Role;
use crate::source::Span;
use std::collections::BTreeSet;

/// The symbol and the section of the licence, as libbpf looks for them.
pub const LICENSE: &str = "_license";
pub const LICENSE_SECTION: &str = "license";

/// Reports names that the object cannot have.
pub fn check(g: &mut ModuleGen) {
    let sections: BTreeSet<String> = g.ir.funcs.iter().filter_map(|func| section(g.cx, func)).collect();
    let is_program = |role: &Role| matches!(role, Role::Program { .. });
    let programs = g.ir.funcs.iter().filter(|func| is_program(&func.role)).map(|func| (&func.name, func.name_span));
    let maps = g.ir.maps.iter().filter(|map| !map.bound).map(|map| (&map.name, map.span));
    let globals = g.ir.globals.iter().filter(|global| global.section.is_some());
    let globals = globals.map(|global| (&global.name, global.span));
    let taken: Vec<(String, Span)> = programs
        .chain(maps)
        .chain(globals)
        .filter(|(name, _)| sections.contains(&***name) || [LICENSE, LICENSE_SECTION].contains(&&***name))
        .map(|(name, span)| (name.to_string(), span))
        .collect();
    for (name, span) in taken {
        let section = if name == LICENSE { LICENSE_SECTION.to_owned() } else { name.clone() };
        let help = format!("choose another name, such as `my_{}`", name.trim_start_matches('_'));
        g.cx.error(span, SectionName { name, section }).help(help);
        g.failed = true;
    }
}

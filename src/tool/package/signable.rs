//! Whether a program can be signed: its loader must do all of the load, and nothing may be loaded beside it.

use crate::diag::codes::refused::NotSignable;
use crate::ir::{GlobalKind, Module};
use crate::passes::split;
use crate::session::Session;
use crate::source::Span;

/// Reports each declaration of a program that its signed loader could not do. None if there is one.
pub fn check(cx: &mut Session, module: &Module) -> Option<()> {
    let found: Vec<(Span, String, &'static str)> =
        variables(module).chain(maps(module)).chain(structs(module)).chain(programs(module)).collect();
    for (span, what, why) in &found {
        cx.error(*span, NotSignable { what: what.clone(), why: (*why).to_owned() });
    }
    found.is_empty().then_some(())
}

fn variables(module: &Module) -> impl Iterator<Item = (Span, String, &'static str)> {
    module.globals.iter().filter_map(|global| {
        let why = match global.kind {
            GlobalKind::Pinned => PINNED,
            GlobalKind::Kconfig | GlobalKind::WeakKconfig => {
                "its value is that of the machine, which the loader would have to know"
            }
            GlobalKind::Var
            | GlobalKind::Local
            | GlobalKind::Percpu
            | GlobalKind::Private
            | GlobalKind::Config
            | GlobalKind::Counters => return None,
        };
        Some((global.span, format!("the variable `{}`", global.name), why))
    })
}

const PINNED: &str = "it is pinned, and the loader makes all maps anew";

fn maps(module: &Module) -> impl Iterator<Item = (Span, String, &'static str)> {
    module.maps.iter().filter_map(|map| {
        let why = if map.pinned {
            PINNED
        } else if map.kind.is_arena() {
            "user space has the memory of an arena at an address that the loader does not know"
        } else {
            return None;
        };
        Some((map.span, format!("the map `{}`", map.name), why))
    })
}

fn structs(module: &Module) -> impl Iterator<Item = (Span, String, &'static str)> {
    let why = "the loader cannot make a struct of functions, whose layout is that of the kernel";
    module.struct_ops.iter().map(move |ops| (ops.span, format!("`{}`", ops.name), why))
}

fn programs(module: &Module) -> impl Iterator<Item = (Span, String, &'static str)> {
    split::programs(module).into_iter().filter_map(|program| {
        let form = program.spec.form(program.mode)?;
        let why = if program.loading.may_fail() || program.spare {
            "the loader loads all programs or none, and the kernel may refuse this one"
        } else if form.loads_at_attach(program.target.as_deref()) {
            "it is loaded for what `attach` names, after the loader"
        } else if program.device {
            "it is loaded for one interface, which has another number on each machine"
        } else {
            return None;
        };
        let func = module.funcs.iter().find(|func| func.name == program.name)?;
        Some((func.name_span, format!("the program `{}`", program.name), why))
    })
}

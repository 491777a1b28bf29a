//! Direct attach: a program of one file whose attributes say what to attach to needs no `main`. This writes one, as text: the `main`
//! attaches each program that names a target, registers each `impl`, and waits; if the file has ring buffers, it prints their records.
//! Meanwhile and at its end it calls the functions of `ast/timed.rs`. At its end it also prints how many insertions each map refused, if any, and for a
//! program of the command line what `results.rs` finds.

mod results;

use crate::ast::{self, FnDecl, Item, ItemKind, StructDecl, Type, TypeKind, timed};
use crate::diag::codes::lifecycle::NotInMain;
use crate::session::Session;
use crate::syntax;
use crate::tables::{MapAccess, MapKindSpec, PROGRAMS, Params, ProgramSpec, in_section, keyed_kind, map_kind};
use crate::target::Target;
use std::fmt::Write;
use std::path::Path;

/// The name of the written text, for messages about it.
const NAME: &str = "<main>";

const NS_PER_MS: u64 = 1_000_000;

/// The attribute that names the section of a program.
const SECTION: &str = "sec";
/// The attribute that names a program which is loaded instead.
const FALLBACK: &str = "fallback";

/// A program of the file.
struct Program<'a> {
    decl: &'a FnDecl,
    spec: &'static ProgramSpec,
    /// What the attribute names.
    target: Option<Vec<String>>,
}

/// Adds a `main` to a file that has none, if a program of it names a target, or a function an interval.
pub fn complete(cx: &mut Session, tree: &mut ast::File) {
    let has_main = tree.items.iter().any(|item| item.kind.name().is_some_and(|name| name.name == "main"));
    let spares: Vec<&str> = tree.items.iter().filter_map(fallback).collect();
    let programs = tree.items.iter().filter_map(program);
    let programs: Vec<Program> = programs.filter(|program| !spares.contains(&&*program.decl.name.name)).collect();
    let names_target = programs.iter().any(|program| program.target.is_some());
    let is_timed = !timed::intervals(tree).is_empty();
    if has_main || !names_target && !is_timed && implementations(tree).next().is_none() {
        return;
    }
    warn_left_out(cx, tree, &programs);
    let text = main_text(cx, tree, &programs);
    let file = cx.sources.add(NAME, Path::new(NAME), text);
    cx.written_main = Some(file);
    let written = syntax::parse(cx, file);
    tree.items.extend(written.items);
}

/// The program that is loaded where the kernel refuses this one: `load` of this one does that.
fn fallback(item: &Item) -> Option<&str> {
    let attribute = item.attributes.iter().find(|attribute| attribute.name.name == FALLBACK)?;
    let ast::ExprKind::Name(path) = &attribute.args.as_ref()?.first()?.value.kind else { return None };
    path.segments.first().map(|name| name.name.as_str())
}

fn program(item: &Item) -> Option<Program<'_>> {
    let ItemKind::Fn(decl) = &item.kind else { return None };
    item.attributes.iter().find_map(|attribute| {
        if attribute.name.name == SECTION {
            let mut texts = attribute.args.iter().flatten().filter_map(|arg| arg.value.texts()).flatten();
            let section = texts.next()?;
            let (spec, _, target, _) = in_section(&section)?;
            return Some(Program { decl, spec, target: target.map(|target| vec![target.to_owned()]) });
        }
        let spec = PROGRAMS.iter().find(|spec| spec.name == attribute.name.name)?;
        let named = attribute
            .args
            .iter()
            .flatten()
            .filter_map(|arg| arg.value.texts())
            .find(|texts| texts.iter().all(|text| spec.form(text).is_none()));
        Some(Program { decl, spec, target: named.filter(|_| spec.named().is_some() && spec.loaded_for.is_none()) })
    })
}

/// The names of what the file implements for the kernel.
fn implementations(tree: &ast::File) -> impl Iterator<Item = &str> {
    tree.items.iter().filter_map(|item| {
        let ItemKind::Impl(decl) = &item.kind else { return None };
        (!item.attributes.is_empty()).then_some(decl.name.name.as_str())
    })
}

/// A program that names no target is there for others, which go on in it, or was forgotten.
fn warn_left_out(cx: &mut Session, tree: &ast::File, programs: &[Program]) {
    for program in programs.iter().filter(|program| program.target.is_none()) {
        let name = &program.decl.name;
        let called = cx.sources.file(tree.file).text.matches(&format!("{}(", name.name)).count() > 1;
        if !called {
            cx.warn(name.span, NotInMain { name: name.name.clone() })
                .help("name a target in its attribute, or write `fn main() -> i32`");
        }
    }
}

fn main_text(cx: &Session, tree: &ast::File, programs: &[Program]) -> String {
    let mut out = String::from("fn main() -> i32 {\n");
    for (number, Program { decl, spec, .. }) in programs.iter().filter(|program| program.target.is_some()).enumerate() {
        let name = &decl.name.name;
        if matches!(spec.params, Params::Kernel { .. }) {
            write!(out, "    var walk{number} = attach(load({name}))\n    var text{number}: str(4096)\n").ok();
            writeln!(out, "    while (read(walk{number}, &text{number}, 4096) > 0) print_raw(\"%s\", text{number})")
                .ok();
        } else {
            writeln!(out, "    attach(load({name}))").ok();
        }
    }
    for name in implementations(tree) {
        writeln!(out, "    register({name})").ok();
    }
    let sent: Vec<(&str, &Type)> = tree.items.iter().filter_map(events).collect();
    let names: Vec<&str> = sent.iter().map(|(name, _)| *name).collect();
    out += &waiting(tree, programs, &names.join(", "));
    let ends = timed::ends(tree);
    for name in &ends {
        writeln!(out, "    {name}()").ok();
    }
    for name in counted(tree) {
        let text = format!("{name} was full: %llu insertions were refused");
        writeln!(out, "    if (refused({name}) != 0) print(\"{text}\", refused({name}))").ok();
    }
    if cx.options.prints_results && ends.is_empty() {
        out += &results::text(cx, tree);
    }
    out.push_str("    return ended\n}\n");
    for (name, of) in sent {
        let callback = format!("{name}_callback");
        let exists = tree.items.iter().any(|item| item.kind.name().is_some_and(|own| own.name == callback));
        if !exists {
            let parts = shown(cx, tree, name, of);
            let of = cx.sources.text(of.span);
            writeln!(out, "fn {callback}(e: *{of}) -> i32 {{\n    print({parts})\n    return 0\n}}").ok();
        }
    }
    out
}

/// What the `main` does until it ends. `sent` are the ring buffers whose records it prints.
fn waiting(tree: &ast::File, programs: &[Program], sent: &str) -> String {
    let intervals = timed::intervals(tree);
    if !intervals.is_empty() {
        return timers(&intervals, sent);
    }
    let is_walk = |program: &Program| matches!(program.spec.params, Params::Kernel { .. });
    let walks = implementations(tree).next().is_none()
        && programs.iter().all(|program| program.target.is_none() || is_walk(program));
    match sent.is_empty() {
        false => format!("    var ended = dispatch({sent})\n"),
        true if walks => "    var ended = 0\n".to_owned(),
        true => "    wait()\n    var ended = 0\n".to_owned(),
    }
}

/// A loop that calls each function when its time has come. A call that takes longer than its interval is not made up for.
fn timers(intervals: &[timed::Interval], sent: &str) -> String {
    let mut out = String::from("    var ended: i32 = 0\n");
    for (at, interval) in intervals.iter().enumerate() {
        writeln!(out, "    var ks_due{at} = now_ns() + {}", interval.ms * NS_PER_MS).ok();
    }
    out += "    loop {\n        var ks_now = now_ns()\n";
    for (at, timed::Interval { name, ms }) in intervals.iter().enumerate() {
        let ns = ms * NS_PER_MS;
        writeln!(out, "        if (ks_now >= ks_due{at}) {{\n            {name}()\n            ks_due{at} += {ns}")
            .ok();
        writeln!(out, "            ks_now = now_ns()").ok();
        writeln!(out, "            if (ks_due{at} <= ks_now) ks_due{at} = ks_now + {ns}\n        }}").ok();
    }
    out += "        var ks_next = ks_due0\n";
    for at in 1..intervals.len() {
        writeln!(out, "        if (ks_due{at} < ks_next) ks_next = ks_due{at}").ok();
    }
    out += "        var ks_rest: u64 = 0\n";
    let up = NS_PER_MS - 1;
    writeln!(out, "        if (ks_next > ks_now) ks_rest = (ks_next - ks_now + {up}) / {NS_PER_MS}").ok();
    if sent.is_empty() {
        out += "        if (sleep(ks_rest)) break\n    }\n";
    } else {
        writeln!(out, "        ended = dispatch({sent}, timeout_ms: ks_rest as i64)").ok();
        out += "        if (ended != 0) break\n    }\n    if (ended == -EINTR) ended = 0\n";
    }
    out
}

/// A map: its name, its kind and its types.
fn map(item: &Item) -> Option<(&str, &'static MapKindSpec, &[Type])> {
    let ItemKind::Var(decl) = &item.kind else { return None };
    let (name, args): (_, &[Type]) = match &decl.ty.as_ref()?.kind {
        TypeKind::Applied { name, args, .. } => (name, args),
        TypeKind::Named(path) => (path.segments.first().filter(|_| path.segments.len() == 1)?, &[]),
        TypeKind::Array { .. } | TypeKind::Pointer { .. } | TypeKind::Fn { .. } | TypeKind::Unread => return None,
    };
    let kind = map_kind(&name.name)?;
    Some((&decl.name.name, if args.is_empty() { kind } else { keyed_kind(kind) }, args))
}

/// A map through which values are sent to user space, and their type.
fn events(item: &Item) -> Option<(&str, &Type)> {
    let (name, kind, types) = map(item)?;
    kind.on[Target::Host].contains(&MapAccess::Events).then_some((name, types.first()?))
}

/// The maps that may refuse insertions; none if some may be in a map of maps, whose insertions are not counted by name.
fn counted(tree: &ast::File) -> Vec<&str> {
    let maps = || tree.items.iter().filter_map(map);
    if maps().any(|(_, kind, _)| kind.can(MapAccess::Inner)) {
        return Vec::new();
    }
    maps().filter(|(_, kind, _)| kind.can(MapAccess::Refused)).map(|(name, ..)| name).collect()
}

/// The printed form of a record: the fields that have a text, by their names.
fn shown(cx: &Session, tree: &ast::File, map: &str, of: &Type) -> String {
    let declared = struct_named(tree, cx.sources.text(of.span));
    let Some(record) = declared else {
        let plain = if has_text(tree, of) { ", *e" } else { "" };
        return format!("\"{map}\"{plain}");
    };
    let fields = record.fields.iter().filter(|field| has_text(tree, &field.ty));
    let parts: Vec<String> = fields.map(|field| format!("\"{0}\", e->{0}", field.name.name)).collect();
    if parts.is_empty() { format!("\"{map}\"") } else { parts.join(", ") }
}

fn struct_named<'a>(tree: &'a ast::File, name: &str) -> Option<&'a StructDecl> {
    tree.items.iter().find_map(|item| {
        let ItemKind::Struct(decl) = &item.kind else { return None };
        (decl.name.name == name).then_some(decl)
    })
}

/// Whether a value of the type prints as one word: numbers, variants, strings.
fn has_text(tree: &ast::File, ty: &Type) -> bool {
    match &ty.kind {
        TypeKind::Named(path) => path.segments.first().is_some_and(|name| {
            let number = syntax::is_primitive(&name.name) && name.name != "void";
            let is_enum = |item: &Item| matches!(&item.kind, ItemKind::Enum(decl) if decl.name.name == name.name);
            number || tree.items.iter().any(is_enum)
        }),
        TypeKind::Applied { name, .. } => name.name == "str",
        TypeKind::Array { element, .. } => {
            matches!(&element.kind, TypeKind::Named(path) if path.segments.len() == 1 && path.segments[0].name == "char")
        }
        TypeKind::Pointer { .. } | TypeKind::Fn { .. } | TypeKind::Unread => false,
    }
}

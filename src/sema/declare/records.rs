//! Programs whose context is the record of an event: the class of the event.

use crate::ast::FnDecl;
use crate::btf::Wanted as Kind;
use crate::diag::codes::contexts::{ProgramParameter, RecordClass, UnknownEvent};
use crate::records;
use crate::sema::similar;
use crate::session::Session;
use crate::tables::{ProgramSpec, elements, glob, is_pattern, record_class};
use crate::tracefs;
use crate::types::{FnSig, Space, Ty, TyKind};

/// The typedef that the kernel's BTF has for each event that is no system call.
const TYPEDEF: &str = "btf_trace_";
/// The category of the system calls, whose events are of two classes.
const SYSTEM_CALLS: (&str, [&str; 2]) = ("syscalls", ["sys_enter", "sys_exit"]);

/// An event: its category, and its name.
type Event<'a> = (&'a str, &'a str);

/// What the program's attribute says: its type, what the names of records begin with, and the target.
type Wanted = (&'static ProgramSpec, &'static str, Option<String>);

/// `may_lack`: the program is left out where the kernel has no such event.
pub(super) fn check(cx: &mut Session, (spec, prefix, target): Wanted, may_lack: bool, decl: &FnDecl, sig: &FnSig) {
    let named: Vec<&str> = target.iter().flat_map(|target| elements(target)).collect();
    for element in named.iter().filter(|element| !is_pattern(element)) {
        if let Some(event) = element.split_once('/')
            && !is_known(cx, event)
        {
            if !may_lack {
                unknown(cx, decl, element, event);
            }
            return;
        }
    }
    let (Some(param), Some(&ty)) = (decl.params.first(), sig.params.first()) else { return };
    if ty == Ty::ERROR {
        return;
    }
    let events = matching(cx, &named);
    let first = events.first().and_then(|event| event.split_once('/'));
    let form = |class: &str| format!("write `fn {}(ctx: *{prefix}{class}) -> {}`", decl.name.name, spec.result);
    let wrong = || ProgramParameter { name: spec.name.to_owned(), context: format!("{prefix}CLASS") };
    let Some(declared) = record_of(cx, ty) else {
        let class = first.and_then(|event| class_of(cx, prefix, event, None));
        cx.error(param.ty.span, wrong()).help(form(class.as_deref().unwrap_or("CLASS")));
        return;
    };
    if let Some(second) = decl.params.get(1) {
        cx.error(second.span, wrong()).help(form(&declared));
        return;
    }
    for target in &events {
        let class = target.split_once('/').and_then(|event| class_of(cx, prefix, event, Some(&declared)));
        let Some(class) = class.filter(|class| *class != declared) else { continue };
        let wrong = RecordClass { event: target.clone(), of: format!("{prefix}{declared}") };
        let error = cx.error(param.ty.span, wrong);
        if events.len() > 1 {
            error.help(format!(
                "its record is `{prefix}{class}`: events of one program have the same record, or the program takes none"
            ));
        } else {
            error.help(format!("write `ctx: *{prefix}{class}`")).fix(param.ty.span, format!("*{prefix}{class}"));
        }
        return;
    }
}

/// Reports that there is no such event.
fn unknown(cx: &mut Session, decl: &FnDecl, target: &str, event: Event<'_>) {
    let near = similar::best(target, known(cx, event.0));
    let error = cx.error(decl.name.span, UnknownEvent { event: target.to_owned() });
    let pattern = match near {
        Some(near) => {
            error.help(format!("did you mean `{near}`?"));
            format!("{}:*", event.0)
        }
        None => "*".to_owned(),
    };
    error.help(format!("`ksc list 'tracepoint:{pattern}'` lists the events"));
}

/// The events that the elements of a target name. Those that match a pattern are known where tracefs is; elsewhere one of the system calls
/// stands for all.
fn matching(cx: &Session, named: &[&str]) -> Vec<String> {
    let shown =
        if has_tracefs(cx) && named.iter().any(|name| is_pattern(name)) { tracefs::events() } else { Vec::new() };
    let of = |name: &&str| match is_pattern(name) {
        true if shown.is_empty() => vec![(*name).to_owned()],
        true => shown.iter().filter(|event| glob::fits(name, event)).cloned().collect(),
        false => vec![(*name).to_owned()],
    };
    named.iter().flat_map(of).collect()
}

/// The class of the record that a parameter points to.
fn record_of(cx: &Session, ty: Ty) -> Option<String> {
    let TyKind::Ptr { to, space: Space::Ctx, nullable: false } = cx.types.kind(ty) else { return None };
    let TyKind::Struct(id) = cx.types.kind(to) else { return None };
    record_class(&cx.types.struct_def(id).name).map(str::to_owned)
}

/// Whether tracefs is of the kernel whose types the program uses.
fn has_tracefs(cx: &Session) -> bool {
    cx.options.asks_running_kernel()
}

/// The record of an event, for a program that is to have it: none if its class cannot be known; an event that there may be in place of
/// one that there is not.
pub(super) fn record(cx: &mut Session, prefix: &str, target: &str) -> Result<Option<String>, Option<String>> {
    let Some(event) = target.split_once('/') else { return Err(None) };
    if !is_known(cx, event) {
        return Err(similar::best(target, known(cx, event.0)));
    }
    Ok(class_of(cx, prefix, event, None).map(|class| format!("{prefix}{class}")))
}

/// False if there is no such event for certain.
fn is_known(cx: &mut Session, (category, name): Event<'_>) -> bool {
    let shown = if has_tracefs(cx) { tracefs::exists(category, name) } else { None };
    let of_call = || SYSTEM_CALLS.1.iter().any(|call| name.starts_with(&format!("{call}_")));
    match shown {
        Some(shown) => shown,
        None if category == SYSTEM_CALLS.0 => of_call(),
        None => cx.kernel_types.btf().is_err() || cx.kernel_types.has(Kind::Typedef, &format!("{TYPEDEF}{name}")),
    }
}

/// The events that a mistyped one of this category may be: BTF does not have the category.
fn known(cx: &mut Session, category: &str) -> Vec<String> {
    let shown = if has_tracefs(cx) { tracefs::events() } else { Vec::new() };
    if !shown.is_empty() {
        return shown;
    }
    cx.kernel_types.typedefs_with(TYPEDEF).iter().map(|name| format!("{category}/{name}")).collect()
}

/// The class of an event; none if that cannot be known, or nothing says that it is not the declared one.
fn class_of(cx: &mut Session, prefix: &str, (category, name): Event<'_>, declared: Option<&str>) -> Option<String> {
    if category == SYSTEM_CALLS.0 {
        return SYSTEM_CALLS.1.iter().find(|call| name.starts_with(**call)).map(|call| (*call).to_owned());
    }
    let shown = if has_tracefs(cx) { tracefs::fields(category, name) } else { None };
    let Some(shown) = shown else {
        return cx.kernel_types.has(Kind::Type, &format!("{prefix}{name}")).then(|| name.to_owned());
    };
    records::class(&mut cx.kernel_types, prefix, name, &shown, declared)
}

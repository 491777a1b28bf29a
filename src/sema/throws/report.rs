//! Reports throws that nothing catches, and catches that take nothing.

use super::summary::{Callee, Handler, Node, Summary};
use super::{Effects, Leaving, Site};
use crate::diag::Diagnostic;
use crate::diag::codes::contexts::UserSpaceOnly;
use crate::diag::codes::refused::ThrowingPointer;
use crate::diag::codes::support::NotInModule;
use crate::diag::codes::throws::{DeferThrows, UncaughtInBpf, UncaughtInUserSpace, UnreachableCatch};
use crate::sema::env::Env;
use crate::sema::tree::{FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use crate::target::Target;
use std::collections::{BTreeMap, BTreeSet};

/// Who is called from outside, where nothing is around that could catch.
#[derive(Clone, Copy)]
struct Root {
    func: FuncId,
    on: Target,
    /// Where it is passed on, if it is no program and not `main`.
    handed: Option<Span>,
}

/// Reports each `throw` that can leave what the kernel, the runtime or the system calls: once, for the first of those.
pub fn uncaught(cx: &mut Session, env: &Env, effects: &Effects, summaries: &[Summary]) {
    let mut found: BTreeMap<Site, Vec<Root>> = BTreeMap::new();
    let mut outside = BTreeSet::new();
    for root in roots(cx, env, effects, summaries) {
        for &site in effects.funcs[root.func.0 as usize].keys() {
            if let Some(what) = effects.sites[site].outside {
                if root.on.facts().in_kernel && outside.insert(site) {
                    outside_in_kernel(cx, env, effects, (site, what), root);
                }
                continue;
            }
            found.entry(site).or_default().push(root);
        }
    }
    // One `catch` around a call takes all that comes from it.
    let mut groups: Vec<(Vec<Root>, Vec<Site>)> = Vec::new();
    let mut of_call: BTreeMap<(Span, Vec<FuncId>), usize> = BTreeMap::new();
    for (site, mut roots) in found {
        // An error says more than a warning.
        roots.sort_by_key(|root| !root.on.facts().in_kernel);
        let call = roots.first().and_then(|root| Some(calls(effects, root.func, site).first()?.1));
        let new = groups.len();
        let at = call.map_or(new, |call| {
            let funcs = roots.iter().map(|root| root.func).collect();
            *of_call.entry((call, funcs)).or_insert(new)
        });
        if at == new {
            groups.push((roots, Vec::new()));
        }
        groups[at].1.push(site);
    }
    for (roots, sites) in groups {
        match sites.as_slice() {
            [site] => report(cx, env, effects, *site, &roots),
            sites => report_several(cx, env, effects, sites, &roots),
        }
    }
}

fn roots(cx: &mut Session, env: &Env, effects: &Effects, summaries: &[Summary]) -> Vec<Root> {
    let mut roots = Vec::new();
    for (at, func) in env.program.funcs.iter().enumerate() {
        let on = match func.role {
            Role::Program(_) => Target::Bpf,
            // A test fails by what it throws.
            Role::Main(_) if cx.options.tests => continue,
            Role::Main(_) => Target::Host,
            Role::Kfunc(_) => Target::Kmod,
            Role::Helper | Role::Private | Role::Plain | Role::Test => continue,
        };
        roots.push(Root { func: FuncId(at as u32), on, handed: None });
    }
    for &Handler { callee, on, span } in summaries.iter().flat_map(|summary| &summary.handlers) {
        match callee {
            Callee::Func(func) => roots.push(Root { func, on, handed: Some(span) }),
            Callee::Pointer(_) => {
                if effects.callees(callee).iter().any(|func| !effects.funcs[func.0 as usize].is_empty()) {
                    cx.error(span, ThrowingPointer {})
                        .help("hand over a function by its name, or catch what it throws in it");
                }
            }
        }
    }
    for map in &env.program.maps {
        roots.extend(map.callback.map(|func| Root { func, on: Target::Host, handed: Some(map.span) }));
    }
    for migration in &env.program.migrations {
        let map = env.program.map(migration.map);
        roots.push(Root { func: migration.func, on: Target::Host, handed: Some(map.span) });
    }
    roots
}

fn report(cx: &mut Session, env: &Env, effects: &Effects, site: Site, roots: &[Root]) {
    let Some(&root) = roots.first() else { return };
    let calls = calls(effects, root.func, site);
    let what = thrown(cx, effects, site);
    let names: Vec<String> = calls.iter().map(|(caller, _)| format!("`{}`", env.program.func(*caller).name)).collect();
    let thrower = calls.last().and_then(|(caller, _)| effects.funcs[caller.0 as usize].get(&site)?.callee);
    let path = match thrower {
        Some(thrower) => format!(": {} calls `{}`", names.join(" calls "), env.program.func(thrower).name),
        None => String::new(),
    };
    let error = uncaught_error(cx, env, effects.sites[site].span, what, path, root);
    error.label("thrown here");
    for (caller, span) in calls.iter().rev() {
        error.note(*span, format!("called here, in `{}`, where nothing catches it", env.program.func(*caller).name));
    }
    other_roots(error, env, roots);
    help(error, effects, site);
}

/// An operation of user space in code that the kernel runs, which lets its error through. Those whose error is caught, `reach` reports.
fn outside_in_kernel(
    cx: &mut Session,
    env: &Env,
    effects: &Effects,
    (site, (what, help)): (Site, (&str, &str)),
    root: Root,
) {
    let calls = calls(effects, root.func, site);
    let inner = calls.last().and_then(|(caller, _)| effects.funcs[caller.0 as usize].get(&site)?.callee);
    let func = env.program.func(inner.unwrap_or(root.func)).name.clone();
    let (span, what) = (effects.sites[site].span, what.to_owned());
    let error = if root.on.facts().is_module {
        cx.error(span, NotInModule { what, func })
    } else {
        cx.error(span, UserSpaceOnly { what, func, within: root.on.facts().within.into() })
    };
    for (caller, span) in calls.iter().rev() {
        error.note(*span, format!("called from here, in `{}`", env.program.func(*caller).name));
    }
    error.help(help);
}

/// So many places are shown of what one call may throw.
const MAX_SHOWN: usize = 6;

/// Reports, at one call in an entry point, several errors that come from it and that nothing catches.
fn report_several(cx: &mut Session, env: &Env, effects: &Effects, sites: &[Site], roots: &[Root]) {
    let Some(&root) = roots.first() else { return };
    let mut between: BTreeSet<(Span, FuncId)> = BTreeSet::new();
    let mut first = None;
    for &site in sites.iter().take(MAX_SHOWN) {
        let calls = calls(effects, root.func, site);
        first = first.or(calls.first().map(|(_, span)| *span));
        between.extend(calls.iter().skip(1).map(|&(caller, span)| (span, caller)));
    }
    let Some(call) = first else { return };
    let text = cx.sources.text(call);
    let what = format!("what `{}` throws", text.lines().next().unwrap_or(text));
    let error = uncaught_error(cx, env, call, what, String::new(), root);
    error.label("nothing catches it here");
    for (span, caller) in between {
        error.note(span, format!("called here, in `{}`, where nothing catches it", env.program.func(caller).name));
    }
    for &site in sites.iter().take(MAX_SHOWN) {
        error.note(effects.sites[site].span, "thrown here");
    }
    if sites.len() > MAX_SHOWN {
        error.remark(format!("it has {} more such `throw`s", sites.len() - MAX_SHOWN));
    }
    other_roots(error, env, roots);
    error.help("catch all with `try { … } catch _ { … }`, or each with a `catch CODE { … }` of its own");
}

/// An error of a program, a warning in user space.
fn uncaught_error<'c>(
    cx: &'c mut Session,
    env: &Env,
    span: Span,
    what: String,
    path: String,
    root: Root,
) -> &'c mut Diagnostic {
    let func = env.program.func(root.func);
    let kind = match func.role {
        Role::Program(_) => "program ",
        Role::Main(_) => "",
        Role::Kfunc(_) => "kernel function ",
        Role::Helper | Role::Private | Role::Plain | Role::Test => "handler ",
    };
    let name = format!("{kind}`{}`", func.name);
    if root.on.facts().in_kernel {
        cx.error(span, UncaughtInBpf { what, root: name, path })
    } else {
        cx.warn(span, UncaughtInUserSpace { what, root: name, path })
    }
}

/// Where the handler is passed on, and who else lets the throw through.
fn other_roots(error: &mut Diagnostic, env: &Env, roots: &[Root]) {
    let Some(root) = roots.first() else { return };
    if let Some(span) = root.handed {
        error.note(span, format!("`{}` takes what is sent here", env.program.func(root.func).name));
    }
    let more = roots.iter().skip(1).filter(|other| other.on == root.on && other.func != root.func);
    let more: Vec<String> = more.map(|other| format!("`{}`", env.program.func(other.func).name)).collect();
    if !more.is_empty() {
        error.remark(format!("and {}", more.join(", ")));
    }
}

/// The calls from the root to the throw.
fn calls(effects: &Effects, root: FuncId, site: Site) -> Vec<(FuncId, Span)> {
    let mut calls = Vec::new();
    let mut at = root;
    while let Some(origin) = effects.funcs[at.0 as usize].get(&site)
        && let Some(callee) = origin.callee
    {
        calls.push((at, origin.span));
        at = callee;
    }
    calls
}

/// The statement, as written.
fn thrown(cx: &Session, effects: &Effects, site: Site) -> String {
    let text = cx.sources.text(effects.sites[site].span);
    format!("`{}`", text.lines().next().unwrap_or(text))
}

fn help(error: &mut Diagnostic, effects: &Effects, site: Site) {
    error.help(match effects.sites[site].code {
        Some(_) => "catch it: `try { … } catch CODE { … }`, or all with `catch _ { … }`",
        None => "a computed code is caught by `catch _ { … }` or `catch e { … }`, which all take",
    });
}

/// Reports what leaves deferred blocks, and catches to which nothing comes.
pub fn inside(cx: &mut Session, env: &Env, effects: &Effects, nodes: &[Node]) {
    for node in nodes {
        match node {
            Node::Throw { .. } | Node::Call { .. } => {}
            Node::Defer { body } => {
                deferred(cx, env, effects, &effects.leaving(body));
                inside(cx, env, effects, body);
            }
            Node::Try { body, catches, .. } => {
                let mut left: Vec<Site> = effects.leaving(body).into_keys().collect();
                for catch in catches {
                    if !left.iter().any(|&site| effects.may_take(catch.takes, site)) {
                        cx.warn(catch.span, UnreachableCatch {}).label("nothing in the `try` throws what it takes");
                    }
                    left.retain(|&site| !effects.takes(catch.takes, site));
                }
                inside(cx, env, effects, body);
                catches.iter().for_each(|catch| inside(cx, env, effects, &catch.body));
            }
        }
    }
}

fn deferred(cx: &mut Session, env: &Env, effects: &Effects, leaving: &Leaving) {
    for (&site, origin) in leaving {
        let what = thrown(cx, effects, site);
        let error = cx.error(origin.span, DeferThrows { what });
        if let Some(callee) = origin.callee {
            error.label(format!("`{}` may throw it", env.program.func(callee).name));
            error.note(effects.sites[site].span, "thrown here");
        }
        error.help("catch it in the block: `defer { try { … } catch _ { … } }`");
    }
}

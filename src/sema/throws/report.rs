//! What nothing catches, and catches that take nothing.

use super::summary::{Handler, Node, Summary, Target};
use super::{Effects, Leaving, Site};
use crate::diag::Diagnostic;
use crate::diag::codes::support::NotSupportedYet;
use crate::diag::codes::throws::{DeferThrows, UncaughtInBpf, UncaughtInUserSpace, UnreachableCatch};
use crate::sema::env::Env;
use crate::sema::tree::{FuncId, Role};
use crate::session::Session;
use crate::source::Span;
use std::collections::BTreeMap;

/// Who is called from outside, where nothing is around that could catch.
#[derive(Clone, Copy)]
struct Root {
    func: FuncId,
    in_bpf: bool,
    /// Where it is handed over, if it is no program and not `main`.
    handed: Option<Span>,
}

/// Reports each `throw` that can leave what the kernel, the runtime or the system calls: once, for the first of those.
pub fn uncaught(cx: &mut Session, env: &Env, effects: &Effects, summaries: &[Summary]) {
    let mut found: BTreeMap<Site, Vec<Root>> = BTreeMap::new();
    for root in roots(cx, env, effects, summaries) {
        for &site in effects.funcs[root.func.0 as usize].keys() {
            found.entry(site).or_default().push(root);
        }
    }
    for (site, mut roots) in found {
        // An error says more than a warning.
        roots.sort_by_key(|root| !root.in_bpf);
        report(cx, env, effects, site, &roots);
    }
}

fn roots(cx: &mut Session, env: &Env, effects: &Effects, summaries: &[Summary]) -> Vec<Root> {
    let mut roots = Vec::new();
    for (at, func) in env.program.funcs.iter().enumerate() {
        let in_bpf = matches!(func.role, Role::Program(_));
        if in_bpf || matches!(func.role, Role::Main(_)) {
            roots.push(Root { func: FuncId(at as u32), in_bpf, handed: None });
        }
    }
    for &Handler { target, in_bpf, span } in summaries.iter().flat_map(|summary| &summary.handlers) {
        match target {
            Target::Func(func) => roots.push(Root { func, in_bpf, handed: Some(span) }),
            Target::Pointer(_) => {
                if effects.callees(target).iter().any(|func| !effects.funcs[func.0 as usize].is_empty()) {
                    cx.error(span, NotSupportedYet { what: "a handler in a variable, which may throw,".into() })
                        .help("hand over a function by its name, or catch what it throws in it");
                }
            }
        }
    }
    for map in &env.program.maps {
        roots.extend(map.callback.map(|func| Root { func, in_bpf: false, handed: Some(map.span) }));
    }
    roots
}

fn report(cx: &mut Session, env: &Env, effects: &Effects, site: Site, roots: &[Root]) {
    let Some(&root) = roots.first() else { return };
    let func = env.program.func(root.func);
    let kind = match func.role {
        Role::Program(_) => "program ",
        Role::Main(_) => "",
        Role::Helper | Role::Plain => "handler ",
    };
    let calls = calls(effects, root.func, site);
    let (what, name) = (thrown(cx, effects, site), format!("{kind}`{}`", func.name));
    let names: Vec<String> = calls.iter().map(|(caller, _)| format!("`{}`", env.program.func(*caller).name)).collect();
    let thrower = calls.last().and_then(|(caller, _)| effects.funcs[caller.0 as usize].get(&site)?.callee);
    let path = match thrower {
        Some(thrower) => format!(": {} calls `{}`", names.join(" calls "), env.program.func(thrower).name),
        None => String::new(),
    };
    let span = effects.sites[site].span;
    let error = if root.in_bpf {
        cx.error(span, UncaughtInBpf { what, root: name, path })
    } else {
        cx.warn(span, UncaughtInUserSpace { what, root: name, path })
    };
    error.label("thrown here");
    for (caller, span) in calls.iter().rev() {
        error.note(*span, format!("called here, in `{}`, where nothing catches it", env.program.func(*caller).name));
    }
    if let Some(span) = root.handed {
        error.note(span, format!("`{}` takes what is sent here", func.name));
    }
    let more = roots.iter().skip(1).filter(|other| other.in_bpf == root.in_bpf && other.func != root.func);
    let more: Vec<String> = more.map(|other| format!("`{}`", env.program.func(other.func).name)).collect();
    if !more.is_empty() {
        error.remark(format!("and {}", more.join(", ")));
    }
    help(error, effects, site);
}

/// The calls by which it comes, from the root on.
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

/// The statement, as it is written.
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
            Node::Try { body, catches } => {
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

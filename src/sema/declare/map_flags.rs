//! `@flags(no_prealloc | numa_node(0))` of maps.

use super::Declare;
use super::attributes::FLAGS;
use crate::ast::{BinaryOp, Expr, ExprKind, Ident, Item};
use crate::diag::codes::maps::{ConflictingMapFlags, FlagArgument, RefusedMapFlag, UnknownMapFlag};
use crate::sema::consts;
use crate::sema::similar;
use crate::session::Session;
use crate::source::Span;
use crate::tables::{MAP_FLAGS, MapFlagSpec, MapKindSpec};
use crate::target::Target;

impl Declare<'_> {
    /// The bits, those included that the kind demands, and the NUMA node.
    pub(super) fn map_flags(&mut self, cx: &mut Session, kind: &MapKindSpec, item: &Item) -> (u32, Option<u32>) {
        let implied = MAP_FLAGS.iter().filter(|flag| kind.implied.contains(&flag.name));
        let mut bits = implied.fold(0, |bits, flag| bits | 1 << flag.bit);
        let mut node = None;
        let mut seen: Vec<&'static MapFlagSpec> = Vec::new();
        let attribute = item.attributes.iter().find(|attribute| attribute.name.name == FLAGS);
        let mut written = Vec::new();
        for arg in attribute.and_then(|attribute| attribute.args.as_ref()).into_iter().flatten() {
            if let Some(name) = &arg.name {
                unknown(cx, kind, name.span, &name.name);
            }
            alternatives(&arg.value, &mut written);
        }
        for expr in written {
            let (name, argument) = flag_form(expr);
            let Some(flag) = name.and_then(|name| known(cx, kind, name)) else {
                if name.is_none() {
                    let written = cx.sources.text(expr.span).to_owned();
                    unknown(cx, kind, expr.span, &written);
                }
                continue;
            };
            if flag.argument != argument.is_some() {
                let form = if flag.argument { format!("{}(number)", flag.name) } else { flag.name.to_owned() };
                cx.error(expr.span, FlagArgument { name: flag.name.to_owned(), form });
                continue;
            }
            if let Some(value) = argument.and_then(|argument| consts::integer(cx, self, argument)) {
                node = u32::try_from(value).ok();
                if node.is_none() {
                    let form = format!("{}(number)", flag.name);
                    cx.error(expr.span, FlagArgument { name: flag.name.to_owned(), form })
                        .help("the number of a node, from 0: /sys/devices/system/node lists them");
                }
            }
            if let Some(other) = seen.iter().find(|other| exclude(flag, other)) {
                let (first, second) = (other.name.to_owned(), flag.name.to_owned());
                cx.error(expr.span, ConflictingMapFlags { first, second });
            }
            seen.push(flag);
            bits |= 1 << flag.bit;
        }
        (bits, node)
    }
}

/// `a | b` is two flags.
fn alternatives<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    if let ExprKind::Binary { op: BinaryOp::BitOr, left, right, .. } = &expr.kind {
        alternatives(left, out);
        alternatives(right, out);
    } else if let ExprKind::Paren(inner) = &expr.kind {
        alternatives(inner, out);
    } else {
        out.push(expr);
    }
}

/// `name`, `name(number)`
fn flag_form(expr: &Expr) -> (Option<&Ident>, Option<&Expr>) {
    let (name, argument) = if let ExprKind::Call { callee, args } = &expr.kind {
        (callee.as_ref(), if let [arg] = args.as_slice() { Some(&arg.value) } else { None })
    } else {
        (expr, None)
    };
    let ExprKind::Name(path) = &name.kind else { return (None, None) };
    let [name] = path.segments.as_slice() else { return (None, None) };
    (Some(name), argument)
}

/// The flag of this name, if the kind takes it; else that was reported.
fn known(cx: &mut Session, kind: &MapKindSpec, name: &Ident) -> Option<&'static MapFlagSpec> {
    let Some(flag) = MAP_FLAGS.iter().find(|flag| flag.name == name.name || flag.kernel == name.name) else {
        unknown(cx, kind, name.span, &name.name);
        return None;
    };
    if kind.flags.contains(&flag.name) {
        return Some(flag);
    }
    cx.error(name.span, RefusedMapFlag { name: name.name.clone(), kind: kind.word().to_owned() }).help(taken(kind));
    None
}

fn unknown(cx: &mut Session, kind: &MapKindSpec, span: Span, name: &str) {
    let near = similar::best(name, MAP_FLAGS.iter().flat_map(|flag| [flag.name, flag.kernel]));
    let error = cx.error(span, UnknownMapFlag { name: name.to_owned() });
    match near {
        Some(near) => error.near(span, near),
        None => error.help(taken(kind)),
    };
}

fn taken(kind: &MapKindSpec) -> String {
    let flags: Vec<String> = kind.flags.iter().map(|flag| format!("`{flag}`")).collect();
    let flags = if flags.is_empty() { "no flags".to_owned() } else { flags.join(", ") };
    format!("a map of kind `{}` takes {flags}", kind.word())
}

/// Together they leave a side nothing: neither reading nor writing.
fn exclude(one: &MapFlagSpec, other: &MapFlagSpec) -> bool {
    let both = |one: &[_], other: &[_]| !one.is_empty() && !other.is_empty();
    one.bit != other.bit && Target::ALL.into_iter().any(|target| both(one.lacks[target], other.lacks[target]))
}

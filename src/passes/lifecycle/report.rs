//! Reports of mistakes with handles and links.

use super::attachments::{Found, Problem};
use crate::diag::codes::lifecycle::{
    AttachedTwice, DetachedAgain, MayBeAttached, NeverAttached, NotLoaded, UsedDetached,
};
use crate::ir::{Function, OpData, OpId, Opcode, Value};
use crate::session::Session;
use crate::types::Ty;

/// Reports the mistake that was found at an op, with the calls that lead there.
pub fn report(func: &Function, op: OpId, found: &Found, cx: &mut Session) {
    let data = &func.ops[op];
    let (span, name) = (data.loc.span, name(func, data, cx));
    let error = match found.problem {
        Problem::Twice { before } => cx
            .error(span, AttachedTwice { name })
            .note(before, "attached here")
            .help("one program can be attached to several targets, to each of them once"),
        Problem::MayBeTwice { before } => cx
            .warn(span, MayBeAttached { name })
            .note(before, "attached here, on a path that comes here")
            .help("`detach` it first, or attach it once, before the loop"),
        Problem::Never => cx.error(span, NeverAttached { name }).help("`attach` comes before"),
        Problem::NotLoaded => cx
            .error(span, NotLoaded { name: name.clone() })
            .help(format!("load a program first: `{name} = load(program)`")),
        Problem::Again { before } => cx.warn(span, DetachedAgain { name }).note(before, "detached here"),
        Problem::Used { before } => cx.warn(span, UsedDetached { name }).note(before, "detached here"),
    };
    for &call in &found.calls {
        error.note(call, "called here");
    }
}

/// The handle or the link, as it is written.
fn name(func: &Function, data: &OpData, cx: &Session) -> String {
    let tracked = |operand: &Value| func.ty(*operand) == Ty::LINK || cx.types.is_handle(func.ty(*operand));
    let of = |data: &OpData| data.operands.iter().copied().find(tracked);
    let attach = func.def(data.operands[0]).filter(|_| data.opcode == Opcode::HostAttachCheck);
    let what = of(attach.map_or(data, |attach| &func.ops[attach]));
    let made = what.and_then(|what| func.def(what));
    made.map_or_else(String::new, |op| cx.sources.text(func.ops[op].loc.span).to_owned())
}

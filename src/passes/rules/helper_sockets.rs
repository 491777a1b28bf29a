//! Helpers that take a socket in programs of some types and the context in the others.

use crate::diag::Diagnostic;
use crate::diag::codes::contexts::HelperSocket;
use crate::ir::ops::BpfHelper;
use crate::ir::{Function, OpData, Opcode};
use crate::session::Session;
use crate::tables::{self, HelperSpec, ProgramSpec};
use crate::types::{Space, TyKind, Types};

/// The helper that gets a context where programs of the type give it a socket, or the other way round.
pub fn refused(func: &Function, types: &Types, op: &OpData, program: &ProgramSpec) -> Option<&'static HelperSpec> {
    if op.opcode != Opcode::BpfHelper {
        return None;
    }
    let helper = tables::helper(BpfHelper::of(op).helper())?;
    let by_socket = helper.args.first().filter(|arg| !arg.by_socket.is_empty())?.by_socket;
    let TyKind::Ptr { space, .. } = types.kind(func.ty(*op.operands.first()?)) else { return None };
    let wants_socket = by_socket.iter().any(|of| program.is_of_type(of));
    ((space != Space::Ctx) != wants_socket).then_some(helper)
}

/// Reports the call in the program `name`.
pub fn report<'c>(
    cx: &'c mut Session,
    op: &OpData,
    helper: &'static HelperSpec,
    program: &ProgramSpec,
    name: &str,
) -> &'c mut Diagnostic {
    let wants_socket = helper.args.iter().any(|arg| arg.by_socket.iter().any(|of| program.is_of_type(of)));
    let wanted = if wants_socket { "a socket" } else { "the context" };
    cx.error(
        op.loc.span,
        HelperSocket {
            helper: helper.name.to_owned(),
            wanted: wanted.to_owned(),
            program: program.name.to_owned(),
            name: name.to_owned(),
        },
    )
}

//! Context fields that only programs of other types may use.

use crate::diag::Diagnostic;
use crate::diag::codes::contexts::FieldOfOthers;
use crate::ir::ops::{PacketAt, PacketCtxLoad, PacketCtxStore, PacketEnd, PacketLen, PacketSize, PacketStart};
use crate::ir::{Function, OpData, Opcode, Symbol, Value};
use crate::session::Session;
use crate::tables::{ContextField, ContextSpec, FieldRole, PacketAccess, ProgramForm, ProgramSpec, context_of};
use crate::types::Types;

/// A use of a context's field that a program type does not allow.
pub struct Refused {
    context: &'static ContextSpec,
    field: &'static ContextField,
    written: bool,
}

/// The field that an op reads or writes, if programs of the type may not.
pub fn refused(
    func: &Function,
    types: &Types,
    op: &OpData,
    (program, form): (&ProgramSpec, &ProgramForm),
) -> Option<Refused> {
    let by_helper = matches!(op.opcode, Opcode::PacketAt | Opcode::PacketSize);
    if by_helper && program.packet == PacketAccess::Copied {
        return None;
    }
    let (ctx, number, written) = access(op)?;
    let context = context_of(types, func.ty(ctx))?;
    let is_start = |field: &&ContextField| field.role == FieldRole::PacketStart;
    let field = match number {
        Some(number) => context.fields.get(usize::try_from(number).ok()?)?,
        None => context.fields.iter().find(is_start)?,
    };
    let allowed = match written {
        true => field.writers.contains(&program.name),
        false if program.context() == Some(context.name) && !form.shows(field.name) => false,
        false => field.readers.is_empty() || field.readers.contains(&program.name),
    };
    (!allowed).then_some(Refused { context, field, written })
}

/// The context, the field's number (none: where the packet starts), and whether it is written.
fn access(op: &OpData) -> Option<(Value, Option<i128>, bool)> {
    if op.opcode == Opcode::PacketCtxLoad {
        let view = PacketCtxLoad::of(op);
        return Some((view.ctx(), Some(view.field()), false));
    }
    if op.opcode == Opcode::PacketCtxStore {
        let view = PacketCtxStore::of(op);
        return Some((view.ctx(), Some(view.field()), true));
    }
    let ctx = if op.opcode == Opcode::PacketLen {
        PacketLen::of(op).ctx()
    } else if op.opcode == Opcode::PacketSize {
        PacketSize::of(op).ctx()
    } else if op.opcode == Opcode::PacketAt {
        PacketAt::of(op).ctx()
    } else if op.opcode == Opcode::PacketStart {
        PacketStart::of(op).ctx()
    } else if op.opcode == Opcode::PacketEnd {
        PacketEnd::of(op).ctx()
    } else {
        return None;
    };
    Some((ctx, None, false))
}

/// Reports the use of the field by the program `name`, and names the program types that may.
pub fn report<'c>(
    cx: &'c mut Session,
    op: &OpData,
    refused: &Refused,
    program: &ProgramSpec,
    name: &Symbol,
) -> &'c mut Diagnostic {
    let Refused { context, field, written } = refused;
    let (access, types) = if *written { ("write", field.writers) } else { ("read", field.readers) };
    let what = FieldOfOthers {
        program: program.name.to_owned(),
        name: cx.source_name(name),
        access: access.to_owned(),
        field: field.written(),
        of: context.name.to_owned(),
    };
    let help = match types {
        [] if !written => format!("the kernel shows it to other programs with a `{}`", context.name),
        [] => "no program can".to_owned(),
        _ => format!("it is for programs of type {}", types.join(", ")),
    };
    cx.error(op.loc.span, what).help(help)
}

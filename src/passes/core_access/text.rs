//! Text in an array of the kernel's or a process's memory: the helper that ends at a NUL reads it right to the string that it becomes.
//!
//! That helper puts a NUL into the last byte of the room. So an array that may be full, and for which the string has more room, is left to
//! `strings`, with a copy.

use super::{NAME, address, kernel_memory};
use crate::ir::ops::StrCopy;
use crate::ir::{Builder, Function, OpId};
use crate::types::{Space, Ty, TyKind, Types};

/// Replaces a copy of text from such an array to a string; false if it is no such copy.
pub(super) fn read(func: &mut Function, op: OpId, types: &mut Types) -> bool {
    let view = StrCopy::of(&func.ops[op]);
    let (to, from) = (view.to(), view.from());
    let Some((array, space)) = kernel_memory(types, func.ty(from)) else { return false };
    let TyKind::Place { of: string, space: target } = types.kind(func.ty(to)) else { return false };
    let room = types.size_of(string);
    let fits = matches!(types.kind(array), TyKind::Array(..)) && room <= types.size_of(array);
    if !fits || !target.helpers_write() {
        return false;
    }
    let mut b = Builder::before(func, op, NAME);
    let source = address(&mut b, types, from);
    b.ks_zero(to);
    let to = address(&mut b, types, to);
    let size = b.ks_const(room.into(), Ty::U32);
    let helper = if space == Space::User { "bpf_probe_read_user_str" } else { "bpf_probe_read_kernel_str" };
    b.bpf_helper(&[to, size, source], &helper.into(), &[Ty::I64]);
    func.erase(op);
    true
}

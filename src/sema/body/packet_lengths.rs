//! The least length of the packet, by tests against its end.
//!
//! Only for constant offsets. An access still gets its own test, so that only messages depend on this.

use super::Checker;
use super::value::{local, number, strip_cast};
use crate::sema::tree::{CompareOp, Expr, ExprKind, LocalId, OptionalKind};

/// A header in the packet: its context, and how many bytes the packet has up to its end.
pub(super) type Header = (LocalId, u64);

impl Checker<'_, '_> {
    /// Learns from `ctx->data + n > ctx->data_end` and the like, which compare numbers of bytes, where it came out so.
    pub fn learn_length(&mut self, op: CompareOp, left: &Expr, right: &Expr, outcome: bool) {
        let (op, of, bytes) = match (packet_of(left), packet_of(right)) {
            (Some(of), None) => (op, of, constant(right)),
            (None, Some(of)) => (op.mirrored(), of, constant(left)),
            (Some(_), Some(_)) | (None, None) => return,
        };
        let Some(least) = bytes.and_then(|bytes| op.least(bytes, outcome)) else { return };
        let known = self.flow.packet_lengths.entry(of).or_default();
        *known = least.max(*known);
    }

    /// The header that a pointer points to, if its place is known.
    pub fn header_of(&self, pointer: &Expr) -> Option<Header> {
        let pointer = strip_cast(pointer);
        if let Some(local) = local(pointer) {
            return self.info[local.0 as usize].header;
        }
        let ExprKind::PacketPointer(header) = &pointer.kind else { return None };
        let OptionalKind::Packet { ctx, offset, of } = &header.kind else { return None };
        Some((local(ctx)?, constant(offset)?.checked_add(self.cx.types.size_of(*of))?))
    }

    /// Whether tests showed that the packet has all of what a pointer points to.
    pub fn is_length_tested(&self, pointer: &Expr) -> bool {
        let known = |(of, end)| self.flow.packet_lengths.get(&of).is_some_and(|bytes| end <= *bytes);
        self.header_of(pointer).is_some_and(known)
    }
}

/// The context whose packet's length an expression is.
fn packet_of(expr: &Expr) -> Option<LocalId> {
    let ExprKind::PacketLen { ctx } = &strip_cast(expr).kind else { return None };
    local(ctx)
}

fn constant(expr: &Expr) -> Option<u64> {
    number(strip_cast(expr)).and_then(|number| u64::try_from(number).ok())
}

//! Places after headers, as C has them: `eth + 1` of a variable that points to a header with a known place.
//!
//! Only where a place is compared, subtracted or converted, since as a value it would point to another header,
//! untested.

use super::State;
use super::exprs::strip;
use super::packet_offsets::Offset;
use super::value::{local, number, strip_cast};
use crate::ast::{self, BinaryOp, ExprKind as Ast, Memory, TypeKind};
use crate::sema::tree::{Expr, ExprKind, LocalId, OptionalKind};
use crate::types::Ty;

/// A header that a variable points to, and how many headers further.
struct Behind<'a> {
    local: LocalId,
    ctx: LocalId,
    offset: u64,
    size: u64,
    count: &'a ast::Expr,
}

/// A header in the packet: its context, and how many bytes the packet has up to its end.
pub(super) type Header = (LocalId, u64);

impl State<'_, '_> {
    /// The header that a pointer points to, if its place is known.
    pub fn header_of(&self, pointer: &Expr) -> Option<Header> {
        let pointer = strip_cast(pointer);
        if let Some(local) = local(pointer) {
            return self.vars[local].header;
        }
        let ExprKind::PacketPointer(header) = &pointer.kind else { return None };
        let OptionalKind::Packet { ctx, offset, of } = &header.kind else { return None };
        Some((local(ctx)?, constant(offset)?.checked_add(self.cx.types.size_of(*of))?))
    }

    /// Whether an expression is a place in the packet, perhaps behind a header.
    pub fn is_place(&self, expr: &ast::Expr) -> bool {
        let expr = as_bytes(expr);
        self.behind_header(expr).is_some() || self.is_position(expr)
    }

    /// The offset from the start of a packet, if a place is that.
    pub fn place_offset<'a>(&mut self, expr: &'a ast::Expr, offsets: &mut Vec<Offset<'a>>) -> Option<LocalId> {
        let expr = as_bytes(expr);
        let Some(behind) = self.behind_header(expr) else { return self.packet_offset(expr, offsets) };
        self.vars[behind.local].read = true;
        offsets.push(Offset::Known(behind.offset));
        offsets.push(Offset::Times(behind.count, behind.size));
        Some(behind.ctx)
    }

    fn behind_header<'a>(&self, expr: &'a ast::Expr) -> Option<Behind<'a>> {
        let Ast::Binary { op: BinaryOp::Add, left, right: count, .. } = &strip(expr).kind else { return None };
        let Ast::Name(path) = &strip(left).kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let local = self.vars.local_of(&name.name)?;
        let of = self.pointer(self.vars[local].ty)?.to;
        let (ctx, end) = self.vars[local].header?;
        let size = self.cx.types.size_of(of);
        (of != Ty::U8).then_some(Behind { local, ctx, offset: end.checked_sub(size)?, size, count })
    }
}

/// Without a conversion to `*u8`, which C needs there.
fn as_bytes(expr: &ast::Expr) -> &ast::Expr {
    let expr = strip(expr);
    let Ast::Cast { operand, ty } = &expr.kind else { return expr };
    let TypeKind::Pointer { memory: Memory::Own, to, .. } = &ty.kind else { return expr };
    let TypeKind::Named(path) = &to.kind else { return expr };
    let is_byte = matches!(path.segments.as_slice(), [name] if name.name == "u8");
    if is_byte { as_bytes(operand) } else { expr }
}

fn constant(expr: &Expr) -> Option<u64> {
    number(strip_cast(expr)).and_then(|number| u64::try_from(number).ok())
}

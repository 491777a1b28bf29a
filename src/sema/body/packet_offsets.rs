//! Offsets into the packet: `ctx->data + n`, variables that hold one, comparisons with them and differences of them,
//! and access there without a test.
//!
//! Such a value is its offset from the packet's start; only an access makes a pointer of it.

use super::assign::Assignment;
use super::exprs::strip;
use super::value::{Value, cast, error_expr, number, strip_cast};
use super::variables::{LocalKind, Variables};
use super::{Checker, Site, State};
use crate::ast::{self, BinaryOp, ExprKind as Ast};
use crate::diag::codes::refused::UntestedPlace;
use crate::sema::tree::{ArithOp, CompareOp, Expr, ExprKind, LocalId, Stmt, StmtKind};
use crate::source::Span;
use crate::tables::FieldRole;
use crate::types::{Space, Ty};

/// The offset from the start of a packet.
pub(super) enum Offset<'a> {
    Written(&'a ast::Expr),
    /// So many times a size.
    Times(&'a ast::Expr, u64),
    Known(u64),
    /// The contents of a variable.
    Held(LocalId),
}

impl Checker<'_, '_> {
    /// The sum of offsets, in the order in which they are written.
    pub fn offset_sum(&mut self, offsets: Vec<Offset<'_>>, span: Span) -> Value {
        let mut sum = Value::untyped(0, span);
        for offset in offsets {
            let offset = match offset {
                Offset::Written(offset) => self.value(offset, Some(Ty::U32)),
                Offset::Known(bytes) => Value::untyped(bytes.into(), span),
                Offset::Times(count, size) => {
                    let count = self.value(count, Some(Ty::U32));
                    self.arith(ArithOp::Mul, BinaryOp::Mul, count, Value::untyped(size.into(), span), span)
                }
                Offset::Held(local) => self.vars.local_expr(local, span).into(),
            };
            sum = if number(&sum.expr) == Some(0) {
                offset
            } else {
                self.arith(ArithOp::Add, BinaryOp::Add, sum, offset, span)
            };
        }
        sum
    }

    /// A place in the packet as the number of bytes before it.
    fn position(&mut self, expr: &ast::Expr, span: Span) -> Option<(LocalId, Expr)> {
        if let Some((FieldRole::PacketEnd, ctx)) = self.packet_end(expr) {
            self.vars.mark_position_read(strip(expr));
            let of = Box::new(self.read_local(ctx, span));
            return Some((ctx, Expr { kind: ExprKind::PacketLen { ctx: of }, ty: Ty::U64, span }));
        }
        let mut offsets = Vec::new();
        let ctx = self.place_offset(expr, &mut offsets)?;
        let sum = self.offset_sum(offsets, expr.span);
        let sum = self.offset_number(sum)?;
        Some((ctx, cast(sum, Ty::U64)))
    }

    /// Two places in one packet, as numbers; none if an expression is something else.
    fn positions(&mut self, left: &ast::Expr, right: &ast::Expr) -> Option<(Expr, Expr)> {
        if !self.is_place(left) || !self.is_place(right) {
            return None;
        }
        let (of_left, left) = self.position(left, left.span)?;
        let (of_right, right) = self.position(right, right.span)?;
        (of_left == of_right).then_some((left, right))
    }

    /// `ctx->data + 14 > ctx->data_end`
    pub fn compare_positions(
        &mut self,
        op: CompareOp,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Option<Expr> {
        let (left, right) = self.positions(left, right)?;
        let kind = ExprKind::Compare { op, left: Box::new(left), right: Box::new(right) };
        Some(Expr { kind, ty: Ty::BOOL, span })
    }

    /// `data_end - data` is the length of the packet; any other difference of two places, as `u64`.
    pub fn packet_distance(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Option<Expr> {
        let (left, right) = self.positions(left, right)?;
        if number(strip_cast(&right)) == Some(0) {
            return Some(Expr { span, ..left });
        }
        let kind = ExprKind::Arith { op: ArithOp::Sub, left: Box::new(left), right: Box::new(right) };
        Some(Expr { kind, ty: Ty::U64, span })
    }

    /// `ctx->data + n`, or `(eth + 1) as *u8`, where a pointer to a header is wanted is that header, as if it were
    /// converted to it.
    pub fn header_at(&mut self, expr: &ast::Expr, wanted: Ty) -> Option<Expr> {
        let of = self.pointer(wanted)?.to;
        let is_cast = matches!(strip(expr).kind, Ast::Cast { .. });
        if of == Ty::U8 || !(self.is_position(expr) || is_cast && self.is_place(expr)) {
            return None;
        }
        let mut offsets = Vec::new();
        let ctx = self.place_offset(expr, &mut offsets)?;
        let sum = self.offset_sum(offsets, expr.span);
        Some(match self.packet_at(ctx, sum, of, expr.span) {
            Some(header) => self.packet_pointer(header),
            None => error_expr(expr.span),
        })
    }

    /// `*(ctx->data + n)`, and with an index `(ctx->data + n)[i]`: a byte of the packet.
    pub fn packet_byte(&mut self, base: &ast::Expr, index: Option<&ast::Expr>, span: Span) -> Option<Expr> {
        if !self.is_position(base) {
            return None;
        }
        let mut offsets = Vec::new();
        let ctx = self.packet_offset(base, &mut offsets)?;
        offsets.extend(index.map(Offset::Written));
        let sum = self.offset_sum(offsets, span);
        let pointer = match self.packet_at(ctx, sum, Ty::U8, span) {
            Some(optional) => self.packet_pointer(optional),
            None => return Some(error_expr(span)),
        };
        Some(self.pointee(pointer, span))
    }

    /// `var p = ctx->data + n`, or `var p = ctx->data` of a variable that moves: it holds the offset. None if the value is
    /// something else.
    pub fn var_position(&mut self, name: &ast::Ident, init: &ast::Expr, span: Span, out: &mut Vec<Stmt>) -> Option<()> {
        let holds = match self.packet_end(init) {
            // Where nothing moves it, the variable is another name of the start.
            Some((role, _)) => role == FieldRole::PacketStart && self.is_moved(&name.name),
            None => self.is_position(init),
        };
        if !holds {
            return None;
        }
        let (ctx, sum) = self.position(init, init.span)?;
        let ty = self.cx.types.ptr(Ty::U8, Space::Packet, false);
        let offset = self.hidden("offset", Ty::U64, span);
        let local = self.declare(&name.name, ty, name.span, LocalKind::Var);
        let info = &mut self.vars[local];
        info.packet = Some((FieldRole::PacketStart, ctx));
        info.packet_offset = Some(offset);
        out.push(Stmt { kind: StmtKind::Var { local: offset, init: Some(sum) }, span });
        Some(())
    }

    /// `p = ctx->data + n`, `p += n` of such a variable; none if the place is something else.
    pub fn assign_position(&mut self, written: Assignment<'_>, out: &mut Vec<Stmt>) -> Option<()> {
        let Assignment { place, op, value, span } = written;
        let (offset, of) = self.vars.held_position(place)?;
        let place = self.vars.local_expr(offset, place.span);
        let value = match op {
            None if self.is_position(value) => match self.position(value, value.span) {
                Some((ctx, sum)) if ctx == of => Some(sum),
                Some(_) | None => None,
            },
            Some(op @ (BinaryOp::Add | BinaryOp::Sub)) => {
                let by = self.value(value, Some(Ty::U32));
                let by = self.offset_number(by)?;
                let op = if op == BinaryOp::Add { ArithOp::Add } else { ArithOp::Sub };
                let (left, right) = (self.vars.local_expr(offset, span), cast(by, Ty::U64));
                let kind = ExprKind::Arith { op, left: Box::new(left), right: Box::new(right) };
                Some(Expr { kind, ty: Ty::U64, span })
            }
            None | Some(_) => None,
        };
        match value {
            Some(value) => out.push(Stmt { kind: StmtKind::Assign { place, op: None, value }, span }),
            None => self.refuse_position(span),
        }
        Some(())
    }
}

impl State<'_, '_> {
    /// Whether an expression is a place in the packet: one of its ends, or an offset from its start.
    pub fn is_position(&self, expr: &ast::Expr) -> bool {
        let expr = strip(expr);
        if let Ast::Binary { op: BinaryOp::Add, left, .. } = &expr.kind {
            return self.is_position(left);
        }
        self.packet_end(expr).is_some() || self.vars.held_position(expr).is_some()
    }

    /// The offset from the start of a packet, if an expression begins with one.
    pub fn packet_offset<'a>(&mut self, expr: &'a ast::Expr, offsets: &mut Vec<Offset<'a>>) -> Option<LocalId> {
        let expr = strip(expr);
        if let Ast::Binary { op: BinaryOp::Add, left, right, .. } = &expr.kind {
            let ctx = self.packet_offset(left, offsets)?;
            offsets.push(Offset::Written(right));
            return Some(ctx);
        }
        if let Some((offset, ctx)) = self.vars.held_position(expr) {
            self.vars.mark_position_read(expr);
            offsets.push(Offset::Held(offset));
            return Some(ctx);
        }
        let (role, ctx) = self.packet_end(expr)?;
        self.vars.mark_position_read(expr);
        (role == FieldRole::PacketStart).then_some(ctx)
    }
}

impl Site<'_, '_> {
    /// A place in the packet goes where a pointer is wanted, which the kernel's verifier must know to be inside.
    pub fn refuse_position(&mut self, span: Span) {
        self.error(span, UntestedPlace {}).help("to look into the packet: `if (var h = ctx.packet(offset, T)) { … }`");
    }
}

impl Variables {
    /// The variable that a name means, with its packet, if it holds a place after the start.
    fn held_position(&self, expr: &ast::Expr) -> Option<(LocalId, LocalId)> {
        let Ast::Name(path) = &strip(expr).kind else { return None };
        let [name] = path.segments.as_slice() else { return None };
        let info = &self[self.local_of(&name.name)?];
        Some((info.packet_offset?, info.packet?.1))
    }

    fn mark_position_read(&mut self, expr: &ast::Expr) {
        if let Ast::Name(path) = &expr.kind
            && let Some(local) = path.segments.first().and_then(|name| self.local_of(&name.name))
        {
            self[local].read = true;
        }
    }
}

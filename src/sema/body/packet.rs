//! Access to the packet: its length, and headers at offsets.

use super::Checker;
use super::exprs::strip;
use super::value::{Value, cast};
use crate::ast::{self, BinaryOp, ExprKind as Ast, Ident};
use crate::diag::codes::contexts::ArgumentCount;
use crate::diag::codes::types::MismatchedTypes;
use crate::sema::tree::{ArithOp, Expr, ExprKind, LocalId, Optional, OptionalKind};
use crate::source::Span;
use crate::tables::FieldRole;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// `ctx.packet(offset, T)`
    pub fn packet_call(&mut self, ctx: LocalId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Optional> {
        let [offset, of] = args else {
            let given = args.len().to_string();
            self.error(name.span, ArgumentCount { name: "packet".into(), takes: "2 arguments".into(), given })
                .help("`ctx.packet(offset, T)` gives the `T` that lies so many bytes into the packet");
            return None;
        };
        let offset = self.value(&offset.value, Some(Ty::U32));
        let of = self.type_argument(&of.value);
        self.packet_at(ctx, offset, of, span)
    }

    /// A type that stands where arguments stand.
    fn type_argument(&mut self, arg: &ast::Expr) -> Ty {
        if let Ast::Name(path) = &strip(arg).kind {
            let ty = ast::Type { kind: ast::TypeKind::Named(path.clone()), span: path.span };
            return self.resolve_bare(&ty);
        }
        self.unsupported(arg.span, "a type that is not just a name, as an argument,");
        Ty::ERROR
    }

    /// `(ctx->data + offset) as *T`; none if it is something else.
    pub fn packet_cast(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Option<Option<Optional>> {
        let ast::TypeKind::Pointer { user: false, to, .. } = &ty.kind else { return None };
        let mut offsets = Vec::new();
        let ctx = self.packet_offset(operand, &mut offsets)?;
        let mut sum = Value::untyped(0, operand.span);
        for offset in offsets {
            let offset = self.value(offset, Some(Ty::U32));
            sum = if super::value::number(&sum.expr) == Some(0) {
                offset
            } else {
                self.arith(ArithOp::Add, BinaryOp::Add, sum, offset, operand.span)
            };
        }
        let of = self.resolve_bare(to);
        Some(self.packet_at(ctx, sum, of, span))
    }

    /// What is added to the start of a packet, if that is what an expression begins with.
    fn packet_offset<'a>(&mut self, expr: &'a ast::Expr, offsets: &mut Vec<&'a ast::Expr>) -> Option<LocalId> {
        let expr = strip(expr);
        if let Some((role, ctx)) = self.packet_end(expr) {
            if let Ast::Name(path) = &expr.kind
                && let Some(local) = path.segments.first().and_then(|name| self.local_of(&name.name))
            {
                self.info(local).read = true;
            }
            return (role == FieldRole::PacketStart).then_some(ctx);
        }
        let Ast::Binary { op: BinaryOp::Add, left, right, .. } = &expr.kind else { return None };
        let ctx = self.packet_offset(left, offsets)?;
        offsets.push(right);
        Some(ctx)
    }

    fn packet_at(&mut self, ctx: LocalId, offset: Value, of: Ty, span: Span) -> Option<Optional> {
        if of == Ty::ERROR || offset.is_error() {
            return None;
        }
        let Some((bits, signed)) = self.cx.types.as_int(offset.ty()) else {
            let found = format!("`{}`", self.ty_name(offset.ty()));
            self.error(offset.span(), MismatchedTypes { wanted: "an integer".into(), found })
                .help("the offset counts bytes from the start of the packet");
            return None;
        };
        // A negative offset becomes a huge one, and that is beyond the end.
        let wide = if bits <= 32 && !signed { Ty::U32 } else { Ty::U64 };
        let offset = if offset.untyped { self.coerce(offset, wide) } else { cast(offset.expr, wide) };
        let ctx = self.read_local(ctx, span);
        let ty = self.cx.types.ptr(of, Space::Packet, false);
        Some(Optional { kind: OptionalKind::Packet { ctx, offset, of }, ty, span })
    }

    /// `data_end - data`, the length of the packet; none if it is another subtraction.
    pub fn packet_length(&mut self, left: &ast::Expr, right: &ast::Expr, span: Span) -> Option<Expr> {
        let (FieldRole::PacketEnd, end_of) = self.packet_end(left)? else { return None };
        let (FieldRole::PacketStart, start_of) = self.packet_end(right)? else { return None };
        if end_of != start_of {
            return None;
        }
        for side in [left, right] {
            // A variable that holds an end of the packet is used by this.
            if let Ast::Name(_) = &strip(side).kind {
                self.value(side, None);
            }
        }
        let ctx = Box::new(self.read_local(start_of, span));
        Some(Expr { kind: ExprKind::PacketLen { ctx }, ty: Ty::U64, span })
    }
}

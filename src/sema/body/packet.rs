//! Access to the packet: its length, and headers at offsets.

use super::exprs::strip;
use super::value::{Value, cast, error_expr};
use super::{Checker, Site, State};
use crate::ast::{self, Ident};
use crate::diag::codes::contexts::NoSuchMethod;
use crate::diag::codes::types::{MismatchedTypes, PaddedHeader};
use crate::sema::consts;
use crate::sema::tree::{Expr, ExprKind, LocalId, Optional, OptionalKind};
use crate::source::Span;
use crate::tables::{FieldRole, MethodOwner, ValueMethod};
use crate::types::layout::Padding;
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// `ctx.packet(offset, T)`
    pub fn packet_call(&mut self, ctx: LocalId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Optional> {
        let [offset, of] = args else {
            self.wrong_count("packet", "2 arguments", args.len(), name.span)
                .help("`ctx.packet(offset, T)` gives the `T` that lies so many bytes into the packet");
            return None;
        };
        let offset = self.value(&offset.value, Some(Ty::U32));
        let of = self.type_argument(&of.value);
        self.packet_at(ctx, offset, of, span)
    }

    /// `ctx.meta(T)`
    pub fn meta_call(&mut self, ctx: LocalId, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Optional> {
        let [of] = args else {
            self.wrong_count("meta", "1 argument", args.len(), name.span)
                .help("`ctx.meta(T)` gives the `T` at the start of the metadata before the packet");
            return None;
        };
        let fields = self.context_spec(self.vars[ctx].ty).map(|context| context.fields.iter());
        let Some(field) = fields.and_then(|mut fields| fields.position(|field| field.role == FieldRole::PacketMeta))
        else {
            let of = "this context, which has no metadata".to_owned();
            self.error(name.span, NoSuchMethod { name: name.name.clone(), of });
            return None;
        };
        let of = self.type_argument(&of.value);
        if of == Ty::ERROR {
            return None;
        }
        let ctx = self.read_local(ctx, span);
        self.warn_padding(of, span);
        let ty = self.cx.types.ptr(of, Space::Packet, false);
        Some(Optional { kind: OptionalKind::Meta { ctx, field, of }, ty, span })
    }

    /// `ctx.packet(offset, T)` as the value of a variable, which must be tested before it is followed; none if it is
    /// something else.
    pub fn packet_header(&mut self, expr: &ast::Expr) -> Option<Value> {
        let ast::ExprKind::Call { callee, args } = &strip(expr).kind else { return None };
        let ast::ExprKind::Field { base, name, .. } = &strip(callee).kind else { return None };
        if MethodOwner::Context.method(&name.name) != Some(ValueMethod::Packet) {
            return None;
        }
        let ctx = self.context_named(base)?;
        let header = self.packet_call(ctx, name, args, expr.span);
        Some(header.map_or_else(|| error_expr(expr.span), |header| self.packet_pointer(header)).into())
    }

    /// `(ctx->data + offset) as *T`; none if it is something else.
    pub fn packet_cast(&mut self, operand: &ast::Expr, ty: &ast::Type, span: Span) -> Option<Option<Optional>> {
        let ast::TypeKind::Pointer { memory: ast::Memory::Own, to, .. } = &ty.kind else { return None };
        let mut offsets = Vec::new();
        let ctx = self.place_offset(operand, &mut offsets)?;
        let sum = self.offset_sum(offsets, operand.span);
        let of = self.resolve_bare(to);
        Some(self.packet_at(ctx, sum, of, span))
    }
}

impl State<'_, '_> {
    /// A type as an argument.
    pub fn type_argument(&mut self, arg: &ast::Expr) -> Ty {
        let arg = strip(arg);
        let written = self.with_scope(|cx, scope| consts::written_type(cx, scope, arg));
        if let Some(ty) = written.or_else(|| consts::named_type(arg)) {
            return self.resolve_bare(&ty);
        }
        let found = "an expression".to_owned();
        self.error(arg.span, MismatchedTypes { wanted: "a type".into(), found })
            .help("`ctx.packet(offset, T)` gives the `T` that lies so many bytes into the packet");
        Ty::ERROR
    }

    /// The access to a value of the type `of` at an offset of the packet; none if the type or the offset was reported.
    pub fn packet_at(&mut self, ctx: LocalId, offset: Value, of: Ty, span: Span) -> Option<Optional> {
        if of == Ty::ERROR || offset.is_error() {
            return None;
        }
        let offset = self.offset_number(offset)?;
        let ctx = self.read_local(ctx, span);
        self.warn_padding(of, span);
        let ty = self.cx.types.ptr(of, Space::Packet, false);
        Some(Optional { kind: OptionalKind::Packet { ctx, offset, of }, ty, span })
    }

    /// An offset as a number without sign: a negative one becomes a huge one, and that is beyond the end.
    pub fn offset_number(&mut self, offset: Value) -> Option<Expr> {
        let Some((bits, signed)) = self.cx.types.as_int(offset.ty()) else {
            let found = format!("`{}`", self.ty_name(offset.ty()));
            self.error(offset.span(), MismatchedTypes { wanted: "an integer".into(), found })
                .help("the offset counts bytes from the start of the packet");
            return None;
        };
        let wide = if bits <= 32 && !signed { Ty::U32 } else { Ty::U64 };
        Some(if offset.untyped { self.coerce(offset, wide) } else { cast(offset.expr, wide) })
    }
}

impl Site<'_, '_> {
    /// A struct that is laid over bytes of a packet, where nothing leaves gaps.
    pub fn warn_padding(&mut self, of: Ty, span: Span) {
        let Some(Padding { of: padded, field, before }) = self.cx.types.padding(of) else { return };
        let (ty, place) = (self.ty_name(of), if before { "before" } else { "after" });
        let padded = self.cx.types.struct_def(padded);
        let (declared, name) = (padded.span, padded.name.clone());
        let warning = self.warn(span, PaddedHeader { ty, field: format!("{place} `{field}`") });
        warning.help(format!("`@packed struct {name} {{ … }}` has none"));
        if let Some(declared) = declared {
            warning.note(declared, "declared here");
        }
    }

    /// The address of a header, null where the packet ends before it does.
    pub fn packet_pointer(&mut self, header: Optional) -> Expr {
        let Some(pointer) = self.pointer(header.ty) else { return error_expr(header.span) };
        let (ty, span) = (self.cx.types.ptr(pointer.to, Space::Packet, true), header.span);
        Expr { kind: ExprKind::PacketPointer(Box::new(header)), ty, span }
    }
}

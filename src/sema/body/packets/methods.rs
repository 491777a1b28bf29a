//! What is done with a packet: its length, bytes, and parts.

use super::super::places::is_place;
use super::super::pointers::root_local;
use super::super::value::{cast, error_expr, int_expr, number};
use super::super::views::made;
use super::super::{Checker, Site, State};
use super::{BYTES, LENGTH};
use crate::ast::{self, Ident};
use crate::diag::codes::names::NoSuchField;
use crate::diag::codes::packets::PacketNotStored;
use crate::sema::tree::{Block, Callee, CompareOp, Expr, ExprKind, Stmt, StmtKind, View};
use crate::source::Span;
use crate::tables::{MethodOwner, ValueMethod};
use crate::types::{Space, Ty};

impl Checker<'_, '_> {
    /// `p.cut(count)`, `p.bytes(offset, count)`, `p.packet(offset, T)`
    pub fn packet_method(&mut self, packet: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        match MethodOwner::Packet.method(&name.name) {
            Some(ValueMethod::Cut) => self.packet_cut(packet, name, args, span),
            Some(ValueMethod::Bytes) => {
                let view = self.whole_packet(packet)?;
                self.view_part(view, name, args, span)
            }
            Some(ValueMethod::Packet) => self.packet_part(packet, name, args, span),
            _ => {
                self.check_open_args(args);
                self.no_value_method(MethodOwner::Packet, name);
                None
            }
        }
    }

    /// A method of packets, of a view.
    pub fn packet_method_of_view(&mut self, view: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        if MethodOwner::Packet.method(&name.name) == Some(ValueMethod::Bytes) {
            let view = self.plain_view(view);
            return self.view_part(view, name, args, span);
        }
        let packet = self.packet_of_view(view);
        self.packet_method(packet, name, args, span)
    }

    /// `p[index]`
    pub fn byte_of_packet(&mut self, packet: Expr, index: &ast::Expr, span: Span) -> Expr {
        match self.whole_packet(packet) {
            Some(view) => self.view_byte(view, index, span),
            None => {
                self.typed(index, None);
                error_expr(span)
            }
        }
    }

    /// A copy of the first bytes.
    fn packet_cut(&mut self, packet: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let [count] = args else {
            self.check_args(args);
            self.wrong_count("cut", "1 argument", args.len(), name.span)
                .help("`p.cut(count)` has the first bytes of `p`");
            return None;
        };
        self.refuse_name(count, "cut");
        let count = cast(self.count_of_bytes(&count.value)?, Ty::U64);
        let ty = packet.ty;
        let copy = self.hidden("packet", ty, span);
        let var = Stmt { kind: StmtKind::Var { local: copy, init: Some(packet) }, span };
        let args = vec![self.packet_address(copy, span), count];
        let cut = Expr::operation(Callee::Runtime("ks_packet_cut"), args, Ty::VOID, span);
        let value = Some(Box::new(self.vars.local_expr(copy, span)));
        let block = Block { stmts: vec![var, Stmt { kind: StmtKind::Expr(cut), span }], value, span };
        Some(Expr { kind: ExprKind::Block(block), ty, span })
    }

    /// The address of a header, null where the packet ends before it does.
    fn packet_part(&mut self, packet: Expr, name: &Ident, args: &[ast::Arg], span: Span) -> Option<Expr> {
        let [offset, of] = args else {
            self.check_args(&args[..args.len().min(1)]);
            self.wrong_count("packet", "2 arguments", args.len(), name.span)
                .help("`p.packet(offset, T)` is the `T` that lies so many bytes into the packet");
            return None;
        };
        let offset = self.count_of_bytes(&offset.value);
        let of = self.type_argument(&of.value);
        let offset = cast(offset.filter(|_| of != Ty::ERROR)?, Ty::U64);
        if !self.consists_of_bytes(of) {
            return Some(self.not_viewable(of, span));
        }
        self.warn_padding(of, span);
        let size = int_expr(self.cx.types.size_of(of).into(), Ty::U64, span);
        let ty = self.cx.types.ptr(of, Space::Any, true);
        if is_place(&packet) {
            let args = vec![self.address(packet), offset, size];
            return Some(Expr::operation(Callee::Runtime("ks_packet_at"), args, ty, span));
        }
        // The pointer leads into a copy.
        let mut stmts = Vec::new();
        let copy = self.stored("packet", packet, &mut stmts);
        let args = vec![self.address(copy), offset, size];
        let value = Some(Box::new(Expr::operation(Callee::Runtime("ks_packet_at"), args, ty, span)));
        Some(Expr { kind: ExprKind::Block(Block { stmts, value, span }), ty, span })
    }
}

impl State<'_, '_> {
    /// The packet that a value is, or is a pointer to; any other value is the error.
    pub fn packet_receiver(&mut self, base: Expr) -> Result<Expr, Expr> {
        if self.is_packet(base.ty) {
            return Ok(base);
        }
        if self.pointer(base.ty).is_some_and(|pointer| self.is_packet(pointer.to)) {
            let span = base.span;
            return Ok(self.pointee(base, span));
        }
        Err(base)
    }

    /// Whether packets have a method of this name, and code of user space asks for it.
    pub fn is_method_of_packets(&self, name: &Ident) -> bool {
        !self.targets.all(|on| on.in_kernel) && MethodOwner::Packet.method(&name.name).is_some()
    }

    /// A view of all bytes of a packet that is stored somewhere.
    pub(in crate::sema::body) fn whole_packet(&mut self, packet: Expr) -> Option<Expr> {
        let span = packet.span;
        let Some(again) = same_place(&packet) else { return self.not_stored(span) };
        let bytes = self.bytes_type(packet.ty);
        if let Some(local) = root_local(&packet) {
            self.vars[local].address_taken = true;
            // A write through the view goes to the packet.
            self.vars[local].read = true;
        }
        let bytes = Expr { kind: ExprKind::Field { base: Box::new(packet), field: BYTES }, ty: bytes, span };
        let (view, offset) = (made(View::Value(bytes), span), int_expr(0, Ty::U32, span));
        Some(made(View::Slice { view, offset, count: Some(length(again, span)) }, span))
    }

    /// A copy of viewed bytes. More of them than a packet holds end the process.
    pub fn packet_of_view(&mut self, view: Expr) -> Expr {
        let span = view.span;
        let ty = self.table_type(super::tables::PACKET);
        let Some(copy) = super::tables::builtin("copy") else { crate::bug!("no builtin copies bytes") };
        let viewed = self.hidden("view", Ty::BYTES, span);
        let packet = self.hidden("packet", ty, span);
        self.vars[packet].address_taken = true;
        let bytes = self.bytes_type(ty);
        let part = |packet: Expr, field, ty| Expr { kind: ExprKind::Field { base: Box::new(packet), field }, ty, span };
        let to = made(View::Value(part(self.vars.local_expr(packet, span), BYTES, bytes)), span);
        let copied =
            Expr::operation(Callee::Builtin(copy), vec![to, self.vars.local_expr(viewed, span)], Ty::U32, span);
        let place = part(self.vars.local_expr(packet, span), LENGTH, Ty::U32);
        let whole = Expr { kind: ExprKind::ViewLen(Box::new(self.vars.local_expr(viewed, span))), ty: Ty::U32, span };
        let compared = [part(self.vars.local_expr(packet, span), LENGTH, Ty::U32), whole].map(Box::new);
        let [left, right] = compared;
        let fits = Expr { kind: ExprKind::Compare { op: CompareOp::Eq, left, right }, ty: Ty::BOOL, span };
        let kinds = [
            StmtKind::Var { local: viewed, init: Some(view) },
            StmtKind::Var { local: packet, init: None },
            StmtKind::Assign { place, op: None, value: copied },
            self.stop_unless(fits, ty),
        ];
        let stmts = kinds.map(|kind| Stmt { kind, span }).into();
        let value = Some(Box::new(self.vars.local_expr(packet, span)));
        Expr { kind: ExprKind::Block(Block { stmts, value, span }), ty, span }
    }

    /// Both sides of a comparison, in variables, and what a failed `assert` says of them.
    pub fn packet_sides(
        &mut self,
        op: CompareOp,
        sides: (Expr, Expr),
        stmts: &mut Vec<Stmt>,
        (format, args): (&mut Vec<u8>, &mut Vec<Expr>),
    ) -> (Expr, Expr) {
        let (left, right) = (self.stored("left", sides.0, stmts), self.stored("right", sides.1, stmts));
        let again = |side: &Expr| Expr { kind: super::same_local(side), ty: side.ty, span: side.span };
        format.extend(b"left: %u bytes, right: %u bytes");
        args.extend([length(again(&left), left.span), length(again(&right), right.span)]);
        if op == CompareOp::Eq {
            format.extend(b", differ at byte %u");
            let addresses = vec![self.address(again(&left)), self.address(again(&right))];
            args.push(Expr::operation(Callee::Runtime("ks_packet_difference"), addresses, Ty::U32, left.span));
        }
        (left, right)
    }

    fn not_stored(&mut self, span: Span) -> Option<Expr> {
        self.error(span, PacketNotStored {}).help("store it in a variable first: `var p = …`");
        None
    }
}

impl Site<'_, '_> {
    /// Reports a field of a packet: it has none.
    pub fn no_packet_field(&mut self, name: &Ident, span: Span) -> Expr {
        let length = matches!(name.name.as_str(), "len" | "length" | "size");
        let error = self.error(name.span, NoSuchField { ty: super::tables::PACKET.into(), name: name.name.clone() });
        if length {
            error.help("`len(p)` is the length of a packet");
        } else {
            error.help("`p.packet(offset, T)` is a header in it, `p[i]` a byte");
        }
        error_expr(span)
    }
}

/// `len(p)`, a `u32`.
pub fn length(packet: Expr, span: Span) -> Expr {
    Expr { kind: ExprKind::Field { base: Box::new(packet), field: LENGTH }, ty: Ty::U32, span }
}

/// The place once more, if to evaluate it twice is the same as once.
fn same_place(place: &Expr) -> Option<Expr> {
    let kind = if let ExprKind::Local(local) = place.kind {
        ExprKind::Local(local)
    } else if let ExprKind::Global(global) = place.kind {
        ExprKind::Global(global)
    } else if let ExprKind::Field { base, field } = &place.kind {
        ExprKind::Field { base: Box::new(same_place(base)?), field: *field }
    } else if let ExprKind::Deref(pointer) = &place.kind {
        ExprKind::Deref(Box::new(same_place(pointer)?))
    } else if let ExprKind::Index { base, index } = &place.kind {
        let index = match number(index) {
            Some(number) => int_expr(number, index.ty, index.span),
            None => same_place(index)?,
        };
        ExprKind::Index { base: Box::new(same_place(base)?), index: Box::new(index) }
    } else {
        return None;
    };
    Some(Expr { kind, ty: place.ty, span: place.span })
}

//! `packet { layer, … }`: a value of type `Packet`.
//!
//! The literal is a block. A hidden variable gets the bytes of one layer after the other; then lengths and checksums are written from
//! the last layer to the first, since they depend on the layers behind. A value that the compiler knows, such as the number of the
//! next layer, is a constant in the header.

mod fixups;
mod headers;
mod methods;

use super::exprs::strip;
use super::pointers::root_local;
use super::value::{error_expr, int_expr};
use super::{Checker, Site, State};
use crate::ast;
use crate::diag::codes::packets::{NotALayer, PacketInKernel, PacketTooLong, UnknownLayer};
use crate::sema::consts;
use crate::sema::env::Entity;
use crate::sema::tree::{Block, Callee, Condition, Const, Expr, ExprKind, If, LocalId, Stmt, StmtKind};
use crate::source::Span;
use crate::tables::{self, PACKET_LAYERS, PacketLayer};
use crate::types::{Space, Ty, TyKind};
use headers::Header;
pub(super) use methods::length;

/// The fields of the struct `Packet` of `ir-specs/structs.toml`, by their place.
const LENGTH: usize = 0;
const BYTES: usize = 1;

/// The word before the layers.
const WORD: &str = "packet";

/// The layers, for messages.
const FORMS: &str = "a layer is a header such as `udp { dest: 53 }`, a struct, a string, an array, or a `Packet`";

/// What a layer of the literal is.
enum Layer {
    Header(Header),
    Value(Expr),
}

impl Layer {
    fn spec(&self, site: &Site<'_, '_>) -> Option<&'static PacketLayer> {
        match self {
            Layer::Header(header) => Some(header.spec),
            Layer::Value(value) => site.layer_of_struct(value.ty),
        }
    }
}

/// The literal while its statements are made.
struct Literal {
    packet: LocalId,
    stmts: Vec<Stmt>,
    /// Whether the layers may be more than a packet holds.
    may_overflow: bool,
    span: Span,
}

impl Checker<'_, '_> {
    /// `packet { layer, … }`
    pub fn packet_literal(&mut self, layers: &[ast::Expr], span: Span) -> Expr {
        if self.targets.all(|on| on.in_kernel) {
            self.error(span, PacketInKernel {}).help("user space makes packets, and gives them to programs");
            return error_expr(span);
        }
        let checked: Vec<Option<Layer>> = layers.iter().map(|layer| self.layer(layer)).collect();
        let Some(layers) = checked.into_iter().collect::<Option<Vec<Layer>>>() else { return error_expr(span) };
        let ty = self.table_type(tables::PACKET);
        let Some(may_overflow) = self.check_packet_size(ty, &layers, span) else { return error_expr(span) };
        let packet = self.hidden("packet", ty, span);
        let var = Stmt { kind: StmtKind::Var { local: packet, init: None }, span };
        self.vars[packet].address_taken = true;
        let mut literal = Literal { packet, stmts: vec![var], may_overflow, span };
        let mut specs: Vec<Option<&'static PacketLayer>> = layers.iter().map(|layer| layer.spec(self)).collect();
        // What follows the last layer.
        specs.push(None);
        let count = layers.len();
        let mut placed = Vec::new();
        for (index, layer) in layers.into_iter().enumerate() {
            let follows = (index + 1 < count).then(|| specs[index + 1]);
            let Some(layer) = self.place_layer(&mut literal, layer, follows) else { return error_expr(span) };
            placed.push(layer);
        }
        self.fix_up(&mut literal, &placed);
        let value = Some(Box::new(self.vars.local_expr(packet, span)));
        let Literal { stmts, .. } = literal;
        Expr { kind: ExprKind::Block(Block { stmts, value, span }), ty, span }
    }

    /// `packet {}`, which has no layers; none if it is the literal of a struct of the program.
    pub fn empty_packet(&mut self, name: &ast::Path, inits: &[ast::FieldInit], span: Span) -> Option<Expr> {
        let [word] = name.segments.as_slice() else { return None };
        if word.name != WORD || self.env.lookup(self.module, WORD).is_some() {
            return None;
        }
        Some(self.packet_by_fields(inits, span))
    }

    /// `Packet {}`; fields of packets have no names.
    pub fn packet_by_fields(&mut self, inits: &[ast::FieldInit], span: Span) -> Expr {
        inits.iter().for_each(|init| drop(self.typed(&init.value, None)));
        if let Some(first) = inits.first() {
            self.error(first.name.span, NotALayer { what: "a field".into() }).help(FORMS);
            return error_expr(span);
        }
        let ty = self.table_type(tables::PACKET);
        Expr { kind: ExprKind::Const(Const::Zero), ty, span }
    }

    fn layer(&mut self, layer: &ast::Expr) -> Option<Layer> {
        let written = strip(layer);
        if let ast::ExprKind::Struct { name, fields, .. } = &written.kind
            && let [word] = name.segments.as_slice()
            && word.name != WORD
            && !matches!(self.file_entity(&word.name), Some(Entity::Type(_)))
        {
            let Some(spec) = PACKET_LAYERS.iter().find(|spec| spec.name == word.name) else {
                fields.iter().for_each(|init| drop(self.typed(&init.value, None)));
                self.unknown_layer(word);
                return None;
            };
            return self.header(spec, fields, written.span).map(Layer::Header);
        }
        let value = if let ast::ExprKind::Str(text) = &written.kind {
            self.text_layer(text, written.span)
        } else {
            self.layer_value(layer)
        };
        if value.ty == Ty::ERROR {
            return None;
        }
        let value = if value.ty == Ty::BYTES { self.packet_of_view(value) } else { value };
        if self.is_layer(value.ty) {
            return Some(Layer::Value(value));
        }
        let what = format!("a `{}`", self.ty_name(value.ty));
        self.error(value.span, NotALayer { what }).help(FORMS);
        None
    }

    /// The numbers of an array literal are bytes, unless one of them has a type of its own.
    pub(super) fn layer_value(&mut self, layer: &ast::Expr) -> Expr {
        let expected = self.type_of_literal_bytes(layer);
        self.typed(layer, expected)
    }

    /// The type that an array literal has beside bytes; none for one with elements that have a type, and for anything else.
    pub(in crate::sema::body) fn type_of_literal_bytes(&mut self, written: &ast::Expr) -> Option<Ty> {
        let written = strip(written);
        let length = if let ast::ExprKind::Array(elements) = &written.kind
            && elements.iter().all(|element| self.is_literal(element))
        {
            i128::try_from(elements.len()).ok()
        } else if let ast::ExprKind::Fill { value, count } = &written.kind
            && self.is_literal(value)
        {
            self.with_scope(|cx, scope| consts::integer(cx, scope, count))
        } else {
            None
        };
        let length = length.and_then(|length| u64::try_from(length).ok()).filter(|length| *length > 0);
        length.map(|length| self.cx.types.array(Ty::U8, length))
    }
}

impl State<'_, '_> {
    /// The address of the variable of a literal.
    fn packet_address(&mut self, packet: LocalId, span: Span) -> Expr {
        let place = self.vars.local_expr(packet, span);
        self.address(place)
    }

    /// The address of a place, for the runtime.
    fn address(&mut self, place: Expr) -> Expr {
        if let Some(local) = root_local(&place) {
            self.vars[local].address_taken = true;
            self.vars[local].read = true;
        }
        let space = self.space_of(&place).unwrap_or(Space::Any);
        let (ty, span) = (self.cx.types.ptr(place.ty, space, false), place.span);
        Expr { kind: ExprKind::AddressOf(Box::new(place)), ty, span }
    }

    /// A variable that no name means, with this value.
    fn hidden_value(&mut self, name: &str, value: Expr, stmts: &mut Vec<Stmt>) -> LocalId {
        let span = value.span;
        let local = self.hidden(name, value.ty, span);
        stmts.push(Stmt { kind: StmtKind::Var { local, init: Some(value) }, span });
        local
    }

    /// The value in a place: its own, or a hidden variable.
    pub(super) fn stored(&mut self, name: &str, value: Expr, stmts: &mut Vec<Stmt>) -> Expr {
        let is_local = matches!(value.kind, ExprKind::Local(_));
        if is_local && self.cx.types.is_aggregate(value.ty) {
            return value;
        }
        let span = value.span;
        let local = self.hidden_value(name, value, stmts);
        self.vars.local_expr(local, span)
    }

    /// Adds the bytes of a place to the packet: `count` of them, then zeros up to `room`.
    fn append(&mut self, literal: &mut Literal, place: Expr, [count, room]: [Expr; 2]) {
        let span = literal.span;
        let args = vec![self.packet_address(literal.packet, span), self.address(place), count, room];
        let fits = Expr::operation(Callee::Runtime("ks_packet_append"), args, Ty::BOOL, span);
        let ty = self.vars[literal.packet].ty;
        let kind = if literal.may_overflow { self.stop_unless(fits, ty) } else { StmtKind::Expr(fits) };
        literal.stmts.push(Stmt { kind, span });
    }

    /// The bytes of a value: those of its type, of a string those before its end, of a packet those that it has.
    fn append_value(&mut self, literal: &mut Literal, value: Expr) {
        let (ty, span) = (value.ty, value.span);
        // The empty text.
        if self.cx.types.size_of(ty) == 0 {
            return;
        }
        let place = self.stored("layer", value, &mut literal.stmts);
        let again = |place: &Expr| Expr { kind: same_local(place), ty, span };
        let (size, place) = if self.is_packet(ty) {
            let bytes = self.bytes_type(ty);
            let count = super::value::cast(length(again(&place), span), Ty::U64);
            let field = ExprKind::Field { base: Box::new(place), field: BYTES };
            (count, Expr { kind: field, ty: bytes, span })
        } else if self.is_str(ty)
            && let Some(len) = tables::builtin("len")
        {
            let count = Expr::operation(Callee::Builtin(len), vec![again(&place)], Ty::U32, span);
            (super::value::cast(count, Ty::U64), place)
        } else {
            (int_expr(self.cx.types.size_of(ty).into(), Ty::U64, span), place)
        };
        let counted = self.hidden_value("count", size, &mut literal.stmts);
        let count = [(); 2].map(|()| self.vars.local_expr(counted, span));
        self.append(literal, place, count);
    }
}

impl Site<'_, '_> {
    /// Whether the type is that of packets.
    pub fn is_packet(&self, ty: Ty) -> bool {
        let TyKind::Struct(id) = self.cx.types.kind(ty) else { return false };
        let def = self.cx.types.struct_def(id);
        def.span.is_none() && def.name == tables::PACKET
    }

    fn unknown_layer(&mut self, word: &ast::Ident) {
        let near = self.cx.diags.near(&word.name, || PACKET_LAYERS.iter().map(|spec| spec.name));
        let error = self.error(word.span, UnknownLayer { name: word.name.clone() });
        match near {
            Some(near) => error.near(word.span, near),
            None => {
                let all: Vec<&str> = PACKET_LAYERS.iter().map(|spec| spec.name).collect();
                error.help(format!("the layers are {}", all.join(", ")))
            }
        };
    }

    fn is_layer(&self, ty: Ty) -> bool {
        let is_bytes =
            matches!(self.cx.types.kind(ty), TyKind::Struct(_) | TyKind::Array(..)) && self.consists_of_bytes(ty);
        is_bytes || self.is_str(ty)
    }

    /// The bytes of a text, among which may be a NUL.
    fn text_layer(&mut self, text: &[u8], span: Span) -> Expr {
        let bytes = text.iter().map(|byte| Const::Int((*byte).into())).collect();
        let ty = self.cx.types.array(Ty::U8, text.len() as u64);
        Expr { kind: ExprKind::Const(Const::Array(bytes)), ty, span }
    }

    /// Ends the process where a packet would be longer than it can be.
    fn stop_unless(&self, fits: Expr, packet: Ty) -> StmtKind {
        let span = fits.span;
        let message = format!("the packet is longer than {} bytes", self.capacity(packet));
        let stop = Stmt { kind: StmtKind::Panic { format: message.into_bytes(), args: Vec::new() }, span };
        let then = Block { stmts: vec![stop], value: None, span };
        let failed = Expr { kind: ExprKind::Not(Box::new(fits)), ty: Ty::BOOL, span };
        let test = If { condition: Condition::Expr(failed), then, otherwise: None };
        StmtKind::Expr(Expr { kind: ExprKind::If(Box::new(test)), ty: Ty::VOID, span })
    }

    /// The layer whose header a struct is.
    fn layer_of_struct(&self, ty: Ty) -> Option<&'static PacketLayer> {
        let TyKind::Struct(id) = self.cx.types.kind(ty) else { return None };
        let def = self.cx.types.struct_def(id);
        if def.span.is_some() {
            return None;
        }
        PACKET_LAYERS.iter().find(|spec| spec.header == def.name)
    }

    /// Whether the layers may be more than a packet holds; none if they are, which is reported.
    fn check_packet_size(&mut self, packet: Ty, layers: &[Layer], span: Span) -> Option<bool> {
        let room = self.capacity(packet);
        let (mut least, mut most) = (0, 0);
        for layer in layers {
            let (low, high) = match layer {
                Layer::Header(header) => (header.size, header.size),
                Layer::Value(value) if self.is_packet(value.ty) => (0, room),
                Layer::Value(value) if self.is_str(value.ty) => (0, self.cx.types.size_of(value.ty)),
                Layer::Value(value) => (self.cx.types.size_of(value.ty), self.cx.types.size_of(value.ty)),
            };
            (least, most) = (least + low, most + high);
        }
        if least > room {
            self.error(span, PacketTooLong { size: least.to_string(), room: room.to_string() });
            return None;
        }
        Some(most > room)
    }

    /// How many bytes a packet holds.
    fn capacity(&self, packet: Ty) -> u64 {
        let TyKind::Struct(id) = self.cx.types.kind(packet) else { return 0 };
        self.cx.types.size_of(self.cx.types.struct_def(id).fields[BYTES].ty)
    }

    fn bytes_type(&self, packet: Ty) -> Ty {
        let TyKind::Struct(id) = self.cx.types.kind(packet) else { return Ty::ERROR };
        self.cx.types.struct_def(id).fields[BYTES].ty
    }
}

/// The variable that a place is, once more.
fn same_local(place: &Expr) -> ExprKind {
    let ExprKind::Local(local) = place.kind else { crate::bug!("a layer is in a variable") };
    ExprKind::Local(local)
}

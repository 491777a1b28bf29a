//! The layers with names: headers with the fields that the literal gives, and those that follow from what is there.

use super::{Layer, Literal};
use crate::ast;
use crate::diag::codes::packets::HeaderTooLong;
use crate::diag::codes::types::{MismatchedTypes, RepeatedField};
use crate::sema::body::value::{constant, int_expr};
use crate::sema::body::{Checker, Site, State};
use crate::sema::consts::gives_again;
use crate::sema::tree::{Const, Expr, ExprKind, LocalId};
use crate::source::Span;
use crate::tables::{NextBy, PacketLayer};
use crate::types::{StructId, Ty, TyKind};

/// Where a layer gives its options: a name that is no field of a header.
const OPTIONS: &str = "options";
/// The field with a bit for each of the fields behind a header.
const FLAGS: &str = "flags";

/// A layer with a name, as it is written.
pub(super) struct Header {
    pub spec: &'static PacketLayer,
    id: StructId,
    fields: Vec<(usize, Expr)>,
    /// The bytes behind the header, in order: fields, or options. None: zeros.
    behind: Vec<Behind>,
    /// Of the header and all that is behind it.
    pub size: u64,
    /// The names of fields behind the header that were written.
    parts: Vec<&'static str>,
    span: Span,
}

/// Bytes behind a header, and how many there are with the zeros that fill up.
struct Behind {
    field: &'static str,
    value: Option<Expr>,
    room: u64,
}

/// A layer in the packet.
pub(super) struct Placed {
    pub spec: Option<&'static PacketLayer>,
    /// The variable with the offset of its first byte.
    pub start: LocalId,
    /// The fields that the literal leaves open, by their offset in the layer.
    pub length_at: Option<u64>,
    pub check_at: Option<u64>,
    /// In bytes, of a header with all that is behind it.
    pub size: u64,
}

impl Checker<'_, '_> {
    /// Checks a header; none if a field was reported.
    pub(super) fn header(
        &mut self,
        spec: &'static PacketLayer,
        inits: &[ast::FieldInit],
        span: Span,
    ) -> Option<Header> {
        let ty = self.table_type(spec.header);
        let TyKind::Struct(id) = self.cx.types.kind(ty) else { return None };
        let is_own = |init: &ast::FieldInit| {
            let name = init.name.name.as_str();
            spec.options.is_some() && name == OPTIONS || spec.parts.iter().any(|part| part.field == name)
        };
        let (behind, inside): (Vec<ast::FieldInit>, Vec<ast::FieldInit>) = inits.iter().cloned().partition(is_own);
        let fields = self.literal_fields(id, &inside);
        let mut given: Vec<(&str, Expr)> = Vec::new();
        for init in &behind {
            let name = init.name.name.as_str();
            let value = match spec.parts.iter().find(|part| part.field == name) {
                Some(part) => {
                    let ty = self.table_type(part.ty);
                    self.coerced(&init.value, ty)
                }
                None => self.options(&init.value)?,
            };
            if given.iter().any(|(before, _)| *before == name) {
                self.error(init.name.span, RepeatedField { name: name.to_owned() });
                return None;
            }
            given.push((name, value));
        }
        if given.iter().any(|(_, value)| value.ty == Ty::ERROR) {
            return None;
        }
        let fields = fields?;
        let own = self.cx.types.size_of(ty);
        let mut header = Header { spec, id, fields, behind: Vec::new(), size: own, parts: Vec::new(), span };
        let flags = self.flags_of(&header);
        for part in spec.parts {
            let at = given.iter().position(|(name, _)| *name == part.field);
            let value = at.map(|at| given.swap_remove(at).1);
            if value.is_some() {
                header.parts.push(part.field);
            }
            if value.is_some() || flags.is_some_and(|flags| flags & i128::from(part.flag) != 0) {
                header.behind.push(Behind { field: part.field, value, room: part.size });
            }
        }
        if let Some(unit) = spec.options {
            let value = given.pop().map(|(_, value)| value);
            let size = value.as_ref().map_or(0, |value| self.cx.types.size_of(value.ty));
            let room = (own + size).next_multiple_of(unit) - own;
            if room > 0 {
                header.behind.push(Behind { field: OPTIONS, value, room });
            }
        }
        header.size += header.behind.iter().map(|behind| behind.room).sum::<u64>();
        self.check_header_size(&header).then_some(header)
    }

    /// The bytes of options: an array. Its numbers without a type are bytes.
    fn options(&mut self, value: &ast::Expr) -> Option<Expr> {
        let value = self.layer_value(value);
        if value.ty == Ty::ERROR {
            return None;
        }
        if !matches!(self.cx.types.kind(value.ty), TyKind::Array(..)) || !self.consists_of_bytes(value.ty) {
            let found = format!("`{}`", self.ty_name(value.ty));
            self.error(value.span, MismatchedTypes { wanted: "an array".into(), found })
                .help("options are bytes: `options: [1, 1]`");
            return None;
        }
        Some(value)
    }
}

impl State<'_, '_> {
    /// Writes the layer behind those before it. `follows`: the layer behind it, if there is one, and its record, if it is known.
    pub(super) fn place_layer(
        &mut self,
        literal: &mut Literal,
        layer: Layer,
        follows: Option<Option<&'static PacketLayer>>,
    ) -> Option<Placed> {
        let span = literal.span;
        let packet = self.vars.local_expr(literal.packet, span);
        let start = self.hidden_value("start", super::length(packet, span), &mut literal.stmts);
        let mut header = match layer {
            Layer::Value(value) => {
                let (spec, size) = (self.layer_of_struct(value.ty), self.cx.types.size_of(value.ty));
                self.append_value(literal, value);
                return Some(Placed { spec, start, length_at: None, check_at: None, size });
            }
            Layer::Header(header) => header,
        };
        let spec = header.spec;
        let length_at = spec.length.and_then(|(name, _)| self.open_offset(&header, name));
        let check_at = spec.check.and_then(|(name, _)| self.open_offset(&header, name));
        self.compute(&mut header, follows);
        if !self.fill_defaults(header.id, &mut header.fields, true, header.span) {
            return None;
        }
        let Header { fields, behind, size, span, .. } = header;
        let ty = self.table_type(spec.header);
        self.append_value(literal, Expr { kind: ExprKind::Struct { fields }, ty, span });
        for Behind { value, room, .. } in behind {
            let value = value.unwrap_or_else(|| int_expr(0, Ty::U32, span));
            let count = self.cx.types.size_of(value.ty).min(room);
            let place = self.stored("layer", value, &mut literal.stmts);
            let counts = [count, room].map(|count| int_expr(count.into(), Ty::U64, span));
            self.append(literal, place, counts);
        }
        Some(Placed { spec: Some(spec), start, length_at, check_at, size })
    }
}

impl Site<'_, '_> {
    /// The constant that the field `flags` is given.
    fn flags_of(&self, header: &Header) -> Option<i128> {
        let flags = self.cx.types.struct_def(header.id).field(FLAGS)?;
        let (_, value) = header.fields.iter().find(|(field, _)| *field == flags)?;
        match constant(&self.cx.types, value) {
            Some(Const::Int(number)) => Some(number),
            Some(_) | None => None,
        }
    }

    /// Whether the field with the size of the header holds it, or is written.
    fn check_header_size(&mut self, header: &Header) -> bool {
        let Some((name, unit, less)) = header.spec.words else { return true };
        let def = self.cx.types.struct_def(header.id);
        let Some(field) = def.field(name) else { return true };
        let bits = def.fields[field].bits.map_or(u64::from(u8::BITS), |bits| u64::from(bits.width));
        let most = ((1 << bits) - 1 + less) * unit;
        if header.size <= most || self.is_given(header, field) {
            return true;
        }
        let (layer, field) = (header.spec.name.to_owned(), name.to_owned());
        self.error(header.span, HeaderTooLong { layer, size: header.size.to_string(), most: most.to_string(), field })
            .help(format!("a written `{name}` stays as it is, whatever the header has"));
        false
    }

    /// Whether the literal gives the field, or one in the same bytes.
    fn is_given(&self, header: &Header, field: usize) -> bool {
        header.fields.iter().any(|(given, _)| gives_again(&self.cx.types, header.id, *given, field))
    }

    /// The offset in the layer of a field that the literal does not give; none if it gives it, or if there is no such field.
    fn open_offset(&self, header: &Header, name: &str) -> Option<u64> {
        let def = self.cx.types.struct_def(header.id);
        if let Some(field) = def.field(name) {
            return (!self.is_given(header, field)).then(|| def.fields[field].offset);
        }
        let at = header.behind.iter().position(|behind| behind.field == name && behind.value.is_none())?;
        Some(def.size + header.behind[..at].iter().map(|behind| behind.room).sum::<u64>())
    }

    /// Adds the fields that are known while compiling.
    fn compute(&mut self, header: &mut Header, follows: Option<Option<&'static PacketLayer>>) {
        let spec = header.spec;
        for (name, number) in spec.defaults {
            self.add(header, name, *number);
        }
        if let Some((name, by)) = spec.next {
            let number = match follows {
                None => spec.last,
                Some(next) => next.and_then(|next| match by {
                    NextBy::Ethertype => next.ethertype,
                    NextBy::Protocol => next.protocol,
                }),
            };
            self.add(header, name, number.unwrap_or(0));
        }
        if let Some((name, unit, less)) = spec.words {
            self.add(header, name, header.size / unit - less);
        }
        let flags = spec.parts.iter().filter(|part| header.parts.contains(&part.field));
        let flags = flags.fold(0, |flags, part| flags | part.flag);
        if flags != 0 {
            self.add(header, FLAGS, flags);
        }
    }

    /// Gives a field a number, unless the literal gives it.
    fn add(&mut self, header: &mut Header, name: &str, number: u64) {
        let def = self.cx.types.struct_def(header.id);
        let Some(field) = def.field(name) else { return };
        let ty = def.fields[field].ty;
        if !self.is_given(header, field) {
            header.fields.push((field, int_expr(number.into(), ty, header.span)));
        }
    }
}

//! Bit-fields and unions of the program: which fields they may have.

use super::Declare;
use crate::ast::FieldDecl;
use crate::diag::codes::types::{BitFieldShape, UnionField};
use crate::sema::consts;
use crate::session::Session;
use crate::types::{BitField, StructId, Ty, TyKind};

impl Declare<'_> {
    /// The width of a bit-field, not yet placed; none if the field is none, or the width was reported.
    pub(super) fn bit_field(
        &mut self,
        cx: &mut Session,
        field: &FieldDecl,
        ty: Ty,
        in_config: bool,
    ) -> Option<BitField> {
        let written = field.bits.as_ref()?;
        let width = consts::integer(cx, self, written)?;
        if ty == Ty::ERROR {
            return None;
        }
        let name = if field.is_gap() { "it".to_owned() } else { format!("`{}`", field.name.name) };
        let most = if ty == Ty::BOOL { Some(1) } else { cx.types.as_int(ty).map(|(bits, _)| i128::from(bits)) };
        let text = cx.types.name(ty);
        let (why, help) = match most {
            _ if in_config => {
                ("a config has no bit-fields".to_owned(), "give it an integer, or a struct with bit-fields")
            }
            None => (format!("a `{text}` has no single bits"), "bit-fields are integers, enums and `bool`"),
            Some(_) if width < 0 => (format!("{name} has {width} bits"), "a width is a number of bits"),
            Some(_) if width == 0 && !field.is_gap() => {
                (format!("{name} has no bits"), "`_: T:0` without a name begins the next unit of the type")
            }
            Some(most) if width > most => {
                (format!("{name} has {width} bits, and a `{text}` has {most}"), "take a wider type, or fewer bits")
            }
            Some(_) if field.is_gap() && field.default.is_some() => {
                ("bits without a name have no value".to_owned(), "give the bits a name")
            }
            Some(_) => return Some(BitField { shift: 0, width: width as u8, unit: ty, wire: false }),
        };
        cx.error(written.span, BitFieldShape { why }).help(help);
        None
    }
}

/// Reports a field that no union can have, since the bytes of the others are no such value.
pub(super) fn refuse_in_union(cx: &mut Session, field: &FieldDecl, ty: Ty) -> bool {
    let is_reference = |kind| matches!(kind, TyKind::Ptr { .. } | TyKind::Fn(_) | TyKind::Handle(_) | TyKind::Link);
    let name = field.name.name.clone();
    let (why, help) = if cx.types.has_kept(ty) {
        ("is what the kernel alone reads and writes", "declare it beside the union")
    } else if cx.types.holds(ty, &is_reference) {
        ("holds a pointer, and the bytes of the other fields are none", "declare it beside the union, or as a `u64`")
    } else if field.default.is_some() {
        ("has a default, and a literal of a union gives one field", "write the value where the union is made")
    } else {
        return false;
    };
    cx.error(field.name.span, UnionField { name, why: why.to_owned() }).help(help);
    true
}

/// Places the fields of a packed struct. Reports bit-fields for which memory has no integer inside the struct.
pub(super) fn lay_out_packed(cx: &mut Session, id: StructId) {
    for index in cx.types.lay_out_packed(id) {
        let field = cx.types.struct_def_mut(id).fields.get_mut(index);
        let Some(field) = field else { continue };
        field.bits = None;
        let (name, span) = (field.name.clone(), field.span);
        let why = format!("no integer of 1, 2, 4 or 8 bytes inside the packed struct holds all bits of `{name}`");
        if let Some(span) = span {
            cx.error(span, BitFieldShape { why })
                .help("order the bit-fields so that each lies in one integer, or make the struct longer");
        }
    }
}

//! Types as text, as the runtime writes those of a BTF (`runtime/src/object/pins/types.rs`), to compare with them.

use crate::types::{FieldDef, Ty, TyKind, Types};

/// The text of a type without addresses.
pub(super) fn text(types: &Types, ty: Ty) -> String {
    let kind = types.kind(ty);
    if let TyKind::Array(..) = kind {
        return array(types, ty);
    }
    if let TyKind::Enum(id) = kind {
        let def = types.enum_def(id);
        return format!("enum {}: u{}", def.name, types.size_of(def.repr) * 8);
    }
    let TyKind::Struct(id) = kind else { return types.name(ty) };
    let def = types.struct_def(id);
    let overlaps = |at: usize| def.fields[at].offset == 0 && types.size_of(def.fields[at - 1].ty) > 0;
    let has_bits = def.fields.iter().any(|field| field.bits.is_some());
    let union = def.origin.is_union() || def.fields.len() > 1 && !has_bits && (1..def.fields.len()).all(overlaps);
    format!("{}{} {{ {} }}", if union { "union " } else { "" }, def.name, fields(types, &def.fields, union))
}

fn array(types: &Types, ty: Ty) -> String {
    let (mut lengths, mut inner) = (String::new(), ty);
    while let TyKind::Array(element, length) = types.kind(inner) {
        lengths += &format!("[{length}]");
        inner = element;
    }
    // An array of characters has the type of a string there: its last length is that of the text.
    match lengths.rsplit_once('[').filter(|_| inner == Ty::CHAR) {
        Some((before, last)) => format!("str({}){before}", last.trim_end_matches(']')),
        None => text(types, inner) + &lengths,
    }
}

fn fields(types: &Types, fields: &[FieldDef], union: bool) -> String {
    let (mut end, mut texts) = (0, Vec::new());
    for field in fields {
        let natural = u64::next_multiple_of(end, types.align_of(field.ty).max(1));
        let (place, behind) = match field.bits {
            Some(bits) => {
                let last = field.offset * 8 + u64::from(bits.shift) + u64::from(bits.width);
                (format!(" in {} bits", bits.width), last.div_ceil(8))
            }
            None if union || field.offset == natural => (String::new(), field.offset + types.size_of(field.ty)),
            None => (format!(" at {}", field.offset), field.offset + types.size_of(field.ty)),
        };
        end = behind;
        texts.push(format!("{}: {}{place}", field.name, text(types, field.ty)));
    }
    texts.join(", ")
}

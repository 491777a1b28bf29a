//! Constants: as the bits of an `ks.const`, as bytes in memory, and as stores to a place.

use super::func::Lowering;
use crate::ir::Value;
use crate::sema::tree::Const;
use crate::types::{FieldDef, Ty, TyKind, Types};

/// A scalar constant's stored bits as a number: of a `be` type as the machine loads it.
pub(super) fn stored(types: &Types, value: &Const, ty: Ty) -> i128 {
    let number = match value {
        Const::Int(number) => *number,
        Const::Bool(value) => i128::from(*value),
        Const::Zero | Const::Null => 0,
        Const::Float(value) => value.to_bits().into(),
        Const::Func(_) | Const::Str(_) | Const::Struct(_) | Const::Array(_) => {
            crate::bug!("a constant of type `{}` is no scalar", types.name(ty))
        }
    };
    match be_bits(types, ty) {
        Some(bits) => types.machine().network(number, bits),
        None => number,
    }
}

/// The width of a `be` type.
pub(super) fn be_bits(types: &Types, ty: Ty) -> Option<u8> {
    if let TyKind::Be { bits } = types.kind(ty) { Some(bits) } else { None }
}

/// The bytes of a constant in memory.
pub(super) fn image(types: &Types, value: &Const, ty: Ty) -> Vec<u8> {
    let mut bytes = vec![0; types.size_of(ty) as usize];
    write(types, value, ty, &mut bytes);
    bytes
}

/// Writes a constant to zeroed bytes.
fn write(types: &Types, value: &Const, ty: Ty, bytes: &mut [u8]) {
    match value {
        Const::Zero | Const::Null => {}
        Const::Int(_) | Const::Bool(_) => {
            types.machine().endian.write(stored(types, value, ty) as u64, bytes);
        }
        Const::Func(_) => crate::bug!("a function has no image before the program is linked"),
        Const::Float(value) => types.machine().endian.write(value.to_bits(), bytes),
        Const::Str(text) => {
            // A string ends at its first NUL and keeps its last byte for one; an array of bytes may be filled to its end.
            let is_string = matches!(types.kind(ty), TyKind::Str(_));
            let room = if is_string { bytes.len() - 1 } else { bytes.len() };
            let end = text.iter().position(|&byte| byte == 0).filter(|_| is_string);
            let length = end.unwrap_or(text.len()).min(room);
            bytes[..length].copy_from_slice(&text[..length]);
        }
        Const::Struct(values) => {
            for (field, value) in std::iter::zip(fields(types, ty), values) {
                write_field(types, value, field, bytes);
            }
        }
        Const::Array(values) => {
            let element = element(types, ty);
            let size = types.size_of(element) as usize;
            for (index, value) in values.iter().enumerate() {
                write(types, value, element, &mut bytes[index * size..][..size]);
            }
        }
    }
}

fn write_field(types: &Types, value: &Const, field: &FieldDef, bytes: &mut [u8]) {
    let at = field.offset as usize;
    let size = types.size_of(field.stored()) as usize;
    let Some(bits) = field.bits else {
        return write(types, value, field.ty, &mut bytes[at..][..size]);
    };
    let mask = u64::MAX >> (64 - bits.width);
    let shifted = (stored(types, value, field.ty) as u64 & mask) << types.shift(bits);
    let unit = &mut bytes[at..][..size];
    let others = types.machine().endian.number(unit);
    types.machine().endian.write(others | shifted, unit);
}

/// Whether a function is a part of the constant: then it has no image in memory before the program is linked.
pub(super) fn has_function(value: &Const) -> bool {
    matches!(value, Const::Func(_)) || value.parts().iter().any(has_function)
}

/// A constant of more parts that are not zero is copied from read-only data.
const MAX_STORES: usize = 64;

/// How many stores write the constant to a zeroed place.
fn stores(types: &Types, value: &Const, ty: Ty) -> usize {
    if let Const::Struct(values) = value {
        std::iter::zip(fields(types, ty), values).map(|(field, value)| stores(types, value, field.ty)).sum()
    } else if let Const::Array(values) = value {
        let element = element(types, ty);
        values.iter().map(|value| stores(types, value, element)).sum()
    } else if let (Const::Str(text), false) = (value, matches!(types.kind(ty), TyKind::Str(_))) {
        text.len()
    } else {
        usize::from(!value.is_zero())
    }
}

/// Whether its memory is all zero.
fn is_zero(types: &Types, value: &Const, ty: Ty) -> bool {
    !has_function(value) && image(types, value, ty).iter().all(|&byte| byte == 0)
}

pub(super) fn fields(types: &Types, ty: Ty) -> &[FieldDef] {
    let TyKind::Struct(id) = types.kind(ty) else {
        crate::bug!("`{}` is no struct", types.name(ty));
    };
    &types.struct_def(id).fields
}

pub(super) fn element(types: &Types, ty: Ty) -> Ty {
    if let TyKind::Array(element, _) = types.kind(ty) {
        return element;
    }
    assert!(matches!(types.kind(ty), TyKind::Str(_)), "only strings and arrays have elements");
    Ty::CHAR
}

impl Lowering<'_> {
    /// A constant as a value.
    pub(super) fn constant(&mut self, value: &Const, ty: Ty) -> Value {
        if let Const::Func(func) = value {
            let name = self.names.func(*func);
            return self.b.ks_func(name, ty);
        }
        if matches!(self.cx.types.kind(ty), TyKind::Ptr { .. } | TyKind::Fn(_)) {
            return self.b.ks_null(ty);
        }
        let number = stored(&self.cx.types, value, ty);
        self.b.ks_const(number, ty)
    }

    pub(super) fn int(&mut self, number: i128, ty: Ty) -> Value {
        self.b.ks_const(number, ty)
    }

    /// The zero of a scalar type.
    pub(super) fn zero_value(&mut self, ty: Ty) -> Value {
        self.constant(&Const::Zero, ty)
    }

    /// Writes an aggregate constant to a place.
    pub(super) fn store_constant(&mut self, value: &Const, ty: Ty, place: Value) {
        if is_zero(&self.cx.types, value, ty) {
            self.b.ks_zero(place);
            return;
        }
        if let TyKind::Str(_) = self.cx.types.kind(ty) {
            let text = self.string(value, ty);
            self.b.ks_copy(place, text);
            return;
        }
        if stores(&self.cx.types, value, ty) > MAX_STORES && !has_function(value) {
            let image = self.constant_place(value, ty);
            self.b.ks_copy(place, image);
            return;
        }
        self.b.ks_zero(place);
        self.store_parts(value, ty, place);
    }

    /// The parts that are not zero, to a zeroed place.
    fn store_parts(&mut self, value: &Const, ty: Ty, place: Value) {
        match value {
            Const::Struct(values) => {
                for (index, value) in values.iter().enumerate() {
                    let field = &fields(&self.cx.types, ty)[index];
                    let (field_ty, bits) = (field.ty, field.bits);
                    if is_zero(&self.cx.types, value, field_ty) {
                        continue;
                    }
                    let part = self.field_place(place, index);
                    match bits {
                        Some(bits) => {
                            let number = self.constant(value, field_ty);
                            self.store_bits(part, bits, number);
                        }
                        None => self.store_part(value, field_ty, part),
                    }
                }
            }
            Const::Array(values) => {
                let element = element(&self.cx.types, ty);
                for (index, value) in values.iter().enumerate() {
                    self.store_element(place, index, value, element);
                }
            }
            Const::Str(text) => {
                let element = element(&self.cx.types, ty);
                let room = self.cx.types.size_of(ty) as usize;
                for (index, &byte) in text.iter().take(room).enumerate() {
                    self.store_element(place, index, &Const::Int(byte.into()), element);
                }
            }
            Const::Int(_) | Const::Bool(_) | Const::Float(_) | Const::Func(_) | Const::Null | Const::Zero => {}
        }
    }

    fn store_element(&mut self, array: Value, index: usize, value: &Const, element: Ty) {
        if !is_zero(&self.cx.types, value, element) {
            let part = self.element_place(array, index);
            self.store_part(value, element, part);
        }
    }

    fn store_part(&mut self, value: &Const, ty: Ty, place: Value) {
        if let TyKind::Str(_) = self.cx.types.kind(ty) {
            self.store_constant(value, ty, place);
        } else if self.cx.types.is_aggregate(ty) {
            self.store_parts(value, ty, place);
        } else {
            let value = self.constant(value, ty);
            self.store(place, value);
        }
    }

    /// A constant in read-only data.
    pub(super) fn constant_place(&mut self, value: &Const, ty: Ty) -> Value {
        if let TyKind::Str(_) = self.cx.types.kind(ty) {
            return self.string(value, ty);
        }
        if has_function(value) {
            let place = self.temporary("table", ty);
            self.store_constant(value, ty, place);
            return place;
        }
        let mut bytes = image(&self.cx.types, value, ty);
        // A constant of 8 bytes or more is aligned to 8; one comes after these, the NUL of strings.
        bytes.resize(bytes.len().max(7), 0);
        let place = self.cx.types.place(ty, crate::types::Space::Global);
        self.b.ks_str(&bytes, place)
    }

    /// A string constant in read-only data, of exactly the type `ty`.
    pub(super) fn string(&mut self, value: &Const, ty: Ty) -> Value {
        let mut bytes = image(&self.cx.types, value, ty);
        bytes.pop(); // the NUL, which the op adds
        let place = self.cx.types.place(ty, crate::types::Space::Global);
        self.b.ks_str(&bytes, place)
    }
}

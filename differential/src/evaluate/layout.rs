//! Values as the bytes that the kernel stores: little-endian, C's layout, zeros in the padding.

use super::arith::Int;
use super::value::{Value, zero};
use ksc::types::{BitField, Ty, TyKind, Types};

pub fn bytes(types: &Types, ty: Ty, value: &Value) -> Vec<u8> {
    let mut all = vec![0; types.size_of(ty) as usize];
    write(types, ty, value, &mut all);
    all
}

/// Writes a value over the bytes of its type; padding stays as it is.
pub fn write(types: &Types, ty: Ty, value: &Value, to: &mut [u8]) {
    match (value, types.kind(ty)) {
        (Value::Struct(parts), TyKind::Struct(id)) => {
            for (part, field) in parts.iter().zip(&types.struct_def(id).fields) {
                let to = &mut to[field.offset as usize..];
                match field.bits {
                    Some(bits) => write_bits(types, field.ty, bits, part, to),
                    None => write(types, field.ty, part, to),
                }
            }
        }
        (Value::Array(parts), TyKind::Array(of, _)) => {
            let size = types.size_of(of) as usize;
            for (at, part) in parts.iter().enumerate() {
                write(types, of, part, &mut to[at * size..]);
            }
        }
        (Value::Str(bytes), _) => to[..bytes.len()].copy_from_slice(bytes),
        (Value::Bool(truth), _) => to[0] = u8::from(*truth),
        (Value::Int(number), kind) => {
            let int = Int::of(types, ty).expect("numbers are of a type that has a width");
            let count = int.bits as usize / 8;
            to[..count].copy_from_slice(&number.to_le_bytes()[..count]);
            if let TyKind::Be { .. } = kind {
                to[..count].reverse();
            }
        }
        (Value::Void | Value::Struct(_) | Value::Array(_) | Value::Pointer(_) | Value::View(_), _) => {
            panic!("{value:?} is stored as bytes")
        }
    }
}

/// The value that lies at the start of some bytes.
#[expect(clippy::wildcard_enum_match_arm, reason = "all else is a number, or zero")]
pub fn read(types: &Types, ty: Ty, from: &[u8]) -> Value {
    match types.kind(ty) {
        TyKind::Struct(id) => {
            let fields = types.struct_def(id).fields.iter();
            let field = |field: &ksc::types::FieldDef| {
                let from = &from[field.offset as usize..];
                field.bits.map_or_else(|| read(types, field.ty, from), |bits| read_bits(types, field.ty, bits, from))
            };
            Value::Struct(fields.map(field).collect())
        }
        TyKind::Array(of, length) => {
            let size = types.size_of(of) as usize;
            Value::Array((0..length as usize).map(|at| read(types, of, &from[at * size..])).collect())
        }
        TyKind::Str(size) => Value::Str(from[..size as usize].to_vec()),
        TyKind::Bool => Value::Bool(from[0] != 0),
        kind => match Int::of(types, ty) {
            Some(int) => {
                let count = int.bits as usize / 8;
                let mut number = [0; 16];
                number[..count].copy_from_slice(&from[..count]);
                if let TyKind::Be { .. } = kind {
                    number[..count].reverse();
                }
                Value::Int(int.wrap(i128::from_le_bytes(number)))
            }
            None => zero(types, ty),
        },
    }
}

/// A bit-field, of the storage unit at the start of some bytes.
pub fn read_bits(types: &Types, ty: Ty, bits: BitField, from: &[u8]) -> Value {
    let unit = read(types, ty, from).number();
    Value::Int((unit >> bits.shift) & ((1 << bits.width) - 1))
}

pub fn write_bits(types: &Types, ty: Ty, bits: BitField, value: &Value, to: &mut [u8]) {
    let mask = ((1i128 << bits.width) - 1) << bits.shift;
    let unit = read(types, ty, to).number();
    write(types, ty, &Value::Int((unit & !mask) | ((value.number() << bits.shift) & mask)), to);
}

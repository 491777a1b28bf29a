//! Values as the bytes that the kernel stores: in the machine's order, C's layout, zeros in the padding.

use super::arith::Int;
use super::value::{Value, zero};
use ksc::target::Endian;
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
            if is_reversed(types, kind) {
                to[..count].reverse();
            }
        }
        (Value::Void | Value::Struct(_) | Value::Array(_) | Value::Pointer(_) | Value::View(_), _) => {
            panic!("{value:?} is stored as bytes")
        }
    }
}

/// Whether the highest byte of a number of such a type comes first.
fn is_reversed(types: &Types, kind: TyKind) -> bool {
    matches!(kind, TyKind::Be { .. }) || types.machine().endian == Endian::Big
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
                if is_reversed(types, kind) {
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
    Value::Int((unit >> above(types, ty, bits)) & ((1 << bits.width) - 1))
}

pub fn write_bits(types: &Types, ty: Ty, bits: BitField, value: &Value, to: &mut [u8]) {
    let above = above(types, ty, bits);
    let mask = ((1i128 << bits.width) - 1) << above;
    let unit = read(types, ty, to).number();
    write(types, ty, &Value::Int((unit & !mask) | ((value.number() << above) & mask)), to);
}

/// How many bits of the storage unit are below a bit-field. Headers have each bit-field in the same bytes on all machines, and one
/// of a single byte at the same bits of it.
fn above(types: &Types, ty: Ty, bits: BitField) -> u32 {
    let (shift, width) = (u32::from(bits.shift), u32::from(bits.width));
    if types.machine().endian == Endian::Little {
        return shift;
    }
    let (first, last) = (shift / 8, (shift + width).div_ceil(8));
    let bytes_behind = types.size_of(ty) as u32 - last;
    8 * bytes_behind + if last - first == 1 { shift - 8 * first } else { 0 }
}

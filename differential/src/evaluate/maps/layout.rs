//! Values as the bytes that the kernel stores: little-endian, C's layout, zeros in the padding.

use crate::evaluate::arith::Int;
use crate::evaluate::value::Value;
use ksc::types::{Ty, TyKind, Types};

pub fn bytes(types: &Types, ty: Ty, value: &Value) -> Vec<u8> {
    let mut all = vec![0; types.size_of(ty) as usize];
    write(types, ty, value, &mut all);
    all
}

fn write(types: &Types, ty: Ty, value: &Value, to: &mut [u8]) {
    match (value, types.kind(ty)) {
        (Value::Struct(parts), TyKind::Struct(id)) => {
            for (part, field) in parts.iter().zip(&types.struct_def(id).fields) {
                write(types, field.ty, part, &mut to[field.offset as usize..]);
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
        (Value::Void | Value::Struct(_) | Value::Array(_) | Value::Pointer(_), _) => panic!("{value:?} is in no map"),
    }
}

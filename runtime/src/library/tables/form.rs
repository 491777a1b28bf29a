//! What values are made of, as the compiler describes it, and how numbers are read of their bytes.

use super::namer::Namer;
use crate::abi::{KsType, KsTypeField, KsTypeKind};
use crate::kernel::end::die;
use crate::kernel::program::{array, text};

/// A type.
pub enum Form {
    /// Of 1, 2, 4 or 8 bytes.
    Number {
        signed: bool,
    },
    Bool,
    Char,
    /// Text that a NUL may end.
    Text,
    /// In network order; of 4 bytes an IPv4 address.
    Be,
    F64,
    Enum {
        signed: bool,
        variants: Vec<(&'static str, i64)>,
    },
    Pointer,
    /// Of 6 bytes a hardware address, of 16 an IPv6 address.
    Address,
    Struct(Vec<Field>),
    Array(Box<Typed>),
    /// The number of a stack in a map, or a negative errno.
    Stack {
        map: u32,
        namer: Option<&'static Namer>,
    },
}

/// A type and the size of its values in bytes.
pub struct Typed {
    pub form: Form,
    pub size: usize,
}

/// A field of a struct.
pub struct Field {
    pub name: &'static str,
    pub typed: Typed,
    pub offset: usize,
    pub bits: Option<Bits>,
}

/// Where a bit-field is in its storage unit.
#[derive(Clone, Copy)]
pub struct Bits {
    pub shift: u32,
    pub width: u32,
}

const KINDS: [KsTypeKind; 14] = [
    KsTypeKind::Unsigned,
    KsTypeKind::Signed,
    KsTypeKind::Bool,
    KsTypeKind::Char,
    KsTypeKind::Str,
    KsTypeKind::Be,
    KsTypeKind::F64,
    KsTypeKind::Enum,
    KsTypeKind::SignedEnum,
    KsTypeKind::Pointer,
    KsTypeKind::Address,
    KsTypeKind::Struct,
    KsTypeKind::Array,
    KsTypeKind::Stack,
];

impl Typed {
    /// # Safety
    /// The descriptor is valid.
    pub unsafe fn new(ty: *const KsType) -> Typed {
        // SAFETY: as the caller promises, here and below.
        let ty = unsafe { &*ty };
        let Some(kind) = KINDS.into_iter().find(|kind| *kind as u32 == ty.kind) else {
            die(1, &format!("a type ({}) is not known to this runtime library", ty.kind));
        };
        let variants = || {
            // SAFETY: see above.
            let all = unsafe { array(ty.variants, ty.variants_len) };
            all.iter().map(|variant| (text(variant.name), variant.value)).collect()
        };
        let fields = || {
            // SAFETY: see above.
            unsafe { array(ty.fields, ty.fields_len).iter().map(|field| Field::new(field)).collect() }
        };
        let form = match kind {
            KsTypeKind::Unsigned => Form::Number { signed: false },
            KsTypeKind::Signed => Form::Number { signed: true },
            KsTypeKind::Bool => Form::Bool,
            KsTypeKind::Char => Form::Char,
            KsTypeKind::Str => Form::Text,
            KsTypeKind::Be => Form::Be,
            KsTypeKind::F64 => Form::F64,
            KsTypeKind::Enum => Form::Enum { signed: false, variants: variants() },
            KsTypeKind::SignedEnum => Form::Enum { signed: true, variants: variants() },
            KsTypeKind::Pointer => Form::Pointer,
            KsTypeKind::Address => Form::Address,
            KsTypeKind::Struct => Form::Struct(fields()),
            // SAFETY: see above.
            KsTypeKind::Array => Form::Array(Box::new(unsafe { Typed::new(ty.element) })),
            // SAFETY: the compiler points to `ks_stacks`, or to nothing.
            KsTypeKind::Stack => Form::Stack { map: ty.map, namer: unsafe { ty.stacks.cast::<Namer>().as_ref() } },
        };
        Typed { form, size: usize::try_from(ty.size).unwrap_or(0) }
    }

    /// The number that a value is, in host order; none for what is no number.
    pub fn number(&self, bytes: &[u8], bits: Option<Bits>) -> Option<i128> {
        match &self.form {
            Form::Number { signed } | Form::Enum { signed, .. } => Some(integer(&bytes[..self.size], *signed, bits)),
            Form::Bool | Form::Char | Form::Pointer => Some(integer(&bytes[..self.size], false, bits)),
            Form::Stack { .. } => Some(integer(&bytes[..self.size], true, bits)),
            Form::Be => Some(big_endian(&bytes[..self.size])),
            Form::Text | Form::F64 | Form::Address | Form::Struct(_) | Form::Array(_) => None,
        }
    }

    /// The values of an array, in order.
    pub fn elements<'a>(&self, element: &Typed, bytes: &'a [u8]) -> std::slice::ChunksExact<'a, u8> {
        bytes[..self.size].chunks_exact(element.size.max(1))
    }
}

impl Field {
    /// # Safety
    /// The descriptor is valid.
    unsafe fn new(field: &KsTypeField) -> Field {
        // SAFETY: as the caller promises.
        let typed = unsafe { Typed::new(field.ty) };
        let bits = (field.width != 0).then_some(Bits { shift: field.shift, width: field.width });
        Field { name: text(field.name), typed, offset: usize::try_from(field.offset).unwrap_or(0), bits }
    }

    /// Its bytes in those of its struct.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.offset..self.offset + self.typed.size]
    }
}

/// An integer of the host, or a bit-field in it, extended by its sign.
fn integer(bytes: &[u8], signed: bool, bits: Option<Bits>) -> i128 {
    let add = |value: u128, byte: &u8| value << 8 | u128::from(*byte);
    let all = if cfg!(target_endian = "big") { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) };
    let Bits { shift, width } = bits.unwrap_or(Bits { shift: 0, width: 8 * bytes.len() as u32 });
    let unused = 128 - width.clamp(1, 128);
    let top = all >> shift << unused;
    if signed { top.cast_signed() >> unused } else { (top >> unused).cast_signed() }
}

fn big_endian(bytes: &[u8]) -> i128 {
    bytes.iter().fold(0, |value, byte| value << 8 | i128::from(*byte))
}

/// Text up to its NUL.
pub fn terminated(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len())]
}

#[cfg(test)]
mod tests {
    use super::{Bits, integer};

    #[test]
    fn integers_of_the_host() {
        assert_eq!(integer(&(-2i16).to_ne_bytes(), true, None), -2);
        assert_eq!(integer(&(-2i16).to_ne_bytes(), false, None), 65534);
        assert_eq!(integer(&u64::MAX.to_ne_bytes(), false, None), i128::from(u64::MAX));
        let unit = 0b1011_0110u8.to_ne_bytes();
        assert_eq!(integer(&unit, false, Some(Bits { shift: 4, width: 3 })), 3);
        assert_eq!(integer(&unit, true, Some(Bits { shift: 4, width: 4 })), -5);
    }
}

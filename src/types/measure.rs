//! How large a type is: the system bounds its size, and what compilers can handle bounds the number of its parts.

use super::{Ty, TyKind, Types};

/// No type is larger, in bytes: what is declared takes so much memory several times over while it is compiled.
pub const MAX_SIZE: u64 = 256 << 20;
/// No struct has more fields, with those of its fields; the element of an array counts once.
/// Stages walk over them wherever a value of the type is used.
pub const MAX_FIELDS: usize = 4096;
/// No type of a function consists of more types: what has no name is written out in messages.
pub const MAX_WRITTEN: usize = 1024;

/// Why a type is too much, in words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TooMuch {
    Bytes,
    Fields,
    Written,
}

impl TooMuch {
    /// The predicate of an error message about the type: "is larger than …".
    pub fn why(self) -> String {
        match self {
            TooMuch::Bytes => format!("is larger than {} MiB", MAX_SIZE >> 20),
            TooMuch::Fields => format!("has more than {MAX_FIELDS} fields, with those of its fields"),
            TooMuch::Written => format!("consists of more than {MAX_WRITTEN} types"),
        }
    }
}

impl Types {
    /// Whether a type is more than any program may have. Structs that are not complete yet count as nothing.
    pub fn too_much(&self, ty: Ty) -> Option<TooMuch> {
        let mut fields = MAX_FIELDS;
        let mut written = MAX_WRITTEN;
        if self.size_of(ty) > MAX_SIZE {
            Some(TooMuch::Bytes)
        } else if !self.has_fields(ty, &mut fields) {
            Some(TooMuch::Fields)
        } else if !self.is_written(ty, &mut written) {
            Some(TooMuch::Written)
        } else {
            None
        }
    }

    /// Whether the type has at most `left` fields, which it subtracts.
    fn has_fields(&self, ty: Ty, left: &mut usize) -> bool {
        let kind = self.kind(ty);
        if let TyKind::Array(element, _) = kind {
            return self.has_fields(element, left);
        }
        if let TyKind::Struct(id) = kind {
            return take_one(left) && self.struct_def(id).fields.iter().all(|field| self.has_fields(field.ty, left));
        }
        take_one(left)
    }

    /// Whether the text of the type consists of at most `left` types. A struct or enum is a name in it.
    fn is_written(&self, ty: Ty, left: &mut usize) -> bool {
        let kind = self.kind(ty);
        if let TyKind::Array(of, _) | TyKind::Ptr { to: of, .. } | TyKind::Opt(of) | TyKind::Place { of, .. } = kind {
            return self.is_written(of, left);
        }
        if let TyKind::Fn(id) = kind {
            let sig = self.sig(id);
            return sig.params.iter().chain([&sig.result]).all(|part| self.is_written(*part, left));
        }
        take_one(left)
    }
}

fn take_one(left: &mut usize) -> bool {
    let more = *left > 0;
    *left = left.saturating_sub(1);
    more
}

//! One type: its record (`struct btf_type` of include/uapi/linux/btf.h), and what follows the record.

use super::{Btf, Malformed, TypeId};

/// A type as its record says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Type<'a> {
    /// Empty for none.
    pub name: &'a str,
    pub kind: Kind,
    /// Position of what follows the record.
    pub(super) rest: usize,
    /// How many members, parameters … follow.
    pub(super) count: usize,
    /// `kind_flag`
    pub(super) flag: bool,
}

/// The kind of a type, with the fields that its record has for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Void,
    Int {
        bits: u32,
        signed: bool,
        bool: bool,
    },
    Pointer(TypeId),
    Array {
        of: TypeId,
        count: u32,
    },
    /// In bytes.
    Struct {
        size: u32,
    },
    Union {
        size: u32,
    },
    Enum {
        size: u32,
        signed: bool,
    },
    /// A struct or union that is declared but not defined: only its name is known.
    Forward,
    Typedef(TypeId),
    /// `const`, `volatile`, `restrict`
    Qualified(TypeId),
    /// `__attribute__((btf_type_tag))`: its name is the tag.
    Tagged(TypeId),
    Function(TypeId),
    /// The result.
    Prototype(TypeId),
    Float,
    /// `__attribute__((btf_decl_tag))` of another declaration: its name is the tag.
    DeclarationTag(TypeId),
    /// Variables, sections: no types.
    Other,
}

/// A parameter of a prototype.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Param<'a> {
    pub name: &'a str,
    pub ty: TypeId,
}

/// A named value of an enum.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Enumerator<'a> {
    pub name: &'a str,
    pub value: i128,
}

/// `BTF_KIND_…`
mod kinds {
    /// The kinds in records, `BTF_KIND_*` of include/uapi/linux/btf.h.
    pub const INT: u32 = 1;
    pub const POINTER: u32 = 2;
    pub const ARRAY: u32 = 3;
    pub const STRUCT: u32 = 4;
    pub const UNION: u32 = 5;
    pub const ENUM: u32 = 6;
    pub const FORWARD: u32 = 7;
    pub const TYPEDEF: u32 = 8;
    pub const VOLATILE: u32 = 9;
    pub const CONST: u32 = 10;
    pub const RESTRICT: u32 = 11;
    pub const FUNCTION: u32 = 12;
    pub const PROTOTYPE: u32 = 13;
    pub const VARIABLE: u32 = 14;
    pub const SECTION: u32 = 15;
    pub const FLOAT: u32 = 16;
    pub const DECLARATION_TAG: u32 = 17;
    pub const TYPE_TAG: u32 = 18;
    pub const ENUM64: u32 = 19;
}

/// Bytes of `struct btf_type`.
const RECORD: usize = 12;
/// Qualifiers and typedefs in a row; more is a cycle.
const MAX_CHAIN: usize = 64;

fn kind(info: u32) -> u32 {
    info >> 24 & 0x1f
}

fn count(info: u32) -> usize {
    (info & 0xffff) as usize
}

/// Bytes of a record with what follows it; none for a kind that we do not know.
pub(super) fn length(info: u32) -> Option<usize> {
    let count = count(info);
    let rest = match kind(info) {
        kinds::POINTER
        | kinds::FORWARD
        | kinds::TYPEDEF
        | kinds::VOLATILE
        | kinds::CONST
        | kinds::RESTRICT
        | kinds::FUNCTION
        | kinds::FLOAT
        | kinds::TYPE_TAG => 0,
        kinds::INT | kinds::VARIABLE | kinds::DECLARATION_TAG => 4,
        kinds::ARRAY => 12,
        kinds::STRUCT | kinds::UNION | kinds::SECTION | kinds::ENUM64 => 12 * count,
        kinds::ENUM | kinds::PROTOTYPE => 8 * count,
        _ => return None,
    };
    Some(RECORD + rest)
}

/// Positions of the names of what follows the record at a position, members, enumerators or parameters, by its `info`.
pub(super) fn entry_names(at: usize, info: u32) -> impl Iterator<Item = usize> {
    let size = match kind(info) {
        kinds::STRUCT | kinds::UNION | kinds::ENUM64 => Some(12),
        kinds::ENUM | kinds::PROTOTYPE => Some(8),
        _ => None,
    };
    size.into_iter().flat_map(move |size| (0..count(info)).map(move |index| at + RECORD + index * size))
}

/// Whether a record is a forward declaration, by its `info`.
pub(super) fn is_forward(info: u32) -> bool {
    kind(info) == kinds::FORWARD
}

/// Whether the last word of a record is the number of a type, by its `info`: else it is a size, or nothing.
pub(super) fn refers(info: u32) -> bool {
    matches!(
        kind(info),
        kinds::POINTER
            | kinds::TYPEDEF
            | kinds::VOLATILE
            | kinds::CONST
            | kinds::RESTRICT
            | kinds::FUNCTION
            | kinds::PROTOTYPE
            | kinds::VARIABLE
            | kinds::DECLARATION_TAG
            | kinds::TYPE_TAG
    )
}

/// Whether a record is a section's, by its `info`.
pub(super) fn is_section(info: u32) -> bool {
    kind(info) == kinds::SECTION
}

/// Whether a record is a variable's, by its `info`.
pub(super) fn is_variable(info: u32) -> bool {
    kind(info) == kinds::VARIABLE
}

impl Btf {
    /// Whether the type at a position is an enum.
    pub(super) fn is_enum(&self, at: usize) -> bool {
        self.type_word(at + 4).is_ok_and(|info| matches!(kind(info), kinds::ENUM | kinds::ENUM64))
    }

    /// The type of an id; [`Malformed`] if there is none or its record is cut off.
    pub fn ty(&self, id: TypeId) -> Result<Type<'_>, Malformed> {
        if id == TypeId::VOID {
            return Ok(Type { name: "", kind: Kind::Void, rest: 0, count: 0, flag: false });
        }
        self.at(self.position(id)?)
    }

    pub(super) fn at(&self, at: usize) -> Result<Type<'_>, Malformed> {
        let info = self.type_word(at + 4)?;
        let (flag, rest) = (info >> 31 == 1, at + RECORD);
        let last = self.type_word(at + 8)?;
        let of = TypeId(last);
        let kind = match kind(info) {
            kinds::INT => {
                let word = self.type_word(rest)?;
                Kind::Int { bits: word & 0xff, signed: word >> 24 & 1 == 1, bool: word >> 24 & 4 == 4 }
            }
            kinds::POINTER => Kind::Pointer(of),
            kinds::ARRAY => Kind::Array { of: TypeId(self.type_word(rest)?), count: self.type_word(rest + 8)? },
            kinds::STRUCT => Kind::Struct { size: last },
            kinds::UNION => Kind::Union { size: last },
            kinds::ENUM | kinds::ENUM64 => Kind::Enum { size: last, signed: flag },
            kinds::FORWARD => Kind::Forward,
            kinds::TYPEDEF => Kind::Typedef(of),
            kinds::VOLATILE | kinds::CONST | kinds::RESTRICT => Kind::Qualified(of),
            kinds::FUNCTION => Kind::Function(of),
            kinds::PROTOTYPE => Kind::Prototype(of),
            kinds::FLOAT => Kind::Float,
            kinds::TYPE_TAG => Kind::Tagged(of),
            kinds::DECLARATION_TAG => Kind::DeclarationTag(of),
            _ => Kind::Other,
        };
        Ok(Type { name: self.string(self.type_word(at)?)?, kind, rest, count: count(info), flag })
    }

    /// The type behind qualifiers, tags and typedefs, with its number.
    pub fn plain(&self, id: TypeId) -> Result<(TypeId, Type<'_>), Malformed> {
        self.behind(id, |kind| {
            if let Kind::Qualified(of) | Kind::Tagged(of) | Kind::Typedef(of) = kind { Some(of) } else { None }
        })
    }

    /// The names of the typedefs in front of a type, from the first on.
    pub fn aliases(&self, id: TypeId) -> Result<Vec<&str>, Malformed> {
        let (mut id, mut names) = (id, Vec::new());
        for _ in 0..MAX_CHAIN {
            let ty = self.ty(id)?;
            let (Kind::Qualified(of) | Kind::Tagged(of) | Kind::Typedef(of)) = ty.kind else { return Ok(names) };
            if let Kind::Typedef(_) = ty.kind {
                names.push(ty.name);
            }
            id = of;
        }
        Err(Malformed)
    }

    /// Whether `const` is among the qualifiers of a type.
    pub fn is_constant(&self, id: TypeId) -> Result<bool, Malformed> {
        let mut id = id;
        for _ in 0..MAX_CHAIN {
            let ty = self.ty(id)?;
            let (Kind::Qualified(of) | Kind::Tagged(of) | Kind::Typedef(of)) = ty.kind else { return Ok(false) };
            if kind(self.type_word(ty.rest - RECORD + 4)?) == kinds::CONST {
                return Ok(true);
            }
            id = of;
        }
        Err(Malformed)
    }

    /// The last typedef in front of a type.
    pub fn alias(&self, id: TypeId) -> Result<Option<&str>, Malformed> {
        let (mut id, mut name) = (id, None);
        for _ in 0..MAX_CHAIN {
            let ty = self.ty(id)?;
            if let Kind::Typedef(of) = ty.kind {
                (id, name) = (of, Some(ty.name));
            } else if let Kind::Qualified(of) | Kind::Tagged(of) = ty.kind {
                id = of;
            } else {
                return Ok(name.filter(|name| !name.is_empty()));
            }
        }
        Err(Malformed)
    }

    /// Follows types as long as `next` names one.
    fn behind(&self, id: TypeId, next: impl Fn(Kind) -> Option<TypeId>) -> Result<(TypeId, Type<'_>), Malformed> {
        let mut id = id;
        for _ in 0..MAX_CHAIN {
            let ty = self.ty(id)?;
            match next(ty.kind) {
                Some(of) => id = of,
                None => return Ok((id, ty)),
            }
        }
        Err(Malformed)
    }

    /// The parameters of a prototype. A nameless `void` at the end means that more may follow.
    pub fn params<'a>(&'a self, ty: &Type<'a>) -> Result<Vec<Param<'a>>, Malformed> {
        let param = |index| {
            let at = ty.rest + 8 * index;
            Ok(Param { name: self.string(self.type_word(at)?)?, ty: TypeId(self.type_word(at + 4)?) })
        };
        if matches!(ty.kind, Kind::Prototype(_)) { (0..ty.count).map(param).collect() } else { Err(Malformed) }
    }

    /// Whether the enumerators of an enum have 64 bits, and how many bytes each is.
    fn enumerator_form(&self, ty: &Type<'_>) -> Result<(bool, usize), Malformed> {
        let wide = kind(self.type_word(ty.rest - RECORD + 4)?) == kinds::ENUM64;
        Ok((wide, if wide { 12 } else { 8 }))
    }

    /// The positions of the names of an enum's enumerators.
    pub(super) fn enumerator_names(&self, ty: &Type<'_>) -> Result<Vec<u32>, Malformed> {
        let Kind::Enum { .. } = ty.kind else { return Err(Malformed) };
        let (_, step) = self.enumerator_form(ty)?;
        (0..ty.count).map(|index| self.type_word(ty.rest + step * index)).collect()
    }

    /// The values of an enum in order, signed or unsigned as the enum says. [`Malformed`] for another type.
    pub fn enumerators<'a>(&'a self, ty: &Type<'a>) -> Result<Vec<Enumerator<'a>>, Malformed> {
        let Kind::Enum { signed, .. } = ty.kind else { return Err(Malformed) };
        let (wide, step) = self.enumerator_form(ty)?;
        let enumerator = |index| {
            let at = ty.rest + step * index;
            let low = self.type_word(at + 4)?;
            let high = if wide { self.type_word(at + 8)? } else { 0 };
            let bits = u64::from(high) << 32 | u64::from(low);
            let value = match (wide, signed) {
                (false, true) => i128::from(low as i32),
                (true, true) => i128::from(bits as i64),
                (_, false) => i128::from(bits),
            };
            Ok(Enumerator { name: self.string(self.type_word(at)?)?, value })
        };
        (0..ty.count).map(enumerator).collect()
    }
}

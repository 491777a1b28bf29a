//! Attributes of ops: facts that are known when the op is made, in the order of the op's record.

use crate::types::Ty;
use std::rc::Rc;

/// A name of the module: a function, map, global, helper or runtime symbol. Written `@name`.
pub type Symbol = Rc<str>;

/// The value of an attribute, of the kind that the op's record gives it. The accessors stop with a compiler bug at another kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Attr {
    Int(i128),
    Bool(bool),
    Str(Vec<u8>),
    Symbol(Symbol),
    Type(Ty),
    Word(Box<str>),
    Ints(Vec<i128>),
}

/// The getters are for typed views, which know the kind from the record.
impl Attr {
    /// The value of an `Int` attribute.
    pub fn int(&self) -> i128 {
        let Attr::Int(value) = self else { crate::bug!("attribute {self:?} is no number") };
        *value
    }

    /// The value of a `Bool` attribute.
    pub fn bool(&self) -> bool {
        let Attr::Bool(value) = self else { crate::bug!("attribute {self:?} is no bool") };
        *value
    }

    /// The bytes of a `Str` attribute, without a terminating NUL.
    pub fn bytes(&self) -> &[u8] {
        let Attr::Str(bytes) = self else { crate::bug!("attribute {self:?} is no string") };
        bytes
    }

    /// The symbol of a `Symbol` attribute, without the `@`.
    pub fn symbol(&self) -> &Symbol {
        let Attr::Symbol(symbol) = self else { crate::bug!("attribute {self:?} is no symbol") };
        symbol
    }

    /// The type of a `Type` attribute.
    pub fn ty(&self) -> Ty {
        let Attr::Type(ty) = self else { crate::bug!("attribute {self:?} is no type") };
        *ty
    }

    /// The word of a `Word` attribute, one of those that the record lists.
    pub fn word(&self) -> &str {
        let Attr::Word(word) = self else { crate::bug!("attribute {self:?} is no word") };
        word
    }

    /// The numbers of an `Ints` attribute.
    pub fn ints(&self) -> &[i128] {
        let Attr::Ints(values) = self else { crate::bug!("attribute {self:?} is no list of numbers") };
        values
    }
}

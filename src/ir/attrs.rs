//! Attributes of ops: facts that are known when the op is made. They stand in the order of the op's record.

use crate::types::Ty;
use std::rc::Rc;

/// A name of the module: a function, map, global, helper or runtime symbol. Written `@name`.
pub type Symbol = Rc<str>;

#[derive(Clone, PartialEq, Debug)]
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
    pub fn int(&self) -> i128 {
        match self {
            Attr::Int(value) => *value,
            other => crate::bug!("attribute {other:?} is no number"),
        }
    }

    pub fn bool(&self) -> bool {
        match self {
            Attr::Bool(value) => *value,
            other => crate::bug!("attribute {other:?} is no bool"),
        }
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Attr::Str(bytes) => bytes,
            other => crate::bug!("attribute {other:?} is no string"),
        }
    }

    pub fn symbol(&self) -> &Symbol {
        match self {
            Attr::Symbol(symbol) => symbol,
            other => crate::bug!("attribute {other:?} is no symbol"),
        }
    }

    pub fn ty(&self) -> Ty {
        match self {
            Attr::Type(ty) => *ty,
            other => crate::bug!("attribute {other:?} is no type"),
        }
    }

    pub fn word(&self) -> &str {
        match self {
            Attr::Word(word) => word,
            other => crate::bug!("attribute {other:?} is no word"),
        }
    }

    pub fn ints(&self) -> &[i128] {
        match self {
            Attr::Ints(values) => values,
            other => crate::bug!("attribute {other:?} is no list of numbers"),
        }
    }
}

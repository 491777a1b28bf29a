//! The names in a program's text with their meanings, and the types of its expressions: what an editor shows and follows.
//!
//! The checker notes them while it resolves names, in functions with errors too, if `Session::uses` is open. Compilations leave it closed.

use crate::source::Span;
use crate::tables::{BuiltinSpec, HelperSpec, MapKindSpec, MapMethodSpec, ValueMethodSpec};
use crate::types::{EnumId, StructId, Ty};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A parameter, variable or constant of a function: the span of its name in the declaration, and its type.
    Local {
        declared: Span,
        ty: Ty,
    },
    /// A declaration of a file: the span of its name there.
    Declared(Span),
    /// The name of a type that the language or the kernel has.
    Type(Ty),
    /// A constant of the language: its text.
    Constant(String),
    Field {
        of: StructId,
        field: usize,
    },
    Variant {
        of: EnumId,
        variant: usize,
    },
    Builtin(&'static BuiltinSpec),
    Helper(&'static HelperSpec),
    /// A method of maps of a kind.
    MapMethod(&'static MapKindSpec, &'static MapMethodSpec),
    /// A method of a value.
    Method(&'static ValueMethodSpec),
}

/// A name that may stand at the place that is asked about.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: String,
    pub meaning: Meaning,
}

/// What may stand at the place that is asked about.
#[derive(Clone, Debug, Default)]
pub struct Gap {
    pub candidates: Vec<Candidate>,
    /// Any type of the kernel too.
    pub kernel_types: bool,
}

/// Names and types by their places.
#[derive(Default)]
pub struct Uses {
    open: bool,
    /// The name at this place is not there yet.
    asked: Option<Span>,
    names: RefCell<BTreeMap<Span, Meaning>>,
    types: RefCell<HashMap<Span, Ty>>,
    gap: RefCell<Option<Gap>>,
}

impl Uses {
    /// One that is noted in.
    pub fn open() -> Uses {
        Uses { open: true, ..Uses::default() }
    }

    /// One that is asked what may stand in the place of a name.
    pub fn asking(place: Span) -> Uses {
        Uses { open: true, asked: Some(place), ..Uses::default() }
    }

    /// Whether anything is noted.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the name at this place is the one that is not there yet.
    pub fn asks(&self, place: Span) -> bool {
        self.asked == Some(place)
    }

    /// Notes the meaning of a name; `meaning` runs only if that is wanted. The last one counts.
    pub fn note(&self, place: Span, meaning: impl FnOnce() -> Meaning) {
        if self.open {
            self.names.borrow_mut().insert(place, meaning());
        }
    }

    /// Notes a meaning unless the place has one.
    pub fn note_first(&self, place: Span, meaning: Meaning) {
        if self.open {
            self.names.borrow_mut().entry(place).or_insert(meaning);
        }
    }

    /// Notes the type of an expression.
    pub fn note_type(&self, place: Span, ty: Ty) {
        if self.open {
            self.types.borrow_mut().insert(place, ty);
        }
    }

    /// Notes what may stand at the place that is asked about; the first answer counts.
    pub fn fill(&self, gap: Gap) {
        self.gap.borrow_mut().get_or_insert(gap);
    }

    /// The answer to what was asked.
    pub fn answer(&self) -> Option<Gap> {
        self.gap.borrow().clone()
    }

    /// The meaning of the name at exactly this place.
    pub fn at(&self, place: Span) -> Option<Meaning> {
        self.names.borrow().get(&place).cloned()
    }

    /// All names with their meanings, in the order of files and places.
    pub fn all(&self) -> Vec<(Span, Meaning)> {
        self.names.borrow().iter().map(|(span, meaning)| (*span, meaning.clone())).collect()
    }

    /// The type of the expression at exactly this place.
    pub fn type_at(&self, place: Span) -> Option<Ty> {
        self.types.borrow().get(&place).copied()
    }
}

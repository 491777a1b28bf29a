//! Lookup by name.

use super::{Btf, Kind, TypeId};
use memchr::memmem;

/// The kind of what a name is looked up for; the kernel may use one name for a struct, a typedef and a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wanted {
    /// A struct, union, enum or typedef.
    Type,
    Typedef,
    Function,
}

impl Wanted {
    fn takes(self, kind: Kind) -> bool {
        match self {
            Wanted::Type => {
                matches!(kind, Kind::Struct { .. } | Kind::Union { .. } | Kind::Enum { .. } | Kind::Typedef(_))
            }
            Wanted::Typedef => matches!(kind, Kind::Typedef(_)),
            Wanted::Function => matches!(kind, Kind::Function(_)),
        }
    }
}

impl Btf {
    /// The first type of a name.
    pub fn find(&self, name: &str, wanted: Wanted) -> Option<TypeId> {
        let offsets = self.offsets(name)?;
        let has_name = |at: usize| self.type_word(at).is_ok_and(|offset| offsets.contains(&offset));
        let named = self.positions().filter(|&(_, at)| has_name(at));
        let mut fits = named.filter(|&(_, at)| self.at(at).is_ok_and(|ty| wanted.takes(ty.kind)));
        fits.next().map(|(id, _)| id)
    }

    /// The first enum that has an enumerator of a name, and its place among them.
    pub fn find_enumerator(&self, name: &str) -> Option<(TypeId, usize)> {
        let offsets = self.offsets(name)?;
        let enums = self.positions().filter(|&(_, at)| self.is_enum(at));
        enums.into_iter().find_map(|(id, at)| {
            let ty = self.at(at).ok()?;
            let names = self.enumerator_names(&ty).ok()?;
            let place = names.iter().position(|name| offsets.contains(name))?;
            Some((id, place))
        })
    }

    /// The names of all types of a kind that contain a text, for near misses.
    pub fn names(&self, wanted: Wanted) -> impl Iterator<Item = &str> {
        let all = self.positions().filter_map(|(_, at)| self.at(at).ok());
        all.filter(move |ty| wanted.takes(ty.kind) && !ty.name.is_empty()).map(|ty| ty.name)
    }

    /// Where a name is among the strings: it may also be the end of others. None if it is nowhere.
    fn offsets(&self, name: &str) -> Option<Vec<u32>> {
        let mut text = name.as_bytes().to_vec();
        text.push(0);
        let found: Vec<u32> = memmem::find_iter(self.strings(), &text).map(|at| at as u32).collect();
        (!name.is_empty() && !found.is_empty()).then_some(found)
    }
}

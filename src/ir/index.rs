//! Where the lists of a module have the declarations of given names. Passes change the lists as they like: a place is a hint, which each
//! look checks.

use super::module::{Global, KfuncDecl};
use super::{Function, MapDecl, StructOps, Symbol};
use rustc_hash::FxHashMap;
use std::cell::{Cell, RefCell};

/// What has a name of its own in a list of a module.
pub trait Named {
    /// The symbol, which nothing else of the list has.
    fn symbol(&self) -> &Symbol;
}

macro_rules! named {
    ($($of:ty),*) => {
        $(impl Named for $of {
            fn symbol(&self) -> &Symbol {
                &self.name
            }
        })*
    };
}

named!(Function, Global, KfuncDecl, MapDecl, StructOps);

/// The places of one list.
#[derive(Clone, Debug, Default)]
pub struct Places {
    of: RefCell<FxHashMap<Symbol, usize>>,
    /// How many items of the list were entered, from the first one on.
    entered: Cell<usize>,
}

impl Places {
    /// The item of this name; none if the list has none. A look for what is there takes constant time, but for the first one after
    /// items were added, removed or moved.
    pub fn find<'l, T: Named>(&self, list: &'l [T], name: &str) -> Option<&'l T> {
        let is_it = |item: &&T| &**item.symbol() == name;
        if let Some(found) = self.hint(list, name).filter(is_it) {
            return Some(found);
        }
        self.enter(list);
        if let Some(found) = self.hint(list, name).filter(is_it) {
            return Some(found);
        }
        let found = list.iter().find(is_it)?;
        self.entered.set(0);
        self.enter(list);
        Some(found)
    }

    fn hint<'l, T>(&self, list: &'l [T], name: &str) -> Option<&'l T> {
        self.of.borrow().get(name).and_then(|&at| list.get(at))
    }

    /// Enters what is behind the last item that was entered.
    fn enter<T: Named>(&self, list: &[T]) {
        let items = list.iter().enumerate().skip(self.entered.replace(list.len()));
        self.of.borrow_mut().extend(items.map(|(at, item)| (item.symbol().clone(), at)));
    }
}

/// The places of all lists of a module in which names are looked up.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub funcs: Places,
    pub globals: Places,
    pub maps: Places,
    pub struct_ops: Places,
    pub kfuncs: Places,
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Item(Symbol);

    impl Named for Item {
        fn symbol(&self) -> &Symbol {
            &self.0
        }
    }

    #[test]
    fn a_list_may_change_between_looks() {
        let mut list: Vec<Item> = ["a", "b", "c"].into_iter().map(|name| Item(name.into())).collect();
        let places = Places::default();
        let place = |list: &[Item], name: &str| {
            let found = places.find(list, name)?;
            list.iter().position(|item| std::ptr::eq(item, found))
        };
        assert_eq!(place(&list, "c"), Some(2));
        list.remove(0);
        assert_eq!((place(&list, "a"), place(&list, "c"), place(&list, "b")), (None, Some(1), Some(0)));
        list.push(Item("d".into()));
        list.swap(0, 2);
        assert_eq!((place(&list, "d"), place(&list, "b")), (Some(0), Some(2)));
    }
}

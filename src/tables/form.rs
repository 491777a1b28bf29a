//! The field types of table records, as statics of the compiler. `ir-specs/gen/tables/form.rs` has the same names for
//! the build script, which reads the records from TOML.

pub use crate::target::Target;
use enum_map::EnumMap;

/// A text in a record.
pub type Text = &'static str;
/// A list in a record.
pub type List<T> = &'static [T];
/// A value for each target in a record.
pub type ByTarget<T> = EnumMap<Target, T>;
/// A kernel: major, minor.
pub type Kernel = (u32, u32);

/// In the order of [`Target::ALL`].
pub const fn by_target<T>(all: [T; Target::ALL.len()]) -> ByTarget<T> {
    EnumMap::from_array(all)
}

/// Declares a struct of a table. `serde` attributes are for the build script.
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $about:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: $ty:ty, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(PartialEq, Eq, Debug)]
        pub struct $name { $( $(#[doc = $about])* pub $field: $ty, )* }
    };
}

/// Declares an enum of words of a table. `= Variant` is the value of a missing word.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $(#[serde($($serde:tt)*)])?
        pub enum $name:ident $(= $default:ident)? {
            $( $(#[doc = $about:literal])* $variant:ident, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name { $( $(#[doc = $about])* $variant, )* }
    };
}

/// Declares an enum of a table whose variants have data of their own. A record writes `{ variant = { field = value } }`.
macro_rules! choices {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $about:literal])* $variant:ident { $( $(#[doc = $what:literal])* $field:ident: $ty:ty, )* }, )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(PartialEq, Eq, Debug)]
        pub enum $name { $( $(#[doc = $about])* $variant { $( $(#[doc = $what])* $field: $ty, )* }, )* }
    };
}

pub(crate) use {choices, record, words};

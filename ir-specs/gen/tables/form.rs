//! The field types of table records while they are read from TOML and written as Rust: the names of `src/tables/form.rs`, with types that
//! own their parts.

use serde::ser::{Serialize, SerializeTupleStruct, Serializer};
use serde::{Deserialize, Serialize as DeriveSerialize};

/// A text in a record, owned.
pub type Text = String;
/// A list in a record, owned.
pub type List<T> = Vec<T>;
/// A kernel: major, minor.
pub type Kernel = (u32, u32);

/// In the order of the `Target` of the compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, DeriveSerialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Bpf,
    Host,
    Kmod,
}

/// A value for each target; of one that is not named, the empty one.
#[derive(PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ByTarget<T: Default> {
    bpf: T,
    host: T,
    kmod: T,
}

impl<T: Default> ByTarget<T> {
    /// The values in the order of `Target` in src/target/mod.rs.
    pub fn values(&self) -> [&T; 3] {
        [&self.bpf, &self.host, &self.kmod]
    }
}

impl<T: Default + Serialize> Serialize for ByTarget<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all = serializer.serialize_tuple_struct("ByTarget", 3)?;
        for value in self.values() {
            all.serialize_field(value)?;
        }
        all.end()
    }
}

/// The default of a column that is true unless the record says otherwise.
pub fn yes() -> bool {
    true
}

/// The default of a column with the name of a type.
pub fn void() -> String {
    "void".to_owned()
}

/// The default of a column with the text of a number.
pub fn zero() -> String {
    "0".to_owned()
}

/// Entries of a map whose declaration gives no number.
pub fn entries() -> u32 {
    1024
}

macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident {
            $( $(#[doc = $about:literal])* $(#[serde($($serde:tt)*)])? pub $field:ident: $ty:ty, )*
        }
    ) => {
        #[derive(PartialEq, Eq, Debug, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $( $(#[serde($($serde)*)])? pub $field: $ty, )* }
    };
}

macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        $(#[serde($($serde:tt)*)])?
        pub enum $name:ident $(= $default:ident)? {
            $( $(#[doc = $about:literal])* $variant:ident, )*
        }
    ) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Deserialize, serde::Serialize)]
        $(#[serde($($serde)*)])?
        pub enum $name { $( $variant, )* }
        $( impl Default for $name { fn default() -> Self { $name::$default } } )?
    };
}

macro_rules! choices {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident {
            $( $(#[doc = $about:literal])* $variant:ident { $( $(#[doc = $what:literal])* $field:ident: $ty:ty, )* }, )*
        }
    ) => {
        #[derive(PartialEq, Eq, Debug, serde::Deserialize, serde::Serialize)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        pub enum $name { $( $variant { $( $field: $ty, )* }, )* }
    };
}

pub(crate) use {choices, record, words};

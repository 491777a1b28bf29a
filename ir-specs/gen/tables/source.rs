//! Writes a record as the Rust expression of the compiler's static: a serde serialiser.

use crate::load::camel;
use serde::ser::{self, Serialize};
use std::fmt::{Display, Write};

/// The record as an expression.
pub fn expression<T: Serialize>(record: &T) -> String {
    let mut source = Source(String::new());
    record.serialize(&mut source).unwrap_or_else(|why| panic!("ir-specs: {}", why.0));
    source.0
}

struct Source(String);

/// The reason why a record cannot be written as Rust.
#[derive(Debug)]
pub struct Failed(String);

impl Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: Display>(why: T) -> Failed {
        Failed(why.to_string())
    }
}

type Done = Result<(), Failed>;

impl Source {
    fn put(&mut self, text: impl Display) -> Done {
        write!(self.0, "{text}").map_err(|why| Failed(why.to_string()))
    }
}

/// An expression that is being written: each part is put, with a comma behind, and then the end.
struct Open<'s> {
    source: &'s mut Source,
    /// What follows each part but the comma.
    suffix: &'static str,
    end: &'static str,
}

impl Open<'_> {
    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(&mut *self.source)?;
        let suffix = self.suffix;
        self.source.put(suffix)?;
        self.source.put(", ")
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Done {
        self.source.put(format_args!("{name}: "))?;
        self.part(value)
    }

    fn finish(self) -> Done {
        self.source.put(self.end)
    }
}

/// A type of value that no table has.
macro_rules! unused {
    ($($method:ident($($ty:ty),*);)*) => {
        $( fn $method(self, $(_: $ty),*) -> Done { Err(Failed(format!("`{}` is not written", stringify!($method)))) } )*
    };
}

macro_rules! displayed {
    ($($method:ident($ty:ty);)*) => {
        $( fn $method(self, value: $ty) -> Done { self.put(value) } )*
    };
}

impl<'s> ser::Serializer for &'s mut Source {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Open<'s>;
    type SerializeTuple = Open<'s>;
    type SerializeTupleStruct = Open<'s>;
    type SerializeTupleVariant = Open<'s>;
    type SerializeMap = ser::Impossible<(), Failed>;
    type SerializeStruct = Open<'s>;
    type SerializeStructVariant = Open<'s>;

    displayed! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_i128(i128); serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
    }

    unused! {
        serialize_f32(f32); serialize_f64(f64); serialize_char(char); serialize_bytes(&[u8]); serialize_unit();
        serialize_unit_struct(&'static str);
    }

    fn serialize_str(self, value: &str) -> Done {
        self.put(format_args!("{value:?}"))
    }

    fn serialize_none(self) -> Done {
        self.put("None")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        self.put("Some(")?;
        value.serialize(&mut *self)?;
        self.put(")")
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Done {
        self.put(format_args!("{name}::{}", camel(variant)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Done {
        self.put(format_args!("{name}::{}(", camel(variant)))?;
        value.serialize(&mut *self)?;
        self.put(")")
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'s>, Failed> {
        self.put("&[")?;
        Ok(Open { source: self, suffix: "", end: "]" })
    }

    fn serialize_tuple(self, _: usize) -> Result<Open<'s>, Failed> {
        self.put("(")?;
        Ok(Open { source: self, suffix: "", end: ")" })
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Open<'s>, Failed> {
        if name != "ByTarget" {
            return Err(Failed(format!("`{name}` is not written")));
        }
        self.put("by_target([")?;
        // Lists of several lengths become slices.
        Ok(Open { source: self, suffix: " as _", end: "])" })
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'s>, Failed> {
        self.put(format_args!("{name}::{}(", camel(variant)))?;
        Ok(Open { source: self, suffix: "", end: ")" })
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Failed> {
        Err(Failed("a map is not written".to_owned()))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Open<'s>, Failed> {
        self.put(format_args!("{name} {{ "))?;
        Ok(Open { source: self, suffix: "", end: "}" })
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'s>, Failed> {
        self.put(format_args!("{name}::{} {{ ", camel(variant)))?;
        Ok(Open { source: self, suffix: "", end: "}" })
    }
}

macro_rules! parts {
    ($($of:ident: $method:ident;)*) => {
        $( impl ser::$of for Open<'_> {
            type Ok = ();
            type Error = Failed;
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Done { self.part(value) }
            fn end(self) -> Done { self.finish() }
        } )*
    };
}

macro_rules! fields {
    ($($of:ident;)*) => {
        $( impl ser::$of for Open<'_> {
            type Ok = ();
            type Error = Failed;
            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
                self.field(name, value)
            }
            fn end(self) -> Done { self.finish() }
        } )*
    };
}

parts! {
    SerializeSeq: serialize_element; SerializeTuple: serialize_element; SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}
fields! { SerializeStruct; SerializeStructVariant; }

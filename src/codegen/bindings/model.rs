//! What a module of bindings describes: the types, maps and variables of an object.

use serde::{Deserialize, Serialize};

/// The form of a value in memory.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Form {
    /// Bytes, and whether it is signed.
    Int(u32, bool),
    Bool,
    /// An integer in network byte order of so many bytes.
    Be(u32),
    /// Bytes: 4 or 8.
    Float(u32),
    /// Characters up to a NUL, in so many bytes.
    Text(u64),
    Bytes(u64),
    Array(Box<Form>, u64),
    /// One of the declared types, by its index.
    Declared(usize),
}

/// A struct, a union or an enum.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Declared {
    pub name: String,
    /// In bytes.
    pub size: u64,
    pub kind: Kind,
}

/// The kind of a declared type, and what is in it.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `locked`: the kernel reads and writes it under a lock that is in it.
    Struct {
        fields: Vec<Field>,
        locked: bool,
    },
    Union(Vec<Field>),
    Enum {
        signed: bool,
        variants: Vec<(String, i128)>,
    },
}

/// A field of a struct, a member of a union.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: String,
    /// In bytes; of a bit-field it is not used.
    pub offset: u64,
    /// The first bit and the number of bits of a bit-field.
    pub bits: Option<(u64, u32)>,
    pub form: Form,
}

/// A map.
#[derive(Clone, Debug)]
pub struct Map {
    pub name: String,
    /// `enum bpf_map_type`
    pub kind: u32,
    pub key: Option<Form>,
    /// Of a map of events it is the record.
    pub value: Option<Form>,
    /// Of the key and of the value in the kernel, in bytes; 0 where the object does not say.
    pub sizes: (u64, u64),
    /// Programs use it, so that it is there as long as they are.
    pub used: bool,
    pub pin: Option<String>,
    /// The template of the maps inside.
    pub inner: Option<Box<Map>>,
    /// The programs that its definition puts into its entries.
    pub programs: Vec<(u64, String)>,
}

/// A section of variables.
#[derive(Clone, Debug)]
pub struct Section {
    pub name: String,
    pub size: u64,
    pub variables: Vec<Variable>,
    /// As of maps.
    pub used: bool,
    pub pin: Option<String>,
}

/// A variable that the program shares.
#[derive(Clone, Debug)]
pub struct Variable {
    pub name: String,
    pub offset: u64,
    pub form: Form,
    pub writable: bool,
}

/// A program.
#[derive(Clone, Debug)]
pub struct Program {
    pub name: String,
    /// What loaders read the type of the program from.
    pub section: String,
}

/// All of an object.
#[derive(Default, Debug)]
pub struct Model {
    /// Its numbers are big-endian.
    pub big: bool,
    pub programs: Vec<Program>,
    /// Each after those that it is made of.
    pub types: Vec<Declared>,
    pub maps: Vec<Map>,
    pub sections: Vec<Section>,
}

/// The types of the records that go through maps of events, which no BTF of an object has.
#[derive(Serialize, Deserialize, Default, Debug)]
pub struct Records {
    pub types: Vec<Declared>,
    /// By the map's name.
    pub maps: Vec<(String, Form)>,
}

impl Model {
    /// Adds a type unless one of the same name and contents is there; its index.
    pub fn add(&mut self, declared: Declared) -> usize {
        match self.types.iter().position(|known| *known == declared) {
            Some(known) => known,
            None => {
                self.types.push(declared);
                self.types.len() - 1
            }
        }
    }

    /// Takes the records of the object's maps of events, with their types.
    pub fn take(&mut self, records: Records) {
        let mut places: Vec<usize> = Vec::new();
        for mut declared in records.types {
            match &mut declared.kind {
                Kind::Struct { fields, .. } | Kind::Union(fields) => {
                    fields.iter_mut().for_each(|field| moved(&mut field.form, &places));
                }
                Kind::Enum { .. } => {}
            }
            let place = self.add(declared);
            places.push(place);
        }
        for (name, mut form) in records.maps {
            moved(&mut form, &places);
            if let Some(map) = self.maps.iter_mut().find(|map| map.name == name) {
                map.value = Some(form);
            }
        }
    }
}

/// Changes the indexes of declared types; one that is not known is that of bytes.
fn moved(form: &mut Form, places: &[usize]) {
    match form {
        Form::Declared(index) => {
            *form = places.get(*index).map_or(Form::Bytes(0), |&place| Form::Declared(place));
        }
        Form::Array(of, _) => moved(of, places),
        Form::Int(..) | Form::Bool | Form::Be(_) | Form::Float(_) | Form::Text(_) | Form::Bytes(_) => {}
    }
}

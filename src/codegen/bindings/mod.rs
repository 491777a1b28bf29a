//! `ksc bindings`: a module for another language with the types, maps, programs and variables of an object, by its BTF.
//!
//! `object.rs` reads an object of any compiler into a model (`model.rs`), and `python.rs`, `rust.rs` and `go.rs` write the module for a model.
//! `layout.rs` says which bytes of a struct are what, for languages that have C's memory. BTF lacks the types of records, which go through
//! ring buffers: `records.rs` adds these to objects of ksc.

pub mod entries;
mod go;
mod layout;
mod model;
mod names;
mod object;
mod python;
mod records;
mod rust;
mod types;

pub use records::of as records;

/// A language that modules are written for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language<'n> {
    Python,
    Rust,
    Go(Go<'n>),
}

/// What a file for Go is made with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Go<'n> {
    /// The package that the file is in.
    pub package: &'n str,
    /// Variables are `ebpf.Variable`, which cilium/ebpf has from 0.17 on; without them their sections are maps.
    pub variables: bool,
}

impl Go<'_> {
    /// What a file is made with where nothing says otherwise.
    pub const PLAIN: Go<'static> = Go { package: "main", variables: true };
}

/// What a module is made with that no object says.
#[derive(Clone, Copy, Debug)]
pub struct Names<'n> {
    pub program: &'n str,
    /// The file of the object, in the folder of the module; none if no file is only the object.
    pub object: Option<&'n str>,
}

/// The module of an object. The error is the reason in words.
pub fn of(language: Language<'_>, object: &[u8], names: &Names<'_>) -> Result<String, String> {
    let model = object::model(object)?;
    match language {
        Language::Python => Ok(python::module(&model, names.program)),
        Language::Rust => rust::module(&model, names),
        Language::Go(go) => go::file(&model, names, go),
    }
}

/// The module for Python of an object; `name` is that of the program. The error is the reason in words.
pub fn python(object: &[u8], name: &str) -> Result<String, String> {
    of(Language::Python, object, &Names { program: name, object: None })
}

/// The name under which a script of the program imports the module: `NAME_ks`.
pub fn module_name(program: &str) -> String {
    let clean: String = program.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{clean}_ks")
}

//! `ksc bindings --python`: a module for Python with the maps and variables of an object, by its BTF.
//!
//! `object.rs` reads an object of any compiler into a model (`model.rs`), and `python.rs` writes the module for a model. BTF lacks the types
//! of records, which go through ring buffers: `records.rs` adds these to objects of ksc.

mod model;
mod names;
mod object;
mod python;
mod records;
mod types;

pub use records::of as records;

/// The module for Python of an object; `name` is that of the program. The error is the reason in words.
pub fn python(object: &[u8], name: &str) -> Result<String, String> {
    object::model(object).map(|model| python::module(&model, name))
}

/// The name under which a script of the program imports the module: `NAME_ks`.
pub fn module_name(program: &str) -> String {
    let clean: String = program.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{clean}_ks")
}

//! What a page says about a program. JSON has the same names.

use serde::Serialize;

/// A program.
#[derive(Serialize)]
pub struct Page {
    pub name: String,
    /// The name of the source.
    pub file: String,
    /// The doc comment of the file, or of `main`.
    pub doc: String,
    pub license: String,
    /// The oldest kernel on which the BPF object loads; none without BPF code.
    pub first_kernel: Option<String>,
    pub needs: Vec<Need>,
    pub usage: Option<Usage>,
    pub programs: Vec<Program>,
    pub maps: Vec<Map>,
    pub events: Vec<Event>,
    pub variables: Vec<Variable>,
    pub functions: Vec<Function>,
    pub types: Vec<Type>,
    pub constants: Vec<Constant>,
    /// Modules and headers that the file names.
    pub modules: Vec<String>,
}

/// A feature of the kernel.
#[derive(Serialize)]
pub struct Need {
    pub what: String,
    pub name: String,
    pub since: String,
}

/// What `--help` says.
#[derive(Serialize)]
pub struct Usage {
    pub synopsis: String,
    /// The doc comment of the struct of options.
    pub doc: String,
    pub options: Vec<Row>,
    /// The options that are not of `main`.
    pub own: Vec<Row>,
    /// As `--help` prints it.
    pub help: String,
}

/// An option with its description.
#[derive(Serialize)]
pub struct Row {
    pub option: String,
    pub note: String,
}

/// A BPF program, or a member of an implementation of a struct of the kernel.
#[derive(Serialize)]
pub struct Program {
    pub name: String,
    pub doc: String,
    pub line: u32,
    /// As written: `@xdp("eth0")`.
    pub attribute: String,
    /// As bpftool names it.
    #[serde(rename = "type")]
    pub kind: String,
    pub section: String,
    /// The target of the attribute; none where `attach` names it.
    pub target: Option<String>,
    pub signature: String,
    /// Those that it, or a function that it calls, uses.
    pub maps: Vec<String>,
    pub calls: Vec<String>,
}

/// A map with the functions that use it.
#[derive(Serialize)]
pub struct Map {
    pub name: String,
    pub doc: String,
    pub line: u32,
    pub kind: String,
    /// None where programs do not write it.
    pub key: Option<String>,
    /// None of histograms.
    pub value: Option<String>,
    /// The type as the program has it, of maps whose key or value it does not say.
    #[serde(skip)]
    pub as_written: Option<String>,
    pub entries: u32,
    /// The field of a config that says how many entries it has; `entries` is the default of that.
    pub sized_by: Option<String>,
    /// Where it is pinned.
    pub pin: Option<String>,
    /// Functions of BPF code.
    pub bpf: Vec<String>,
    /// Functions of user space.
    pub user: Vec<String>,
}

impl Map {
    /// `hash<u32, u64>(1024)`
    pub fn form(&self) -> String {
        if let Some(written) = &self.as_written {
            return written.clone();
        }
        let types = self.key.iter().chain(&self.value).cloned().collect::<Vec<_>>().join(", ");
        let entries = self.entries.to_string();
        format!("{}<{types}>({})", self.kind, self.sized_by.as_ref().unwrap_or(&entries))
    }
}

/// The records that BPF code sends through a map, or that user space sends to it.
#[derive(Serialize)]
pub struct Event {
    pub map: String,
    pub record: String,
    pub sent_by: Vec<String>,
    pub taken_by: Vec<String>,
}

/// A global variable, or a field of a config.
#[derive(Serialize)]
pub struct Variable {
    pub name: String,
    pub doc: String,
    pub line: u32,
    /// As written, without its value.
    pub declaration: String,
    /// The initial value as written.
    pub value: Option<String>,
    pub pin: Option<String>,
    pub bpf: Vec<String>,
    pub user: Vec<String>,
}

/// A function that is no program.
#[derive(Serialize)]
pub struct Function {
    pub name: String,
    pub doc: String,
    pub line: u32,
    pub attribute: String,
    pub signature: String,
    /// The sides that it runs on.
    pub runs: Vec<String>,
    pub calls: Vec<String>,
}

/// A struct or an enum.
#[derive(Serialize)]
pub struct Type {
    pub name: String,
    pub doc: String,
    pub line: u32,
    /// `struct` or `enum`.
    pub form: String,
    /// In bytes.
    pub size: u64,
    pub parts: Vec<Part>,
}

/// A field or a variant.
#[derive(Serialize)]
pub struct Part {
    pub name: String,
    pub doc: String,
    /// Of a field.
    #[serde(rename = "type")]
    pub ty: Option<String>,
    /// The offset of a field in bytes, the value of a variant.
    pub at: String,
}

/// A constant as written.
#[derive(Serialize)]
pub struct Constant {
    pub name: String,
    pub doc: String,
    pub line: u32,
    pub declaration: String,
}

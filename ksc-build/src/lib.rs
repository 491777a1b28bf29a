//! For `build.rs`: compiles a program of KernelScript by `ksc`, and writes the module of Rust with its object, types, maps, variables and
//! events.
//!
//! ```no_run
//! // build.rs
//! ksc_build::compile("src/ports.ks");
//! ```
//!
//! The program then has the module `ports`:
//!
//! ```text
//! include!(concat!(env!("OUT_DIR"), "/ports.rs"));
//! ```
//!
//! `ports::OBJECT` is what aya or libbpf-rs load. The compiler is the one that the environment variable `KSC` names, else the `ksc` of `PATH`.

pub mod rules;

use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// The variable that names the compiler.
const COMPILER: &str = "KSC";

/// Words of Rust that no module can have as its name.
const NO_MODULES: [&str; 4] = ["crate", "self", "super", "Self"];

/// Compiles a program, relative to the folder of the package, for `build.rs`: tells cargo which files the module is made of, and the
/// warnings; prints errors and ends the process.
pub fn compile(source: impl AsRef<Path>) {
    Program::new(source).compile();
}

/// A program to compile.
#[derive(Clone, Debug)]
pub struct Program {
    source: PathBuf,
    options: Vec<OsString>,
    compiler: Option<PathBuf>,
    folder: Option<PathBuf>,
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Built {
    /// The BPF object.
    pub object: PathBuf,
    /// The file of the module.
    pub module: PathBuf,
    /// The file for `include!`, which declares the module under the name of the source.
    pub include: PathBuf,
    /// The files that the program is made of, the source among them.
    pub files: Vec<PathBuf>,
    /// The compiler's warnings and notes, as it prints them; empty if there are none.
    pub messages: String,
}

/// Why there is no module.
#[derive(Clone, PartialEq, Eq)]
pub enum Error {
    /// The compiler cannot be run.
    NoCompiler {
        /// As it was called.
        compiler: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// The compiler's errors, with file and line, as it prints them.
    Refused(String),
    /// A file or folder that cannot be used, with the reason.
    File(PathBuf, String),
}

impl Program {
    /// The program of a `.ks` file.
    pub fn new(source: impl AsRef<Path>) -> Program {
        Program { source: source.as_ref().to_owned(), options: Vec::new(), compiler: None, folder: None }
    }

    /// Adds an option of the compiler, such as `--min-kernel=6.6`.
    pub fn option(mut self, option: impl AsRef<OsStr>) -> Program {
        self.options.push(option.as_ref().to_owned());
        self
    }

    /// The compiler, in place of the one that `KSC` names.
    pub fn compiler(mut self, path: impl AsRef<Path>) -> Program {
        self.compiler = Some(path.as_ref().to_owned());
        self
    }

    /// Where the files are written, in place of `OUT_DIR`.
    pub fn folder(mut self, path: impl AsRef<Path>) -> Program {
        self.folder = Some(path.as_ref().to_owned());
        self
    }

    /// As [`compile`].
    pub fn compile(self) {
        let compiler = self.named_compiler();
        println!("cargo:rerun-if-env-changed={COMPILER}");
        if let Some(path) = found(&compiler) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
        match self.build() {
            Ok(built) => {
                for file in &built.files {
                    println!("cargo:rerun-if-changed={}", file.display());
                }
                built.messages.lines().for_each(|line| println!("cargo:warning={line}"));
            }
            Err(error) => {
                eprintln!("{error}");
                process::exit(1);
            }
        }
    }

    /// Compiles, and writes the object and the module, without a word to cargo.
    ///
    /// # Errors
    ///
    /// Those of [`Error`]; of a program with errors nothing is written.
    pub fn build(&self) -> Result<Built, Error> {
        let folder = match self.folder.clone().or_else(|| env::var_os("OUT_DIR").map(PathBuf::from)) {
            Some(folder) => std::path::absolute(&folder).map_err(|error| Error::File(folder, error.to_string()))?,
            None => return Err(Error::File("OUT_DIR".into(), "cargo sets it for build.rs alone".into())),
        };
        let stem = self.source.file_stem().unwrap_or_default();
        let beside = |end: &str| {
            let mut name = stem.to_owned();
            name.push(end);
            folder.join(name)
        };
        let (object, module, include) = (beside(".bpf.o"), beside(".bpf.rs"), beside(".rs"));
        let listed = beside(".d");
        let mut command = Command::new(self.named_compiler());
        command.arg("--target=bpf").args(&self.options).arg(&self.source);
        command.arg("-o").arg(&object).arg("--depfile").arg(&listed);
        let messages = self.run(&mut command)?;
        let mut command = Command::new(self.named_compiler());
        command.args(["bindings", "--rust"]).arg(&object).arg("-o").arg(&module);
        self.run(&mut command)?;
        let Some(path) = module.to_str() else {
            return Err(Error::File(module, "the path is no UTF-8".into()));
        };
        let declaration = format!("#[path = {path:?}]\npub mod {};\n", module_name(stem));
        fs::write(&include, declaration).map_err(|error| Error::File(include.clone(), error.to_string()))?;
        let rules = fs::read(&listed).map_err(|error| Error::File(listed, error.to_string()))?;
        Ok(Built { object, module, include, files: rules::files(&rules), messages })
    }

    /// What the compiler reports, if it reports no error.
    fn run(&self, command: &mut Command) -> Result<String, Error> {
        let done = command
            .output()
            .map_err(|error| Error::NoCompiler { compiler: self.named_compiler(), why: error.to_string() })?;
        let messages = String::from_utf8_lossy(&done.stderr).trim_end().to_owned();
        if done.status.success() { Ok(messages) } else { Err(Error::Refused(messages)) }
    }

    fn named_compiler(&self) -> PathBuf {
        let named = self.compiler.clone().or_else(|| env::var_os(COMPILER).map(PathBuf::from));
        named.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| "ksc".into())
    }
}

/// The file of a command: of a name without a slash the first in `PATH`.
fn found(command: &Path) -> Option<PathBuf> {
    if command.components().count() > 1 {
        return Some(command.to_owned());
    }
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(command)).find(|path| path.is_file())
}

/// The name of the module of a source.
fn module_name(stem: &OsStr) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = stem.to_string_lossy().chars().map(clean).collect();
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{name}")
    } else if NO_MODULES.contains(&name.as_str()) || name.chars().all(|c| c == '_') {
        format!("{name}_program")
    } else {
        format!("r#{name}")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoCompiler { compiler, why } => {
                let compiler = compiler.display();
                write!(f, "the compiler `{compiler}` cannot be run: {why}; the variable {COMPILER} names another one")
            }
            Error::Refused(messages) => f.write_str(messages),
            Error::File(path, why) => write!(f, "`{}`: {why}", path.display()),
        }
    }
}

/// As it is shown, since `build.rs` may return it from `main`.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::module_name;
    use std::ffi::OsStr;

    #[test]
    fn any_file_has_a_module() {
        let name = |stem| module_name(OsStr::new(stem));
        assert_eq!(
            ["ports", "my-tool", "match", "2fa", "self", "_"].map(name),
            ["r#ports", "r#my_tool", "r#match", "_2fa", "self_program", "__program"]
        );
    }
}

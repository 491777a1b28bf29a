//! `ksc init`: a folder with a program that compiles and runs, and what there is to know of it. The texts are templates; what they are
//! filled with comes from the tables and from the kernel's types.

mod implementation;
mod kfuncs;
mod kind;
mod program;
mod readme;
mod template;

use super::{finish, fmt, status};
use crate::cli::Init;
use crate::diag::codes::environment::FolderInUse;
use crate::diag::escape;
use crate::link::output::{self, Output};
use crate::session::{Options, Session};
use crate::syntax;
use kind::Kind;
pub use program::parameters;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

/// A mistake in the command line: the message, and a help if there is one.
struct Wrong {
    what: String,
    help: Option<String>,
}

impl Wrong {
    fn new(what: String) -> Wrong {
        Wrong { what, help: None }
    }

    fn help(self, help: String) -> Wrong {
        Wrong { help: Some(help), ..self }
    }

    fn near(self, near: Option<String>) -> Wrong {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// The texts of a project: the program, and the facts for its page.
struct Project {
    source: String,
    about: String,
    /// The command lines that compile and run it.
    commands: Vec<String>,
    /// Lines of the page.
    facts: Vec<String>,
}

/// The names that a project gives.
struct Names {
    /// The name of the folder and of the executable.
    name: String,
    /// `NAME.ks`
    file: String,
    /// As a name of the language.
    ident: String,
}

/// Writes the folder of a project.
pub fn run(args: &Init) -> ExitCode {
    let mut cx = Session::new(Options { btf: args.btf.clone(), ..Options::default() });
    match project(&mut cx, args) {
        Ok((names, project)) => {
            // A file that could not be written was reported.
            let _ = write(&mut cx, &args.name, &names, &project);
            finish(&mut cx, args.messages)
        }
        Err(Wrong { what, help }) => {
            eprintln!("error: {}", escape::value(&what));
            for help in help.iter().flat_map(|help| help.lines()) {
                eprintln!("  = help: {}", escape::value(help));
            }
            ExitCode::from(status::USAGE)
        }
    }
}

fn project(cx: &mut Session, args: &Init) -> Result<(Names, Project), Wrong> {
    let names = names(&args.name)?;
    let kind = Kind::of(cx, &args.kind)?;
    let mut project = match &kind {
        Kind::Program(of) => program::project(cx, &names, of)?,
        Kind::Implementation(of) => implementation::project(cx, &names, of),
        Kind::Module => program::module(&names),
    };
    if args.kfuncs {
        project.source += &kfuncs::text(cx, &kind);
    }
    Ok((names, project))
}

/// The last part of the path names everything.
fn names(path: &Path) -> Result<Names, Wrong> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let begins = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if !begins || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        let what = format!("`{name}` cannot be the name of a project");
        return Err(Wrong::new(what).help("it begins with a letter, and has letters, digits, `_` and `-`".to_owned()));
    }
    let mut ident = name.replace('-', "_");
    // A function of this name would be in the place of what the program calls.
    if syntax::is_keyword(&ident) || ident == "main" || crate::tables::BUILTINS.iter().any(|spec| spec.name == ident) {
        ident += "_ops";
    }
    Ok(Names { file: format!("{name}.ks"), name, ident })
}

/// Writes the files to a folder, which is made if it is not there. None: it failed and was reported.
fn write(cx: &mut Session, folder: &Path, names: &Names, project: &Project) -> Option<()> {
    let is_empty = fs::read_dir(folder).map_or(!folder.exists(), |mut entries| entries.next().is_none());
    if !is_empty {
        cx.environment(FolderInUse { path: folder.display().to_string() })
            .help("give another name, or remove what is there");
        return None;
    }
    let file = cx.sources.add(&names.file, Path::new(&names.file), project.source.clone());
    let source = fmt::formatted(cx, file)?;
    output::folder(cx, folder)?;
    let file =
        |name: &str, text: String| Output { path: folder.join(name), bytes: text.into_bytes(), executable: false };
    output::write(cx, vec![file(&names.file, source), file("README.md", readme::text(names, project))])?;
    println!("{}", escape::value(&format!("{}: {} and README.md", folder.display(), names.file)));
    Some(())
}

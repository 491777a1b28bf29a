//! Python files that a program names: `exec("x.py")`, `import u from "x.py"`.
//!
//! A reader of our own finds the headers of functions and the imports (`tokens.rs`, `functions.rs`, `imports.rs`): crates that parse Python take
//! longer to compile than the rest of this compiler's dependencies. What else may be wrong in a file, the machine's own Python says, if there
//! is one (`syntax.rs`).

mod functions;
mod imports;
mod syntax;
mod tokens;

pub use functions::{Function, Hint, Param, Written};

use crate::diag::codes::modules::{NoSuchFile, PythonSyntax, UnreadableFile, WrongFileKind};
use crate::session::Session;
use crate::source::load::{self, Unreadable};
use crate::source::{FileId, Span, paths};
use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The files that one script may bring along.
const MAX_FILES: usize = 1000;

/// A file of Python, with the modules of its folder that it imports, directly or through others of them.
#[derive(Clone, Debug)]
pub struct Script {
    /// Of the file, `x.py`.
    pub name: String,
    pub file: FileId,
    /// The functions of the file itself.
    pub functions: Vec<Function>,
    /// Paths from its folder, and texts; the file itself first.
    pub files: Vec<(String, String)>,
}

impl Script {
    /// The files as JSON: pairs of a path and a text.
    pub fn json(&self) -> String {
        serde_json::to_string(&self.files).unwrap_or_else(|error| crate::bug!("texts are JSON: {error}"))
    }
}

/// Reads the file that a text of another one names. None: it was reported.
pub fn script(cx: &mut Session, from: FileId, (written, span): (&[u8], Span)) -> Option<Script> {
    let path = paths::beside(cx.sources.file(from), written);
    if path.extension().is_none_or(|end| end != "py") {
        let path = String::from_utf8_lossy(written).into_owned();
        cx.error(span, WrongFileKind { word: "exec".to_owned(), wants: "a file of Python, `x.py`".to_owned(), path });
        return None;
    }
    let file = read(cx, &path, span)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (mut files, mut functions) = (Vec::new(), Vec::new());
    let mut open = VecDeque::from([(name.clone(), file)]);
    while let Some((known, id)) = open.pop_front() {
        let text = cx.sources.file(id).text.clone();
        let lines = tokens::lines(&text).map_err(|mistake| report(cx, id, mistake.at, mistake.why)).ok()?;
        if files.is_empty() {
            functions = functions::of(&text, &lines).map_err(|(at, why)| report(cx, id, at, why)).ok()?;
        }
        files.push((known.clone(), text.clone()));
        let package = known.rfind('/').map_or("", |at| &known[..=at]);
        for module in imports::paths(&text, &lines, package) {
            for file in [format!("{module}.py"), format!("{module}/__init__.py")] {
                let there = path.with_file_name(&file);
                if !there.is_file() {
                    cx.absent.push(there);
                    continue;
                }
                let is_known = files.iter().map(|(name, _)| name).chain(open.iter().map(|(name, _)| name));
                if files.len() + open.len() < MAX_FILES && !is_known.into_iter().any(|name| *name == file) {
                    open.push_back((file, read(cx, &there, span)?));
                }
            }
        }
        if let Some((at, why)) = syntax::mistake(&text) {
            report(cx, id, at, why);
            return None;
        }
    }
    Some(Script { name, file, functions, files })
}

/// The place of bytes of a file.
pub fn span(file: FileId, at: &Range<usize>) -> Span {
    Span::new(file, at.start, at.end)
}

fn report(cx: &mut Session, file: FileId, at: Range<usize>, why: String) {
    cx.error(span(file, &at), PythonSyntax { why });
}

/// Reads a file; a failure is reported at the span.
fn read(cx: &mut Session, path: &Path, span: Span) -> Option<FileId> {
    let shown: PathBuf = path.to_owned();
    let path = path.display().to_string();
    match load::read(&mut cx.sources, &path, &shown) {
        Ok(file) => Some(file),
        Err(Unreadable::NotFound) => {
            cx.error(span, NoSuchFile { path }).help("the path is relative to the file in which it is written");
            None
        }
        Err(why) => {
            let why = match why {
                Unreadable::NotFound => "it is not there".to_owned(),
                Unreadable::Directory => "it is a directory".to_owned(),
                Unreadable::System(why) => why,
                Unreadable::TooLarge(limit) => format!("it has more than {limit}"),
                Unreadable::NotUtf8 { byte, line, .. } => format!("the byte {byte} in line {line} is no UTF-8"),
            };
            cx.error(span, UnreadableFile { path, why });
            None
        }
    }
}

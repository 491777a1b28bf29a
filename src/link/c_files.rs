//! What executables are linked with because they call functions of C: files, which are compiled here if they are C, and libraries.

use super::depfile;
use crate::diag::codes::environment::{CNotCompiled, LinkFailed, NoCFunction, NoCLibrary};
use crate::session::{Linked, Session};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library that every executable is linked with.
const LIBC: &str = "c";

/// The files and libraries of a link.
#[derive(Default)]
pub struct Inputs {
    pub files: Vec<PathBuf>,
    /// `-lm`
    pub libraries: Vec<String>,
}

/// The inputs that the program's calls ask for. None: a file could not be compiled, which was reported.
pub fn inputs(cx: &mut Session, driver: &str, folder: &Path) -> Option<Inputs> {
    let wanted: BTreeSet<String> = cx.linked.iter().map(|linked| linked.library.clone()).collect();
    let mut inputs = Inputs::default();
    for library in wanted {
        if !library.contains('/') {
            inputs.libraries.extend((library != LIBC).then(|| format!("-l{library}")));
        } else if library.ends_with(".c") {
            let object = folder.join(format!("c{}.o", inputs.files.len()));
            compile(cx, driver, Path::new(&library), &object)?;
            inputs.files.push(object);
        } else {
            inputs.files.push(PathBuf::from(library));
        }
    }
    // What an archive needs is behind it.
    inputs.files.sort_by_key(|file| file.extension().is_some_and(|suffix| suffix == "a"));
    Some(inputs)
}

fn compile(cx: &mut Session, driver: &str, source: &Path, object: &Path) -> Option<()> {
    let mut words = driver.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or("cc"));
    command.args(words).args(["-O2", "-g", "-fPIE", "-ffunction-sections", "-c", "-o"]).arg(object).arg(source);
    let read = object.with_extension("d");
    command.args(["-MMD", "-MF"]).arg(&read);
    let path =
        source.file_name().map_or_else(|| source.display().to_string(), |name| name.to_string_lossy().into_owned());
    let span = cx.linked.iter().find(|linked| Path::new(&linked.library) == source).map(|linked| linked.span)?;
    match command.output() {
        Err(error) => {
            let why = format!("`{driver}` cannot be run: {error}");
            cx.error(span, CNotCompiled { path, why })
                .help("install gcc, or set CC to a C compiler; an object (`.o`) or an archive (`.a`) needs none");
            None
        }
        Ok(result) if !result.status.success() => {
            let words = String::from_utf8_lossy(&result.stderr).trim_end().to_owned();
            cx.error(span, CNotCompiled { path, why: format!("`{driver}` ended with {}", result.status) })
                .remark(words);
            None
        }
        Ok(_) => {
            cx.libraries.extend(depfile::read(&read));
            Some(())
        }
    }
}

/// Reports a link that failed by the words of the linker: for functions and libraries that it does not find, where the program calls them.
pub fn report(cx: &mut Session, driver: &str, status: std::process::ExitStatus, words: &str) {
    let mut known = false;
    for linked in cx.linked.clone() {
        let Linked { library, name, span } = linked;
        if words.lines().any(|line| line.contains(&format!("-l{library}")) && is_missing(line)) {
            known = true;
            cx.error(span, NoCLibrary { name: library.clone() })
                .help("a package for development has it, such as `libz-dev`; a file is named with its path: `extern \"./libx.a\"`");
        } else if words.lines().any(|line| line.contains("undefined") && has_word(line, &name)) {
            known = true;
            let place = match library.as_str() {
                LIBC => "libc".to_owned(),
                library if library.contains('/') => format!("`{}`", library.rsplit('/').next().unwrap_or(library)),
                library => format!("the library `{library}`"),
            };
            cx.error(span, NoCFunction { name, place });
        }
    }
    if !known {
        let lines: Vec<&str> = words.lines().collect();
        let last = lines[lines.len().saturating_sub(super::executable::LAST_LINES)..].join("\n");
        cx.environment(LinkFailed { why: format!("`{driver}` ended with {status}") }).remark(last);
    }
}

/// The words of ld, lld and mold about a library.
fn is_missing(line: &str) -> bool {
    ["cannot find", "unable to find", "not found"].iter().any(|words| line.contains(words))
}

fn has_word(line: &str, name: &str) -> bool {
    line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
}

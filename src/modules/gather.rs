//! Follows `include` and `import`.

use super::{Module, ModuleId, Modules, headers};
use crate::ast::{self, ItemKind, StrLit};
use crate::diag::Diagnostic;
use crate::diag::codes::modules::{FileCycle, NoSuchFile, PythonNames, UnreadableFile, WrongFileKind};
use crate::diag::codes::syntax::NotUtf8;
use crate::diag::similar;
use crate::python;
use crate::session::Session;
use crate::source::load::{self, Unreadable};
use crate::source::{FileId, paths};
use crate::syntax;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// All files of the program whose first file is parsed already. Mistakes are reported.
pub fn gather(cx: &mut Session, root: ast::File) -> Modules {
    let read = !cx.diags.has_errors();
    let modules = Modules {
        files: Vec::new(),
        modules: Vec::new(),
        imports: HashMap::new(),
        scripts: Vec::new(),
        complete: true,
        read,
    };
    let mut gather = Gather { cx, modules, known: HashMap::new(), module_of: HashMap::new(), open: Vec::new() };
    let path = gather.cx.sources.file(root.file).path.clone();
    gather.known.insert(paths::identity(&path), 0);
    gather.modules.files.push(root);
    gather.module(0);
    gather.modules
}

struct Gather<'c> {
    cx: &'c mut Session,
    modules: Modules,
    /// Index of each file, by its identity.
    known: HashMap<PathBuf, usize>,
    module_of: HashMap<usize, ModuleId>,
    /// The files that are being followed, each named by the one before.
    open: Vec<usize>,
}

/// A file as another one names it.
struct Named {
    /// From the current directory.
    path: PathBuf,
    /// As written.
    text: String,
    recorded: String,
}

impl Gather<'_> {
    fn module(&mut self, file: usize) -> ModuleId {
        if let Some(&known) = self.module_of.get(&file) {
            return known;
        }
        let id = ModuleId(self.modules.modules.len() as u32);
        self.module_of.insert(file, id);
        let name = self.stem(file);
        self.modules.modules.push(Module { name, files: Vec::new() });
        self.open.push(file);
        self.flatten(id, file);
        for path in self.paths(file, |kind| if let ItemKind::Import { path, .. } = kind { Some(path) } else { None }) {
            if let Some(module) = self.import(file, &path) {
                self.modules.imports.insert(path.span, module);
            }
        }
        self.open.pop();
        id
    }

    /// Adds a file to a module, after the headers that it includes.
    fn flatten(&mut self, module: ModuleId, file: usize) {
        for path in self.paths(file, |kind| if let ItemKind::Include { path } = kind { Some(path) } else { None }) {
            let Some(header) = self.header(file, &path) else {
                self.modules.complete = false;
                continue;
            };
            if self.modules.module(module).files.contains(&header) {
                continue;
            }
            self.open.push(header);
            self.flatten(module, header);
            self.open.pop();
        }
        self.modules.modules[module.0 as usize].files.push(file);
    }

    fn paths(&self, file: usize, path_of: fn(&ItemKind) -> Option<&StrLit>) -> Vec<StrLit> {
        self.modules.files[file].items.iter().filter_map(|item| path_of(&item.kind)).cloned().collect()
    }

    fn import(&mut self, from: usize, written: &StrLit) -> Option<ModuleId> {
        let Named { path, text, .. } = &self.named(from, written);
        match extension(path) {
            Some("ks") => {}
            Some("py") => {
                let from = self.modules.files[from].file;
                return self.script(from, written);
            }
            Some("kh") => {
                self.wrong_kind(written, "import", "a module, `x.ks`").help(format!("write `include \"{text}\"`"));
                return None;
            }
            Some(_) | None => {
                let named = with_end(path, text, ".ks");
                let error = self.wrong_kind(written, "import", "a module, `x.ks`");
                if let Some(named) = named {
                    error.help(format!("did you mean `{named}`?")).fix(written.span, format!("\"{named}\""));
                }
                return None;
            }
        }
        let file = self.file(from, written)?;
        Some(self.module(file))
    }

    /// A file of Python. One interpreter has the files of all, by their names.
    fn script(&mut self, from: FileId, written: &StrLit) -> Option<ModuleId> {
        let script = python::script(self.cx, from, (&written.bytes, written.span))?;
        let same = |known: &python::Script| known.files.first() == script.files.first();
        if let Some((id, _)) = self.modules.scripts.iter().find(|(_, known)| same(known)) {
            return Some(*id);
        }
        for (path, text) in &script.files {
            let known = self.modules.scripts.iter().flat_map(|(_, known)| &known.files);
            if known.into_iter().any(|(name, known)| name == path && known != text) {
                self.cx
                    .error(written.span, PythonNames { name: path.clone() })
                    .help("one interpreter runs the functions of all of them: give the files different names");
                return None;
            }
        }
        let id = ModuleId(self.modules.modules.len() as u32);
        self.modules.modules.push(Module { name: script.name.clone(), files: Vec::new() });
        self.modules.scripts.push((id, script));
        Some(id)
    }

    fn header(&mut self, from: usize, written: &StrLit) -> Option<usize> {
        let Named { path, text, .. } = &self.named(from, written);
        if extension(path) != Some("kh") {
            let is_module = extension(path) == Some("ks");
            let named = with_end(path, text, ".kh");
            let stem = path.file_stem().map_or("name".into(), |stem| stem.to_string_lossy());
            let error = self.wrong_kind(written, "include", "a header, `x.kh`");
            if is_module {
                error.help(format!("write `import {stem} from \"{text}\"`"));
            } else if let Some(named) = named {
                error.help(format!("did you mean `{named}`?")).fix(written.span, format!("\"{named}\""));
            }
            return None;
        }
        let known = self.modules.files.len();
        let file = self.file(from, written)?;
        if file == known {
            headers::check(self.cx, &self.modules.files[file]);
        }
        Some(file)
    }

    fn named(&self, from: usize, written: &StrLit) -> Named {
        let from = self.cx.sources.file(self.modules.files[from].file);
        Named {
            path: paths::beside(from, &written.bytes),
            text: String::from_utf8_lossy(&written.bytes).into_owned(),
            recorded: paths::recorded(from, &written.bytes),
        }
    }

    fn wrong_kind(&mut self, written: &StrLit, word: &str, wants: &str) -> &mut Diagnostic {
        let path = String::from_utf8_lossy(&written.bytes).into_owned();
        self.cx.error(written.span, WrongFileKind { word: word.to_owned(), wants: wants.to_owned(), path })
    }

    /// The parsed file; none if it cannot be read, or is being followed already: that was reported.
    fn file(&mut self, from: usize, written: &StrLit) -> Option<usize> {
        let Named { path, text, recorded } = self.named(from, written);
        let identity = paths::identity(&path);
        if let Some(&known) = self.known.get(&identity) {
            if self.open.contains(&known) {
                self.report_cycle(known, written);
                return None;
            }
            return Some(known);
        }
        match load::read(&mut self.cx.sources, &path.display().to_string(), &path) {
            Ok(file) => {
                self.cx.sources.record(file, recorded);
                self.known.insert(identity, self.modules.files.len());
                Some(self.parse(file))
            }
            Err(why) => {
                self.report_unreadable(&path, written, &text, why);
                None
            }
        }
    }

    fn parse(&mut self, file: FileId) -> usize {
        let errors = self.cx.diags.error_count();
        let tree = syntax::parse(self.cx, file);
        self.modules.read &= self.cx.diags.error_count() == errors;
        self.modules.files.push(tree);
        self.modules.files.len() - 1
    }

    fn name(&self, file: usize) -> String {
        self.cx.sources.file(self.modules.files[file].file).name.clone()
    }

    fn stem(&self, file: usize) -> String {
        let path = &self.cx.sources.file(self.modules.files[file].file).path;
        path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned())
    }

    fn report_cycle(&mut self, file: usize, written: &StrLit) {
        let start = self.open.iter().position(|&open| open == file).unwrap_or(0);
        let cycle: Vec<String> = self.open[start..].iter().chain([&file]).map(|&file| self.name(file)).collect();
        let (path, cycle) = (self.name(file), cycle.join(" → "));
        self.cx
            .error(written.span, FileCycle { path, cycle })
            .help("what the files need of each other goes into a file of its own");
    }

    fn report_unreadable(&mut self, path: &Path, written: &StrLit, text: &str, why: Unreadable) {
        let shown = path.display().to_string();
        let why = match why {
            Unreadable::NotFound => {
                let stem = path.file_stem().map_or(String::new(), |stem| stem.to_string_lossy().into_owned());
                let near = similar::best(&stem, paths::neighbours(path)).map(|near| paths::with_stem(text, &near));
                let relative = path.is_relative();
                let error = self.cx.error(written.span, NoSuchFile { path: shown });
                if let Some(near) = near {
                    error.help(format!("did you mean `{near}`?")).guess(written.span, format!("\"{near}\""));
                } else if relative {
                    error.help("the path is relative to the file in which it is written");
                }
                return;
            }
            Unreadable::NotUtf8 { byte, offset, line } => {
                let (offset, line) = (offset.to_string(), line.to_string());
                self.cx
                    .error(written.span, NotUtf8 { path: shown, byte, offset, line })
                    .help("save the file in the encoding UTF-8");
                return;
            }
            Unreadable::Directory => "it is a directory".to_owned(),
            Unreadable::System(why) => why,
            Unreadable::TooLarge(limit) => format!("it has more than {limit}"),
        };
        self.cx.error(written.span, UnreadableFile { path: shown, why });
    }
}

/// The path as written with the end that it lacks, if there is such a file.
fn with_end(path: &Path, written: &str, end: &str) -> Option<String> {
    let mut named = path.as_os_str().to_owned();
    named.push(end);
    (!written.is_empty() && Path::new(&named).is_file()).then(|| format!("{written}{end}"))
}

fn extension(path: &Path) -> Option<&str> {
    path.extension()?.to_str()
}

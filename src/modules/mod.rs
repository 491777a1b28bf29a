//! Finds the files of a program: from the first file on, it reads and parses what `include` and `import` name, each
//! file once.
//!
//! A module is a `.ks` file with the headers that it includes. Two paths to one file lead to one module, whose state is
//! shared by all that import it; imports are not transitive. A header is parsed once, however many modules include it:
//! each of them has its names, with the same meaning.
//!
//! A module is a `.ks` file together with the headers that it includes. `modules::gather` reads all files before the checker starts, so
//! the checker sees the whole program. Every declaration belongs to a module, and a name is looked up in three scopes: local, module,
//! predefined. `import` declares a name for a module (`Entity::Import`). `module.name` is resolved during checking, as a value, a
//! place, a constant or a type (`sema/imports.rs`, `sema/body/modules.rs`), because only the checker knows whether `module` is a local
//! variable at that point. Imports are not transitive. The grammar parses `module.Enum::VARIANT` as a path of three parts;
//! `module::name` is an error with a fix.
//!
//! A file is one module, however often and under whatever names it is imported. The declarations of a header are entered once, for the
//! first module that includes it, and bound in every module that does; so two modules that share a header share its types. If a
//! declaration repeats a context, an enum of actions or a packet header, the predefined type is used, and the declaration is only
//! compared with it (`sema/declare/repeated.rs`).

mod gather;
mod headers;

pub use gather::gather;

use crate::ast;
use crate::python::Script;
use crate::source::Span;
use std::collections::HashMap;

/// Index into `Modules::modules`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModuleId(pub u32);

impl ModuleId {
    /// The program's own file, which the compiler was started with.
    pub const ROOT: ModuleId = ModuleId(0);
}

/// The files of a program, and the modules that they make.
pub struct Modules {
    pub files: Vec<ast::File>,
    /// The program's own first, then the others as they are first named.
    pub modules: Vec<Module>,
    /// The position of the path of an `import`, and the module that it leads to. A path that leads nowhere was
    /// reported.
    pub imports: HashMap<Span, ModuleId>,
    /// The modules that are files of Python: they have no declarations.
    pub scripts: Vec<(ModuleId, Script)>,
    /// Whether every header is there. If not, most reports about the declarations would be wrong.
    pub complete: bool,
    /// Whether every declaration could be read. Others are `ItemKind::Unread`, by their names.
    pub read: bool,
}

/// A module: a `.ks` file and the headers that it includes.
pub struct Module {
    /// The stem of its file.
    pub name: String,
    /// Indexes of its files: the headers, and last its own; none of a file of Python.
    pub files: Vec<usize>,
}

impl Modules {
    /// The ids of all modules; the first is the program's own.
    pub fn ids(&self) -> impl Iterator<Item = ModuleId> + use<> {
        (0..self.modules.len() as u32).map(ModuleId)
    }

    /// The module of an id.
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The declarations of a module, those of its headers first.
    pub fn items(&self, id: ModuleId) -> impl Iterator<Item = &ast::Item> {
        self.module(id).files.iter().flat_map(|&file| &self.files[file].items)
    }

    /// The modules that a module imports itself.
    pub fn imported_by(&self, id: ModuleId) -> impl Iterator<Item = ModuleId> {
        let paths = self.items(id).filter_map(|item| {
            if let ast::ItemKind::Import { path, .. } = &item.kind { Some(path.span) } else { None }
        });
        paths.filter_map(|path| self.imports.get(&path).copied())
    }
}

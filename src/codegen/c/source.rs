//! The file of a module: what its functions use, in an order that C accepts.

use super::expr::Expr;
use super::names::Names;
use super::prelude::Prelude;
use super::types::Declared;
use super::{constants, function, registration};
use crate::ir::{Module, Role, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::types::{StructId, Ty, Types};
use std::collections::{HashMap, HashSet};

/// What words of the text the headers declare; in the order of the file.
const HEADERS: &[(&str, &str)] = &[
    ("ktime_get_ns(", "linux/ktime.h"),
    ("div64_", "linux/math64.h"),
    ("kzalloc(", "linux/slab.h"),
    ("kfree(", "linux/slab.h"),
    ("memcpy(", "linux/string.h"),
    ("memset(", "linux/string.h"),
    ("swab", "linux/swab.h"),
];
/// For the module itself, whatever is in it.
const OWN_HEADERS: &[&str] = &[
    "linux/bpf.h",
    "linux/btf.h",
    "linux/btf_ids.h",
    "linux/build_bug.h",
    "linux/module.h",
    "linux/types.h",
    "linux/version.h",
];

pub struct Source<'m> {
    cx: &'m Session,
    declared: Declared,
    pub prelude: Prelude,
    names: Names,
    functions: HashMap<Symbol, String>,
    globals: HashMap<Symbol, String>,
    /// The declarations of constants in memory, and the names of those by their contents.
    constants: Vec<String>,
    constant_names: HashMap<(Ty, Vec<u8>), String>,
}

/// The C file of a module.
pub fn module(cx: &Session, module: &Module) -> Vec<u8> {
    let mut g = Source::of(cx, module);
    let mut prototypes = String::new();
    for func in &module.funcs {
        prototypes.push_str(&format!("{};\n", function::head(&mut g, func, &mut Names::default()).0));
    }
    let functions: Vec<String> = module.funcs.iter().map(|func| function::text(&mut g, func)).collect();
    let functions = functions.join("\n");
    let named: HashSet<&str> = functions.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let mut globals = String::new();
    for global in &module.globals {
        let name = g.global_name(&global.name);
        let declared = g.declare(global.ty, &name);
        let init = constants::initialiser(g.types(), global.ty, &global.init);
        // A statement that does nothing is left out, and with it what it names.
        let unused = if named.contains(name.as_str()) { "" } else { " __maybe_unused" };
        let init = init.map_or(String::new(), |init| format!(" = {init}"));
        globals.push_str(&format!("static {declared}{unused}{init};\n"));
    }
    let parts = [
        g.declared.text(g.types()),
        g.constants.concat(),
        globals,
        g.prelude.text(),
        prototypes,
        functions,
        registration::text(module),
    ];
    let body: Vec<&str> = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty()).collect();
    let body = body.join("\n\n");
    format!("{}\n{body}\n", head(cx, module, &body)).into_bytes()
}

/// Licence, origin and headers.
fn head(cx: &Session, module: &Module, body: &str) -> String {
    let file = file_name(cx, module.file);
    let mut headers: Vec<&str> = OWN_HEADERS.to_vec();
    headers.extend(HEADERS.iter().filter(|(word, _)| body.contains(word)).map(|(_, header)| *header));
    headers.sort_unstable();
    headers.dedup();
    let includes: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    format!(
        "// SPDX-License-Identifier: GPL-2.0\n/* Kernel functions of {file}, written by ksc: changes here are lost. */\n{includes}\n{}",
        registration::SPELLINGS
    )
}

fn file_name(cx: &Session, file: crate::source::FileId) -> String {
    let path = &cx.sources.file(file).path;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    // Nothing in it ends a comment or the text of a macro.
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-+ ".contains(c) { c } else { '_' }).collect()
}

impl<'m> Source<'m> {
    fn of(cx: &'m Session, module: &Module) -> Source<'m> {
        let mut names = Names::default();
        let mut functions = HashMap::new();
        for func in module.funcs.iter().filter(|func| matches!(func.role, Role::Kfunc { .. })) {
            names.keep(&func.name);
            functions.insert(func.name.clone(), func.name.to_string());
        }
        for func in &module.funcs {
            functions.entry(func.name.clone()).or_insert_with(|| names.outer(&func.name));
        }
        let mut globals = HashMap::new();
        for global in &module.globals {
            globals.insert(global.name.clone(), names.outer(&global.name));
        }
        let mut declared = Declared::default();
        for func in &module.funcs {
            for (_, value) in func.values.iter() {
                declared.enter(&cx.types, &mut names, value.ty);
            }
            declared.enter(&cx.types, &mut names, func.result);
        }
        for global in &module.globals {
            declared.enter(&cx.types, &mut names, global.ty);
        }
        Source {
            cx,
            declared,
            prelude: Prelude::default(),
            names,
            functions,
            globals,
            constants: Vec::new(),
            constant_names: HashMap::new(),
        }
    }

    pub fn types(&self) -> &'m Types {
        &self.cx.types
    }

    pub fn declare(&self, ty: Ty, name: &str) -> String {
        self.declared.declare(self.types(), ty, name)
    }

    pub fn function_name(&self, symbol: &Symbol) -> String {
        self.functions.get(symbol).cloned().unwrap_or_else(|| crate::bug!("the module has no function `{symbol}`"))
    }

    pub fn global_name(&self, symbol: &Symbol) -> String {
        self.globals.get(symbol).cloned().unwrap_or_else(|| crate::bug!("the module has no variable `{symbol}`"))
    }

    /// A field of a struct.
    pub fn member(&self, base: &Expr, id: StructId, field: usize) -> Expr {
        if let Some(name) = self.declared.field(id, field) {
            return Expr::member(base, name);
        }
        let def = &self.types().struct_def(id).fields[field];
        // Packed: nothing says that the bytes are aligned.
        let part = format!("struct {{ {}; }} __packed *", self.declare(def.ty, "part"));
        let address =
            Expr::binary(&Expr::cast("u8 *", &Expr::address(base)), "+", &Expr::primary(def.offset.to_string()));
        Expr::member(&Expr::deref(Expr::cast(&part, &address)), "part")
    }

    /// The name of a constant in memory.
    pub fn constant(&mut self, ty: Ty, bytes: &[u8]) -> String {
        let key = (ty, bytes.to_vec());
        if let Some(name) = self.constant_names.get(&key) {
            return name.clone();
        }
        let name = self.names.outer("const");
        let declared = self.declare(ty, &name);
        let init = constants::initialiser(self.types(), ty, bytes);
        self.constants
            .push(format!("static const {declared}{};\n", init.map_or(String::new(), |init| format!(" = {init}"))));
        self.constant_names.insert(key, name.clone());
        name
    }

    /// The file and line of a place, for comments.
    pub fn place(&self, span: Span) -> (String, u32) {
        (file_name(self.cx, span.file), self.cx.sources.line_col(span).line)
    }
}

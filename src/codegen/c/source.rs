//! The file of a module: what its functions use, in an order that C accepts.

use super::expr::Expr;
use super::names::Names;
use super::prelude::Prelude;
use super::types::Declared;
use super::{constants, function, registration};
use crate::ir::{Function, Module, Opcode, Role, Symbol};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{self, ModuleLock};
use crate::types::{StructId, Ty, TyKind, Types};
use std::collections::{BTreeSet, HashMap, HashSet};

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

/// The C file of a module while it is written.
pub struct Source<'m> {
    cx: &'m Session,
    declared: Declared,
    pub prelude: Prelude,
    names: Names,
    functions: HashMap<Symbol, String>,
    globals: HashMap<Symbol, String>,
    locks: HashMap<Symbol, &'static ModuleLock>,
    /// The structs of the kernel whose fields the module names.
    accessed: BTreeSet<String>,
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
        if let Some(lock) = g.lock_of(&global.name) {
            globals.push_str(&format!("static {}({name});\n", lock.define));
            continue;
        }
        let declared = g.declare(global.ty, &name);
        let init = constants::initialiser(g.types(), &g.declared, global.ty, &global.init);
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
    format!("{}\n{body}\n", head(&g, module, &body)).into_bytes()
}

/// Licence, origin and headers.
fn head(g: &Source<'_>, module: &Module, body: &str) -> String {
    let file = file_name(g.cx, module.file);
    let mut headers: Vec<&str> = OWN_HEADERS.to_vec();
    headers.extend(module.headers.iter().map(String::as_str));
    headers.extend(g.accessed.iter().filter_map(|name| tables::header_of_type(name)).map(|header| header.name));
    headers.extend(called(body).filter_map(tables::header_of_function).map(|header| header.name));
    headers.sort_unstable();
    headers.dedup();
    let includes: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    format!(
        "// SPDX-License-Identifier: GPL-2.0\n/* Kernel functions of {file}, written by ksc: changes here are lost. */\n{includes}\n{}",
        registration::SPELLINGS
    )
}

/// The words that are before a parenthesis.
fn called(body: &str) -> impl Iterator<Item = &str> {
    body.match_indices('(').filter_map(|(at, _)| {
        let before = &body[..at];
        let start = before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |last| last + 1);
        (start < at).then(|| &before[start..])
    })
}

fn file_name(cx: &Session, file: crate::source::FileId) -> String {
    let path = &cx.sources.file(file).path;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    // Nothing in it ends a comment or the text of a macro.
    name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-+ ".contains(c) { c } else { '_' }).collect()
}

/// The structs of the kernel whose fields a module names, as the kernel calls them.
fn accessed(cx: &Session, module: &Module) -> BTreeSet<String> {
    let of_func = |func: &Function| {
        let ops = func.all();
        let bases = ops.filter(|op| op.opcode == Opcode::KsField).map(|op| func.ty(op.operands[0]));
        let structs = bases.filter_map(|ty| {
            let TyKind::Place { of, .. } = cx.types.kind(ty) else { return None };
            cx.types.is_relocated(of).then(|| cx.types.name(of))
        });
        structs.collect::<Vec<_>>()
    };
    module.funcs.iter().flat_map(of_func).collect()
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
        let (mut globals, mut locks) = (HashMap::new(), HashMap::new());
        for global in &module.globals {
            globals.insert(global.name.clone(), names.outer(&global.name));
            locks.extend(tables::lock_of(&cx.types, global.ty).map(|lock| (global.name.clone(), lock)));
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
            locks,
            accessed: accessed(cx, module),
            constants: Vec::new(),
            constant_names: HashMap::new(),
        }
    }

    /// The types of the session.
    pub fn types(&self) -> &'m Types {
        &self.cx.types
    }

    /// The declaration of a variable: its type and its name in C's order.
    pub fn declare(&self, ty: Ty, name: &str) -> String {
        self.declared.declare(self.types(), ty, name)
    }

    /// The name that a function has in the file.
    pub fn function_name(&self, symbol: &Symbol) -> String {
        self.functions.get(symbol).cloned().unwrap_or_else(|| crate::bug!("the module has no function `{symbol}`"))
    }

    /// The name that a variable has in the file.
    pub fn global_name(&self, symbol: &Symbol) -> String {
        self.globals.get(symbol).cloned().unwrap_or_else(|| crate::bug!("the module has no variable `{symbol}`"))
    }

    /// The lock that a variable is.
    pub fn lock_of(&self, symbol: &Symbol) -> Option<&'static ModuleLock> {
        self.locks.get(symbol).copied()
    }

    /// A field of a struct.
    pub fn member(&self, base: &Expr, id: StructId, field: usize) -> Expr {
        let def = &self.types().struct_def(id).fields[field];
        let is_own = self.types().struct_def(id).origin.is_own();
        // The storage unit of a bit-field is a place, which the bit-field is not.
        if let Some(name) = self.declared.field(id, field).filter(|_| !(is_own && def.bits.is_some())) {
            return Expr::member(base, name);
        }
        if self.types().struct_def(id).origin.is_relocated() {
            return Expr::member(base, &def.name);
        }
        // Packed: nothing says that the bytes are aligned.
        let aliases = if is_own { " __attribute__((__may_alias__))" } else { "" };
        let part = format!("struct {{ {}; }} __packed{aliases} *", self.declare(def.stored(), "part"));
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
        let init = constants::initialiser(self.types(), &self.declared, ty, bytes);
        self.constants
            .push(format!("static const {declared}{};\n", init.map_or(String::new(), |init| format!(" = {init}"))));
        self.constant_names.insert(key, name.clone());
        name
    }

    /// Whether `#line` directives are written (`--line-directives`).
    pub fn has_line_directives(&self) -> bool {
        self.cx.options.line_directives
    }

    /// The file and line of a place, for comments and `#line`.
    pub fn place(&self, span: Span) -> (String, u32) {
        (file_name(self.cx, span.file), self.cx.sources.line_col(span).line)
    }
}

//! Collects the page of a program: comments and declarations from the syntax tree, facts from the module before the targets part.

use super::help;
use super::model::{Constant, Event, Function, Map, Need, Page, Part, Program, Row, Type, Usage, Variable};
use super::uses::Graph;
use crate::ast::{self, ImplMemberKind, Item, ItemKind};
use crate::ir::{self, MapDecl, Module};
use crate::session::Session;
use crate::source::Span;
use crate::tables::{KeyRule, MapAccess};
use crate::types::{EnumDef, StructDef, Ty};

/// All that pages are made of.
pub struct Source<'a> {
    pub tree: &'a ast::File,
    /// After the passes that find the sides of functions.
    pub module: &'a Module,
    /// The features that the object needs.
    pub needs: Vec<Need>,
    pub has_bpf: bool,
}

/// The page.
pub fn page(cx: &Session, source: Source) -> Page {
    let collect = Collect { cx, tree: source.tree, module: source.module, graph: Graph::of(cx, source.module) };
    let (file_doc, first) = collect.file_doc();
    let mut page = Page {
        name: cx.options.name.clone(),
        file: cx.recorded_name(source.tree.file).to_string(),
        doc: file_doc.clone(),
        license: source.module.license.clone(),
        first_kernel: source.has_bpf.then(|| cx.oldest_kernel()),
        needs: source.needs,
        usage: collect.usage(&file_doc),
        programs: Vec::new(),
        maps: Vec::new(),
        events: Vec::new(),
        variables: Vec::new(),
        functions: Vec::new(),
        types: Vec::new(),
        constants: Vec::new(),
        modules: Vec::new(),
    };
    for (at, item) in source.tree.items.iter().enumerate() {
        let docs = if at == 0 { first.clone() } else { item.docs.join("\n") };
        collect.item(&mut page, item, docs);
    }
    page
}

struct Collect<'a> {
    cx: &'a Session,
    tree: &'a ast::File,
    module: &'a Module,
    graph: Graph,
}

impl Collect<'_> {
    /// The comment at the start of the file, which an empty line parts from the first declaration's; and that of the declaration.
    fn file_doc(&self) -> (String, String) {
        let docs = self.tree.items.first().map_or(String::new(), |item| item.docs.join("\n"));
        let text = &self.cx.sources.file(self.tree.file).text;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let is_doc = |line: &&str| line.starts_with("///");
        let before = |line: &&str| line.is_empty() || line.starts_with("#!") || line.starts_with("//") && !is_doc(line);
        let lines: Vec<&str> = lines.skip_while(before).collect();
        let head: Vec<&str> = lines.iter().copied().take_while(is_doc).collect();
        let parted = lines.get(head.len()).is_none_or(|line| line.is_empty());
        if head.is_empty() || !parted {
            return (String::new(), docs);
        }
        let head: Vec<&str> =
            head.iter().map(|line| &line[3..]).map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        let own: Vec<&str> = docs.lines().skip(head.len()).collect();
        (head.join("\n"), own.join("\n"))
    }

    /// The comment of the file is no part of what the page says of the options.
    fn usage(&self, file_doc: &str) -> Option<Usage> {
        let help = help::of(&self.cx.types, self.module, &self.cx.options.name)?;
        let rows = |rows: Vec<(String, String)>| rows.into_iter().map(|(option, note)| Row { option, note }).collect();
        let doc = self.module.options.as_ref().map_or("", |options| options.docs.as_str());
        let doc = doc.strip_prefix(file_doc).unwrap_or(doc).trim_start_matches('\n').to_owned();
        Some(Usage { synopsis: help.synopsis, doc, options: rows(help.options), own: rows(help.own), help: help.text })
    }

    fn item(&self, page: &mut Page, item: &Item, doc: String) {
        match &item.kind {
            ItemKind::Fn(decl) => self.function(page, item, decl, doc),
            ItemKind::Impl(decl) => {
                for member in &decl.members {
                    if let ImplMemberKind::Fn(function) = &member.kind {
                        let name = format!("{}_{}", decl.name.name, function.name.name);
                        let attribute = self.attributes(item);
                        let docs = [doc.clone(), member.docs.join("\n")].join("\n\n").trim().to_owned();
                        page.programs.extend(self.program(function, (name, attribute, docs)));
                    }
                }
            }
            ItemKind::Var(decl) => self.variable(page, item, decl, doc),
            ItemKind::Config(decl) => {
                for field in &decl.fields {
                    let name = format!("{}.{}", decl.name.name, field.name.name);
                    let docs = [doc.clone(), field.docs.join("\n")].join("\n\n").trim().to_owned();
                    let declaration = format!("config {name}: {}", self.text(field.ty.span));
                    let value = field.default.as_ref().map(|value| self.text(value.span));
                    let [bpf, user] = self.graph.users(|uses| uses.globals.contains(&decl.name.name));
                    let line = self.line(field.name.span);
                    page.variables.push(Variable { name, doc: docs, line, declaration, value, pin: None, bpf, user });
                }
            }
            ItemKind::Struct(decl) => page.types.extend(self.structure(decl, doc)),
            ItemKind::Enum(decl) => page.types.extend(self.enumeration(decl, doc)),
            ItemKind::Const(decl) => {
                let declaration = format!("const {}", self.text(decl.name.span.to(decl.value.span)));
                let line = self.line(decl.name.span);
                page.constants.push(Constant { name: decl.name.name.clone(), doc, line, declaration });
            }
            ItemKind::Alias { name, ty } => {
                let declaration = format!("type {} = {}", name.name, self.text(ty.span));
                page.constants.push(Constant { name: name.name.clone(), doc, line: self.line(name.span), declaration });
            }
            ItemKind::Include { path } | ItemKind::Import { path, .. } => {
                page.modules.push(String::from_utf8_lossy(&path.bytes).into_owned());
            }
            ItemKind::Extern(_) | ItemKind::License { .. } | ItemKind::MinKernel { .. } | ItemKind::Unread(_) => {}
        }
    }

    fn function(&self, page: &mut Page, item: &Item, decl: &ast::FnDecl, doc: String) {
        // A `main` that the compiler wrote is of another file.
        if decl.name.span.file != self.tree.file {
            return;
        }
        let attribute = self.attributes(item);
        let name = decl.name.name.clone();
        if let Some(program) = self.program(decl, (name.clone(), attribute.clone(), doc.clone())) {
            page.programs.push(program);
            return;
        }
        if name == "main" && page.doc.is_empty() {
            page.doc.clone_from(&doc);
        }
        let uses = self.graph.funcs.get(&name);
        let sides = uses.map_or([false; 3], |uses| [uses.in_bpf, uses.in_user, uses.in_module]);
        let named = std::iter::zip(sides, ["BPF", "user space", "kernel module"]);
        let runs = named.filter(|(on, _)| *on).map(|(_, side)| side.to_owned()).collect();
        let calls = uses.map_or(Vec::new(), |uses| uses.calls.iter().cloned().collect());
        let (signature, line) = (self.signature(decl), self.line(decl.name.span));
        page.functions.push(Function { name, doc, line, attribute, signature, runs, calls });
    }

    /// None for a function that is no program.
    fn program(&self, decl: &ast::FnDecl, (name, attribute, doc): (String, String, String)) -> Option<Program> {
        let func = self.module.funcs.iter().find(|func| func.name_span == decl.name.span)?;
        let ir::Role::Program { spec, mode, target, loading, .. } = &func.role else { return None };
        let form = spec.form(mode);
        let section = form.map_or(String::new(), |form| form.section(target.as_deref(), loading, self.cx.options.tcx));
        let uses = self.graph.funcs.get(&self.cx.source_name(&func.name));
        Some(Program {
            doc,
            line: self.line(decl.name.span),
            attribute,
            kind: spec.name.to_owned(),
            section,
            target: target.clone(),
            signature: self.signature(decl),
            maps: self.graph.maps(&self.cx.source_name(&func.name)).into_iter().collect(),
            calls: uses.map_or(Vec::new(), |uses| uses.calls.iter().cloned().collect()),
            name,
        })
    }

    fn variable(&self, page: &mut Page, item: &Item, decl: &ast::VarDecl, doc: String) {
        let (name, line) = (decl.name.name.clone(), self.line(decl.name.span));
        let Some(map) = self.module.maps.iter().find(|map| map.span == decl.name.span) else {
            let [bpf, user] = self.graph.users(|uses| uses.globals.contains(&name));
            let root = &self.cx.options.pin_root;
            let pin = decl.pin.then(|| format!("{root}/{}/globals/pinned_globals", self.project()));
            let end = decl.ty.as_ref().map_or(decl.name.span, |ty| ty.span);
            let storage = match decl.storage {
                Some(ast::Storage::Local) => "local ",
                Some(ast::Storage::Percpu) => "percpu ",
                None => "",
            };
            let words = format!("{}{}{storage}var ", self.attributes_before(item), if decl.pin { "pin " } else { "" });
            let declaration = words + &self.text(decl.name.span.to(end));
            let value = decl.init.as_ref().map(|value| self.text(value.span));
            page.variables.push(Variable { name, doc, line, declaration, value, pin, bpf, user });
            return;
        };
        page.events.extend(self.event(&name, map));
        let [bpf, user] = self.graph.users(|uses| uses.maps.contains(&name));
        let types = &self.cx.types;
        let (has_key, has_value) = (map.kind.key != KeyRule::Hidden, map.kind.buckets.is_none());
        let as_written = decl.ty.as_ref().filter(|_| !has_key || !has_value).map(|ty| self.text(ty.span));
        let pin = map.pinned.then(|| format!("{}/{}/maps/{name}", self.cx.options.pin_root, self.project()));
        page.maps.push(Map {
            name,
            doc,
            line,
            kind: map.kind.word().to_owned(),
            key: (has_key && map.key != Ty::VOID).then(|| types.name(map.key)),
            value: has_value.then(|| types.name(map.value)),
            entries: map.max_entries,
            sized_by: map.sized_by.as_ref().map(|source| source.text.clone()),
            as_written,
            pin,
            bpf,
            user,
        });
    }

    fn event(&self, name: &str, map: &MapDecl) -> Option<Event> {
        if !map.kind.can(MapAccess::Events) {
            return None;
        }
        let [sent_by, _] = self.graph.users(|uses| uses.maps.contains(name));
        let taken_by = self.graph.handlers.get(name).into_iter().flatten().cloned().collect();
        Some(Event { map: name.to_owned(), record: self.cx.types.name(map.value), sent_by, taken_by })
    }

    fn structure(&self, decl: &ast::StructDecl, doc: String) -> Option<Type> {
        let def: &StructDef =
            self.cx.types.structs().map(|(_, def)| def).find(|def| def.name == decl.name.name && def.span.is_some())?;
        let parts = decl.fields.iter().map(|field| {
            let known = def.fields.iter().find(|known| known.name == field.name.name);
            Part {
                name: field.name.name.clone(),
                doc: field.docs.join("\n"),
                ty: Some(self.text(field.bits.as_ref().map_or(field.ty.span, |bits| field.ty.span.to(bits.span)))),
                at: known.map_or(String::new(), |known| known.offset.to_string()),
            }
        });
        let (name, line) = (decl.name.name.clone(), self.line(decl.name.span));
        Some(Type {
            name,
            doc,
            line,
            form: if decl.is_union { "union" } else { "struct" }.to_owned(),
            size: def.size,
            parts: parts.collect(),
        })
    }

    fn enumeration(&self, decl: &ast::EnumDecl, doc: String) -> Option<Type> {
        let def: &EnumDef =
            self.cx.types.enums().map(|(_, def)| def).find(|def| def.name == decl.name.name && def.span.is_some())?;
        let parts = decl.variants.iter().map(|variant| {
            let known = def.variants.iter().find(|known| known.name == variant.name.name);
            let at = known.map_or(String::new(), |known| known.value.to_string());
            Part { name: variant.name.name.clone(), doc: variant.docs.join("\n"), ty: None, at }
        });
        let (name, line) = (decl.name.name.clone(), self.line(decl.name.span));
        let size = self.cx.types.size_of(def.repr);
        Some(Type { name, doc, line, form: "enum".to_owned(), size, parts: parts.collect() })
    }

    /// `fn name(params) -> R`, on one line.
    fn signature(&self, decl: &ast::FnDecl) -> String {
        let end = decl.body.as_ref().map_or(decl.name.span.hi, |body| body.span.lo);
        let header = self.text(Span { hi: end, ..decl.name.span });
        format!("fn {}", header.trim_end_matches('{').trim_end())
    }

    fn attributes(&self, item: &Item) -> String {
        let texts: Vec<String> = item.attributes.iter().map(|attribute| self.text(attribute.span)).collect();
        texts.join(" ")
    }

    fn attributes_before(&self, item: &Item) -> String {
        let attributes = self.attributes(item);
        if attributes.is_empty() { attributes } else { attributes + " " }
    }

    /// Source on one line, each run of blanks as one.
    fn text(&self, span: Span) -> String {
        self.cx.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn line(&self, span: Span) -> u32 {
        self.cx.sources.line_col(span).line
    }

    fn project(&self) -> String {
        self.cx.options.project.replace('.', "_")
    }
}

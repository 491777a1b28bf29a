//! A program as the front end sees it: its syntax trees, the meanings of its names, its diagnostics.

use super::documents::{Document, Documents};
use super::gaps;
use crate::ast::walk::Node;
use crate::ast::{FieldDecl, FnDecl, Ident, ImplMemberKind, Item, ItemKind, StructDecl};
use crate::diag::Diagnostic;
use crate::modules::Modules;
use crate::pipeline;
use crate::session::{Options, Session};
use crate::source::{FileId, SourceFile, Span};
use crate::tool::check;
use crate::types::{EnumId, StructId, Ty, TyKind};
use crate::uses::{Gap, Meaning, Uses};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The result of checking a program: what requests ask.
pub struct Analysis {
    pub cx: Session,
    pub modules: Modules,
    /// In the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
    /// The names of the program with their meanings, those of declarations too, in the order of files and places.
    names: Vec<(Span, Meaning)>,
    /// The file that was checked.
    pub root: FileId,
}

/// A declaration that is written into a text in the place of what is there.
pub struct Written {
    /// All of the text, in which the places of the declaration are.
    pub text: String,
    pub item: Item,
    /// Bytes of the document.
    pub replaced: Range<usize>,
}

/// A declaration with the item that it is in.
#[derive(Clone, Copy)]
pub enum Declaration<'a> {
    Item(&'a Item),
    Function(&'a Item, &'a FnDecl),
    Field(&'a Item, &'a FieldDecl),
    Variant(&'a Item, usize),
}

impl Analysis {
    /// Checks the program of a text, with the texts of other open files in the place of those on the disk.
    pub fn of(root: &Document, documents: &Documents, options: &Options) -> Analysis {
        let (mut cx, file) = session(root, documents, options, Uses::open());
        cx.options.explain_lowering = true;
        let tree = root.parse(&mut cx, file);
        let (modules, program) = pipeline::check_keeping(&mut cx, tree);
        if let Some(program) = program {
            let module = pipeline::khir_of(&mut cx, &program, file);
            // Its mistakes are among the diagnostics.
            let _ = check::module(&mut cx, module);
        }
        let mut diagnostics = cx.diags.take();
        diagnostics.sort_by_key(|diagnostic| diagnostic.span.map(|span| (span.file, span.lo)));
        let mut analysis = Analysis { cx, modules, diagnostics, names: Vec::new(), root: file };
        analysis.names = analysis.collect_names();
        analysis
    }

    /// The names that may stand where the text has `place`, a name that nothing declares: the text of the document, or what is written
    /// into it.
    pub fn gap(
        root: &Document,
        documents: &Documents,
        options: &Options,
        place: (usize, usize),
        written: Option<Written>,
    ) -> (Analysis, Option<Gap>) {
        let of = if written.is_some() { gaps::WRITTEN_IN } else { FileId(0) };
        let asked = Span::new(of, place.0, place.1);
        let (mut cx, file) = session(root, documents, options, Uses::asking(asked));
        // Names are all that is asked for.
        cx.options.checks_parts = false;
        let mut tree = root.parse(&mut cx, file);
        if let Some(Written { text, item, replaced }) = written {
            cx.sources.add("", &root.path.with_extension("written"), text);
            let is_kept = |span: Span| span.hi as usize <= replaced.start || span.lo as usize >= replaced.end;
            tree.items.retain(|item| is_kept(item.span));
            let at = tree.items.partition_point(|before| (before.span.lo as usize) < replaced.start);
            tree.items.insert(at, item);
        }
        let (modules, _) = pipeline::check_keeping(&mut cx, tree);
        let gap = cx.uses.answer();
        (Analysis { cx, modules, diagnostics: Vec::new(), names: Vec::new(), root: file }, gap)
    }

    fn collect_names(&self) -> Vec<(Span, Meaning)> {
        let mut names = self.cx.uses.all();
        for tree in &self.modules.files {
            for item in &tree.items {
                self.declared_names(item, &mut names);
            }
        }
        let is_name = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        // The compiler's own variables have the places of other things.
        names.retain(|(span, _)| is_name(self.cx.sources.text(*span)));
        names.sort_by_key(|(span, _)| *span);
        names.dedup_by_key(|(span, _)| *span);
        names
    }

    fn declared_names(&self, item: &Item, names: &mut Vec<(Span, Meaning)>) {
        let Some(name) = item.kind.name() else { return };
        names.push((name.span, Meaning::Declared(name.span)));
        let fields = match &item.kind {
            ItemKind::Struct(StructDecl { fields, .. }) => fields.as_slice(),
            ItemKind::Config(decl) => decl.fields.as_slice(),
            ItemKind::Enum(decl) => {
                if let Some(of) = self.enum_at(name.span) {
                    let variants = decl.variants.iter().enumerate();
                    names.extend(variants.map(|(variant, decl)| (decl.name.span, Meaning::Variant { of, variant })));
                }
                return;
            }
            ItemKind::Impl(decl) => {
                for member in &decl.members {
                    if let ImplMemberKind::Fn(decl) = &member.kind {
                        names.push((decl.name.span, Meaning::Declared(decl.name.span)));
                    }
                }
                return;
            }
            ItemKind::Fn(_)
            | ItemKind::Alias { .. }
            | ItemKind::Var(_)
            | ItemKind::Const(_)
            | ItemKind::Extern(_)
            | ItemKind::Include { .. }
            | ItemKind::Import { .. }
            | ItemKind::License { .. }
            | ItemKind::MinKernel { .. }
            | ItemKind::Unread(_) => return,
        };
        let Some(of) = self.struct_at(name.span) else { return };
        for decl in fields {
            if let Some(field) = self.cx.types.struct_def(of).field(&decl.name.name) {
                names.push((decl.name.span, Meaning::Field { of, field }));
            }
        }
    }

    /// The struct that is declared by the name there.
    pub fn struct_at(&self, name: Span) -> Option<StructId> {
        self.cx.types.structs().find(|(_, def)| def.span == Some(name)).map(|(id, _)| id)
    }

    /// The enum that is declared by the name there.
    pub fn enum_at(&self, name: Span) -> Option<EnumId> {
        self.cx.types.enums().find(|(_, def)| def.span == Some(name)).map(|(id, _)| id)
    }

    /// The file of a path, if the program has it.
    pub fn file_of(&self, path: &Path) -> Option<FileId> {
        self.cx.sources.files().find(|(_, file)| file.path == path).map(|(id, _)| id)
    }

    /// A file of the program.
    pub fn file(&self, id: FileId) -> &SourceFile {
        self.cx.sources.file(id)
    }

    /// The path of the file of a span.
    pub fn path(&self, span: Span) -> PathBuf {
        self.file(span.file).path.clone()
    }

    /// The declarations of a file of the program.
    pub fn items(&self, file: FileId) -> &[Item] {
        self.modules.files.iter().find(|tree| tree.file == file).map_or(&[], |tree| &tree.items)
    }

    /// All names with their meanings.
    pub fn names(&self) -> &[(Span, Meaning)] {
        &self.names
    }

    /// The names of one file.
    pub fn names_in(&self, file: FileId) -> &[(Span, Meaning)] {
        let start = self.names.partition_point(|(span, _)| span.file < file);
        let end = self.names.partition_point(|(span, _)| span.file <= file);
        &self.names[start..end]
    }

    /// The name at a byte of a file, or one that ends there.
    pub fn name_at(&self, file: FileId, at: u32) -> Option<&(Span, Meaning)> {
        let names = self.names_in(file);
        let behind = names.partition_point(|(span, _)| span.lo <= at);
        names[..behind].iter().rev().take(2).find(|(span, _)| at <= span.hi)
    }

    /// The nodes around a byte of a file, the outermost first.
    pub fn nodes_at(&self, file: FileId, at: u32) -> Vec<Node<'_>> {
        let mut found = Vec::new();
        let mut level: Vec<Node> = self.items(file).iter().map(Node::Item).collect();
        loop {
            let around = |node: &&Node| node.span().lo <= at && at <= node.span().hi;
            // Of two that meet there the later one begins with what is asked about.
            let Some(&node) = level.iter().rev().find(around) else { return found };
            found.push(node);
            level = node.parts();
        }
    }

    /// The declaration whose name is at a place.
    pub fn declaration(&self, name: Span) -> Option<Declaration<'_>> {
        for item in self.items(name.file) {
            if item.span.lo > name.lo || name.hi > item.span.hi {
                continue;
            }
            if let ItemKind::Fn(decl) = &item.kind
                && decl.name.span == name
            {
                return Some(Declaration::Function(item, decl));
            }
            if item.kind.name().is_some_and(|of| of.span == name) {
                return Some(Declaration::Item(item));
            }
            if let Some(part) = part_named(item, name) {
                return Some(part);
            }
        }
        None
    }

    fn type_declared_at(&self, ty: Ty) -> Option<Span> {
        let types = &self.cx.types;
        if let TyKind::Struct(id) = types.kind(ty) {
            return types.struct_def(id).span;
        }
        if let TyKind::Enum(id) = types.kind(ty) { types.enum_def(id).span } else { None }
    }

    /// Where the name of what is meant stands in the program; none for what the language or the kernel has.
    pub fn declared_at(&self, meaning: &Meaning) -> Option<Span> {
        match meaning {
            Meaning::Local { declared, .. } | Meaning::Declared(declared) => Some(*declared),
            Meaning::Field { of, field } => {
                let def = self.cx.types.struct_def(*of);
                let Declaration::Item(item) = self.declaration(def.span?)? else { return None };
                let name = &def.fields.get(*field)?.name;
                fields(item).iter().find(|decl| decl.name.name == *name).map(|decl| decl.name.span)
            }
            Meaning::Variant { of, variant } => self.cx.types.enum_def(*of).variants.get(*variant)?.span,
            Meaning::Type(ty) => self.type_declared_at(*ty),
            Meaning::Constant(_)
            | Meaning::Builtin(_)
            | Meaning::Helper(_)
            | Meaning::MapMethod(..)
            | Meaning::Method(_) => None,
        }
    }
}

/// The fields that an item declares.
pub fn fields(item: &Item) -> &[FieldDecl] {
    if let ItemKind::Struct(StructDecl { fields, .. }) = &item.kind {
        return fields;
    }
    if let ItemKind::Config(decl) = &item.kind { &decl.fields } else { &[] }
}

fn part_named(item: &Item, name: Span) -> Option<Declaration<'_>> {
    if let Some(field) = fields(item).iter().find(|field| field.name.span == name) {
        return Some(Declaration::Field(item, field));
    }
    if let ItemKind::Enum(decl) = &item.kind {
        let variant = decl.variants.iter().position(|variant| variant.name.span == name)?;
        return Some(Declaration::Variant(item, variant));
    }
    let ItemKind::Impl(decl) = &item.kind else { return None };
    let functions = decl
        .members
        .iter()
        .filter_map(|member| if let ImplMemberKind::Fn(decl) = &member.kind { Some(decl) } else { None });
    functions.filter(|decl| decl.name.span == name).map(|decl| Declaration::Function(item, decl)).next()
}

/// The functions that an item declares, with their names.
pub fn functions(item: &Item) -> Vec<(&Ident, &FnDecl)> {
    if let ItemKind::Fn(decl) = &item.kind {
        return vec![(&decl.name, decl)];
    }
    let ItemKind::Impl(decl) = &item.kind else { return Vec::new() };
    let functions = decl
        .members
        .iter()
        .filter_map(|member| if let ImplMemberKind::Fn(decl) = &member.kind { Some((&decl.name, decl)) } else { None });
    functions.collect()
}

/// A session that has the open texts, and the program's own file.
pub fn session(root: &Document, documents: &Documents, options: &Options, uses: Uses) -> (Session, FileId) {
    let mut options = options.clone();
    let stem = root.path.file_stem().map_or("ks".into(), |stem| stem.to_string_lossy().into_owned());
    (options.name, options.project) = (stem.clone(), stem);
    let mut cx = Session::new(options);
    cx.uses = uses;
    for document in documents.all().filter(|document| document.path != root.path) {
        cx.sources.edit(&document.path, document.text.clone());
    }
    let file = cx.sources.add(&root.path.display().to_string(), &root.path, root.text.clone());
    (cx, file)
}

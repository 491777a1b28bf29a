//! The declarations of a text, and of all programs in sight.

use super::analysis::fields;
use super::dispatch::Answer;
use super::server::Server;
use super::{documents, text, workspace};
use crate::ast::{ImplMemberKind, Item, ItemKind};
use crate::session::{Options, Session};
use crate::source::{SourceFile, Span};
use crate::tables::map_kind;
use crate::{ast, syntax};
use lsp_types::{
    DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Location, SymbolInformation, SymbolKind, Uri,
    WorkspaceSymbolParams,
};
use serde_json::{Value, json};
use std::path::Path;

/// Answers `textDocument/documentSymbol`, from the syntax alone: a text with errors has symbols too.
pub fn of_document(server: &mut Server, params: DocumentSymbolParams) -> Answer<Option<DocumentSymbolResponse>> {
    let document = server.document(params.text_document.uri.as_str())?;
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("", &document.path, document.text.clone());
    let tree = syntax::parse(&mut cx, file);
    let shown = Shown { file: cx.sources.file(file), server };
    Ok(Some(DocumentSymbolResponse::Nested(tree.items.iter().filter_map(|item| shown.item(item)).collect())))
}

struct Shown<'a> {
    file: &'a SourceFile,
    server: &'a Server<'a>,
}

impl Shown<'_> {
    fn item(&self, item: &Item) -> Option<DocumentSymbol> {
        let name = item.kind.name()?;
        let children = self.parts(item);
        let mut symbol = self.symbol(name, kind(item), item.span);
        symbol.detail = detail(item);
        symbol.children = (!children.is_empty()).then_some(children);
        Some(symbol)
    }

    fn parts(&self, item: &Item) -> Vec<DocumentSymbol> {
        if let ItemKind::Enum(decl) = &item.kind {
            let variants = decl.variants.iter();
            return variants.map(|of| self.symbol(&of.name, SymbolKind::ENUM_MEMBER, of.span)).collect();
        }
        if let ItemKind::Impl(decl) = &item.kind {
            let members = decl.members.iter().map(|member| match &member.kind {
                ImplMemberKind::Fn(decl) => self.symbol(&decl.name, SymbolKind::METHOD, member.span),
                ImplMemberKind::Field { name, .. } => self.symbol(name, SymbolKind::FIELD, member.span),
            });
            return members.collect();
        }
        let fields = fields(item).iter().filter(|field| !field.is_gap());
        let shown = fields.map(|field| {
            let symbol = self.symbol(&field.name, SymbolKind::FIELD, field.span);
            DocumentSymbol { detail: Some(ast::print::ty(&field.ty)), ..symbol }
        });
        shown.collect()
    }

    fn symbol(&self, name: &ast::Ident, kind: SymbolKind, span: Span) -> DocumentSymbol {
        let range = |span| text::range(self.file, span, self.server.encoding);
        // The client refuses a name outside of its declaration.
        let whole = Span { lo: span.lo.min(name.span.lo), hi: span.hi.max(name.span.hi), ..span };
        #[expect(deprecated, reason = "the struct has the field")]
        DocumentSymbol {
            name: name.name.clone(),
            detail: None,
            kind,
            tags: None,
            deprecated: None,
            range: range(whole),
            selection_range: range(name.span),
            children: None,
        }
    }
}

/// What editors draw for a declaration.
pub fn kind(item: &Item) -> SymbolKind {
    match &item.kind {
        ItemKind::Fn(_) if item.attributes.iter().any(|of| crate::tables::program_type(&of.name.name).is_some()) => {
            SymbolKind::EVENT
        }
        ItemKind::Fn(_) | ItemKind::Extern(_) => SymbolKind::FUNCTION,
        ItemKind::Struct(_) | ItemKind::Alias { .. } => SymbolKind::STRUCT,
        ItemKind::Enum(_) => SymbolKind::ENUM,
        ItemKind::Config(_) => SymbolKind::OBJECT,
        ItemKind::Var(decl) => match decl.ty.as_ref().and_then(map_name) {
            Some(_) => SymbolKind::ARRAY,
            None => SymbolKind::VARIABLE,
        },
        ItemKind::Const(_) => SymbolKind::CONSTANT,
        ItemKind::Impl(_) => SymbolKind::CLASS,
        ItemKind::Import { .. } => SymbolKind::MODULE,
        ItemKind::Include { .. } | ItemKind::License { .. } | ItemKind::MinKernel { .. } | ItemKind::Unread(_) => {
            SymbolKind::NULL
        }
    }
}

/// The kind of maps that a type is.
fn map_name(ty: &ast::Type) -> Option<&str> {
    if let ast::TypeKind::Applied { name, .. } = &ty.kind {
        return map_kind(&name.name).map(|_| name.name.as_str());
    }
    let ast::TypeKind::Named(path) = &ty.kind else { return None };
    let [name] = path.segments.as_slice() else { return None };
    map_kind(&name.name).map(|_| name.name.as_str())
}

fn detail(item: &Item) -> Option<String> {
    let attributes: Vec<String> = item.attributes.iter().map(|of| format!("@{}", of.name.name)).collect();
    match &item.kind {
        ItemKind::Var(decl) => decl.ty.as_ref().map(ast::print::ty),
        ItemKind::Const(decl) => decl.ty.as_ref().map(ast::print::ty),
        ItemKind::Alias { ty, .. } => Some(ast::print::ty(ty)),
        ItemKind::Fn(_)
        | ItemKind::Struct(_)
        | ItemKind::Enum(_)
        | ItemKind::Config(_)
        | ItemKind::Impl(_)
        | ItemKind::Extern(_)
        | ItemKind::Include { .. }
        | ItemKind::Import { .. }
        | ItemKind::License { .. }
        | ItemKind::MinKernel { .. }
        | ItemKind::Unread(_) => (!attributes.is_empty()).then(|| attributes.join(" ")),
    }
}

/// Symbols that are sent, at most.
const MAX_SYMBOLS: usize = 500;

/// Answers `workspace/symbol`: declarations whose names have the letters of the query in order.
pub fn of_workspace(server: &mut Server, params: WorkspaceSymbolParams) -> Answer<Value> {
    let mut texts: Vec<(std::path::PathBuf, String)> =
        server.documents.all().map(|document| (document.path.clone(), document.text.clone())).collect();
    for path in workspace::files(&server.folders) {
        if server.documents.of_file(&path).is_none()
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            texts.push((path, text));
        }
    }
    let mut found = Vec::new();
    for (path, text) in texts {
        found.extend(matching(server, &path, text, &params.query));
        found.truncate(MAX_SYMBOLS);
    }
    Ok(json!(found))
}

fn matching(server: &Server, path: &Path, text: String, query: &str) -> Vec<SymbolInformation> {
    let mut cx = Session::new(Options::default());
    let file = cx.sources.add("", path, text);
    let tree = syntax::parse(&mut cx, file);
    let document = server.documents.of_file(path);
    let address = document.map_or_else(|| documents::uri(path), |document| document.uri.clone());
    let Ok(uri) = address.parse::<Uri>() else { return Vec::new() };
    let names = tree.items.iter().filter_map(|item| Some((item, item.kind.name()?)));
    let named = names.filter(|(_, name)| has_letters(&name.name, query));
    #[expect(deprecated, reason = "the struct has the field")]
    let found = named.map(|(item, name)| SymbolInformation {
        name: name.name.clone(),
        kind: kind(item),
        tags: None,
        deprecated: None,
        location: Location { uri: uri.clone(), range: text::range(cx.sources.file(file), name.span, server.encoding) },
        container_name: None,
    });
    found.collect()
}

fn has_letters(name: &str, query: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    query.chars().flat_map(char::to_lowercase).all(|wanted| letters.any(|letter| letter == wanted))
}

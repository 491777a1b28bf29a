//! From a name to its declaration and back.

use super::analysis::Analysis;
use super::dispatch::Answer;
use super::server::Server;
use super::{diagnostics, kernel_text, text, workspace};
use crate::ast::ItemKind;
use crate::source::{FileId, Span};
use crate::types::{Ty, TyKind, Types};
use crate::uses::Meaning;
use lsp_types::{
    GotoDefinitionParams, GotoDefinitionResponse, Location, ReferenceParams, TextDocumentPositionParams,
    request::GotoImplementationParams, request::GotoTypeDefinitionParams,
};
use std::path::PathBuf;
use std::rc::Rc;

/// A name under the cursor.
pub struct Pointed {
    pub analysis: Rc<Analysis>,
    pub file: FileId,
    pub at: u32,
    /// None where no name is.
    pub name: Option<(Span, Meaning)>,
}

/// What is meant, in whatever program it is named.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Symbol {
    /// A declaration, by its file and the bytes of its name.
    Declared(PathBuf, u32, u32),
    /// What the language or the kernel has, by its name.
    Known(String),
}

/// The place that a request names; none if no check saw it.
pub fn pointed(server: &mut Server, at: &TextDocumentPositionParams) -> Answer<Option<Pointed>> {
    let uri = at.text_document.uri.as_str();
    let document = server.document(uri)?;
    let (path, offset) = (document.path.clone(), text::offset(&document.text, at.position, server.encoding) as u32);
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(file) = analysis.file_of(&path) else { return Ok(None) };
    let name = analysis.name_at(file, offset).cloned();
    Ok(Some(Pointed { analysis, file, at: offset, name }))
}

/// What a meaning is in any program; none for what has no name of its own.
pub fn symbol(analysis: &Analysis, meaning: &Meaning) -> Option<Symbol> {
    if let Some(at) = analysis.declared_at(meaning) {
        return Some(Symbol::Declared(analysis.path(at), at.lo, at.hi));
    }
    let types = &analysis.cx.types;
    Some(Symbol::Known(match meaning {
        Meaning::Field { of, field } => {
            let def = types.struct_def(*of);
            format!("{}.{}", def.name, def.fields.get(*field)?.name)
        }
        Meaning::Variant { of, variant } => {
            let def = types.enum_def(*of);
            format!("{}::{}", def.name, def.variants.get(*variant)?.name)
        }
        Meaning::Type(ty) => types.name(*ty),
        Meaning::Builtin(spec) => format!("{}()", spec.name),
        Meaning::Helper(spec) => spec.name.to_owned(),
        Meaning::MapMethod(_, spec) => format!(".{}()", spec.name),
        Meaning::Method(spec) => format!(".{}", spec.word()),
        Meaning::Constant(_) | Meaning::Local { .. } | Meaning::Declared(_) => return None,
    }))
}

/// Answers `textDocument/definition`.
pub fn definition(server: &mut Server, params: GotoDefinitionParams) -> Answer<Option<GotoDefinitionResponse>> {
    let Some(pointed) = pointed(server, &params.text_document_position_params)? else { return Ok(None) };
    if let Some(found) = named_file(server, &pointed) {
        return Ok(Some(found.into()));
    }
    let Some((_, meaning)) = &pointed.name else { return Ok(None) };
    Ok(place(server, &pointed.analysis, meaning).map(GotoDefinitionResponse::Scalar))
}

fn place(server: &Server, analysis: &Analysis, meaning: &Meaning) -> Option<Location> {
    if let Some(at) = analysis.declared_at(meaning) {
        return diagnostics::location(server, analysis, at);
    }
    let types = &analysis.cx.types;
    match meaning {
        Meaning::Field { of, field } => {
            let def = types.struct_def(*of);
            kernel_text::location(server, &def.name, Some(&def.fields.get(*field)?.name))
        }
        Meaning::Type(ty) => kernel_text::location(server, &types.name(*ty), None),
        Meaning::Local { .. }
        | Meaning::Declared(_)
        | Meaning::Constant(_)
        | Meaning::Variant { .. }
        | Meaning::Builtin(_)
        | Meaning::Helper(_)
        | Meaning::MapMethod(..)
        | Meaning::Method(_) => None,
    }
}

/// The file that an `import` or `include` under the cursor names.
fn named_file(server: &Server, pointed: &Pointed) -> Option<Location> {
    let items = pointed.analysis.items(pointed.file).iter();
    let path = items
        .filter_map(|item| {
            if let ItemKind::Import { path, .. } | ItemKind::Include { path } = &item.kind { Some(path) } else { None }
        })
        .find(|path| path.span.lo <= pointed.at && pointed.at <= path.span.hi)?;
    let from = pointed.analysis.file(pointed.file);
    let named = crate::source::paths::beside(from, &path.bytes);
    let file = pointed.analysis.file_of(&named)?;
    diagnostics::location(server, &pointed.analysis, Span::new(file, 0, 0))
}

/// Answers `textDocument/typeDefinition`.
pub fn type_definition(
    server: &mut Server,
    params: GotoTypeDefinitionParams,
) -> Answer<Option<GotoDefinitionResponse>> {
    let Some(pointed) = pointed(server, &params.text_document_position_params)? else { return Ok(None) };
    let Some((span, meaning)) = &pointed.name else { return Ok(None) };
    let (analysis, types) = (&pointed.analysis, &pointed.analysis.cx.types);
    let ty = match meaning {
        Meaning::Local { ty, .. } | Meaning::Type(ty) => Some(*ty),
        Meaning::Field { of, field } => types.struct_def(*of).fields.get(*field).map(|field| field.ty),
        Meaning::Variant { of, .. } => types.find(TyKind::Enum(*of)),
        Meaning::Declared(_)
        | Meaning::Constant(_)
        | Meaning::Builtin(_)
        | Meaning::Helper(_)
        | Meaning::MapMethod(..)
        | Meaning::Method(_) => analysis.cx.uses.type_at(*span),
    };
    let found = ty.and_then(|ty| place(server, analysis, &Meaning::Type(pointee(types, ty))));
    Ok(found.map(GotoDefinitionResponse::Scalar))
}

/// The type behind pointers, arrays and optionals.
fn pointee(types: &Types, ty: Ty) -> Ty {
    if let TyKind::Ptr { to, .. } | TyKind::Array(to, _) | TyKind::Opt(to) | TyKind::Place { of: to, .. } =
        types.kind(ty)
    {
        return pointee(types, to);
    }
    ty
}

/// Answers `textDocument/implementation`: of a struct of functions its `impl`s, of all else the declaration.
pub fn implementation(server: &mut Server, params: GotoImplementationParams) -> Answer<Option<GotoDefinitionResponse>> {
    let Some(pointed) = pointed(server, &params.text_document_position_params)? else { return Ok(None) };
    let Some((span, meaning)) = &pointed.name else { return Ok(None) };
    let analysis = &pointed.analysis;
    let of = analysis.cx.sources.text(*span);
    let mut found = Vec::new();
    for item in analysis.modules.files.iter().flat_map(|tree| &tree.items) {
        let ItemKind::Impl(decl) = &item.kind else { continue };
        let args = item.attributes.iter().filter_map(|attribute| attribute.args.as_ref()).flatten();
        let names_it = args.into_iter().filter_map(|arg| arg.value.texts()).flatten().any(|text| text == of);
        if names_it {
            found.extend(diagnostics::location(server, analysis, decl.name.span));
        }
    }
    if found.is_empty() {
        found.extend(place(server, analysis, meaning));
    }
    Ok((!found.is_empty()).then_some(GotoDefinitionResponse::Array(found)))
}

/// The places of a symbol in all programs that may name it, each once.
pub fn places(server: &mut Server, symbol: &Symbol, word: &str) -> Vec<(Rc<Analysis>, Span)> {
    let mut found: Vec<(Rc<Analysis>, Span)> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for analysis in workspace::analyses_with(server, word) {
        for (span, meaning) in analysis.names() {
            if analysis.cx.sources.text(*span) == word
                && self::symbol(&analysis, meaning).as_ref() == Some(symbol)
                && seen.insert((analysis.path(*span), span.lo))
            {
                found.push((analysis.clone(), *span));
            }
        }
    }
    found
}

/// Answers `textDocument/references`.
pub fn references(server: &mut Server, params: ReferenceParams) -> Answer<Option<Vec<Location>>> {
    let Some(pointed) = pointed(server, &params.text_document_position)? else { return Ok(None) };
    let Some((span, meaning)) = &pointed.name else { return Ok(None) };
    let Some(symbol) = symbol(&pointed.analysis, meaning) else { return Ok(None) };
    let word = pointed.analysis.cx.sources.text(*span).to_owned();
    let places = places(server, &symbol, &word);
    let wanted = places.iter().filter(|(analysis, span)| {
        let is_declaration = symbol == Symbol::Declared(analysis.path(*span), span.lo, span.hi);
        params.context.include_declaration || !is_declaration
    });
    Ok(Some(wanted.filter_map(|(analysis, span)| diagnostics::location(server, analysis, *span)).collect()))
}

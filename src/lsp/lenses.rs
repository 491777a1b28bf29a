//! Above programs and tests: commands of `ksc` for them.

use super::dispatch::Answer;
use super::server::Server;
use super::text;
use crate::ast::ItemKind;
use crate::tables;
use lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::json;

/// Answers `textDocument/codeLens`: over each program the first kernel that has its type, over `main` and tests how to run them.
pub fn lenses(server: &mut Server, params: CodeLensParams) -> Answer<Option<Vec<CodeLens>>> {
    let uri = params.text_document.uri.as_str();
    let path = server.document(uri)?.path.clone();
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(file) = analysis.file_of(&path) else { return Ok(None) };
    let mut found = Vec::new();
    for item in analysis.items(file) {
        let ItemKind::Fn(decl) = &item.kind else { continue };
        let range = text::range(analysis.file(file), decl.name.span, server.encoding);
        let mut add = |title: String, command: &str| {
            let arguments = Some(vec![json!(uri), json!(decl.name.name)]);
            let command = Command { title, command: command.to_owned(), arguments };
            found.push(CodeLens { range, command: Some(command), data: None });
        };
        if let Some(spec) = item.attributes.iter().find_map(|of| tables::program_type(&of.name.name)) {
            let since = spec.forms.iter().find_map(|form| form.since);
            let since = since.map_or(String::new(), |(major, minor)| format!(" · Linux {major}.{minor}"));
            add(format!("{}{since}", spec.name), "ksc.showBytecode");
        }
        if item.attributes.iter().any(|of| of.name.name == "test") {
            add("test".to_owned(), "ksc.test");
        }
        if decl.name.name == "main" {
            add("run".to_owned(), "ksc.run");
        }
    }
    Ok(Some(found))
}

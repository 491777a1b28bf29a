//! Above programs and tests: commands of `ksc` for them.

use super::dispatch::Answer;
use super::objects::Compiled;
use super::server::Server;
use super::text;
use crate::ast::ItemKind;
use crate::tables;
use lsp_types::{CodeLens, CodeLensParams, Command};
use serde_json::json;

/// Answers `textDocument/codeLens`: over each program its instructions, what kernels said of it, and the first kernel that has its type; over
/// `main` and tests how to run them. Instructions are missing while they are counted, if the client can be told of the end.
pub fn lenses(server: &mut Server, params: CodeLensParams) -> Answer<Option<Vec<CodeLens>>> {
    let uri = params.text_document.uri.as_str();
    let path = server.document(uri)?.path.clone();
    let Some(analysis) = server.analysis(uri) else { return Ok(None) };
    let Some(file) = analysis.file_of(&path) else { return Ok(None) };
    let compiled = server.compiled(uri, false);
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
            let known = compiled.as_ref().map_or(String::new(), |compiled| figures(compiled, &decl.name.name));
            add(format!("{}{known}{since}", spec.name), "ksc.showBytecode");
            add("verify".to_owned(), "ksc.verify");
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

/// How many instructions a program has with what it calls, and the last verdict that `ksc verify` keeps of each kernel.
fn figures(compiled: &Compiled, program: &str) -> String {
    let Some(found) = compiled.object.program(program) else { return String::new() };
    let verdicts = compiled.verdicts(program).iter().map(|kept| {
        let processed = kept.processed.map_or(String::new(), |number| format!(", {number} processed"));
        let code = kept.code.as_ref().map_or(String::new(), |code| format!(" {code}"));
        format!(" · {}: {}{code}{processed}", kept.kernel, kept.verdict)
    });
    format!(" · {} instructions{}", found.instructions(), verdicts.collect::<String>())
}

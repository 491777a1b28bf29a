//! Read-only texts of the server: the kernel's types (`ksc:btf/task_struct`), and explanations of codes (`ksc:explain/E0101`).

use super::dispatch::Answer;
use super::server::{Server, refusal};
use crate::diag;
use crate::session::Session;
use crate::tool::list::declared;
use lsp_server::ErrorCode;
use lsp_types::{Location, Position, Range, Uri};
use serde::Deserialize;
use serde_json::{Value, json};

/// The address of a text of the server, such as `ksc:btf/task_struct`.
#[derive(Deserialize)]
pub struct TextParams {
    uri: String,
}

/// Answers `ksc/text` and `workspace/textDocumentContent`: `{uri}` → `{text}`.
pub fn text(server: &mut Server, params: TextParams) -> Answer<Value> {
    let found = match params.uri.strip_prefix("ksc:").and_then(|rest| rest.trim_start_matches('/').split_once('/')) {
        Some(("btf", name)) => of_type(server, name),
        Some(("explain", code)) => diag::explain(code),
        Some(_) | None => None,
    };
    match found {
        Some(text) => Ok(json!({ "text": text })),
        None => Err(refusal(ErrorCode::InvalidParams, format!("there is no text `{}`", params.uri))),
    }
}

/// The declaration of a struct of the kernel, a field a line, each with its offset in bytes.
fn of_type(server: &Server, name: &str) -> Option<String> {
    let mut cx = Session::new(server.options.clone());
    let fields = declared::fields(&mut cx, name, true)?;
    let mut text = format!("struct {name} {{\n");
    fields.iter().for_each(|field| text.push_str(&format!("    {field}\n")));
    Some(text + "}\n")
}

/// The place of a field of a struct of the kernel, or of the struct; none if the kernel has no such type.
pub fn location(server: &Server, of: &str, field: Option<&str>) -> Option<Location> {
    let text = of_type(server, of)?;
    let begins =
        |line: &str, name: &str| line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
    let line = field.and_then(|name| text.lines().position(|line| begins(line, name))).unwrap_or(0) as u32;
    let (start, length) = field.map_or((7, of.len()), |name| (4, name.len()));
    let start = Position { line, character: start };
    let end = Position { character: start.character + length as u32, ..start };
    Some(Location { uri: format!("ksc:btf/{of}").parse::<Uri>().ok()?, range: Range { start, end } })
}

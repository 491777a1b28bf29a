//! Which function answers which request, and what the client is told of that.

use super::server::{Server, refusal};
use super::text::Encoding;
use super::{
    actions, bytecode, calls, completion, diagnostics, formatting, highlights, hints, hover, kernel_text, lenses,
    navigation, ranges, rename, signatures, symbols, tokens,
};
use lsp_server::{ErrorCode, ResponseError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The answer to a request, or its error.
pub type Answer<T> = Result<T, ResponseError>;

type Handler = fn(&mut Server, Value) -> Answer<Value>;

fn with<P: DeserializeOwned, R: Serialize>(
    server: &mut Server,
    params: Value,
    answer: fn(&mut Server, P) -> Answer<R>,
) -> Answer<Value> {
    let params = serde_json::from_value(params)
        .map_err(|why| refusal(ErrorCode::InvalidParams, format!("the parameters cannot be read: {why}")))?;
    let result = answer(server, params)?;
    serde_json::to_value(result).map_err(|why| refusal(ErrorCode::InternalError, why.to_string()))
}

/// The requests, by their methods.
const REQUESTS: &[(&str, Handler)] = &[
    ("textDocument/hover", |s, p| with(s, p, hover::hover)),
    ("textDocument/completion", |s, p| with(s, p, completion::completion)),
    ("completionItem/resolve", |s, p| with(s, p, completion::resolve)),
    ("textDocument/signatureHelp", |s, p| with(s, p, signatures::help)),
    ("textDocument/definition", |s, p| with(s, p, navigation::definition)),
    ("textDocument/declaration", |s, p| with(s, p, navigation::definition)),
    ("textDocument/typeDefinition", |s, p| with(s, p, navigation::type_definition)),
    ("textDocument/implementation", |s, p| with(s, p, navigation::implementation)),
    ("textDocument/references", |s, p| with(s, p, navigation::references)),
    ("textDocument/documentHighlight", |s, p| with(s, p, highlights::highlights)),
    ("textDocument/prepareRename", |s, p| with(s, p, rename::prepare)),
    ("textDocument/rename", |s, p| with(s, p, rename::rename)),
    ("textDocument/documentSymbol", |s, p| with(s, p, symbols::of_document)),
    ("workspace/symbol", |s, p| with(s, p, symbols::of_workspace)),
    ("textDocument/foldingRange", |s, p| with(s, p, ranges::folding)),
    ("textDocument/selectionRange", |s, p| with(s, p, ranges::selection)),
    ("textDocument/prepareCallHierarchy", |s, p| with(s, p, calls::prepare)),
    ("callHierarchy/incomingCalls", |s, p| with(s, p, calls::incoming)),
    ("callHierarchy/outgoingCalls", |s, p| with(s, p, calls::outgoing)),
    ("textDocument/codeAction", |s, p| with(s, p, actions::actions)),
    ("textDocument/formatting", |s, p| with(s, p, formatting::whole)),
    ("textDocument/rangeFormatting", |s, p| with(s, p, formatting::range)),
    ("textDocument/onTypeFormatting", |s, p| with(s, p, formatting::on_type)),
    ("textDocument/semanticTokens/full", |s, p| with(s, p, tokens::full)),
    ("textDocument/semanticTokens/range", |s, p| with(s, p, tokens::range)),
    ("textDocument/inlayHint", |s, p| with(s, p, hints::hints)),
    ("textDocument/codeLens", |s, p| with(s, p, lenses::lenses)),
    ("textDocument/diagnostic", |s, p| with(s, p, diagnostics::pulled)),
    ("ksc/bytecode", |s, p| with(s, p, bytecode::bytecode)),
    ("ksc/text", |s, p| with(s, p, kernel_text::text)),
    ("workspace/textDocumentContent", |s, p| with(s, p, kernel_text::text)),
];

/// Answers a request.
pub fn answer(server: &mut Server, method: &str, params: Value) -> Answer<Value> {
    match REQUESTS.iter().find(|(known, _)| *known == method) {
        Some((_, handler)) => handler(server, params),
        None => Err(refusal(ErrorCode::MethodNotFound, format!("there is no `{method}`"))),
    }
}

/// The answer to `initialize`. Only a client that `pulls` diagnostics is told that it may: one that can do both, such as Visual Studio Code,
/// would show each diagnostic twice.
pub fn initialized(encoding: Encoding, pulls: bool) -> Value {
    let encoding = match encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
    };
    let mut answer = json!({
        "capabilities": {
            "positionEncoding": encoding,
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "hoverProvider": true,
            "completionProvider": { "triggerCharacters": [".", ">", ":", "@", "\"", "/"], "resolveProvider": true },
            "signatureHelpProvider": { "triggerCharacters": ["(", ","] },
            "definitionProvider": true,
            "declarationProvider": true,
            "typeDefinitionProvider": true,
            "implementationProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "documentSymbolProvider": true,
            "workspaceSymbolProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix", "refactor", "source.fixAll"] },
            "codeLensProvider": {},
            "documentFormattingProvider": true,
            "documentRangeFormattingProvider": true,
            "documentOnTypeFormattingProvider": { "firstTriggerCharacter": "}" },
            "renameProvider": { "prepareProvider": true },
            "foldingRangeProvider": true,
            "selectionRangeProvider": true,
            "callHierarchyProvider": true,
            "inlayHintProvider": true,
            "semanticTokensProvider": {
                "legend": { "tokenTypes": tokens::TYPES, "tokenModifiers": tokens::MODIFIERS },
                "full": true,
                "range": true,
            },
            "workspace": {
                "workspaceFolders": { "supported": true },
                "textDocumentContent": { "schemes": ["ksc"] },
            },
        },
        "serverInfo": { "name": "ksc", "version": crate::version::text() },
    });
    if pulls {
        answer["capabilities"]["diagnosticProvider"] =
            json!({ "identifier": "ksc", "interFileDependencies": true, "workspaceDiagnostics": false });
    }
    answer
}

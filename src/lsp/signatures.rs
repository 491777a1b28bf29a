//! The parameters of the call that is being written.

use super::analysis::Analysis;
use super::dispatch::Answer;
use super::server::Server;
use super::{gaps, hints, shown, text};
use crate::ast::walk::Node;
use crate::ast::{Arg, Expr, ExprKind};
use lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp, SignatureHelpParams,
    SignatureInformation,
};

/// Answers `textDocument/signatureHelp`.
pub fn help(server: &mut Server, params: SignatureHelpParams) -> Answer<Option<SignatureHelp>> {
    let at = params.text_document_position_params;
    let document = server.document(at.text_document.uri.as_str())?;
    let offset = text::offset(&document.text, at.position, server.encoding);
    for (analysis, place) in gaps::filled(server, document, offset) {
        let nodes = analysis.nodes_at(analysis.root, place.start as u32);
        let call = nodes.iter().rev().find_map(|node| call(*node, place.start as u32));
        if let Some((callee, args)) = call
            && let Some(found) = signature(&analysis, callee)
        {
            let before = args.iter().take_while(|arg| arg.value.span.hi < place.start as u32).count();
            return Ok(Some(SignatureHelp {
                signatures: vec![found],
                active_signature: Some(0),
                active_parameter: Some(before as u32),
            }));
        }
    }
    Ok(None)
}

/// A call whose arguments have the place.
fn call(node: Node<'_>, at: u32) -> Option<(&Expr, &[Arg])> {
    let Node::Expr(Expr { kind: ExprKind::Call { callee, args }, .. }) = node else { return None };
    (callee.span.hi < at).then_some((callee, args))
}

fn signature(analysis: &Analysis, callee: &Expr) -> Option<SignatureInformation> {
    let name = hints::called(callee)?;
    let meaning = analysis.cx.uses.at(name.span)?;
    let shown = shown::meaning(analysis, &name.name, &meaning)?;
    let names = hints::parameters(analysis, callee)?;
    let parameters =
        names.into_iter().map(|name| ParameterInformation { label: ParameterLabel::Simple(name), documentation: None });
    let documentation = (!shown.text.is_empty())
        .then(|| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: shown.text.clone() }));
    Some(SignatureInformation {
        label: shown.code,
        documentation,
        parameters: Some(parameters.collect()),
        active_parameter: None,
    })
}

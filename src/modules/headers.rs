//! Checks the declarations of headers.

use crate::ast::{self, ItemKind};
use crate::diag::codes::modules::NotInHeader;
use crate::session::Session;
use crate::source::Span;

/// Reports what is no declaration.
pub(super) fn check(cx: &mut Session, header: &ast::File) {
    for item in &header.items {
        let Some((what, span)) = definition(&item.kind) else { continue };
        cx.error(span, NotInHeader { what: what.to_owned() })
            .help("what has a body or storage belongs into a `.ks` file, which `import name from \"x.ks\"` names");
    }
}

fn definition(kind: &ItemKind) -> Option<(&'static str, Span)> {
    match kind {
        // A function without a body is reported everywhere.
        ItemKind::Fn(decl) => decl.body.as_ref().map(|_| ("function body", decl.name.span)),
        ItemKind::Config(decl) => Some(("config", decl.name.span)),
        ItemKind::Var(decl) => Some(("variable or map", decl.name.span)),
        ItemKind::Impl(decl) => Some(("`impl`", decl.name.span)),
        ItemKind::Import { name, .. } => Some(("`import`", name.span)),
        ItemKind::License { text } => Some(("license", text.span)),
        ItemKind::MinKernel { text } => Some(("`min_kernel`", text.span)),
        ItemKind::Struct(_)
        | ItemKind::Enum(_)
        | ItemKind::Alias { .. }
        | ItemKind::Const(_)
        | ItemKind::Unread(_)
        | ItemKind::Extern(_)
        | ItemKind::Include { .. } => None,
    }
}

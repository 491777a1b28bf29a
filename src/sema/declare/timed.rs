//! Functions that a `main` which the compiler writes calls by itself: `@interval(1000) fn …`, `@end fn …`.

use super::Declare;
use super::attributes::wants;
use crate::ast::timed::{self, INTERVAL};
use crate::ast::{Attribute, FnDecl, ItemKind};
use crate::diag::codes::lifecycle::{TimedFunction, TimedWithMain};
use crate::diag::codes::names::AttributeArguments;
use crate::modules::ModuleId;
use crate::session::Session;
use crate::source::Span;

impl Declare<'_> {
    /// Checks all of them, once the declarations are known.
    pub(super) fn timed(&self, cx: &mut Session) {
        let main = self.own_main().filter(|main| cx.written_main != Some(main.file));
        for entry in &self.entries {
            let attribute = entry.item.attributes.iter().find(|attribute| timed::is_timed_by(attribute));
            let (Some(attribute), ItemKind::Fn(decl)) = (attribute, &entry.item.kind) else { continue };
            check(cx, attribute, decl);
            let name = attribute.name.name.clone();
            if let Some(main) = main {
                cx.error(attribute.span, TimedWithMain { name })
                    .note(main, "this `main` says what is called")
                    .help("`while (!sleep(1000)) { … }` calls something each second, and `defer` at the end");
            } else if entry.module != ModuleId::ROOT {
                cx.error(attribute.span, TimedWithMain { name }).help("it belongs into the program's own file");
            }
        }
    }

    /// The name of the program's `main`.
    fn own_main(&self) -> Option<Span> {
        let mut own = self.entries.iter().filter(|entry| entry.module == ModuleId::ROOT && entry.name.name == "main");
        own.next().map(|entry| entry.name.span)
    }
}

/// Checks the attribute of a timed function, and its signature.
fn check(cx: &mut Session, attribute: &Attribute, decl: &FnDecl) {
    check_time(cx, attribute);
    let name = &attribute.name.name;
    if let Some(param) = decl.params.first() {
        cx.error(param.span, TimedFunction { name: name.clone(), why: "takes no parameters".to_owned() });
    }
    if let Some(result) = &decl.result {
        cx.error(result.ty.span, TimedFunction { name: name.clone(), why: "returns nothing".to_owned() });
    }
}

fn check_time(cx: &mut Session, attribute: &Attribute) {
    let has_argument = attribute.args.as_ref().is_some_and(|args| !args.is_empty());
    if attribute.name.name == INTERVAL && has_argument && timed::milliseconds(attribute).is_none() {
        cx.error(attribute.span, AttributeArguments { name: INTERVAL.to_owned(), wants: wants(INTERVAL) });
    }
}

//! `min_kernel "6.4"`: the oldest kernel that the program is for.

use crate::ast::ItemKind;
use crate::diag::codes::support::KernelText;
use crate::kernels;
use crate::modules::Modules;
use crate::session::Session;

/// Notes what the files say, of which the latest counts. Before the rest is checked, which asks for the oldest kernel.
pub fn apply(cx: &mut Session, modules: &Modules) {
    for item in modules.ids().flat_map(|id| modules.items(id)) {
        let ItemKind::MinKernel { text } = &item.kind else { continue };
        match kernels::version(&String::from_utf8_lossy(&text.bytes)) {
            Ok(version) => cx.options.need_kernel(version),
            Err(why) => {
                cx.error(text.span, KernelText { why });
            }
        }
    }
}

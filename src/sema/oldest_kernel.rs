//! `min_kernel "6.4"`: the oldest kernel that the program is for.

use crate::ast::ItemKind;
use crate::diag::codes::support::KernelText;
use crate::kernels;
use crate::modules::Modules;
use crate::session::Session;

/// Sets the oldest kernel to the latest of the versions that the files state. Runs before the other checks, which depend on it.
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

//! The kernel that a program is for, by the structs that it implements: the running one may lack them.

use crate::ast::{ExprKind, Item, ItemKind};
use crate::modules::Modules;
use crate::session::Session;
use crate::tables::{StructOpsSpec, struct_ops};

/// Chooses the types of the kernel. Before anything else looks one up.
pub fn choose_types(cx: &mut Session, modules: &Modules) {
    for item in modules.ids().flat_map(|id| modules.items(id)) {
        if let Some(spec) = implemented(item) {
            cx.kernel_types.replace_without(spec.name);
        }
    }
}

/// The struct of the table that an `impl` is of.
fn implemented(item: &Item) -> Option<&'static StructOpsSpec> {
    let ItemKind::Impl(_) = &item.kind else { return None };
    let mut args = item.attributes.iter().filter_map(|attribute| attribute.args.as_deref()?.first());
    args.find_map(|arg| {
        let ExprKind::Str(bytes) = &arg.value.kind else { return None };
        struct_ops(std::str::from_utf8(bytes).ok()?)
    })
}

//! C for the kernel's own build.

use crate::diag::codes::support::NotInModule;
use crate::ir::Module;
use crate::session::Session;

/// The C file of a module. The emitter writes no function, so each one is an error.
pub fn module(cx: &mut Session, module: &Module) -> Option<Vec<u8>> {
    for func in &module.funcs {
        let (what, func_name) = ("a function".to_owned(), cx.source_name(&func.name));
        cx.error(func.name_span, NotInModule { what, func: func_name });
    }
    (!cx.diags.has_errors()).then(Vec::new)
}

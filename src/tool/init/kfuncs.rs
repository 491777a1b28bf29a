//! `--kfuncs`: the functions of the kernel that programs of a type may call, as they declare them.

use super::kind::Kind;
use crate::diag::Severity;
use crate::sema::handed;
use crate::session::{Options, Session};
use crate::tables::{PROGRAMS, ProgramSpec};
use crate::{modules, sema, syntax};
use std::path::Path;

/// Declarations for the end of a program.
pub fn text(cx: &mut Session, kind: &Kind) -> String {
    let spec = match kind {
        Kind::Program(hook) => Some(hook.spec),
        Kind::Implementation(_) => PROGRAMS.iter().find(|spec| spec.is_member()),
        // What calls the module's function.
        Kind::Module => PROGRAMS.iter().find(|spec| spec.name == "xdp"),
    };
    let declared = handed::kfuncs(cx, &spec.map(ProgramSpec::kernel_name).unwrap_or_default());
    let declared = supported(cx, declared);
    format!(
        "\n// Functions of the kernel that such a program may call: leave in what it calls.\n{}\n",
        declared.join("\n")
    )
}

/// The declarations that compile: the checker knows which arguments the language has.
fn supported(cx: &Session, mut declared: Vec<String>) -> Vec<String> {
    // Errors of the grammar come before those of the checker.
    for _ in 0..2 {
        let mut own = Session::new(Options { btf: cx.options.btf.clone(), ..Options::default() });
        let file = own.sources.add("kfuncs", Path::new("kfuncs.ks"), declared.join("\n"));
        let tree = syntax::parse(&mut own, file);
        let modules = modules::gather(&mut own, tree);
        let _ = sema::check(&mut own, &modules);
        let errors = own.diags.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        let wrong: Vec<u32> = errors.filter_map(|error| Some(own.sources.line_col(error.span?).line - 1)).collect();
        let mut line = 0..;
        declared.retain(|_| line.next().is_none_or(|line| !wrong.contains(&line)));
    }
    declared
}

//! `ksc build-module FILE`: the kernel module with the `@kfunc` functions of a program.

use super::{finish, session};
use crate::cli::BuildModule;
use crate::diag::codes::support::NoSuchArtifact;
use crate::link::kernel_module;
use crate::link::output::{self, Output};
use crate::pipeline;
use crate::session::Session;
use crate::target::Target;
use std::process::ExitCode;

/// Compiles the module part of a file and runs the kernel's build on it.
pub fn run(args: &BuildModule) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    // An error that ends it early was reported.
    let _ = build(&mut cx, args);
    finish(&mut cx, args.common.messages)
}

fn build(cx: &mut Session, args: &BuildModule) -> Option<()> {
    let input = pipeline::read(cx, &args.input)?;
    let module = pipeline::khir(cx, input)?;
    let module = pipeline::front(cx, module)?;
    if !pipeline::has(&module, Target::Kmod) {
        let facts = Target::Kmod.facts();
        cx.environment(NoSuchArtifact { what: facts.artifact.into() }).help(facts.artifact_help);
        return None;
    }
    let source = pipeline::kmod(cx, &module)?;
    if cx.diags.has_denied() {
        return None;
    }
    let name = module.module_name();
    let tree = args.kernel_dir.clone().unwrap_or_else(kernel_module::running_tree);
    let bytes = kernel_module::build(cx, &name, &source, &tree)?;
    let path = args.output.clone().unwrap_or_else(|| format!("{name}.ko").into());
    output::write(cx, vec![Output { path, bytes, executable: false }])
}

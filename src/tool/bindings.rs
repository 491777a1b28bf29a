//! `ksc bindings --LANGUAGE FILE`: a module for another language with the maps and variables of a program, for any process.

use super::inspect;
use super::{finish, session};
use crate::cli::Bindings;
use crate::codegen::bindings::{self, Names};
use crate::diag::codes::environment::NoBpfObject;
use crate::diag::codes::support::NoSuchArtifact;
use crate::link::output::{self, Output};
use crate::pipeline;
use crate::session::Session;
use crate::source::load;
use crate::target::Target;
use std::path::Path;
use std::process::ExitCode;

/// Writes the module. The exit code is one of `status`.
pub fn run(args: &Bindings) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    if let Some(text) = module(&mut cx, args)
        && !cx.diags.has_denied()
    {
        let path = args.output.clone().unwrap_or_else(|| "-".into());
        // A failure is reported.
        let _ = output::write(&mut cx, vec![Output { path, bytes: text.into_bytes(), executable: false }]);
    }
    finish(&mut cx, args.common.messages)
}

fn module(cx: &mut Session, args: &Bindings) -> Option<String> {
    let path = &args.input;
    let is_source = path.extension().is_some_and(|end| end == "ks");
    let (object, file) = if is_source {
        (compiled(cx, path)?, Some(object_of(&cx.options.name)))
    } else {
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let (object, is_whole) = carried(cx, path)?;
        (object, file.filter(|_| is_whole))
    };
    let program = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let names = Names { program: &program, object: file.as_deref() };
    match bindings::of(args.language(), &object, &names) {
        Ok(text) => Some(text),
        Err(why) => not_readable(cx, path, why),
    }
}

/// The file of the object that a program of this name becomes.
pub(super) fn object_of(program: &str) -> String {
    format!("{program}.bpf.o")
}

/// The object that a source becomes.
fn compiled(cx: &mut Session, path: &Path) -> Option<Vec<u8>> {
    let input = pipeline::read(cx, path)?;
    let module = pipeline::khir(cx, input)?;
    let module = pipeline::front(cx, module)?;
    if pipeline::has(&module, Target::Bpf) {
        return pipeline::bpf(cx, &module).map(|bpf| bpf.object);
    }
    let facts = Target::Bpf.facts();
    cx.environment(NoSuchArtifact { what: facts.artifact.into() }).help(facts.artifact_help);
    None
}

/// The object that a file is or carries, and whether it is all of the file.
fn carried(cx: &mut Session, path: &Path) -> Option<(Vec<u8>, bool)> {
    let bytes = load::bytes(cx, path)?;
    match inspect::objects(&bytes).map(|objects| objects.oldest.to_vec()) {
        Ok(object) => {
            let is_whole = object.len() == bytes.len();
            Some((object, is_whole))
        }
        Err(why) => not_readable(cx, path, why),
    }
}

fn not_readable<T>(cx: &mut Session, path: &Path, why: String) -> Option<T> {
    cx.environment(NoBpfObject { path: path.display().to_string(), why })
        .help("`ksc FILE.ks` writes one, and an executable that carries it; so does `clang -target bpf -g -c`");
    None
}

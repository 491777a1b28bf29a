//! `ksc doc FILE`: a page about a program, from its `///` comments and what the compiler knows of it.
//!
//! `collect.rs` makes the page as data (`model.rs`); `html.rs` and `man.rs` write it. The options are those that `--help` lists, by the code
//! that prints them (`help/`).

mod collect;
mod help;
mod html;
mod man;
mod markdown;
mod model;
mod uses;

use super::{build, finish, session};
use crate::cli::{Doc, DocFormat};
use crate::diag::codes::support::NoSuchArtifact;
use crate::diag::escape;
use crate::direct;
use crate::ir::Module;
use crate::link::output::{self, Output};
use crate::pipeline::{self, Input};
use crate::session::Session;
use crate::tool::inspect;
use collect::Source;
use model::Need;
pub use model::Page;
use std::path::Path;
use std::process::ExitCode;

/// Writes the page. The status is 1 if the program has errors.
pub fn run(args: &Doc) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    if let Some((page, _)) = page(&mut cx, &args.input) {
        let text = written(&page, args.format);
        // A failure is reported.
        let _ = match &args.output {
            Some(path) if path.as_os_str() != "-" => {
                let file = Output { path: path.clone(), bytes: text.into_bytes(), executable: false };
                output::write(&mut cx, vec![file])
            }
            Some(_) | None => output::print(&mut cx, text),
        };
    }
    finish(&mut cx, args.common.messages)
}

fn written(page: &Page, format: DocFormat) -> String {
    match format {
        DocFormat::Html => html::page(page),
        DocFormat::Man => man::page(page),
        DocFormat::Json => match serde_json::to_string_pretty(page) {
            Ok(json) => escape::json(&json).into_owned() + "\n",
            Err(error) => crate::bug!("a page is JSON: {error}"),
        },
    }
}

/// The page as a manual page.
pub fn man_page(page: &Page) -> String {
    man::page(page)
}

/// The page about a program, and its module before the targets part. None where errors were reported.
pub fn page(cx: &mut Session, input: &Path) -> Option<(Page, Module)> {
    let Input::Source(tree) = pipeline::read(cx, input)? else {
        cx.environment(NoSuchArtifact { what: "page about IR".into() });
        return None;
    };
    let mut whole = tree.clone();
    if cx.options.machine.makes_executables() {
        direct::complete(cx, &mut whole);
    }
    let module = pipeline::khir(cx, Input::Source(whole))?;
    let module = pipeline::front(cx, module)?;
    let bpf = build::bpf_side(cx, &module)?;
    let needs = bpf.as_ref().map_or(Vec::new(), |bpf| {
        let needs = inspect::kernels::needs(&bpf.object);
        let needs = needs.unwrap_or_else(|why| crate::bug!("the object that was made cannot be read: {why}"));
        let need = |(what, name, since): (&str, String, String)| Need { what: what.to_owned(), name, since };
        needs.into_iter().map(need).collect()
    });
    let source = Source { tree: &tree, module: &module, needs, has_bpf: bpf.is_some() };
    Some((collect::page(cx, source), module))
}

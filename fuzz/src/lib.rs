//! What the fuzz targets do with an input. Each must end without a panic, whatever the input is; errors are what the
//! compiler reports about it.

use ksc::codegen::llvm::{self, Artifact};
use ksc::diag::{json, render};
use ksc::session::{Options, Session};
use ksc::source::FileId;
use ksc::target::Target;
use ksc::tuning::Tuning;
use ksc::{ir, pipeline, syntax, tool};
use std::path::Path;

fn session(name: &str, text: &str) -> (Session, FileId) {
    let mut cx = Session::new(Options { project: "fuzz".into(), ..Options::default() });
    let file = cx.sources.add(name, Path::new(name), text.to_owned());
    (cx, file)
}

/// Puts what was reported into words.
fn said(cx: &mut Session) {
    let diagnostics = cx.diags.take();
    for diagnostic in &diagnostics {
        render::human(&cx.sources, diagnostic, false);
        json::line(&cx.sources, diagnostic);
    }
}

/// Any text is parsed, and each mistake in it is put into words.
pub fn parser(text: &str) {
    let (mut cx, file) = session("fuzz.ks", text);
    syntax::parse(&mut cx, file);
    said(&mut cx);
}

/// What the parser takes is checked.
pub fn checker(text: &str) {
    let (mut cx, file) = session("fuzz.ks", text);
    let tree = syntax::parse(&mut cx, file);
    pipeline::check(&mut cx, &tree);
    said(&mut cx);
}

/// What the parser takes is formatted: the formatter itself compares the trees and the comments of before and after, and
/// prints what it printed until nothing changes. A second run must change nothing.
pub fn formatter(text: &str) {
    let (mut cx, file) = session("fuzz.ks", text);
    let Some(once) = tool::fmt::formatted(&mut cx, file) else { return };
    let (mut cx, file) = session("fuzz.ks", &once);
    let twice = tool::fmt::formatted(&mut cx, file);
    assert_eq!(twice.as_ref(), Some(&once), "formatting is not idempotent");
}

/// What is read as IR and is well formed is printed, and reads as itself.
pub fn ir(text: &str) {
    let (mut cx, file) = session("fuzz.ksir", text);
    let Some(module) = ir::parse::module(&mut cx, file) else { return };
    if ir::verify::module(&module, &cx).is_err() {
        return;
    }
    let once = ir::print::module(&module, &cx.types);
    let (mut cx, file) = session("fuzz.ksir", &once);
    let again = ir::parse::module(&mut cx, file).expect("what the printer made is IR");
    assert_eq!(ir::print::module(&again, &cx.types), once, "the text of IR changes when it is read");
}

/// What the checker takes is compiled, for the kernel and for user space.
pub fn compiler(text: &str) {
    let (mut cx, file) = session("fuzz.ks", text);
    let tree = syntax::parse(&mut cx, file);
    let Some(module) = pipeline::khir(&mut cx, pipeline::Input::Source(tree)) else { return };
    let Some(module) = pipeline::front(&mut cx, module) else { return };
    if pipeline::has(&module, Target::Bpf)
        && let Some(part) = pipeline::lowered(&mut cx, &module, Target::Bpf)
    {
        llvm::bpf(&mut cx, &part, &Tuning::default(), Artifact::Object);
    }
    if pipeline::has(&module, Target::Host)
        && let Some(part) = pipeline::lowered(&mut cx, &module, Target::Host)
    {
        llvm::host(&mut cx, &part, None, Artifact::Object);
    }
}

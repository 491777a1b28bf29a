//! `ksc FILE`: which artifacts are wanted, and where they go.

use super::{finish, status};
use crate::cli::{Build, Emit};
use crate::diag::codes::support::NoSuchArtifact;
use crate::link;
use crate::pipeline::{self, Input};
use crate::session::Session;
use std::path::Path;
use std::process::ExitCode;

pub fn run(args: &Build) -> ExitCode {
    let Some(input) = &args.input else {
        eprintln!("error: no source file is given; `ksc --help` tells the use");
        return ExitCode::from(status::USAGE);
    };
    for pass in [&args.common.print_ir_after, &args.common.stop_after].into_iter().flatten() {
        if pass != "all" && pipeline::pass(pass).is_none() {
            let names: Vec<&str> = pipeline::passes().map(|p| p.name).collect();
            eprintln!("error: there is no pass `{pass}`; the passes are {}", names.join(", "));
            return ExitCode::from(status::USAGE);
        }
    }
    let mut cx = Session::new(args.common.options(input));
    // What stops this chain was reported.
    let _ = build(&mut cx, args, input);
    finish(&mut cx, args.common.error_format)
}

fn build(cx: &mut Session, args: &Build, path: &Path) -> Option<()> {
    let input = pipeline::read(cx, path)?;
    let outputs = Outputs { args };
    if args.emit == Some(Emit::Ast) {
        let Input::Source(tree) = &input else {
            cx.environment(NoSuchArtifact { what: "syntax tree".into() });
            return None;
        };
        return outputs.text(cx, format!("{tree:#?}\n").as_bytes());
    }
    None
}

/// Names and places of what is written.
struct Outputs<'a> {
    args: &'a Build,
}

impl Outputs<'_> {
    /// Text goes to standard output unless `-o` says otherwise.
    fn text(&self, cx: &mut Session, bytes: &[u8]) -> Option<()> {
        let path = self.args.output.clone().unwrap_or_else(|| "-".into());
        link::output::write(cx, &path, bytes, false)
    }
}

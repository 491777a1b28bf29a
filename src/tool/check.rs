//! `ksc check`: all that can be reported, and nothing written.

use super::{finish, session, status};
use crate::cli::Check;
use crate::diag::{escape, verify};
use crate::pipeline::{self, Input};
use crate::session::Session;
use crate::target::Target;
use std::process::ExitCode;

pub fn run(args: &Check) -> ExitCode {
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    // What stops this chain was reported.
    let _ = check(&mut cx, args);
    if args.verify_diagnostics {
        return compare(&mut cx);
    }
    finish(&mut cx, args.common.error_format)
}

/// Goes as far as any error can come from: object code is made, since LLVM knows the limits of BPF, and dropped.
fn check(cx: &mut Session, args: &Check) -> Option<()> {
    let read = pipeline::read(cx, &args.input)?;
    input(cx, read)
}

/// What remains of it after reading.
pub fn input(cx: &mut Session, input: Input) -> Option<()> {
    let module = pipeline::khir(cx, input)?;
    let module = pipeline::front(cx, module)?;
    if pipeline::has(&module, Target::Bpf) {
        pipeline::bpf(cx, &module)?;
    }
    if pipeline::has(&module, Target::Host) {
        pipeline::lowered(cx, &module, Target::Host)?;
    }
    Some(())
}

/// `--verify-diagnostics`: the source says what must be reported.
fn compare(cx: &mut Session) -> ExitCode {
    let diagnostics = cx.diags.take();
    let mismatches = verify::check(&cx.sources, &diagnostics);
    for mismatch in &mismatches {
        eprintln!("{}", escape::value(mismatch));
    }
    if mismatches.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(status::SOURCE) }
}

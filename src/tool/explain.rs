//! `ksc explain CODE`: the explanation of a diagnostic code. `ksc explain`: all codes.

use super::{finish, usage_error};
use crate::cli::Messages;
use crate::diag;
use crate::link::output;
use crate::session::{Options, Session};
use std::process::ExitCode;

/// Prints the explanation of a code, or the list of all codes. An unknown code is a usage error.
pub fn run(code: Option<&str>) -> ExitCode {
    let Some(code) = code else {
        return print(diag::list());
    };
    match diag::explain(code) {
        Some(text) => print(text),
        None => usage_error(&format!("there is no code `{code}`; codes look like E0101, W0201 or V0101")),
    }
}

fn print(text: String) -> ExitCode {
    let mut cx = Session::new(Options::default());
    // A failure is reported.
    let _ = output::print(&mut cx, text);
    finish(&mut cx, Messages::default())
}

//! `ksc explain CODE`: the text that belongs to a diagnostic code.

use super::usage_error;
use crate::diag;
use std::process::ExitCode;

pub fn run(code: &str) -> ExitCode {
    match diag::explain(code) {
        Some(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        None => usage_error(&format!("there is no code `{code}`; codes look like E0101 or W0201")),
    }
}

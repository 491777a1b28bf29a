//! The command line of a command that ksc does not have.

use clap::Args;
use std::ffi::OsString;

/// Whatever follows the command.
#[derive(Args, Debug)]
pub struct Words {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}

//! The command line of `ksc run`.

use super::Common;
use clap::Args;
use std::ffi::OsString;

#[derive(Args, Debug)]
#[command(override_usage = "ksc run [OPTIONS] FILE [ARGUMENTS]…\n       ksc run [OPTIONS] -e TEXT [ARGUMENTS]…")]
pub struct Run {
    /// The program itself, in place of a file
    #[arg(short = 'e', long = "execute", value_name = "TEXT")]
    pub text: Option<String>,
    /// Compile even if the same was compiled before, and keep nothing for the next time
    #[arg(long)]
    pub no_cache: bool,
    /// The source, `-` for standard input; what follows it goes to the program, but for a first `--`. With `-e`: what goes to the program
    #[arg(value_name = "FILE", trailing_var_arg = true)]
    pub words: Vec<OsString>,
    #[command(flatten)]
    pub common: Common,
}

//! The options of `ksc lsp`.

use super::Common;
use clap::Args;

/// How an editor is served.
#[derive(Args, Debug)]
pub struct Lsp {
    /// Standard input and output, which is how every client is served
    #[arg(long, hide = true)]
    pub stdio: bool,
    #[command(flatten)]
    pub common: Common,
}

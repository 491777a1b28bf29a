//! `ksc lsp`: a language server (LSP 3.17) over the front end of `ksc check`.
//!
//! The checker takes milliseconds for a file, so each edit leads to a check of whole programs, once the editor's messages that wait are read.
//! `analysis.rs` keeps what a check found: syntax trees, and the meanings of names, which the checker notes in functions with errors too
//! (`Session::uses`). Requests ask that; each family of requests has a file.

mod actions;
mod analysis;
mod bytecode;
mod calls;
mod completion;
mod diagnostics;
mod dispatch;
mod documents;
mod edits;
mod formatting;
mod gaps;
mod highlights;
mod hints;
mod hover;
mod kernel_text;
mod lenses;
mod lexical;
mod navigation;
mod objects;
mod ranges;
mod rename;
mod rewrites;
mod server;
mod shown;
mod signatures;
mod symbols;
mod text;
mod tokens;
mod workspace;

use crate::session::Options;
use lsp_server::Connection;
use server::Server;
use std::process::ExitCode;

/// Serves an editor over standard input and output until it says `exit`, or closes them.
pub fn run(options: Options) -> ExitCode {
    let (connection, threads) = Connection::stdio();
    let status = match Server::start(&connection, options) {
        Ok(mut server) => server.serve(),
        Err(_) => ExitCode::FAILURE,
    };
    drop(connection);
    // A reader that still waits would keep the process.
    if status == ExitCode::SUCCESS {
        let _ = threads.join();
    }
    status
}

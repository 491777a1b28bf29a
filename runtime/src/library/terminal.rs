//! What standard output is: `clear_screen`, `is_terminal` and `is_json`.

use crate::kernel::output;
use std::io::{IsTerminal, stdout};

/// To the first line, and empty all lines and what was scrolled away: as clear(1) does it.
const CLEAR: &[u8] = b"\x1b[H\x1b[2J\x1b[3J";

/// `is_terminal`: whether standard output is one.
#[unsafe(no_mangle)]
pub extern "C" fn ks_is_terminal() -> bool {
    stdout().is_terminal()
}

/// `is_json`: whether the command line asks for objects in place of tables.
#[unsafe(no_mangle)]
pub extern "C" fn ks_is_json() -> bool {
    output::form() == output::Form::Json
}

/// `clear_screen`: does nothing where standard output is no terminal.
#[unsafe(no_mangle)]
pub extern "C" fn ks_clear_screen() {
    if stdout().is_terminal() {
        output::write(CLEAR);
    }
}

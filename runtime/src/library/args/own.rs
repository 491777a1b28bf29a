//! The options that every executable has, besides those of its `main`.

use super::usage;
use crate::abi::KS_PROG_KEPT;
use crate::kernel::end::die;
use crate::kernel::{output, program};
use crate::link::kept;
use crate::object::pins::{declared, present};
use crate::object::prints;
use crate::session::idle;

/// An option that every executable has.
pub struct Own {
    pub option: &'static str,
    note: &'static str,
    /// Whether it does something in this program: `--help` lists it then.
    acts: fn() -> bool,
    /// What it does at once. Most are looked for on the command line where they have an effect.
    take: fn(),
}

/// An option of every executable that takes a value.
pub struct Valued {
    pub option: &'static str,
    form: &'static str,
    note: &'static str,
    acts: fn() -> bool,
    /// Sets what the option says; false for a value that it does not take.
    set: fn(&[u8]) -> bool,
    takes: &'static str,
}

/// Prints the usage and ends the process.
pub const HELP: &str = usage::HELP.0;

const OWN: [Own; 6] = [
    Own { option: usage::JSON.0, note: usage::JSON.1, acts: program::prints_tables, take: output::set_json },
    Own { option: kept::REPLACE, note: usage::REPLACE.1, acts: replaces, take: || () },
    Own { option: kept::PIN, note: usage::PIN_LINKS.1, acts: replaces, take: || () },
    Own { option: present::RESET, note: usage::RESET_PINS.1, acts: declared::any, take: || () },
    Own { option: prints::OPTION, note: usage::PRINT_TRACE.1, acts: prints::any, take: || () },
    Own { option: HELP, note: usage::HELP.1, acts: || true, take: || () },
];

const VALUED: [Valued; 2] = [
    Valued {
        option: "--output",
        form: usage::OUTPUT.0,
        note: usage::OUTPUT.1,
        acts: program::prints_tables,
        set: output::set_form,
        takes: "one of folded, json, text is wanted",
    },
    Valued {
        option: METRICS,
        form: usage::METRICS.0,
        note: usage::METRICS.1,
        acts: || idle::server().is_some(),
        set: serve,
        takes: "a port is wanted, or an address and a port: 9100, 0.0.0.0:9100, [::1]:9100",
    },
];

const METRICS: &str = "--metrics";

fn serve(at: &[u8]) -> bool {
    let Some(server) = idle::server() else {
        die(
            2,
            &format!(
                "`{METRICS}`: the program has nothing to serve\n  help: it waits nowhere, or has no map or variable of numbers"
            ),
        );
    };
    (server.open)(at)
}

impl Valued {
    /// Sets the value; the error says which ones the option takes.
    pub fn take(&self, text: &[u8]) -> Result<(), &'static str> {
        if (self.set)(text) { Ok(()) } else { Err(self.takes) }
    }
}

/// The option of this name, without its dashes, that takes a value.
pub fn with_value(name: &[u8]) -> Option<&'static Valued> {
    VALUED.iter().find(|own| own.option.as_bytes().strip_prefix(b"--") == Some(name))
}

/// Whether the program attaches anything that another process can take over.
fn replaces() -> bool {
    !program::is_test() && program::progs().iter().any(|prog| prog.flags & KS_PROG_KEPT != 0)
}

/// Takes a word that is one of them; false for any other.
pub fn take(word: &[u8]) -> bool {
    let own = OWN.iter().find(|own| own.option.as_bytes() == word);
    own.inspect(|own| (own.take)()).is_some()
}

/// The rows of `--help` for the options that have an effect in this program.
pub fn rows() -> Vec<(String, String)> {
    let valued = VALUED.iter().filter(|own| (own.acts)()).map(|own| (own.form, own.note));
    let form = |own: &Own| if own.option == HELP { usage::HELP_ROW.0 } else { own.option };
    let words = OWN.iter().filter(|own| (own.acts)()).map(|own| (form(own), own.note));
    valued.chain(words).map(|(form, note)| (form.to_owned(), note.to_owned())).collect()
}

//! Forms of attachments, each in a file of its own. `KsProg::does` and `KsProg::looks` point to the symbols of the forms that a program has,
//! `ks_form_…` and `ks_lookup_…`: the linker leaves the others out of an executable.

use super::attached::Attached;
use super::request::Request;
use crate::abi::KsProg;
use crate::kernel::errors::Failure;

/// Attaches a program: the contents of a symbol `ks_form_…`, by the form's name in `ir-specs/attach_forms.toml`.
pub type Form = fn(&Request) -> Result<Box<dyn Attached>, Failure>;

/// How a program is attached; none if its form does that otherwise.
pub fn of(prog: &KsProg) -> Option<Form> {
    // SAFETY: the compiler points to a symbol `ks_form_…`, or to nothing.
    unsafe { prog.does.cast::<Form>().as_ref().copied() }
}

//! Probes of functions of user space, `file:symbol`: libbpf finds the symbol and makes the event.

use super::attached::Attached;
use super::form::Form;
use super::request::{Request, Target};
use super::several::{self, elements};
use super::user_probe::{open, parts, wanted};
use super::{library, user_functions};
use crate::kernel::errors::Failure;
use crate::object::optional::targets::Lookup;

/// The form `uprobe`.
#[unsafe(no_mangle)]
pub static ks_form_uprobe: Form = attach_entry;

/// Attaches where the function begins.
pub fn attach_entry(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    attach(request, false)
}

/// The form `uretprobe`.
#[unsafe(no_mangle)]
pub static ks_form_uretprobe: Form = attach_return;

/// Attaches where the function returns.
pub fn attach_return(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    attach(request, true)
}

fn attach(request: &Request, retprobe: bool) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a probe")?;
    let Target::Text(text) = request.target else {
        return Err(wanted("a probe is attached to a function by its name"));
    };
    let text = String::from_utf8_lossy(text);
    if several::is_several(&text) {
        return user_functions::attach(request, &text, retprobe);
    }
    let (file, place) = parts(&text)?;
    open(request, (&library::find(file)?, place), 0, retprobe)
}

/// The lookup `user_code`.
#[unsafe(no_mangle)]
pub static ks_lookup_user_code: Lookup = exists;

/// Fails if none of the places that the target names is a function of its file.
fn exists(target: &str) -> Result<(), Failure> {
    let mut places = elements(target).map(|(_, place)| library::find_function(place));
    let first = places.next().unwrap_or(Ok(()));
    if first.is_ok() || places.any(|place| place.is_ok()) { Ok(()) } else { first }
}

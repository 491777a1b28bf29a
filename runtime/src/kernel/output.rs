//! Standard output. Text that cannot be written there is lost; one message and the status of the process say so. A reader that goes away
//! ends the process.

use super::end;
use super::errors::{complain, reason, try_write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The form of tables and of structs that are printed whole. Other lines are as the program writes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Lines,
    /// An object a line.
    Json,
    /// `a;b;c 17` a line, for flame graphs.
    Folded,
}

/// The status of a process whose output is not whole.
const LOST: i32 = 3;

/// The parent had closed it: `/dev/null` has its number.
static CLOSED: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicBool = AtomicBool::new(false);
/// What is written is kept here, if at all, until someone takes it.
static KEPT: Mutex<Option<Vec<u8>>> = Mutex::new(None);
/// The index of the form in `FORMS`.
static FORM: AtomicUsize = AtomicUsize::new(0);

const FORMS: [(&[u8], Form); 3] = [(b"text", Form::Lines), (b"json", Form::Json), (b"folded", Form::Folded)];

/// The form that the command line asks for.
pub fn form() -> Form {
    FORMS[FORM.load(Ordering::Relaxed)].1
}

/// Sets the form by its name; false where there is none of the name.
pub fn set_form(name: &[u8]) -> bool {
    let found = FORMS.iter().position(|(known, _)| *known == name);
    found.is_some_and(|found| {
        FORM.store(found, Ordering::Relaxed);
        true
    })
}

/// Sets the form that machines read.
pub fn set_json() {
    set_form(b"json");
}

/// Notes that the process was started without a standard output, so that writes to it fail.
pub fn was_closed() {
    CLOSED.store(true, Ordering::Relaxed);
}

/// Another file has its number, which takes what is written.
pub fn reopened() {
    CLOSED.store(false, Ordering::Relaxed);
}

/// Keeps what is written from here on.
pub fn keep() {
    if let Ok(mut kept) = KEPT.lock() {
        *kept = Some(Vec::new());
    }
}

/// What was written since `keep`; none without one. What is written from here on goes to standard output.
pub fn kept() -> Option<Vec<u8>> {
    KEPT.lock().ok()?.take()
}

/// Writes all bytes to standard output. The first failure is reported, and later ones are not.
pub fn write(bytes: &[u8]) {
    if let Ok(mut kept) = KEPT.lock()
        && let Some(kept) = &mut *kept
    {
        kept.extend_from_slice(bytes);
        return;
    }
    let written = match CLOSED.load(Ordering::Relaxed) {
        true if !bytes.is_empty() => Err(libc::EBADF),
        _ => try_write(1, bytes),
    };
    if written == Err(libc::EPIPE) {
        end::reader_gone();
    } else if let Err(code) = written
        && !FAILED.swap(true, Ordering::Relaxed)
    {
        complain(&format!("standard output cannot be written, what is printed is lost: {}", reason(code)));
    }
}

/// The status of a process whose `main` wants this one.
pub fn status(wanted: i32) -> i32 {
    if FAILED.load(Ordering::Relaxed) { LOST } else { wanted }
}

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    // SAFETY: asks about a descriptor.
    unsafe { libc::isatty(1) == 1 }
}

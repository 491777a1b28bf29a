//! The virtual machine that answers a test's calls of bpf(2), where `ksc test` has started the test with one (`vm/preload`). The process's
//! executable is the same in both cases: whether there is a machine, the dynamic linker knows.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::transmute;

/// What went wrong in the machine.
pub enum Fault {
    /// A program did what it must not: the place and the access.
    Wrong(String),
    /// The machine has not what is named so.
    Lacks(String),
}

/// `ks_machine_fault` of `vm/preload`.
type TakeFault = unsafe extern "C" fn(*mut c_char, usize) -> c_int;

const WRONG: c_int = 1;
const LACKS: c_int = 2;

fn function() -> Option<TakeFault> {
    // SAFETY: a C string. The machine's function has this form, and no other library has the name.
    unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, c"ks_machine_fault".as_ptr());
        (!found.is_null()).then(|| transmute::<*mut c_void, TakeFault>(found))
    }
}

/// Whether the process has a machine.
pub fn is_there() -> bool {
    function().is_some()
}

/// Why the machine did not do what it was last asked for; None if it did, or there is none. Asking again yields nothing.
pub fn take_fault() -> Option<Fault> {
    let take = function()?;
    let mut text = [0; 4096];
    // SAFETY: so much room; the text ends with a zero.
    let (kind, text) = unsafe {
        let kind = take(text.as_mut_ptr(), text.len());
        (kind, CStr::from_ptr(text.as_ptr()).to_string_lossy().into_owned())
    };
    match kind {
        WRONG => Some(Fault::Wrong(text)),
        LACKS => Some(Fault::Lacks(text)),
        _ => None,
    }
}

/// Why a test is skipped that asks for something that the machine has not.
pub fn lacks(name: &str) -> String {
    format!("the virtual machine has no {name}")
}

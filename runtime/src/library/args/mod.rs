//! The command line: parses options into the fields of `main`'s `Args`. Without `Args` there are the runtime's own options alone.

mod field;
mod options;
mod own;
mod spec;
mod usage;
mod value;

use super::decimal;
use crate::abi::{KsArgs, KsFieldKind};
use crate::kernel::end::{self, die};
use crate::kernel::program::{self, array};
use crate::kernel::{escape, output};
use field::Spec;
use spec::Stop;
use std::ffi::{CStr, c_char};

/// See abi.rs.
///
/// # Safety
/// `spec` is a valid descriptor, `argv` has `argc` strings, `out` has room for the struct, or is null where it has no fields.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_args(spec: *const KsArgs, argc: i32, argv: *const *const c_char, out: *mut u8) {
    // SAFETY: as the caller promises.
    let (spec, out, words) = unsafe {
        let spec = Spec::new(&*spec);
        let out = if out.is_null() { &mut [] } else { std::slice::from_raw_parts_mut(out, spec.defaults.len()) };
        let words: Vec<&[u8]> = array(argv, u64::try_from(argc).unwrap_or(0))
            .iter()
            .filter(|word| !word.is_null())
            .map(|word| CStr::from_ptr(*word).to_bytes())
            .collect();
        (spec, out, words)
    };
    let program = program::started_as();
    match options::fill(&spec, program, words.get(1..).unwrap_or(&[]), out) {
        Ok(()) => {}
        Err(Stop::Help(text)) => {
            output::write(escape::message(&text).as_bytes());
            end::leave(output::status(0))
        }
        Err(Stop::Bad(message)) => die(2, &format!("{message}\n  help: `{program} --help` lists the options")),
    }
}

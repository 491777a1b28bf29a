//! Targets that are not there, looked up before a program that may be left out is loaded. A target that cannot be looked up counts as
//! there: `attach` reports more.

use crate::abi::{KsForm, KsProg};
use crate::kernel::errors::Failure;
use crate::kernel::program::text;
use crate::object::probes;
use libbpf_sys as bpf;

/// Looks up a target by its name: the contents of a symbol `ks_lookup_…`. The failure is the message that an attachment would end with.
pub type Lookup = fn(&str) -> Result<(), Failure>;

/// Why the target of the program's attribute is not there.
pub fn missing(object: *mut bpf::bpf_object, prog: &KsProg) -> Option<String> {
    let target = text(prog.target);
    // The form `probe` looks its function up as a kprobe: a trampoline's is looked up when it is loaded.
    let is_loaded_for = prog.form == KsForm::Probe as u32 && !probes::is_second(object, prog);
    // SAFETY: the compiler points to a symbol `ks_lookup_…`, or to nothing.
    let lookup = unsafe { prog.looks.cast::<Lookup>().as_ref() }.filter(|_| !is_loaded_for && !target.is_empty())?;
    let failure = lookup(target).err()?;
    [libc::ENOENT, libc::ENODEV, libc::ENOTDIR, libc::EOPNOTSUPP].contains(&failure.code).then_some(failure.why)
}

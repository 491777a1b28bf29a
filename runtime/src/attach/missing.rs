//! Targets that are not there, looked up before a program that may be left out is loaded. A target that cannot be looked up counts as
//! there: `attach` reports more.

use super::several::elements;
use super::{Failure, Target, functions, interface, kprobe, library, netns, tracepoint, usdt};
use crate::abi::{KsForm, KsProg};
use crate::errors::reason;
use crate::program::text;
use crate::{escape, load};
use libbpf_sys as bpf;
use std::ffi::CString;
use std::path::Path;

/// Looks up a target by its name; the failure is the message that an attachment would end with.
pub type Lookup = fn(&str) -> Result<(), Failure>;

/// Why the target of the program's attribute is not there.
pub fn missing(prog: &KsProg) -> Option<String> {
    let target = text(prog.target);
    // The form `probe` looks its function up as a kprobe: a trampoline's is looked up when it is loaded.
    let is_loaded_for = prog.form == KsForm::Probe as u32 && !load::probes::is_second(prog);
    let lookup = super::form_of(prog)?.lookup.filter(|_| !is_loaded_for && !target.is_empty())?;
    let failure = lookup(target).err()?;
    [libc::ENOENT, libc::ENODEV, libc::ENOTDIR, libc::EOPNOTSUPP].contains(&failure.code).then_some(failure.why)
}

/// Fails if there is no network interface of this name.
pub fn interface(name: &str) -> Result<(), Failure> {
    interface::Interface::of(&Target::Text(name.as_bytes())).map(drop)
}

/// Fails if there is no network namespace of this name.
pub fn namespace(name: &str) -> Result<(), Failure> {
    netns::open(&Target::Text(name.as_bytes())).map(drop)
}

/// Fails if there is no folder at this path.
pub fn folder(path: &str) -> Result<(), Failure> {
    match Path::new(path).is_dir() {
        true => Ok(()),
        false => Err(Failure::new(libc::ENOENT, format!("there is no folder `{}`", escape::value(path)))),
    }
}

/// Fails if tracefs has no event `category/name`.
pub fn tracepoint(name: &str) -> Result<(), Failure> {
    tracepoint::find(name).map(drop)
}

/// Fails if the kernel's BTF has no tracepoint of this name.
pub fn event(name: &str) -> Result<(), Failure> {
    let c_name = CString::new(name).unwrap_or_default();
    // SAFETY: a NUL-terminated name.
    let id = unsafe { bpf::libbpf_find_vmlinux_btf_id(c_name.as_ptr(), bpf::BPF_TRACE_RAW_TP) };
    load::log::take();
    let missing = || Failure::new(id.abs(), format!("the event `{}`: {}", escape::value(name), reason(id)));
    if id > 0 { Ok(()) } else { Err(missing()) }
}

/// Fails if the kernel lacks the function, or was built without kprobes.
pub fn probed(target: &str) -> Result<(), Failure> {
    function(target).and_then(|()| kprobe::supported())
}

fn function(target: &str) -> Result<(), Failure> {
    match functions::exist(target) {
        true => Ok(()),
        false => Err(Failure::new(libc::ENOENT, format!("this kernel has no function `{}`", escape::value(target)))),
    }
}

/// Fails if none of the places that the target names is a function of its file.
pub fn user_code(target: &str) -> Result<(), Failure> {
    let mut places = elements(target).map(|(_, place)| library::find_function(place));
    let first = places.next().unwrap_or(Ok(()));
    if first.is_ok() || places.any(|place| place.is_ok()) { Ok(()) } else { first }
}

/// Fails if the notes of the file have no such probe, `file:provider:name`.
pub fn described(target: &str) -> Result<(), Failure> {
    usdt::exists(target)
}

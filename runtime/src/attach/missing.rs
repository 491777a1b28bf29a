//! Targets that are not there, looked up before a program that may be left out is loaded. What cannot be looked up is there: `attach`
//! says more.

use super::several::elements;
use super::{Failure, Target, functions, interface, kprobe, library, netns, tracepoint};
use crate::abi::{KsForm, KsProg};
use crate::errors::reason;
use crate::program::text;
use crate::{escape, load};
use libbpf_sys as bpf;
use std::ffi::CString;
use std::path::Path;

type Lookup = fn(&str) -> Result<(), Failure>;

/// The forms whose targets the kernel does not look up when it loads the program.
static LOOKUPS: &[(KsForm, Lookup)] = &[
    (KsForm::Netdev, interface),
    (KsForm::Device, interface),
    (KsForm::Tcx, interface),
    (KsForm::Netkit, interface),
    (KsForm::Socket, interface),
    (KsForm::Cgroup, folder),
    (KsForm::Netns, namespace),
    (KsForm::Netfilter, namespace),
    (KsForm::RawTracepoint, event),
    (KsForm::Tracepoint, |name| tracepoint::find(name).map(drop)),
    (KsForm::Kprobe, probed),
    (KsForm::Kretprobe, probed),
    (KsForm::Uprobe, user_code),
    (KsForm::Uretprobe, user_code),
];

/// Why the target of the program's attribute is not there.
pub fn missing(prog: &KsProg) -> Option<String> {
    let target = text(prog.target);
    let form = if load::probes::is_second(prog) { KsForm::Kprobe as u32 } else { prog.form };
    let (_, lookup) = LOOKUPS.iter().find(|(known, _)| *known as u32 == form && !target.is_empty())?;
    let failure = lookup(target).err()?;
    [libc::ENOENT, libc::ENODEV, libc::ENOTDIR, libc::EOPNOTSUPP].contains(&failure.code).then_some(failure.why)
}

fn interface(name: &str) -> Result<(), Failure> {
    interface::Interface::of(&Target::Text(name.as_bytes())).map(drop)
}

fn namespace(name: &str) -> Result<(), Failure> {
    netns::open(&Target::Text(name.as_bytes())).map(drop)
}

fn folder(path: &str) -> Result<(), Failure> {
    match Path::new(path).is_dir() {
        true => Ok(()),
        false => Err(Failure::new(libc::ENOENT, format!("there is no folder `{}`", escape::value(path)))),
    }
}

fn event(name: &str) -> Result<(), Failure> {
    let c_name = CString::new(name).unwrap_or_default();
    // SAFETY: a NUL-terminated name.
    let id = unsafe { bpf::libbpf_find_vmlinux_btf_id(c_name.as_ptr(), bpf::BPF_TRACE_RAW_TP) };
    load::log::take();
    let missing = || Failure::new(id.abs(), format!("the event `{}`: {}", escape::value(name), reason(id)));
    if id > 0 { Ok(()) } else { Err(missing()) }
}

fn probed(target: &str) -> Result<(), Failure> {
    function(target).and_then(|()| kprobe::supported())
}

fn function(target: &str) -> Result<(), Failure> {
    match functions::exist(target) {
        true => Ok(()),
        false => Err(Failure::new(libc::ENOENT, format!("this kernel has no function `{}`", escape::value(target)))),
    }
}

/// Of several places one is enough.
fn user_code(target: &str) -> Result<(), Failure> {
    let mut places = elements(target).map(|(_, place)| library::find_function(place));
    let first = places.next().unwrap_or(Ok(()));
    if first.is_ok() || places.any(|place| place.is_ok()) { Ok(()) } else { first }
}

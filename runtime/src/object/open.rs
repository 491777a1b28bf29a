//! Opens the object for the running kernel.

use super::{devices, explain, kconfig, prints, relocated, tiers};
use crate::kernel::end::die;
use crate::kernel::errors::errno;
use crate::kernel::{log, program};
use libbpf_sys as bpf;
use std::ffi::{CStr, CString};
use std::ptr;

/// Opens it, another time if it is open already. A failure ends the process.
pub fn open() -> *mut bpf::bpf_object {
    let Some(bytes) = tiers::object() else {
        die(
            1,
            "the executable holds no BPF object, though it asks for one\n  help: this is a fault of ksc; please report it",
        );
    };
    log::capture();
    let name = CString::new(program::name()).unwrap_or_default();
    let mut options =
        bpf::bpf_object_open_opts { sz: size_of::<bpf::bpf_object_open_opts>() as bpf::size_t, ..Default::default() };
    options.object_name = name.as_ptr();
    let kconfig = kconfig::missing();
    options.kconfig = kconfig.as_ref().map_or(ptr::null(), |lines| lines.as_ptr());
    options.btf_custom_path = relocated::types().map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: the bytes are constants of the executable and stay, the name, the lines and the path are copied.
    let object = unsafe { bpf::bpf_object__open_mem(bytes.as_ptr().cast(), bytes.len() as bpf::size_t, &options) };
    if object.is_null() {
        explain::end(-errno(), ptr::null_mut(), &log::take());
    }
    devices::choose(object);
    prints::prepare(object);
    object
}

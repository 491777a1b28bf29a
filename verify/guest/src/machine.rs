//! What the first process does for the machine: file systems, modules, the end.

use std::ffi::CStr;
use std::fs;
use std::ptr;

/// File systems: type, and where they belong.
const MOUNTS: [(&CStr, &CStr); 4] =
    [(c"proc", c"/proc"), (c"sysfs", c"/sys"), (c"devtmpfs", c"/dev"), (c"tracefs", c"/sys/kernel/tracing")];

/// Mounts what libbpf reads, and inserts the modules. What fails is seen by the loads that need it.
pub fn prepare() {
    for (kind, place) in MOUNTS {
        // SAFETY: the texts end with a zero and live during the call.
        unsafe { libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, ptr::null()) };
    }
    let order = fs::read_to_string("/modules/order").unwrap_or_default();
    for module in order.lines().filter_map(|name| fs::read(format!("/modules/{name}")).ok()) {
        // SAFETY: the module's bytes and the empty options live during the call.
        unsafe { libc::syscall(libc::SYS_init_module, module.as_ptr(), module.len(), c"".as_ptr()) };
    }
}

/// The kernel's release.
pub fn release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// Ends the machine.
pub fn switch_off() -> ! {
    // SAFETY: the call has no pointers.
    unsafe { libc::reboot(libc::RB_AUTOBOOT) };
    std::process::exit(1)
}

//! Lookups that fail for another reason than an absent entry. The program sees an absent entry; the runtime reports the
//! failure, once for each map and reason.

use super::map::Map;
use crate::kernel::errors::{complain, reason};
use crate::kernel::privilege;
use crate::kernel::program::MainThread;
use std::cell::RefCell;

static SAID: MainThread<RefCell<Vec<(String, i32)>>> = MainThread::new(RefCell::new(Vec::new()));

/// −errno by which the kernel, or the file system, says that the entry or its object is not there.
fn absent(error: i32) -> bool {
    [libc::ENOENT, libc::ESRCH, libc::ENOTDIR].contains(&-error)
}

impl Map {
    /// A lookup failed with −errno.
    pub fn not_found(&self, error: i32) {
        // A map of a kind that this kernel lacks counts as empty.
        if absent(error) || self.fd < 0 {
            return;
        }
        let Ok(mut said) = SAID.try_borrow_mut() else { return };
        if said.iter().any(|(name, code)| *name == self.name && *code == error) {
            return;
        }
        said.push((self.name.clone(), error));
        let help = match -error {
            libc::ENOTSOCK | libc::EBADF if self.names_socket() => {
                "\n  help: its entries are found by the descriptor of an open socket of this process".to_owned()
            }
            libc::EPERM if self.is_of_maps() => privilege::help("opening an inner map", &[privilege::SYS_ADMIN]),
            libc::EPERM | libc::EACCES => "\n  help: who made the map keeps user space from reading it".to_owned(),
            _ => String::new(),
        };
        complain(&format!(
            "cannot read the map `{}`, so that its entry counts as absent: {}{help}",
            self.name,
            reason(error)
        ));
    }
}

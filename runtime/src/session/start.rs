//! The start of a program: sets up the other parts before its `main` runs.

use super::{idle, overflow};
use crate::abi::{KS_ABI, KsProgram};
use crate::kernel::end::{self, die};
use crate::kernel::{output, program, signals};

/// See abi.rs.
///
/// # Safety
/// `program` points to a valid descriptor that lives as long as the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_start(program: *const KsProgram) {
    open_standard();
    // SAFETY: as the caller promises.
    let program = unsafe { &*program };
    if program.abi != KS_ABI {
        die(
            1,
            &format!(
                "the executable was compiled for version {} of the runtime library, and linked with version {KS_ABI}\n  \
                 help: compile it again with the runtime library of the same ksc",
                program.abi
            ),
        );
    }
    program::set(program);
    end::detach_by(idle::end);
    signals::install();
    overflow::install();
}

/// Opens /dev/null for each closed standard descriptor. If a parent has closed one, the next file would get its number, and the output of
/// the
/// program would go there.
fn open_standard() {
    for fd in 0..=2 {
        // SAFETY: asks for flags, and opens a device by a NUL-terminated name; the lowest free number is `fd`.
        unsafe {
            if libc::fcntl(fd, libc::F_GETFD) >= 0 {
                continue;
            }
            if libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) < 0 {
                libc::abort();
            }
            if fd == libc::STDOUT_FILENO {
                output::was_closed();
            }
        }
    }
}

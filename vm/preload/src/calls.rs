//! The kernel itself, and how functions of libc answer.

use std::ffi::{c_int, c_long, c_void};
use std::mem::transmute;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// libc's `syscall`, whose arguments are numbers of one width whatever their number.
type System = unsafe extern "C" fn(c_long, c_long, c_long, c_long, c_long, c_long, c_long) -> c_long;

static SYSTEM: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Calls the kernel as libc's `syscall` does.
///
/// # Safety
/// As that of the call.
pub unsafe fn system(number: c_long, [a, b, c, d, e, f]: [c_long; 6]) -> c_long {
    let mut found = SYSTEM.load(Ordering::Relaxed);
    if found.is_null() {
        // SAFETY: a C string.
        found = unsafe { libc::dlsym(libc::RTLD_NEXT, c"syscall".as_ptr()) };
        if found.is_null() {
            return answer(Err(libc::ENOSYS.into()));
        }
        SYSTEM.store(found, Ordering::Relaxed);
    }
    // SAFETY: libc's function has this form, and the caller promises the rest.
    unsafe { transmute::<*mut c_void, System>(found)(number, a, b, c, d, e, f) }
}

/// A result, or -1 and `errno`.
pub fn answer(result: Result<i64, i64>) -> c_long {
    result.unwrap_or_else(|error| {
        // SAFETY: the thread's own place.
        unsafe { *libc::__errno_location() = error as c_int };
        -1
    })
}

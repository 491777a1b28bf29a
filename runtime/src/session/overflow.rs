//! Reports a stack overflow; the kernel only sends SIGSEGV. The handler of that signal has its own stack, and does only
//! what is safe there.

use crate::kernel::errors::write_all;
use crate::kernel::{program, signals};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The status that a shell reports for a process that has aborted.
const STATUS: i32 = 134;
const MESSAGE: &[u8] = b": stack overflow in user space: recursion too deep or too large locals\n";

/// Larger than the registers of any processor that a signal saves.
const SIZE: usize = 64 * 1024;

struct Stack(UnsafeCell<MaybeUninit<[u8; SIZE]>>);
// SAFETY: only the kernel writes there, for the handler of one thread.
unsafe impl Sync for Stack {}
static STACK: Stack = Stack(UnsafeCell::new(MaybeUninit::uninit()));

/// An address in the frame of `main`, to which the stack may reach.
static TOP: AtomicUsize = AtomicUsize::new(0);

/// Called by the main thread, whose stack is meant.
pub fn install() {
    let here = 0_u8;
    TOP.store(ptr::from_ref(&here) as usize, Ordering::Relaxed);
    // SAFETY: memory that lives as long as the process; zeroed structs are valid.
    unsafe {
        let stack = libc::stack_t { ss_sp: STACK.0.get().cast(), ss_flags: 0, ss_size: SIZE };
        if libc::sigaltstack(&stack, ptr::null_mut()) != 0 {
            return;
        }
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESETHAND;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut());
    }
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    signals::clean_up();
    // SAFETY: the kernel's, for a handler with SA_SIGINFO.
    let (address, pointer) = unsafe { ((*info).si_addr() as usize, stack_pointer(context)) };
    if is_overflow(address, pointer) {
        write_all(2, program::started_as().as_bytes());
        write_all(2, MESSAGE);
        // SAFETY: ends the process; links go with their file descriptors.
        unsafe { libc::_exit(STATUS) };
    }
    // SA_RESETHAND has restored the default action.
    // SAFETY: raise is safe in a handler; the signal arrives when the handler returns.
    unsafe { libc::raise(signal) };
}

/// Whether the address belongs to the stack, if the stack could grow without limit: a call writes right below the stack pointer, and a
/// function
/// with large variables writes anywhere between that and the end of its frame.
fn is_overflow(address: usize, pointer: Option<usize>) -> bool {
    const BELOW: usize = 4096;
    pointer.is_some_and(|pointer| (pointer.saturating_sub(BELOW)..TOP.load(Ordering::Relaxed)).contains(&address))
}

/// # Safety
/// `context` is the one of a signal handler.
#[cfg(target_arch = "x86_64")]
unsafe fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: as the caller promises.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    usize::try_from(context.uc_mcontext.gregs[libc::REG_RSP as usize]).ok()
}

/// # Safety
/// `context` is the one of a signal handler.
#[cfg(target_arch = "aarch64")]
unsafe fn stack_pointer(context: *mut libc::c_void) -> Option<usize> {
    // SAFETY: as the caller promises.
    let context = unsafe { &*context.cast::<libc::ucontext_t>() };
    usize::try_from(context.uc_mcontext.sp).ok()
}

/// # Safety
/// None.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn stack_pointer(_context: *mut libc::c_void) -> Option<usize> {
    None
}

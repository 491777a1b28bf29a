//! LLVM's fatal errors: code that it cannot write as instructions, such as a branch that is too far for its instruction, or an operation
//! that its instruction selection does not know. LLVM calls a handler then, which must not return, and through which nothing may unwind. So
//! LLVM runs in a thread of its own. The handler sends LLVM's words to the compiler's thread and stops there for good; the compiler's
//! thread goes on and reports them.

use inkwell::context::Context;
use inkwell::support::error_handling::install_fatal_error_handler;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::{CStr, c_char};
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

/// Bytes. LLVM follows blocks and values by recursion; what is not touched costs nothing.
const STACK: usize = 256 << 20;

/// What the thread that calls LLVM sends.
enum Outcome {
    Returned,
    Panicked(Box<dyn Any + Send>),
    /// LLVM's words.
    Fatal(String),
}

thread_local! {
    /// Where the fatal errors of this thread go.
    static ERRORS: RefCell<Option<Sender<Outcome>>> = const { RefCell::new(None) };
}

/// A thread has stopped with what it had of LLVM in use.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// A context, which is leaked if LLVM met a fatal error.
pub struct OwnContext(ManuallyDrop<Context>);

impl OwnContext {
    /// A new context of LLVM.
    pub fn new() -> OwnContext {
        OwnContext(ManuallyDrop::new(Context::create()))
    }
}

impl Deref for OwnContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

impl Drop for OwnContext {
    fn drop(&mut self) {
        if !STOPPED.load(Ordering::Relaxed) {
            // SAFETY: nothing uses the context after this.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// A value that another thread uses while this one waits for it.
struct Lent<T>(T);

// SAFETY: `caught` alone makes these, and does not go on before the other thread has returned or has stopped for good.
unsafe impl<T> Send for Lent<T> {}

impl<T> Lent<T> {
    fn into_inner(self) -> T {
        self.0
    }
}

/// The result of `run`, which calls LLVM. Err has LLVM's words for a fatal error. The module and its context are then in an unknown state:
/// the caller must leak them.
pub fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    install();
    let mut result = None;
    let (sender, outcomes) = channel();
    let work = Lent((run, &mut result));
    let in_thread = move || {
        let (run, result) = work.into_inner();
        ERRORS.set(Some(sender.clone()));
        let outcome = match catch_unwind(AssertUnwindSafe(|| *result = Some(run()))) {
            Ok(()) => Outcome::Returned,
            Err(panic) => Outcome::Panicked(panic),
        };
        // The receiver lives until something is sent.
        let _ = sender.send(outcome);
    };
    let builder = thread::Builder::new().stack_size(STACK);
    // SAFETY: what the closure borrows lives until the end of this function, which waits for an outcome. The thread sends it as the
    // last thing that it does with what it borrows: it returns, or it stops for good in `stop`.
    let spawned = unsafe { builder.spawn_unchecked(in_thread) };
    if let Err(error) = spawned {
        crate::bug!("no thread for LLVM: {error}");
    }
    match outcomes.recv() {
        Ok(Outcome::Returned) => match result {
            Some(result) => Ok(result),
            None => crate::bug!("the thread of LLVM has returned nothing"),
        },
        Ok(Outcome::Panicked(panic)) => resume_unwind(panic),
        Ok(Outcome::Fatal(words)) => {
            STOPPED.store(true, Ordering::Relaxed);
            Err(words)
        }
        Err(_) => crate::bug!("the thread of LLVM has ended without an outcome"),
    }
}

fn install() {
    static ONCE: Once = Once::new();
    // SAFETY: the handler takes a C string and does not return.
    ONCE.call_once(|| unsafe { install_fatal_error_handler(stop) });
}

extern "C" fn stop(words: *const c_char) {
    // SAFETY: LLVM passes a C string that lives as long as the call.
    let words = unsafe { CStr::from_ptr(words) }.to_string_lossy().into_owned();
    let sent =
        ERRORS.with_borrow(|errors| errors.as_ref().is_some_and(|to| to.send(Outcome::Fatal(words.clone())).is_ok()));
    if !sent {
        // A panic would have to unwind through LLVM.
        eprintln!("bug in ksc: LLVM met a fatal error outside of `caught`: {words}");
        std::process::abort();
    }
    loop {
        thread::park();
    }
}

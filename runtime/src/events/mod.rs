//! What BPF code sends: the handlers of maps, and `dispatch`, which calls them.
//!
//! Handlers run outside of libbpf's buffers: each gets a copy of its own, so that it may change it, and so that it is aligned
//! where the buffer does not align it.

mod channel;

use crate::errors::complain;
use crate::exit::die;
use crate::program::{self, MainThread, text};
use crate::{load, signals};
use channel::Channel;
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

type Yields = extern "C" fn(*const c_void) -> i32;
type YieldsNothing = extern "C" fn(*const c_void);

/// What `ks_on_event` was given.
#[derive(Clone, Copy)]
enum Handler {
    Yields(Yields),
    YieldsNothing(YieldsNothing),
}

/// A map through which BPF code sends.
struct Source {
    name: &'static str,
    handler: Cell<Option<Handler>>,
    channel: OnceCell<Channel>,
    /// The value that its handler gets: aligned for anything.
    value: RefCell<Vec<u64>>,
    /// In bytes.
    size: usize,
}

/// One for each map of the descriptor.
static SOURCES: MainThread<OnceCell<Vec<Source>>> = MainThread::new(OnceCell::new());
/// The maps that the next `dispatch` takes.
static LISTENED: MainThread<RefCell<Vec<u32>>> = MainThread::new(RefCell::new(Vec::new()));
/// The `dispatch` that runs.
static RUN: Run = Run {
    running: MainThread::new(Cell::new(false)),
    interrupted: MainThread::new(Cell::new(0)),
    deadline: MainThread::new(Cell::new(None)),
    result: MainThread::new(Cell::new(0)),
    left: MainThread::new(Cell::new(0)),
    more: MainThread::new(Cell::new(false)),
    owed: MainThread::new(Cell::new(0)),
};

struct Run {
    running: MainThread<Cell<bool>>,
    /// What it yields when a signal ends it.
    interrupted: MainThread<Cell<i32>>,
    deadline: MainThread<Cell<Option<Duration>>>,
    /// What a handler yielded, if not 0.
    result: MainThread<Cell<i32>>,
    /// How many values the buffer may still hand over before the next buffer is read.
    left: MainThread<Cell<u32>>,
    /// A buffer was stopped before its end.
    more: MainThread<Cell<bool>>,
    /// How many values may have been there when it began: they are handed over even if the time is over.
    owed: MainThread<Cell<u64>>,
}

/// How many values one buffer hands over before the next one is read.
const BATCH: u32 = 1024;

/// Begins to read a buffer. False where it is to hand over nothing.
fn begin_batch() -> bool {
    RUN.left.set(BATCH);
    RUN.result.get() == 0 && !signals::pending()
}

fn source(index: u32) -> &'static Source {
    // The static is reached as such, so that the borrow lives as long as the process.
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    let all = sources.get_or_init(|| program::maps().iter().map(Source::of).collect());
    all.get(index as usize).unwrap_or_else(|| {
        die(1, &format!("there is no map {index}\n  help: this is a fault of ksc; please report it"))
    })
}

impl Source {
    fn of(descriptor: &crate::abi::KsMap) -> Source {
        let size = descriptor.value_size as usize;
        Source {
            name: text(descriptor.name),
            handler: Cell::new(None),
            channel: OnceCell::new(),
            value: RefCell::new(Vec::new()),
            size,
        }
    }

    /// Opened as soon as the object is loaded, since a perf event array keeps nothing before.
    fn channel(&'static self) -> &'static Channel {
        self.channel.get_or_init(|| Channel::open(self))
    }

    /// Hands over a value that BPF code sent, whose buffer has room for so many bytes of it. False where the buffer is to
    /// stop there.
    fn take(&self, sent: &[u8], room: fn(usize) -> usize) -> bool {
        let result = match (self.handler.get(), self.value.try_borrow_mut()) {
            _ if sent.len() != room(self.size) => self.misfit(sent.len()),
            (Some(handler), Ok(mut value)) => handler.call(copied(&mut value, self.size, sent)),
            // A value is taken only by `dispatch`, which has found a handler, and which does not nest.
            (None, _) | (_, Err(_)) => 0,
        };
        RUN.left.set(RUN.left.get().saturating_sub(1));
        RUN.owed.set(RUN.owed.get().saturating_sub(1));
        RUN.result.set(result);
        let go_on = result == 0 && RUN.left.get() > 0 && !signals::pending() && !is_over();
        RUN.more.set(RUN.more.get() || !go_on);
        go_on
    }
}

impl Source {
    /// A pinned map may have come from a program with another type of values; the kernel does not know that type.
    fn misfit(&self, sent: usize) -> i32 {
        let (name, size) = (self.name, self.size);
        complain(&format!("dispatch: what was sent through `{name}` has {sent} bytes, and its values have {size}"));
        -libc::EBADMSG
    }
}

impl Handler {
    fn call(self, value: *const c_void) -> i32 {
        match self {
            Handler::Yields(handler) => handler(value),
            Handler::YieldsNothing(handler) => {
                handler(value);
                0
            }
        }
    }
}

/// A copy of the value that begins what was sent.
fn copied(value: &mut Vec<u64>, size: usize, sent: &[u8]) -> *const c_void {
    value.resize(size.div_ceil(8), 0);
    // SAFETY: both have so many bytes.
    unsafe { ptr::copy_nonoverlapping(sent.as_ptr(), value.as_mut_ptr().cast(), size) };
    value.as_ptr().cast()
}

/// Whether a handler is called from `dispatch`, which takes the next signal.
pub fn is_running() -> bool {
    RUN.running.get()
}

fn is_over() -> bool {
    RUN.owed.get() == 0 && RUN.deadline.get().is_some_and(|deadline| signals::monotonic() >= deadline)
}

/// See abi.rs.
///
/// # Safety
/// `handler` is a function of that form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_on_event(map: u32, handler: *const c_void, yields: u32) {
    // SAFETY: as the caller promises.
    let handler = unsafe {
        if yields != 0 {
            Handler::Yields(std::mem::transmute::<*const c_void, Yields>(handler))
        } else {
            Handler::YieldsNothing(std::mem::transmute::<*const c_void, YieldsNothing>(handler))
        }
    };
    source(map).handler.set(Some(handler));
    load::when_loaded(open_all);
}

/// Opens what has a handler.
fn open_all() {
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    for source in sources.get().into_iter().flatten().filter(|source| source.handler.get().is_some()) {
        source.channel();
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_listen(map: u32) {
    let source = source(map);
    if source.handler.get().is_none() {
        let name = source.name;
        die(
            1,
            &format!(
                "dispatch: nothing takes what is sent through `{name}`\n  help: `{name}.on_event(handler)` comes before"
            ),
        );
    }
    load::loaded();
    source.channel();
    LISTENED.borrow_mut().push(map);
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_dispatch(timeout_ms: i64, timed: u32) -> i32 {
    let listened: Vec<&'static Source> = LISTENED.take().into_iter().map(source).collect();
    if RUN.running.replace(true) {
        complain("dispatch: it runs already, and has called the function that calls it again");
        return -libc::EBUSY;
    }
    // A time-out yields 0 too; a loop that goes on after one has to end after a signal.
    RUN.interrupted.set(if timed != 0 { -libc::EINTR } else { 0 });
    let length = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
    RUN.deadline.set(length.and_then(|length| signals::monotonic().checked_add(length)));
    RUN.result.set(0);
    RUN.owed.set(listened.iter().map(|source| source.channel().room() / (source.size as u64 + 1)).sum());
    let result = run(&listened);
    RUN.running.set(false);
    result
}

/// Until a signal, the deadline or a handler's result.
fn run(listened: &[&'static Source]) -> i32 {
    loop {
        RUN.more.set(false);
        for source in listened {
            if signals::take() {
                return RUN.interrupted.get();
            }
            let error = source.channel().consume();
            if RUN.result.get() != 0 {
                return RUN.result.get();
            }
            if error != 0 {
                complain(&format!("dispatch: `{}`: {}", source.name, crate::errors::reason(error)));
                return error;
            }
        }
        if !RUN.more.get() {
            RUN.owed.set(0);
        }
        if signals::take() {
            return RUN.interrupted.get();
        }
        if is_over() {
            return 0;
        }
        if !RUN.more.get() {
            wait(listened);
        }
    }
}

/// Until something was sent, the deadline, or a signal.
fn wait(listened: &[&'static Source]) {
    let mut fds: Vec<libc::pollfd> = listened
        .iter()
        .map(|source| libc::pollfd { fd: source.channel().fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    signals::with_signals_blocked(|open| {
        if signals::pending() {
            return;
        }
        let left = RUN.deadline.get().map(|deadline| deadline.saturating_sub(signals::monotonic()));
        let timeout = left.map(|left| libc::timespec {
            tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: so many descriptors, a time or null, a valid mask.
        unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, open) };
    });
}

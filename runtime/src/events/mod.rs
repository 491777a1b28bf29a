//! What BPF code sends: the handlers of maps, and `dispatch`, which calls them.
//!
//! Handlers run outside of the buffers: each gets a copy of its own, so that it may change it, and so that it is aligned
//! where the buffer does not align it.

mod channel;
mod handler;
mod ring;

use crate::errors::complain;
use crate::exit::die;
use crate::program::{self, MainThread, text};
use crate::{idle, load, signals, streams};
use channel::Channel;
use handler::Handler;
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::c_void;
use std::time::Duration;

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
    stopped: MainThread::new(Cell::new(false)),
    more: MainThread::new(Cell::new(false)),
    due: MainThread::new(Cell::new(0)),
    last: MainThread::new(Cell::new(None)),
};

struct Run {
    running: MainThread<Cell<bool>>,
    /// What it yields when a signal ends it.
    interrupted: MainThread<Cell<i32>>,
    deadline: MainThread<Cell<Option<Duration>>>,
    /// What a handler yielded, if not 0.
    result: MainThread<Cell<i32>>,
    /// How many values the buffer that is read may still hand over before the next buffer is read.
    left: MainThread<Cell<u32>>,
    /// How many bytes of the buffer that is read are handed over even if the time is over.
    due: MainThread<Cell<u64>>,
    /// The buffer that is read was stopped before its end.
    stopped: MainThread<Cell<bool>>,
    /// The same of any buffer since the first one was read.
    more: MainThread<Cell<bool>>,
    /// The map whose handler ended the `dispatch` before. The next one begins with the map after it: a program that calls
    /// `dispatch` again after each such end reads all maps, even if one of them always has a value.
    last: MainThread<Cell<Option<u32>>>,
}

/// How many values one buffer hands over before the next one is read.
const BATCH: u32 = 1024;

/// Reads a buffer by `read`, which stops where `passed` is false. Of the bytes that were there when `dispatch` began, so many
/// are `due`: they are handed over even if the time is over. Yields 0, or a negative errno of `read`.
fn read_batch(due: &Cell<u64>, read: impl FnOnce() -> i32) -> i32 {
    if RUN.result.get() != 0 || signals::pending() {
        return 0;
    }
    RUN.left.set(BATCH);
    RUN.due.set(due.get());
    RUN.stopped.set(false);
    let error = read();
    // A record that is not submitted yet ends the reading, and is not waited for.
    due.set(if RUN.stopped.get() { RUN.due.get() } else { 0 });
    RUN.more.set(RUN.more.get() || RUN.stopped.get());
    error
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

    /// Hands over a value that BPF code sent, whose buffer has room for so many bytes of it. Yields the handler's result.
    fn take(&self, sent: &[u8], room: fn(usize) -> usize) -> i32 {
        let has_tails = self.handler.get().is_some_and(Handler::has_tails);
        let fits = if has_tails { sent.len() >= self.size } else { sent.len() == room(self.size) };
        match (self.handler.get(), self.value.try_borrow_mut()) {
            _ if !fits => self.misfit(sent.len()),
            (Some(handler), Ok(mut value)) => handler.call(&mut value, self.size, sent),
            // A value is taken only by `dispatch`, which has found a handler, and which does not nest.
            (None, _) | (_, Err(_)) => 0,
        }
    }
}

/// So many bytes of a buffer were handed over with this result, or skipped. False where the buffer is to stop there.
fn passed(result: i32, bytes: u64) -> bool {
    RUN.left.set(RUN.left.get().saturating_sub(1));
    RUN.due.set(RUN.due.get().saturating_sub(bytes));
    RUN.result.set(result);
    let is_over = || RUN.due.get() == 0 && time_is_over();
    let go_on = result == 0 && RUN.left.get() > 0 && !signals::pending() && !is_over();
    RUN.stopped.set(!go_on);
    go_on
}

impl Source {
    /// A pinned map may have come from a program with another type of values; the kernel does not know that type.
    fn misfit(&self, sent: usize) -> i32 {
        let (name, size) = (self.name, self.size);
        complain(&format!("dispatch: what was sent through `{name}` has {sent} bytes, and its values have {size}"));
        -libc::EBADMSG
    }
}

/// Whether a handler is called from `dispatch`, which takes the next signal.
pub fn is_running() -> bool {
    RUN.running.get()
}

fn time_is_over() -> bool {
    RUN.deadline.get().is_some_and(|deadline| signals::monotonic() >= deadline)
}

/// See abi.rs.
///
/// # Safety
/// `handler` is a function of that form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_on_event(map: u32, handler: *const c_void, form: u32) {
    // SAFETY: as the caller promises.
    let handler = unsafe { Handler::of(handler, form) };
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

/// Makes the buffers that are open those of this process too, which another one has made as a copy of itself.
pub fn reopen() {
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    sources.get().into_iter().flatten().filter_map(|source| source.channel.get()).for_each(Channel::reopen);
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
    let mut maps = LISTENED.take();
    if RUN.running.replace(true) {
        complain("dispatch: it runs already, and has called the function that calls it again");
        return -libc::EBUSY;
    }
    if let Some(at) = RUN.last.take().and_then(|last| maps.iter().position(|&map| map == last)) {
        maps.rotate_left(at + 1);
    }
    let listened: Vec<(u32, &'static Source)> = maps.into_iter().map(|map| (map, source(map))).collect();
    // A time-out yields 0 too; a loop that goes on after one has to end after a signal.
    RUN.interrupted.set(if timed != 0 { -libc::EINTR } else { 0 });
    // A time that is over already, as what is left until a deadline may be, is no time.
    let length = (timed != 0).then(|| Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0)));
    RUN.deadline.set(length.and_then(|length| signals::monotonic().checked_add(length)));
    RUN.result.set(0);
    for (_, source) in &listened {
        source.channel().begin();
    }
    let result = run(&listened);
    streams::copy();
    RUN.running.set(false);
    result
}

/// Until a signal, the deadline or a handler's result.
fn run(listened: &[(u32, &'static Source)]) -> i32 {
    loop {
        RUN.more.set(false);
        for &(map, source) in listened {
            if signals::take() {
                return RUN.interrupted.get();
            }
            let error = source.channel().consume();
            if RUN.result.get() != 0 {
                RUN.last.set(Some(map));
                return RUN.result.get();
            }
            if error != 0 {
                complain(&format!("dispatch: `{}`: {}", source.name, crate::errors::reason(error)));
                return error;
            }
        }
        if signals::take() {
            return RUN.interrupted.get();
        }
        if time_is_over() && !listened.iter().any(|(_, source)| source.channel().is_due()) {
            return 0;
        }
        idle::work();
        if !RUN.more.get() {
            wait(listened);
        }
    }
}

/// Until something was sent, the deadline, or a signal.
fn wait(listened: &[(u32, &'static Source)]) {
    let mut fds: Vec<libc::pollfd> = listened
        .iter()
        .map(|(_, source)| libc::pollfd { fd: source.channel().fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    signals::with_signals_blocked(|open| {
        if signals::pending() {
            return;
        }
        let left = RUN.deadline.get().map(|deadline| deadline.saturating_sub(signals::monotonic()));
        let timeout = idle::limited(left);
        // SAFETY: so many descriptors, a time or null, a valid mask.
        unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, signals::optional(&timeout), open) };
    });
}

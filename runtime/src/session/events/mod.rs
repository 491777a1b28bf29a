//! What BPF code sends: the handlers of maps, and `dispatch`, which calls them.
//!
//! A handler may change what it gets, and the memory of buffers is read-only. So the compiler wraps a function that it knows in one that
//! copies what the function needs (codegen/llvm/host/handlers.rs); of another one, a value, `Handler::call` copies all.

pub mod batch;
mod channel;
mod handler;
mod receiver;

use super::idle;
use crate::abi::KsMap;
use crate::kernel::end::die;
use crate::kernel::errors::{self, complain};
use crate::kernel::program::{self, MainThread};
use crate::kernel::signals;
use crate::object::{load, state};
use batch::{RUN, time_is_over};
use channel::Channel;
use handler::Handler;
use receiver::Receiver;
use std::cell::{OnceCell, RefCell};
use std::ffi::c_void;
use std::sync::Once;
use std::time::Duration;

/// A map through which BPF code sends, and its buffers once they are open.
struct Source {
    receiver: Receiver,
    channel: OnceCell<Channel>,
}

/// One for each map of the descriptor.
static SOURCES: MainThread<OnceCell<Vec<Source>>> = MainThread::new(OnceCell::new());
/// The maps that the next `dispatch` takes.
static LISTENED: MainThread<RefCell<Vec<u32>>> = MainThread::new(RefCell::new(Vec::new()));
fn source(index: u32) -> &'static Source {
    // The static is reached as such, so that the borrow lives as long as the process.
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    let all = sources.get_or_init(|| program::maps().iter().map(Source::of).collect());
    all.get(index as usize).unwrap_or_else(|| {
        die(1, &format!("there is no map {index}\n  help: this is a fault of ksc; please report it"))
    })
}

impl Source {
    fn of(descriptor: &KsMap) -> Source {
        Source { receiver: Receiver::of(descriptor), channel: OnceCell::new() }
    }

    /// Opened as soon as the object is loaded, since a perf event array keeps nothing before.
    fn channel(&'static self) -> &'static Channel {
        static SETTLED: Once = Once::new();
        // SAFETY: a plain function; without a free slot, records that a handler has taken which ends the process are read again by the next.
        SETTLED.call_once(|| unsafe { _ = libc::atexit(settle) });
        self.channel.get_or_init(|| Channel::open(&self.receiver))
    }
}

/// See abi.rs.
///
/// # Safety
/// `handler` is a function of that form.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_on_event(map: u32, handler: *const c_void, form: u32) {
    // SAFETY: as the caller promises.
    let handler = unsafe { Handler::of(handler, form) };
    source(map).receiver.handler.set(Some(handler));
    state::when_loaded(open_all);
}

/// Opens what has a handler.
fn open_all() {
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    for source in sources.get().into_iter().flatten().filter(|source| source.receiver.handler.get().is_some()) {
        source.channel();
    }
}

/// Tells the kernel how far the open ring buffers were read: who reads them next would be handed again what a handler has just taken.
pub extern "C" fn settle() {
    let sources: &'static OnceCell<Vec<Source>> = &SOURCES;
    sources.get().into_iter().flatten().filter_map(|source| source.channel.get()).for_each(Channel::settle);
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
    if source.receiver.handler.get().is_none() {
        let name = source.receiver.name;
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

/// `dispatch`: hands what is sent through the maps of the `ks_listen`s before it to their handlers, until a signal (0, and −EINTR if it
/// is `timed`), the time-out (0), or one yields other than 0 (that). A negative time is none. −EBUSY inside a handler, −EBADMSG for
/// values of another size, both printed.
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
    idle::copy();
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
                complain(&format!("dispatch: `{}`: {}", source.receiver.name, errors::reason(error)));
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
    signals::with_signals_noticed(|signal| {
        if signals::pending() {
            return;
        }
        let left = RUN.deadline.get().map(|deadline| deadline.saturating_sub(signals::monotonic()));
        idle::wait(&mut fds, left, signal);
    });
}

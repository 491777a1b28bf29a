//! `--metrics`: serves the numbers of maps and variables over HTTP, in Prometheus' text (exposition format 0.0.4).
//!
//! The process has one thread: it answers while it waits (`session/idle.rs`). `address.rs` reads the option and listens, `client.rs` has the
//! state of a connection, `request.rs` reads what it asks for, `page.rs` writes the answer, of the samples that `samples.rs` reads. The
//! descriptor of a program with metrics alone points to `ks_metrics`, so that others link nothing of it.

mod address;
mod client;
mod page;
mod request;
mod samples;
mod text;

use crate::kernel::program::MainThread;
use crate::kernel::signals::monotonic;
use crate::session::idle::Server;
use address::Place;
use client::Client;
use std::cell::RefCell;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

/// See `KsMetrics::server`.
#[unsafe(no_mangle)]
pub static ks_metrics: Server = Server { open, work, add, pause };

/// The most connections. The oldest one is closed for one more.
const MOST: usize = 32;
/// How long the process that this one replaces may take to leave the port without a word about it.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often clients are looked at though nothing is known to be ready: a program with many events does not wait.
const TURN: Duration = Duration::from_millis(10);
/// How long no connection is accepted where the process has no descriptor for it, and how often a port is tried that another process has.
const REST: Duration = Duration::from_secs(1);

/// What listens, and its connections.
struct Serving {
    place: Place,
    /// None while the process that this one replaces has the port.
    listener: Option<TcpListener>,
    /// When to say that the port is still another process's; none once that is said.
    complains_at: Option<Duration>,
    /// Until then nothing is accepted.
    rests_until: Duration,
    /// The last look at the descriptors.
    looked: Duration,
    /// The oldest first.
    clients: Vec<Client>,
}

static SERVING: MainThread<RefCell<Option<Serving>>> = MainThread::new(RefCell::new(None));

fn open(text: &[u8]) -> bool {
    let Some(place) = Place::named(text) else { return false };
    let listener = place.listen();
    let (rests_until, looked, complains_at) = (Duration::ZERO, Duration::ZERO, Some(monotonic() + PATIENCE));
    *SERVING.borrow_mut() = Some(Serving { place, listener, complains_at, rests_until, looked, clients: Vec::new() });
    true
}

fn work(ready: bool) {
    let mut serving = SERVING.borrow_mut();
    let Some(serving) = &mut *serving else { return };
    let now = monotonic();
    if !ready && now.saturating_sub(serving.looked) < TURN {
        return;
    }
    serving.looked = now;
    serving.accept(now);
    // Requests that came together are answered with the same numbers, which are read once.
    let mut page: Option<Rc<str>> = None;
    let mut make = || page.get_or_insert_with(|| page::page().into()).clone();
    for client in &mut serving.clients {
        client.go_on(now, &mut make);
    }
    serving.clients.retain(|client| !client.is_over(now));
    let over = serving.clients.len().saturating_sub(MOST);
    serving.clients.drain(..over);
}

impl Serving {
    fn accept(&mut self, now: Duration) {
        if now < self.rests_until {
            return;
        }
        if self.listener.is_none() {
            let is_late = self.complains_at.is_some_and(|at| now >= at);
            self.listener = self.place.listen_again(is_late);
            self.complains_at = self.complains_at.filter(|_| !is_late);
            self.rests_until = if self.listener.is_none() { now + REST } else { now };
        }
        let Some(listener) = &self.listener else { return };
        // As many as one round looks at: the program goes on between rounds.
        for _ in 0..2 * MOST {
            match listener.accept() {
                Ok((stream, _)) => self.clients.extend(Client::new(stream, now)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) if error.raw_os_error() == Some(libc::ECONNABORTED) => {}
                Err(_) => {
                    self.rests_until = now + REST;
                    break;
                }
            }
        }
    }
}

fn add(fds: &mut Vec<libc::pollfd>) {
    let serving = SERVING.borrow();
    let Some(serving) = &*serving else { return };
    if let Some(listener) = serving.listener.as_ref().filter(|_| monotonic() >= serving.rests_until) {
        fds.push(libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    }
    fds.extend(serving.clients.iter().map(Client::waits_for));
}

fn pause() -> Option<Duration> {
    let serving = SERVING.borrow();
    let serving = serving.as_ref()?;
    let rest = (serving.listener.is_none() || serving.rests_until > serving.looked).then_some(serving.rests_until);
    let until = serving.clients.iter().map(Client::deadline).chain(rest).min()?;
    // The time is over when the wait ends, and not a little later.
    Some(until.saturating_sub(monotonic()) + Duration::from_millis(1))
}

//! A connection: the request is read, the answer written, and what the client still sends is read away, each as far as the kernel has it.

use super::request::{Answer, Asked, LONGEST, asked};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

/// How long a client may take to send its request, to take the answer, and to close.
const TO_ASK: Duration = Duration::from_secs(10);
const TO_TAKE: Duration = Duration::from_secs(30);
const TO_CLOSE: Duration = Duration::from_secs(2);
/// How much is read at once, and in one round.
const PART: usize = 4096;
const ROUND: usize = 16;

/// A connection, and how far it is.
pub struct Client {
    stream: TcpStream,
    state: State,
    /// When it is closed whatever it does.
    deadline: Duration,
}

enum State {
    Asks(Vec<u8>),
    /// The head, the body, and how many bytes of both are written.
    Takes(String, Rc<str>, usize),
    /// The answer is written. A connection that is closed with unread bytes is reset, which may destroy the answer.
    Closes,
    Over,
}

impl Client {
    /// None where the connection cannot be used.
    pub fn new(stream: TcpStream, now: Duration) -> Option<Client> {
        stream.set_nonblocking(true).ok()?;
        Some(Client { stream, state: State::Asks(Vec::new()), deadline: now + TO_ASK })
    }

    /// What it waits for.
    pub fn waits_for(&self) -> libc::pollfd {
        let writes = matches!(self.state, State::Takes(..));
        let events = if writes { libc::POLLOUT } else { libc::POLLIN };
        libc::pollfd { fd: self.stream.as_raw_fd(), events, revents: 0 }
    }

    /// When it has to be closed.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Whether it is done with, or too slow.
    pub fn is_over(&self, now: Duration) -> bool {
        matches!(self.state, State::Over) || now >= self.deadline
    }

    /// Reads and writes what it can. `metrics` makes the page.
    pub fn go_on(&mut self, now: Duration, metrics: &mut dyn FnMut() -> Rc<str>) {
        if let State::Asks(received) = &mut self.state {
            match request(&mut self.stream, received) {
                Ok(None) => return,
                Ok(Some((answer, has_body))) => {
                    let body = if answer == Answer::Metrics { metrics() } else { answer.body().into() };
                    let head = answer.head(body.len());
                    self.state = State::Takes(head, if has_body { body } else { "".into() }, 0);
                    self.deadline = now + TO_TAKE;
                }
                Err(()) => self.state = State::Over,
            }
        }
        if let State::Takes(head, body, written) = &mut self.state {
            match write(&mut self.stream, [head.as_bytes(), body.as_bytes()], written) {
                Ok(false) => return,
                Ok(true) if self.stream.shutdown(Shutdown::Write).is_ok() => {
                    self.state = State::Closes;
                    self.deadline = now + TO_CLOSE;
                }
                Ok(true) | Err(_) => self.state = State::Over,
            }
        }
        if let State::Closes = self.state
            && read_away(&mut self.stream)
        {
            self.state = State::Over;
        }
    }
}

/// The answer to the request; none before its end.
fn request(stream: &mut TcpStream, received: &mut Vec<u8>) -> core::result::Result<Option<Asked>, ()> {
    let mut part = [0; PART];
    loop {
        match stream.read(&mut part[..PART.min(LONGEST - received.len())]) {
            Ok(0) => return Err(()),
            Ok(count) => received.extend_from_slice(&part[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return Err(()),
        }
        if let Some(asked) = asked(received) {
            return Ok(Some(asked));
        }
    }
}

/// Whether all is written.
fn write(stream: &mut TcpStream, parts: [&[u8]; 2], written: &mut usize) -> Result<bool> {
    loop {
        let [head, body] = parts;
        let left = head.get(*written..).filter(|left| !left.is_empty());
        let left = left.unwrap_or_else(|| body.get(written.saturating_sub(head.len())..).unwrap_or(&[]));
        if left.is_empty() {
            return Ok(true);
        }
        match stream.write(left) {
            Ok(count) => *written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether the client has closed its end.
fn read_away(stream: &mut TcpStream) -> bool {
    let mut part = [0; PART];
    for _ in 0..ROUND {
        match stream.read(&mut part) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
    false
}

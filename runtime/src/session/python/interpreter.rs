//! The interpreter of the functions that a program imports: one child process, which keeps its state.
//!
//! Messages go over a pair of sockets: 4 bytes of length, little-endian, then so many bytes. The child ends when this process does.

use super::command;
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::kernel::program::MainThread;
use crate::session::daemon;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// What Python runs first.
const BOOT: &str = concat!(include_str!("files.py"), include_str!("values.py"), include_str!("serve.py"));

/// How long the end of the process waits for that of Python, in milliseconds.
const PATIENCE: i32 = 1000;

/// The longest message that is read.
const LONGEST: usize = 1 << 30;

/// The file of a module, and its texts as JSON.
static MODULES: MainThread<RefCell<Vec<[&'static str; 2]>>> = MainThread::new(RefCell::new(Vec::new()));
/// The socket, while Python runs.
static SOCKET: MainThread<RefCell<Option<OwnedFd>>> = MainThread::new(RefCell::new(None));
/// Python was started: a second one would lack the state of the first.
static STARTED: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));
static PID: MainThread<Cell<i32>> = MainThread::new(Cell::new(0));

/// The interpreter has ended.
pub struct Gone;

/// Adds a module, before anything is called.
pub fn add(name: &'static str, files: &'static str) {
    MODULES.borrow_mut().push([name, files]);
}

/// Sends a message and waits for the answer. The first call starts Python.
pub fn ask(message: &[u8]) -> Result<Vec<u8>, Gone> {
    if !STARTED.replace(true) {
        start();
    }
    let mut socket = SOCKET.borrow_mut();
    let answer = socket.as_ref().and_then(|socket| {
        let length = u32::try_from(message.len()).ok()?;
        send(socket, &length.to_le_bytes())?;
        send(socket, message)?;
        let length = u32::from_le_bytes(receive(socket, 4)?.try_into().ok()?);
        receive(socket, usize::try_from(length).ok().filter(|length| *length <= LONGEST)?)
    });
    if answer.is_none() {
        *socket = None;
    }
    answer.ok_or(Gone)
}

fn send(socket: &OwnedFd, mut bytes: &[u8]) -> Option<()> {
    while !bytes.is_empty() {
        // SAFETY: the pointer and length are those of a slice.
        let sent = unsafe { libc::send(socket.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
        match usize::try_from(sent) {
            Ok(count) => bytes = bytes.get(count..)?,
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return None,
        }
    }
    Some(())
}

fn receive(socket: &OwnedFd, length: usize) -> Option<Vec<u8>> {
    let (mut bytes, mut filled) = (vec![0; length], 0);
    while filled < length {
        let rest = bytes.get_mut(filled..)?;
        // SAFETY: the pointer and length are those of a slice.
        let read = unsafe { libc::recv(socket.as_raw_fd(), rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(read) {
            Ok(0) => return None,
            Ok(count) => filled += count,
            Err(_) if errno() == libc::EINTR => {}
            Err(_) => return None,
        }
    }
    Some(bytes)
}

fn start() {
    let python = command::find();
    let mut pair = [0; 2];
    // SAFETY: room for two descriptors.
    if unsafe { libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0, pair.as_mut_ptr()) } != 0 {
        die(1, &format!("Python cannot be started: {}", reason(errno())));
    }
    let [own, other] = pair;
    // SAFETY: both were just made.
    let (own, other) = unsafe { (OwnedFd::from_raw_fd(own), OwnedFd::from_raw_fd(other)) };
    let number = other.as_raw_fd().to_string();
    let modules = MODULES.borrow();
    let mut texts = vec![BOOT, &number];
    texts.extend(modules.iter().flatten());
    let file = command::file(&texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>());
    let words = command::words(file.as_raw_fd());
    let mut pointers: Vec<*const c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    // SAFETY: this library has one thread; between fork and exec the child makes system calls alone.
    let child = unsafe {
        let parent = libc::getpid();
        let child = libc::fork();
        if child == 0 {
            // Ctrl-C is for the program, whatever its functions do meanwhile.
            libc::signal(libc::SIGINT, libc::SIG_IGN);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if libc::getppid() != parent {
                libc::_exit(1);
            }
            command::hand_over(file.as_raw_fd());
            command::hand_over(other.as_raw_fd());
            libc::execv(python.as_ptr(), pointers.as_ptr());
            libc::_exit(3);
        }
        libc::atexit(at_exit);
        child
    };
    if child < 0 {
        die(1, &format!("Python cannot be started: {}", reason(errno())));
    }
    PID.set(child);
    drop(other);
    greet(&own, child);
    *SOCKET.borrow_mut() = Some(own);
    daemon::before(leave_terminal);
}

/// An empty message: the process becomes a daemon, whose end Python notices by the socket.
fn leave_terminal() {
    // Where Python has ended, the next call says so.
    let _ = ask(&[]);
}

/// Python's first message says that it is of a fitting version. Where it ends before, it has said why.
fn greet(socket: &OwnedFd, child: i32) {
    if receive(socket, 4).is_some() {
        return;
    }
    let mut status = 0;
    // SAFETY: a child of this process, and room for a status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    crate::kernel::end::leave(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status).max(1) } else { 1 })
}

/// Python ends when its socket is closed, by its own functions for that.
extern "C" fn at_exit() {
    let Ok(mut socket) = SOCKET.try_borrow_mut() else { return };
    if socket.take().is_none() {
        return;
    }
    // SAFETY: one pollfd, of a descriptor of this function.
    unsafe {
        let child = libc::syscall(libc::SYS_pidfd_open, PID.get(), 0) as i32;
        if child >= 0 {
            let mut poll = libc::pollfd { fd: child, events: libc::POLLIN, revents: 0 };
            libc::poll(&mut poll, 1, PATIENCE);
            libc::close(child);
        }
    }
}

//! Filters of sockets: `SO_ATTACH_BPF`. A socket has one; another takes its place.

use super::attached::Attached;
use super::form::Form;
use super::interface::Interface;
use super::request::{Request, Target, not_permitted};
use crate::kernel::errors::{Failure, errno, reason};
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// A socket with our filter. Its owner may have closed it: this is a descriptor of our own.
struct Filtered(OwnedFd);

/// The form `socket`.
#[unsafe(no_mangle)]
pub static ks_form_socket: Form = attach;

/// Attaches to the socket of a descriptor, or to one that gets all packets of an interface.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a socket")?;
    let socket = match request.target {
        Target::Number(number) => duplicate(number)?,
        Target::Map(_) => return Err(Failure::new(libc::EINVAL, "a map is no socket")),
        Target::Text(_) | Target::Program(_) | Target::Options(_) => of_interface(&Interface::of(&request.target)?)?,
    };
    match set(&socket, libc::SO_ATTACH_BPF, request.fd) {
        0 => Ok(Box::new(Filtered(socket))),
        code => Err(Failure::new(-code, format!("the socket: {}", reason(code)))),
    }
}

impl Filtered {
    /// 0 or −errno; 0 where the filter is gone already.
    fn remove(&self) -> i32 {
        match set(&self.0, libc::SO_DETACH_BPF, 0) {
            gone if gone == -libc::ENOENT => 0,
            result => result,
        }
    }
}

impl Attached for Filtered {
    fn detach(self: Box<Self>) -> i32 {
        self.remove()
    }

    fn replace(&self, program: RawFd) -> i32 {
        set(&self.0, libc::SO_ATTACH_BPF, program)
    }
}

impl Drop for Filtered {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Another descriptor of the same socket, which lives as long as the link.
pub fn duplicate(number: i64) -> Result<OwnedFd, Failure> {
    let fd = i32::try_from(number).unwrap_or(-1);
    // SAFETY: asks for another descriptor of the same file.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
    if copy < 0 {
        let code = errno();
        return Err(Failure::new(code, format!("{number} is the descriptor of no socket: {}", reason(code))));
    }
    // SAFETY: just made, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}

/// A socket of all packets of an interface. Nobody reads what it keeps, so it has the least room.
fn of_interface(interface: &Interface) -> Result<OwnedFd, Failure> {
    let failed = |code: i32| match code {
        libc::EPERM => not_permitted("the packets of an interface"),
        _ => Failure::new(code, format!("a socket of `{}`: {}", interface.name, reason(code))),
    };
    let protocol = (libc::ETH_P_ALL as u16).to_be();
    // SAFETY: makes a descriptor; without a protocol it gets no packets yet.
    let socket = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
    if socket < 0 {
        return Err(failed(errno()));
    }
    // SAFETY: just made, and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    set(&socket, libc::SO_RCVBUF, 0);
    // SAFETY: all zero is a valid address.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol;
    address.sll_ifindex = interface.index;
    // SAFETY: an address of its own size.
    let bound = unsafe {
        libc::bind(socket.as_raw_fd(), (&raw const address).cast(), size_of::<libc::sockaddr_ll>() as libc::socklen_t)
    };
    if bound < 0 { Err(failed(errno())) } else { Ok(socket) }
}

/// Sets an option of a socket to a number; 0 or −errno.
pub fn set(socket: &OwnedFd, option: i32, value: i32) -> i32 {
    // SAFETY: the value is a number of its own size.
    let result = unsafe {
        let value = (&raw const value).cast();
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, option, value, size_of::<i32>() as libc::socklen_t)
    };
    if result < 0 { -errno() } else { 0 }
}

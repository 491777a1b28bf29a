//! The choice among the sockets that share a port: `SO_ATTACH_REUSEPORT_EBPF`. They have one program; another takes its
//! place.

use super::attached::Attached;
use super::form::Form;
use super::request::{Request, Target, not_permitted};
use super::socket::{duplicate, set};
use crate::kernel::errors::{Failure, reason};
use std::os::fd::{OwnedFd, RawFd};

/// A socket of those that share the port: a descriptor of our own.
struct Shared(OwnedFd);

/// The form `reuseport`.
#[unsafe(no_mangle)]
pub static ks_form_reuseport: Form = attach;

/// Attaches to the group of sockets that has the socket of this descriptor.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("sockets that share a port")?;
    let Target::Number(number) = request.target else {
        return Err(Failure::new(
            libc::EINVAL,
            "no socket is given\n  help: give the descriptor of a socket that shares its port, attach(handle, socket)",
        ));
    };
    let socket = duplicate(number)?;
    match set(&socket, libc::SO_ATTACH_REUSEPORT_EBPF, request.fd) {
        0 => Ok(Box::new(Shared(socket))),
        code => Err(failure(-code)),
    }
}

fn failure(code: i32) -> Failure {
    let why = match code {
        libc::EPERM => return not_permitted("sockets that share a port"),
        libc::EINVAL => "the socket shares no port\n  help: set SO_REUSEPORT on it before it is bound",
        _ => "the socket",
    };
    Failure::new(code, format!("{why}: {}", reason(code)))
}

impl Attached for Shared {
    fn detach(self: Box<Self>) -> i32 {
        self.remove()
    }

    fn replace(&self, program: RawFd) -> i32 {
        set(&self.0, libc::SO_ATTACH_REUSEPORT_EBPF, program)
    }
}

impl Shared {
    /// 0 or −errno; 0 where the program is gone already.
    fn remove(&self) -> i32 {
        match set(&self.0, libc::SO_DETACH_REUSEPORT_BPF, 0) {
            gone if gone == -libc::ENOENT => 0,
            result => result,
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.remove();
    }
}

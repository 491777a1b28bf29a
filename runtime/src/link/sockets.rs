//! Programs of the sockets in a map. A map has one program of each kind; a second one is refused.

use super::attached::Attached;
use super::form::Form;
use super::request::{Request, Target, not_permitted};
use crate::kernel::errors::{Failure, errno, reason};
use libbpf_sys as bpf;
use std::cell::Cell;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A map of ours with a program. The map outlives the process where it is pinned, and its programs with it.
struct OnMap {
    map: OwnedFd,
    prog: Cell<RawFd>,
    point: bpf::bpf_attach_type,
}

/// The form `map`.
#[unsafe(no_mangle)]
pub static ks_form_map: Form = attach;

/// Attaches to a sockmap or sockhash.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("the sockets of a map")?;
    let Target::Map(fd) = request.target else {
        return Err(Failure::new(
            libc::EINVAL,
            "no map is given\n  help: name a map of kind `sockmap` or `sockhash` in the call, attach(handle, &sockets)",
        ));
    };
    if let Some(id) = attached_id(fd, request.point) {
        let why = format!("the map has another program of this kind (id {id}), and takes one");
        return Err(Failure::new(libc::EEXIST, why));
    }
    // SAFETY: descriptors of a program and of a map.
    let result = unsafe { bpf::bpf_prog_attach(request.fd, fd, request.point, 0) };
    if result < 0 {
        return Err(failure(errno()));
    }
    // SAFETY: the descriptor of a map that lives as long as the object.
    let map = unsafe { BorrowedFd::borrow_raw(fd) }.try_clone_to_owned();
    let map = map.map_err(|error| failure(error.raw_os_error().unwrap_or(libc::EMFILE)))?;
    Ok(Box::new(OnMap { map, prog: Cell::new(request.fd), point: request.point }))
}

/// The program that the map has. Kernels before 6.0 do not say.
fn attached_id(map: i32, point: bpf::bpf_attach_type) -> Option<u32> {
    let (mut id, mut count) = (0, 1);
    // SAFETY: writes at most `count` numbers.
    let result = unsafe { bpf::bpf_prog_query(map, point, 0, std::ptr::null_mut(), &mut id, &mut count) };
    (result == 0 && count > 0 && id != 0).then_some(id)
}

fn failure(code: i32) -> Failure {
    let why = match code {
        libc::EPERM => return not_permitted("the sockets of a map"),
        libc::EBUSY => "the map has a program that it cannot have together with this one",
        libc::EOPNOTSUPP | libc::EINVAL => {
            "the map takes no such program\n  help: programs attach to maps of kind `sockmap` and `sockhash`"
        }
        _ => return Failure::new(code, format!("the map: {}", reason(code))),
    };
    Failure::new(code, format!("{why}: {}", reason(code)))
}

impl Attached for OnMap {
    fn detach(self: Box<Self>) -> i32 {
        self.remove()
    }

    fn replace(&self, program: RawFd) -> i32 {
        // A map keeps one program of a kind: another one takes its place (`sock_map_prog_update` of net/core/sock_map.c).
        // SAFETY: descriptors of a program and of a map.
        if unsafe { bpf::bpf_prog_attach(program, self.map.as_raw_fd(), self.point, 0) } < 0 {
            return -errno();
        }
        self.prog.set(program);
        0
    }
}

impl OnMap {
    /// 0 or −errno; 0 where it is gone already.
    fn remove(&self) -> i32 {
        // SAFETY: descriptors of a program and of a map.
        let result = unsafe { bpf::bpf_prog_detach2(self.prog.get(), self.map.as_raw_fd(), self.point) };
        match errno() {
            _ if result == 0 => 0,
            libc::ENOENT => 0,
            code => -code,
        }
    }
}

impl Drop for OnMap {
    fn drop(&mut self) {
        self.remove();
    }
}

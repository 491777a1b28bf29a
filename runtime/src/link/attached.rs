//! What is attached: a `bpf_link`, or something else that a form's file detaches.

use super::counter::Counter;
use super::life::{self, Life};
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Something attached; dropping it detaches.
pub trait Attached {
    /// 0 or −errno.
    fn detach(self: Box<Self>) -> i32;

    /// How many functions it is at; 1 for what is at something else.
    fn count(&self) -> u32 {
        1
    }

    /// The perf event that it is, if it is one.
    fn counter(&self) -> Option<&Counter> {
        None
    }

    /// The descriptors of its `bpf_link`s; none where it is something else, which cannot be pinned.
    fn links(&self) -> Vec<RawFd> {
        Vec::new()
    }

    /// The names at which it is pinned already, of the project.
    fn pins(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs another program in its place from here on, of the same type, by its descriptor; 0 or −errno. For what has no `bpf_link`, which
    /// `upgrade.rs` updates.
    fn replace(&self, _program: RawFd) -> i32 {
        -libc::EOPNOTSUPP
    }

    /// It runs this program from here on, by its descriptor.
    fn runs(&self, _program: RawFd) {}

    /// Runs other functions in its place, of a map that holds a struct of functions; 0 or −errno.
    fn replace_functions(&self, _map: *mut bpf::bpf_map) -> i32 {
        -libc::EINVAL
    }

    /// Whether it is there, and whether it may end though nobody here detaches it.
    fn life(&self) -> Life {
        let lives: Vec<Life> = self.links().into_iter().map(life::of_link).collect();
        let there = |life: &&Life| **life != Life::Gone;
        lives.iter().find(there).or(lives.first()).copied().unwrap_or(Life::Lasting)
    }

    /// Fills the bytes; how many, 0 at the end, or −errno.
    fn read(&mut self, _out: &mut [u8]) -> i32 {
        -libc::EINVAL
    }
}

/// A `bpf_link`: closing it is what counts, which cannot fail.
pub struct Link {
    pub fd: OwnedFd,
}

impl Attached for Link {
    fn detach(self: Box<Self>) -> i32 {
        0
    }

    fn links(&self) -> Vec<RawFd> {
        vec![self.fd.as_raw_fd()]
    }
}

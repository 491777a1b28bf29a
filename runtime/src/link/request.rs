//! What a form attaches, and to which target.

use super::options::Options;
use crate::abi::KsPerfOptions;
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::privilege;
use libbpf_sys as bpf;
use std::os::fd::{FromRawFd, OwnedFd};

/// A program that is to be attached.
pub struct Request<'a> {
    pub fd: i32,
    /// What `ks_load` gave.
    pub handle: u32,
    pub point: bpf::bpf_attach_type,
    pub placement: i64,
    /// The program beside which it is; empty for none.
    pub beside: &'a [u8],
    pub target: Target<'a>,
    pub flags: u64,
    pub options: Options,
}

/// What a program is attached to.
pub enum Target<'a> {
    /// Empty if the program names none.
    Text(&'a [u8]),
    Number(i64),
    /// The descriptor of a program, or a negative number if it is not loaded.
    Program(i32),
    Options(&'a KsPerfOptions),
    /// The descriptor of a map.
    Map(i32),
}

impl Request<'_> {
    /// Makes a `bpf_link` on an interface, by its index, or on what a descriptor names.
    pub fn link(&self, target: i32, flags: u32) -> Result<OwnedFd, i32> {
        self.link_in(target, Order { flags, relative: 0 })
    }

    /// Makes a `bpf_link` on a perf event, with a number that the program gets (from 5.15 on; 0 is none).
    pub fn link_with(&self, event: i32, cookie: u64) -> Result<OwnedFd, i32> {
        let mut options = bpf::bpf_link_create_opts {
            sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t,
            ..Default::default()
        };
        options.__bindgen_anon_1.perf_event.bpf_cookie = cookie;
        self.create(event, &options)
    }

    /// Links the program to a target, at a place among other programs.
    pub fn link_in(&self, target: i32, order: Order) -> Result<OwnedFd, i32> {
        let mut options = bpf::bpf_link_create_opts {
            sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t,
            ..Default::default()
        };
        options.flags = order.flags;
        if order.relative != 0 {
            // The options of netkit devices have the same layout.
            options.__bindgen_anon_1.tcx = bpf::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_6 {
                relative_id: order.relative,
                ..Default::default()
            };
        }
        self.create(target, &options)
    }

    fn create(&self, target: i32, options: &bpf::bpf_link_create_opts) -> Result<OwnedFd, i32> {
        // SAFETY: a program's descriptor and options of their own size.
        let link = unsafe { bpf::bpf_link_create(self.fd, target, self.point, options) };
        if link < 0 {
            return Err(errno());
        }
        // SAFETY: a descriptor that nobody else owns.
        Ok(unsafe { OwnedFd::from_raw_fd(link) })
    }

    /// For forms that have no flags.
    pub fn no_flags(&self, of: &str) -> Result<(), Failure> {
        if self.flags == 0 {
            return Ok(());
        }
        let why = format!("the flags {:#x} mean nothing for {of}\n  help: pass 0, or leave them out", self.flags);
        Err(Failure::new(libc::EINVAL, why))
    }
}

/// What EPERM means for an attachment: loading may need less.
pub fn not_permitted(to: &str) -> Failure {
    Failure::new(
        libc::EPERM,
        format!(
            "no privilege: {}{}",
            reason(libc::EPERM),
            privilege::help(&format!("attaching to {to}"), &[privilege::NET_ADMIN])
        ),
    )
}

/// The place among other programs, as the kernel takes it.
#[derive(Clone, Copy, Default)]
pub struct Order {
    /// `BPF_F_BEFORE` or `BPF_F_AFTER`, or 0: at the end.
    pub flags: u32,
    /// The number of the program beside which it is; 0: at an end of the list.
    pub relative: u32,
}

//! An attachment whose program another process may replace.

use crate::link::clsact::Attachment;
use crate::link::life::{self, Life, Place as At};
use crate::link::numbers::{descriptor, map_descriptor, map_number, number};
use crate::link::upgrade::update;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The forms of such attachments.
pub enum Place {
    Link(OwnedFd),
    /// A link to a struct of functions, which a map holds: that map is its program here.
    Functions(OwnedFd),
    /// It has no descriptor: its name in the kernel leads to it.
    Filter(Attachment),
}

impl Place {
    /// Of a link that is not known otherwise.
    pub fn of(link: OwnedFd) -> Place {
        let info = about(link.as_raw_fd());
        let is_functions = info.is_some_and(|info| info.type_ == bpf::BPF_LINK_TYPE_STRUCT_OPS);
        if is_functions { Place::Functions(link) } else { Place::Link(link) }
    }

    /// A number for it, which other processes find too.
    pub fn key(&self) -> u64 {
        match self {
            Place::Link(link) | Place::Functions(link) => about(link.as_raw_fd()).map_or(0, |info| u64::from(info.id)),
            Place::Filter(filter) => filter.key(),
        }
    }

    /// The number of the program that runs there; none if nothing is there.
    pub fn program(&self) -> Option<u32> {
        match self {
            Place::Link(link) => about(link.as_raw_fd()).map(|info| info.prog_id),
            Place::Functions(link) => about(link.as_raw_fd()).map(|info| {
                // SAFETY: the kernel has filled the part of links of this kind.
                unsafe { info.__bindgen_anon_1.struct_ops.map_id }
            }),
            Place::Filter(filter) => filter.program(),
        }
    }

    /// The number of a program of this process.
    pub fn number(&self, program: RawFd) -> u32 {
        let number = if let Place::Functions(_) = self { map_number(program) } else { number(program) };
        number.unwrap_or(0)
    }

    /// A descriptor of the program that runs there. Not every process gets one of another one's program.
    pub fn descriptor(&self) -> Option<OwnedFd> {
        let number = self.program()?;
        let found = if let Place::Functions(_) = self { map_descriptor(number) } else { descriptor(number) };
        found.ok()
    }

    /// Puts a program there in one step, in the place of the old one where that is known; 0 or −errno.
    pub fn set(&self, old: Option<RawFd>, new: RawFd) -> i32 {
        match self {
            Place::Link(link) | Place::Functions(link) => update(link.as_raw_fd(), old, new),
            Place::Filter(filter) => filter.set(new),
        }
    }

    /// The descriptor of a link.
    pub fn link(&self) -> Option<RawFd> {
        match self {
            Place::Link(link) | Place::Functions(link) => Some(link.as_raw_fd()),
            Place::Filter(_) => None,
        }
    }

    /// See `Attached::life`.
    pub fn life(&self) -> Life {
        match self {
            Place::Link(link) | Place::Functions(link) => life::of_link(link.as_raw_fd()),
            Place::Filter(filter) => filter.interface().map_or(Life::Gone, |index| Life::At(At::Interface(index))),
        }
    }
}

/// What the kernel says of a link.
pub fn about(link: RawFd) -> Option<bpf::bpf_link_info> {
    let mut info = bpf::bpf_link_info::default();
    let mut size = size_of::<bpf::bpf_link_info>() as u32;
    // SAFETY: the kernel fills at most `size` bytes of a zeroed struct.
    (unsafe { bpf::bpf_link_get_info_by_fd(link, &mut info, &mut size) } == 0).then_some(info)
}

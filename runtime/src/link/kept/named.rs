//! Links that `pin` has given a name of the project, in a process before.

use super::place::about;
use crate::link::numbers::{descriptor, program_name};
use crate::object::pins::asked;
use crate::object::pins::identity::Identity;
use crate::object::pins::project::existing;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, OwnedFd};

/// Of the name of a program the kernel keeps so much (BPF_OBJ_NAME_LEN).
const KEPT: usize = 15;

/// Such a link.
pub struct Named {
    pub name: String,
    pub link: OwnedFd,
    /// The path of its pin, for messages.
    pub there: String,
}

/// The link of a program of this name for which `is_here` holds, if another process has pinned it. It is this process's from here on.
pub fn find(program: &str, is_here: &dyn Fn(&bpf::bpf_link_info) -> bool) -> Option<Named> {
    let folder = existing()?;
    let program: String = program.chars().take(KEPT).collect();
    let mut names = folder.names().into_iter().filter(|name| !asked::is_own(name));
    names.find_map(|name| {
        let link = folder.try_get(&name)?;
        let there = is_link(&link).then(|| about(link.as_raw_fd()))?.filter(is_here)?;
        let runs = descriptor(there.prog_id).ok().and_then(|fd| program_name(fd.as_raw_fd()))?;
        let place = folder.place(&name);
        (runs == program).then(|| Named { name, link, there: place })
    })
}

/// The request for information answers for maps and programs too.
fn is_link(fd: &OwnedFd) -> bool {
    matches!(Identity::of(fd.as_raw_fd()), Some(Identity::Link { .. }))
}

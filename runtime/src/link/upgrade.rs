//! `upgrade`: another program takes the place of one in all of its attachments, or in none.
//!
//! The kernel swaps the programs of a link in one step, so each packet or event is seen by one of them. A link keeps its target, its
//! place among others and its pins. `BPF_F_REPLACE` names the old program: the update fails where somebody else has put another one there.

use super::attached::Attached;
use super::keeper;
use super::life::Life;
use super::links::LINKS;
use crate::abi::KsForm;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::program::text;
use crate::object::{handles, late, load};
use libbpf_sys as bpf;
use std::os::fd::RawFd;

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_upgrade(handle: u32, other: u32) -> i32 {
    let (Some(old), Some(new)) = (handles::of_handle(handle), handles::of_handle(other)) else {
        complain("cannot upgrade: the program was not loaded");
        return -libc::EINVAL;
    };
    let names = format!("`{}` by `{}`", text(old.name), text(new.name));
    if let Some(why) = handles::refusal(other) {
        complain(&format!("cannot replace {names}, which is not available: {why}"));
        return -libc::EOPNOTSUPP;
    }
    if (old.form, old.point) != (new.form, new.point) {
        complain(&format!(
            "cannot replace {names}: they are of different types\n  help: detach the one, and attach the other"
        ));
        return -libc::EINVAL;
    }
    if [old, new].into_iter().any(|prog| late::is_late(prog) && prog.form != KsForm::Freplace as u32) {
        complain(&format!(
            "cannot replace {names}: each target has a program of its own\n  help: detach the one, and attach the other"
        ));
        return -libc::EOPNOTSUPP;
    }
    // The links of another process come first, with the program that they were attached for.
    keeper::settle();
    // A program that is loaded when it is attached has no descriptor before; the kernel replaces none of these.
    if !late::is_late(old) && handles::refusal(handle).is_none() {
        let result = replace_all(handle, load::program_fd(old), load::program_fd(new));
        if result != 0 {
            let help = match -result {
                libc::EINVAL | libc::EOPNOTSUPP => {
                    "\n  help: the kernel lets no other program take the place of one that is attached so: detach it, and attach the other one"
                }
                libc::EPERM => "\n  help: another process has put a program of its own there",
                _ => "",
            };
            complain(&format!("cannot replace {names}: {}{help}", reason(result)));
            return result;
        }
    }
    handles::rename(handle, other);
    LINKS.borrow_mut().iter_mut().flatten().filter(|entry| entry.handle == handle).for_each(|entry| {
        entry.name = text(new.name);
        // Programs that are loaded when they are attached have no descriptor.
        if !late::is_late(new) {
            entry.attached.runs(load::program_fd(new));
        }
    });
    0
}

/// Something that runs a program.
enum Place<'a> {
    Link(RawFd),
    Other(&'a dyn Attached),
}

impl Place<'_> {
    /// 0 or −errno.
    fn replace(&self, old: RawFd, new: RawFd) -> i32 {
        match *self {
            Place::Link(link) => update(link, Some(old), new),
            Place::Other(attached) => attached.replace(new),
        }
    }
}

/// Replaces the program in each attachment of a handle that is still there. Where one fails, those before it get the old one again. 0 or
/// −errno.
fn replace_all(handle: u32, old: RawFd, new: RawFd) -> i32 {
    let links = LINKS.borrow();
    let of_handle = links.iter().flatten().filter(|entry| entry.handle == handle).map(|entry| &*entry.attached);
    let places: Vec<Place> = of_handle.filter(|attached| attached.life() != Life::Gone).flat_map(places).collect();
    for (done, place) in places.iter().enumerate() {
        let result = place.replace(old, new);
        if result == 0 {
            continue;
        }
        for place in places.iter().take(done) {
            let back = place.replace(new, old);
            if back != 0 {
                complain(&format!("one link keeps the new program: {}", reason(back)));
            }
        }
        return result;
    }
    0
}

/// All that runs the program of one attachment.
fn places(attached: &dyn Attached) -> Vec<Place<'_>> {
    let links = attached.links();
    if links.is_empty() { vec![Place::Other(attached)] } else { links.into_iter().map(Place::Link).collect() }
}

/// Updates a link, if it has the old program, where one is given. 0 or −errno.
pub fn update(link: RawFd, old: Option<RawFd>, new: RawFd) -> i32 {
    let mut options =
        bpf::bpf_link_update_opts { sz: size_of::<bpf::bpf_link_update_opts>() as bpf::size_t, ..Default::default() };
    if let Some(old) = old {
        options.flags = bpf::BPF_F_REPLACE;
        options.old_prog_fd = old.cast_unsigned();
    }
    // SAFETY: descriptors, and options of their own size.
    if unsafe { bpf::bpf_link_update(link, new, &options) } < 0 { -errno() } else { 0 }
}

//! `register` and `unregister`: structs of functions that BPF programs implement for the kernel.

mod left;
mod users;

use super::attached::Attached;
use super::held;
use super::keeper;
use super::kept::{self, Held};
use super::life::Life;
use super::links::{LINKS, UNAVAILABLE, detach_all, remember};
use crate::abi::KsStructOps;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::{privilege, program};
use crate::object::optional::implementations;
use crate::object::struct_ops::has_links;
use crate::object::{load, parts};
use libbpf_sys as bpf;
use std::os::fd::BorrowedFd;

/// A registration.
enum Registered {
    /// libbpf takes it back by deleting the only element of the map, on kernels without links to implementations.
    Alone(*mut bpf::bpf_link),
    /// libbpf's own link is null for one that another process has made.
    Linked { held: Held, link: *mut bpf::bpf_link },
}

impl Registered {
    /// 0 or −errno, once.
    fn take_back(&mut self) -> i32 {
        let (Registered::Alone(link) | Registered::Linked { link, .. }) = self;
        let link = std::mem::replace(link, std::ptr::null_mut());
        // SAFETY: a link of libbpf that nobody else holds; null is none.
        unsafe { bpf::bpf_link__destroy(link) }
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.take_back();
    }
}

impl Attached for Registered {
    fn detach(mut self: Box<Self>) -> i32 {
        self.take_back()
    }

    fn replace_functions(&self, map: *mut bpf::bpf_map) -> i32 {
        let Registered::Linked { held, link } = self else { return -libc::EOPNOTSUPP };
        // SAFETY: a map of the loaded object.
        let fd = unsafe { bpf::bpf_map__fd(map) };
        let result = if link.is_null() {
            make_ready(map);
            held.replace(fd)
        } else {
            // SAFETY: a link and a map of libbpf.
            unsafe { bpf::bpf_link__update_map(*link, map) }
        };
        if result == 0 {
            held.runs(fd);
        }
        result
    }

    fn life(&self) -> Life {
        match self {
            Registered::Alone(_) => Life::Lasting,
            Registered::Linked { held, .. } => held.life(),
        }
    }
}

/// Fills the map with its functions, without which the kernel takes it for no link. libbpf does that where it registers them, which the
/// kernel may refuse: another one has the name.
fn make_ready(map: *mut bpf::bpf_map) {
    if let Ok(link) = attach(map) {
        // SAFETY: a link of libbpf that nobody else holds.
        unsafe { bpf::bpf_link__destroy(link) };
    }
}

/// Registers the functions of a map, or takes the place of those that another process has registered under this name. The error is an errno
/// with a message, or without one.
fn registered(table: &KsStructOps, map: *mut bpf::bpf_map) -> Result<Registered, (i32, Option<String>)> {
    if !has_links() {
        let mut registered = attach(map);
        if registered == Err(libc::EEXIST) && left::remove(table) {
            registered = attach(map);
        }
        return registered.map(Registered::Alone).map_err(|code| (code, None));
    }
    // SAFETY: a map of the loaded object.
    let (name, fd) = (program::text(table.name), unsafe { bpf::bpf_map__fd(map) });
    match kept::taken_functions(name, fd) {
        Ok(Some(held)) => {
            make_ready(map);
            return Ok(Registered::Linked { held, link: std::ptr::null_mut() });
        }
        Ok(None) => {}
        Err(failure) => return Err((failure.code, Some(failure.why))),
    }
    let link = attach(map).map_err(|code| (code, None))?;
    // SAFETY: a link of libbpf, whose descriptor lives as long as that.
    let copy = unsafe { BorrowedFd::borrow_raw(bpf::bpf_link__fd(link)) }.try_clone_to_owned();
    let copy = copy.map_err(|error| (error.raw_os_error().unwrap_or(libc::EMFILE), None))?;
    Ok(Registered::Linked { held: kept::made_functions(name, fd, copy), link })
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_register(struct_ops: u32) -> i64 {
    let Some(table) = program::struct_ops().get(struct_ops as usize) else {
        complain("cannot register: the program has no such `impl`");
        return -i64::from(libc::EINVAL);
    };
    let map = parts::find_map(load::loaded(), table.name);
    let refusal = implementations::refusal_of(table);
    UNAVAILABLE.set(refusal.is_some());
    if let Some(why) = refusal {
        complain(&format!("`{}` is not registered, since it is not available: {why}", program::text(table.name)));
        return -i64::from(libc::EOPNOTSUPP);
    }
    match registered(table, map) {
        Ok(registered) => remember(owner(struct_ops), program::text(table.name), Box::new(registered), &[]),
        Err((code, why)) => {
            let why = why.unwrap_or_else(|| format!("{}{}", reason(code), help(code, table)));
            complain(&format!("cannot register `{}`: {why}", program::text(table.name)));
            -i64::from(code)
        }
    }
}

/// The link, or the errno.
fn attach(map: *mut bpf::bpf_map) -> Result<*mut bpf::bpf_link, i32> {
    // SAFETY: a map of the loaded object; null is none.
    let link = unsafe { bpf::bpf_map__attach_struct_ops(map) };
    if link.is_null() { Err(errno().abs()) } else { Ok(link) }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_unregister(struct_ops: u32) -> i32 {
    detach_all(owner(struct_ops))
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_upgrade_functions(link: i64, struct_ops: u32) -> i32 {
    keeper::settle();
    let mut links = LINKS.borrow_mut();
    let index = usize::try_from(link.saturating_sub(1)).unwrap_or(usize::MAX);
    let (Some(entry), Some(table)) =
        (links.get_mut(index).and_then(Option::as_mut), program::struct_ops().get(struct_ops as usize))
    else {
        complain("cannot upgrade: nothing is registered here");
        return -libc::EINVAL;
    };
    let name = program::text(table.name);
    if let Some(why) = implementations::refusal_of(table) {
        complain(&format!("`{}` is not replaced: `{name}` is not available: {why}", entry.name));
        return -libc::EOPNOTSUPP;
    }
    let result = entry.attached.replace_functions(parts::find_map(load::loaded(), table.name));
    if result == 0 {
        (entry.handle, entry.name) = (owner(struct_ops), name);
        return 0;
    }
    let help = match -result {
        libc::EOPNOTSUPP => {
            "\n  help: kernels before 6.4 replace no implementation, and some structs of the kernel let none be replaced"
        }
        libc::EINVAL => "\n  help: both implement the same struct of the kernel, under the same `name`",
        _ => "",
    };
    complain(&format!("cannot replace `{}` by `{name}`: {}{help}", entry.name, reason(result)));
    result
}

/// Links are kept by the handles of programs, which are small: the numbers of implementations lie above them.
fn owner(struct_ops: u32) -> u32 {
    u32::MAX - struct_ops
}

fn help(code: i32, table: &KsStructOps) -> String {
    let is_it = |link: &bpf::bpf_link_info| {
        // SAFETY: the kernel has filled the part of links of this kind.
        let map = unsafe { link.__bindgen_anon_1.struct_ops.map_id };
        let name = || left::implementation(map).map(|(_, name)| name);
        link.type_ == bpf::BPF_LINK_TYPE_STRUCT_OPS && name().is_some_and(|name| name == left::kept_name(table))
    };
    if [libc::EEXIST, libc::EBUSY].contains(&code)
        && let Some(help) = held::pinned(is_it)
    {
        return format!("\n  help: {help}");
    }
    let text = match code {
        libc::EEXIST => {
            "\n  help: the kernel has another one of this name: choose another `name`, or unregister that one"
        }
        libc::EBUSY => "\n  help: it is registered already, or the kernel takes one of this type alone",
        libc::EPERM => {
            return privilege::help("registering", &[privilege::BPF, privilege::PERFMON, privilege::NET_ADMIN]);
        }
        _ => "",
    };
    text.to_owned()
}

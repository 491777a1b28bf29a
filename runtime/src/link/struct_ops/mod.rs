//! `register` and `unregister`: structs of functions that BPF programs implement for the kernel.

mod left;
mod users;

use super::attached::Attached;
use super::held;
use super::life::{self, Life};
use super::links::{LINKS, UNAVAILABLE, detach_all, remember};
use crate::abi::KsStructOps;
use crate::kernel::errors::{complain, errno, reason};
use crate::kernel::{privilege, program};
use crate::object::optional::implementations;
use crate::object::struct_ops::has_links;
use crate::object::{load, parts};
use libbpf_sys as bpf;

/// A registration, which libbpf takes back by a link or, on kernels without such links, by deleting the only element of the map.
struct Registered {
    link: *mut bpf::bpf_link,
    /// The kernel has a link for it.
    linked: bool,
}

impl Registered {
    /// 0 or −errno, once.
    fn take_back(&mut self) -> i32 {
        let link = std::mem::replace(&mut self.link, std::ptr::null_mut());
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
        if !self.linked {
            return -libc::EOPNOTSUPP;
        }
        // SAFETY: a link and a map of libbpf; null is none.
        unsafe { bpf::bpf_link__update_map(self.link, map) }
    }

    fn life(&self) -> Life {
        // SAFETY: a link of libbpf, which is there until it is taken back.
        if self.linked { life::of_link(unsafe { bpf::bpf_link__fd(self.link) }) } else { Life::Lasting }
    }
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
    let mut registered = attach(map);
    if registered == Err(libc::EEXIST) && !has_links() && left::remove(table) {
        registered = attach(map);
    }
    let link = match registered {
        Ok(link) => link,
        Err(code) => {
            complain(&format!(
                "cannot register `{}`: {}{}",
                program::text(table.name),
                reason(code),
                help(code, table)
            ));
            return -i64::from(code);
        }
    };
    remember(owner(struct_ops), program::text(table.name), Box::new(Registered { link, linked: has_links() }), &[])
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

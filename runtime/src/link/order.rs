//! Where a program runs among those at its target, for links of TCX and netkit devices: `bpf_mprog_attach` of kernel/bpf/mprog.c.

use super::request::{Order, Request};
use crate::abi::KsOrder;
use crate::kernel::errors::{Failure, errno, reason, unknown_to_kernel};
use crate::kernel::{escape, near, privilege};
use libbpf_sys as bpf;
use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The most programs at one place (BPF_MPROG_MAX).
const MOST: usize = 64;
/// The kernel keeps so many characters of a name (BPF_OBJ_NAME_LEN less the NUL).
const KEPT: usize = 15;

/// What the program's attribute asks for at an interface.
pub fn of(request: &Request, interface: i32, shown: &str) -> Result<Order, Failure> {
    let is = |order: KsOrder| request.placement == order as i64;
    let before = is(KsOrder::First) || is(KsOrder::Before);
    let flags = if before { bpf::BPF_F_BEFORE } else { bpf::BPF_F_AFTER };
    if !is(KsOrder::Before) && !is(KsOrder::After) {
        return Ok(if is(KsOrder::First) || is(KsOrder::Last) {
            Order { flags, relative: 0 }
        } else {
            Order::default()
        });
    }
    let wanted = request.beside;
    let present = attached(request, interface).map_err(|code| match code {
        _ if unknown_to_kernel(code) => unordered(),
        libc::EPERM => {
            let help = privilege::help("finding a program by its name", &[privilege::SYS_ADMIN]);
            Failure::new(code, format!("the programs at `{shown}` cannot be listed: {}{help}", reason(code)))
        }
        _ => Failure::new(code, format!("the programs at `{shown}` cannot be listed: {}", reason(code))),
    })?;
    let is_wanted = |(_, name): &&(u32, Vec<u8>)| kept(name) == kept(wanted);
    let found = if before { present.iter().find(is_wanted) } else { present.iter().rfind(is_wanted) };
    match found {
        Some(&(relative, _)) => Ok(Order { flags, relative }),
        None => Err(missing(wanted, &present, shown)),
    }
}

/// For kernels without such links.
pub fn unordered() -> Failure {
    let why = "this kernel orders no programs of interfaces: the `first`, `last`, `before` and `after` of attributes need TCX, Linux 6.6";
    Failure::new(libc::EOPNOTSUPP, why)
}

fn kept(name: &[u8]) -> &[u8] {
    name.get(..KEPT).unwrap_or(name)
}

/// Whether a program of this number is at the same point of the interface: another one, in another namespace, may have the same index.
pub fn has(request: &Request, interface: i32, program: u32) -> bool {
    numbers(request, interface).is_ok_and(|numbers| numbers.contains(&program))
}

/// The programs at the same point of an interface, in their order: numbers and names.
fn attached(request: &Request, interface: i32) -> Result<Vec<(u32, Vec<u8>)>, i32> {
    let named = numbers(request, interface)?.into_iter().map(|id| Ok(name_of(id)?.map(|name| (id, name))));
    named.filter_map(Result::transpose).collect()
}

fn numbers(request: &Request, interface: i32) -> Result<Vec<u32>, i32> {
    let mut ids = [0_u32; MOST];
    let mut options =
        bpf::bpf_prog_query_opts { sz: size_of::<bpf::bpf_prog_query_opts>() as bpf::size_t, ..Default::default() };
    options.prog_ids = ids.as_mut_ptr();
    options.__bindgen_anon_1.count = MOST as u32;
    // SAFETY: options of their own size, and room for as many numbers as they say.
    if unsafe { bpf::bpf_prog_query_opts(interface, request.point, &mut options) } != 0 {
        return Err(errno());
    }
    // SAFETY: both fields of the union are this number.
    let count = unsafe { options.__bindgen_anon_1.count } as usize;
    Ok(ids.into_iter().take(count).collect())
}

/// None of a program that has gone meanwhile.
fn name_of(id: u32) -> Result<Option<Vec<u8>>, i32> {
    let mut info = bpf::bpf_prog_info::default();
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: plain calls; the descriptor is nobody else's, and the info has the size that the call is given.
    let read = unsafe {
        let fd = bpf::bpf_prog_get_fd_by_id(id);
        if fd < 0 {
            return if errno() == libc::ENOENT { Ok(None) } else { Err(errno()) };
        }
        let fd = OwnedFd::from_raw_fd(fd);
        bpf::bpf_prog_get_info_by_fd(fd.as_raw_fd(), &mut info, &mut size)
    };
    // SAFETY: the kernel ends the name by a NUL.
    Ok((read == 0).then(|| unsafe { CStr::from_ptr(info.name.as_ptr()) }.to_bytes().to_vec()))
}

fn missing(wanted: &[u8], present: &[(u32, Vec<u8>)], shown: &str) -> Failure {
    let wanted = String::from_utf8_lossy(wanted);
    let names: Vec<String> = present.iter().map(|(_, name)| String::from_utf8_lossy(name).into_owned()).collect();
    let help = match near::best(&wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}`?", escape::value(near)),
        None if names.is_empty() => "none is there: attach that program first".to_owned(),
        None => {
            let names: Vec<String> = names.iter().map(|name| format!("`{}`", escape::value(name))).collect();
            format!("there are {}", names.join(", "))
        }
    };
    let why = format!("no program `{}` is attached here to `{shown}`\n  help: {help}", escape::value(&wanted));
    Failure::new(libc::ENOENT, why)
}

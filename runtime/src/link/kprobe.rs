//! Probes at instructions of the kernel and at returns of its functions: a perf event of the kernel's PMU `kprobe`, with a
//! `bpf_link` on it.

use super::attached::Attached;
use super::form::Form;
use super::functions;
use super::request::{Request, Target};
use super::several::{self, Place, Shared, Together};
use crate::kernel::errors::{Failure, errno, reason};
use crate::kernel::kprobes::{self, supported};
use crate::kernel::{escape, log, net, privilege};
use crate::object::optional::targets::Lookup;
use crate::object::{copies, load};
use libbpf_sys as bpf;
use std::ffi::{CString, c_char};
use std::os::fd::RawFd;
use std::ptr::{self, NonNull};

/// The form `kprobe`.
#[unsafe(no_mangle)]
pub static ks_form_kprobe: Form = attach;

/// At an instruction.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    probe(request, false)
}

/// The form `kretprobe`.
#[unsafe(no_mangle)]
pub static ks_form_kretprobe: Form = attach_return;

/// At the return of a function.
pub fn attach_return(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    probe(request, true)
}

/// A link of libbpf, which its end destroys.
pub struct Probe(pub NonNull<bpf::bpf_link>);

impl Attached for Probe {
    fn detach(self: Box<Self>) -> i32 {
        0
    }

    fn links(&self) -> Vec<RawFd> {
        // SAFETY: a live link.
        vec![unsafe { bpf::bpf_link__fd(self.0.as_ptr()) }]
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        // SAFETY: a link that nobody else owns.
        unsafe {
            bpf::bpf_link__destroy(self.0.as_ptr());
        }
    }
}

fn probe(request: &Request, at_return: bool) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a kprobe")?;
    let Target::Text(target) = request.target else {
        return Err(Failure::new(libc::EINVAL, "a number names no function\n  help: give its name, \"tcp_connect\""));
    };
    supported()?;
    let text = String::from_utf8_lossy(target);
    if several::is_several(&text) {
        return every(request, &text, at_return);
    }
    match open(request, located(&text)?, 0, at_return) {
        Ok(probe) => Ok(Box::new(probe)),
        Err(code) => Err(refused(code, &text)),
    }
}

/// At each function that the target names and that lets a probe be.
fn every(request: &Request, target: &str, at_return: bool) -> Result<Box<dyn Attached>, Failure> {
    let (known, others): (Vec<Place>, Vec<Place>) =
        functions::places(target).into_iter().partition(|place| place.known);
    let mut links = Vec::new();
    let single = match shared(request, &known, at_return) {
        Ok(link) => {
            links.push(link);
            others
        }
        // The kernel has no such links, or one of several functions of one name is none for them.
        Err(_) => known.into_iter().chain(others).collect(),
    };
    for Place { name, element, .. } in single {
        let (function, offset) = located(&name)?;
        match open(request, (function, offset), element, at_return) {
            Ok(probe) => links.push(Box::new(probe)),
            // The name has several functions, or must not be probed: the other functions of the list are tried.
            Err(libc::EINVAL | libc::ENOENT | libc::EADDRNOTAVAIL) => {}
            Err(code) => return Err(refused(code, &name)),
        }
    }
    if links.is_empty() {
        let why = format!("no function of this kernel that can be probed matches {}", several::shown(target));
        return Err(Failure::new(libc::ENOENT, why));
    }
    Ok(Box::new(Together(links)))
}

/// One link at the entries, or the returns, of all these functions; or errno.
fn shared(request: &Request, places: &[Place], at_return: bool) -> Result<Box<dyn Attached>, i32> {
    if places.is_empty() {
        return Err(libc::ENOENT);
    }
    let point = bpf::BPF_TRACE_KPROBE_MULTI;
    let copy = copies::of(request.handle, point)?;
    let names: Option<Vec<CString>> = places.iter().map(|place| net::c_name(place.name.as_bytes())).collect();
    let names = names.ok_or(libc::EINVAL)?;
    let mut symbols: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let cookies: Vec<u64> = places.iter().map(|place| request.options.cookie.unwrap_or(place.element)).collect();
    let mut options =
        bpf::bpf_link_create_opts { sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t, ..Default::default() };
    options.__bindgen_anon_1.kprobe_multi = bpf::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_2 {
        flags: if at_return { bpf::BPF_F_KPROBE_MULTI_RETURN } else { 0 },
        cnt: symbols.len() as u32,
        syms: symbols.as_mut_ptr(),
        addrs: ptr::null(),
        cookies: cookies.as_ptr(),
    };
    let link = copies::attach(&copy, point, &options)?;
    Ok(Box::new(Shared { link, functions: places.len() }))
}

/// A probe at a function and an offset in it, or errno.
fn open(request: &Request, (name, offset): (&str, bpf::size_t), cookie: u64, at_return: bool) -> Result<Probe, i32> {
    let Some(name) = net::c_name(name.as_bytes()) else { return Err(libc::EINVAL) };
    let mut options =
        bpf::bpf_kprobe_opts { sz: size_of::<bpf::bpf_kprobe_opts>() as bpf::size_t, ..Default::default() };
    options.retprobe = at_return;
    options.offset = offset;
    options.bpf_cookie = request.options.cookie.unwrap_or(cookie);
    options.attach_mode = bpf::PROBE_ATTACH_MODE_LINK;
    let program = load::find_program(request.handle);
    // SAFETY: a program of the loaded object, a NUL-terminated name, and options of their own size.
    let link = unsafe { bpf::bpf_program__attach_kprobe_opts(program, name.as_ptr(), &options) };
    let code = errno();
    // The caller reports the failure in its own words, so libbpf's messages are dropped.
    log::take();
    NonNull::new(link).map(Probe).ok_or(code)
}

/// `function`, or `function+offset`.
fn located(text: &str) -> Result<(&str, bpf::size_t), Failure> {
    let (name, offset) = text.split_once('+').unwrap_or((text, "0"));
    let Some(offset) = number(offset) else {
        let why = format!("`{}` is neither a function nor an instruction of one, `tcp_connect+4`", escape::value(text));
        return Err(Failure::new(libc::EINVAL, why));
    };
    Ok((name, offset))
}

/// Decimal, or hexadecimal behind `0x`.
fn number(text: &str) -> Option<bpf::size_t> {
    match text.strip_prefix("0x") {
        Some(digits) => bpf::size_t::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn refused(code: i32, target: &str) -> Failure {
    let help = match code {
        libc::ENOENT => "this kernel has no function of this name",
        libc::EADDRNOTAVAIL => "this kernel has several functions of this name",
        libc::EILSEQ => "no instruction begins at this offset",
        libc::EINVAL => "this kernel lets no probe be here: see /sys/kernel/debug/kprobes/blacklist",
        libc::EPERM | libc::EACCES => {
            let help = privilege::help("a probe", &[privilege::PERFMON]);
            return Failure::new(code, format!("`{}`: {}{help}", escape::value(target), reason(code)));
        }
        _ => return Failure::new(code, format!("`{}`: {}", escape::value(target), reason(code))),
    };
    Failure::new(code, format!("`{}`: {}\n  help: {help}", escape::value(target), reason(code)))
}

/// The lookup `code`.
#[unsafe(no_mangle)]
pub static ks_lookup_code: Lookup = exists;

/// Fails if the kernel lacks the function, or was built without kprobes.
fn exists(target: &str) -> Result<(), Failure> {
    match functions::exist(target) {
        true => kprobes::supported(),
        false => Err(Failure::new(libc::ENOENT, format!("this kernel has no function `{}`", escape::value(target)))),
    }
}

//! One probe at a place of a file: libbpf finds the symbol and makes the event.

use super::attached::Attached;
use super::kprobe::Probe;
use super::request::Request;
use crate::kernel::errors::{self, Failure, reason};
use crate::kernel::{escape, log, net, privilege};
use crate::object::load;
use libbpf_sys as bpf;
use std::mem::size_of;
use std::ptr::NonNull;

/// The file, and the function in it or the pattern.
pub fn parts(target: &str) -> Result<(&str, &str), Failure> {
    let unnamed = || wanted(&format!("`{}` names no file and function", escape::value(target)));
    target.rsplit_once(':').ok_or_else(unnamed)
}

/// One link at a place in a file.
pub fn open(
    request: &Request,
    (path, place): (&str, &str),
    cookie: u64,
    retprobe: bool,
) -> Result<Box<dyn Attached>, Failure> {
    let (symbol, offset) = located(place)?;
    let mut options = bpf::bpf_uprobe_opts { retprobe, ..Default::default() };
    let symbol_name = net::c_name(symbol.as_bytes()).ok_or_else(|| wanted("the name of a function has a NUL"))?;
    if !symbol.is_empty() {
        options.func_name = symbol_name.as_ptr();
    }
    options.bpf_cookie = request.options.cookie.unwrap_or(cookie);
    match at_offset(request, path, offset, options)? {
        Ok(probe) => Ok(Box::new(probe)),
        Err(code) => Err(refused(code, path, &symbol)),
    }
}

/// A probe at an offset in a file, or behind a symbol of it; the inner error is an errno, to which libbpf's log has the details.
pub fn at_offset(
    request: &Request,
    path: &str,
    offset: u64,
    options: bpf::bpf_uprobe_opts,
) -> Result<Result<Probe, i32>, Failure> {
    let options = bpf::bpf_uprobe_opts { sz: size_of::<bpf::bpf_uprobe_opts>() as bpf::size_t, ..options };
    let program = load::find_program(request.handle);
    let pid = request.options.pid()?;
    let path = net::c_name(path.as_bytes()).ok_or_else(|| wanted("the name of a file has a NUL"))?;
    // SAFETY: a loaded program, names that live through the call, and options of their own size.
    let link = unsafe { bpf::bpf_program__attach_uprobe_opts(program, every_as(pid), path.as_ptr(), offset, &options) };
    let code = errors::errno();
    Ok(NonNull::new(link).map(Probe).inspect(|_| drop(log::take())).ok_or(code))
}

/// libbpf's number for all processes is −1, which `Options::pid` has as 0.
fn every_as(pid: i32) -> i32 {
    if pid == 0 { -1 } else { pid }
}

/// `symbol`, `symbol+0x10`, or an offset in the file alone.
fn located(place: &str) -> Result<(String, u64), Failure> {
    let number = |text: &str| {
        let hex = text.strip_prefix("0x").map(|digits| u64::from_str_radix(digits, 16));
        hex.unwrap_or_else(|| text.parse()).ok()
    };
    if place.starts_with(|c: char| c.is_ascii_digit()) {
        let offset = number(place).map(|offset| (String::new(), offset));
        return offset.ok_or_else(|| wanted(&format!("`{}` is no offset", escape::value(place))));
    }
    let Some((symbol, offset)) = place.split_once('+') else { return Ok((place.to_owned(), 0)) };
    let offset = number(offset).ok_or_else(|| wanted(&format!("`{}` is no offset", escape::value(offset))))?;
    Ok((symbol.to_owned(), offset))
}

/// The failure for a target that names no place of a file.
pub fn wanted(why: &str) -> Failure {
    Failure::new(libc::EINVAL, format!("{why}\n  help: write \"libc:getaddrinfo\" or \"/path/of/file:function\""))
}

/// `symbol`: empty for none.
pub fn refused(code: i32, path: &str, symbol: &str) -> Failure {
    let text = log::take();
    let shown = escape::value(path);
    let why = match code {
        libc::ENOENT if !symbol.is_empty() => {
            format!(
                "`{shown}` has no function `{}`\n  help: `nm -D {shown}` lists those of a library",
                escape::value(symbol)
            )
        }
        libc::EPERM | libc::EACCES => {
            format!("`{shown}`: {}{}", reason(code), privilege::help("a probe", &[privilege::PERFMON]))
        }
        _ => {
            let last = text.lines().last().map(|line| format!("\n  {}", line.trim_start_matches("libbpf: ")));
            format!("`{shown}`: {}{}", reason(code), last.unwrap_or_default())
        }
    };
    Failure::new(code, why)
}

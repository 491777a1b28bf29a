//! Events of the kernel: a perf event of the tracepoint, and a `bpf_link` on that.

use super::attached::{Attached, Link};
use super::form::Form;
use super::perf_event::{self, Cpu};
use super::records;
use super::request::{Request, Target};
use super::several::{self, Place, Together};
use crate::kernel::errors::{Failure, reason};
use crate::kernel::program::text;
use crate::kernel::{escape, privilege, tracefs};
use crate::object::handles;
use crate::object::optional::targets::Lookup;
use libbpf_sys as bpf;
use std::collections::BTreeSet;
use std::os::fd::AsRawFd;

const HELP: &str = "\n  help: give its category and name, \"sched/sched_switch\"";

/// All events, a line `category:name` each.
const LISTED: &str = "available_events";

/// The form `tracepoint`.
#[unsafe(no_mangle)]
pub static ks_form_tracepoint: Form = attach;

/// Attaches to the event that the target names, `category/name`.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("an event")?;
    let Target::Text(name) = request.target else {
        return Err(Failure::new(libc::EINVAL, format!("a number names no event{HELP}")));
    };
    let name = String::from_utf8_lossy(name).into_owned();
    if !several::is_several(&name) {
        return at_event(request, &name, 0);
    }
    let mut links = Vec::new();
    for Place { name, element, .. } in several::places(&name, &known(&name)?) {
        match at_event(request, &name, element) {
            Ok(link) => links.push(link),
            Err(failure) if failure.code == libc::ENOENT => {}
            Err(failure) => return Err(failure),
        }
    }
    if links.is_empty() {
        return Err(Failure::new(libc::ENOENT, format!("no event of this kernel matches {}", several::shown(&name))));
    }
    Ok(Box::new(Together(links)))
}

/// The events, `category/name`, where the target has a pattern.
fn known(target: &str) -> Result<BTreeSet<String>, Failure> {
    if !several::is_pattern(target) {
        return Ok(BTreeSet::new());
    }
    let listed =
        tracefs::read(LISTED).map_err(|code| not_found(code, &format!("the events {}", several::shown(target))))?;
    Ok(listed.lines().map(|line| line.replacen(':', "/", 1)).collect())
}

/// At an event, with a cookie.
fn at_event(request: &Request, name: &str, element: u64) -> Result<Box<dyn Attached>, Failure> {
    let shown = format!("the event `{}`", escape::short(name));
    let id = find(name)?;
    // The compiler has compared the record of the event that the attribute names.
    if let Some(prog) = handles::of_handle(request.handle).filter(|prog| text(prog.target) != name) {
        records::check(prog, name)?;
    }
    let attributes = bpf::perf_event_attr {
        type_: bpf::PERF_TYPE_TRACEPOINT,
        size: size_of::<bpf::perf_event_attr>() as u32,
        config: id,
        ..Default::default()
    };
    // The kernel runs the program at the event on every CPU, whichever the perf event is of.
    let event = perf_event::open(&attributes, -1, Cpu(0), None).map_err(|code| refused(code, &shown))?;
    let cookie = request.options.cookie.unwrap_or(element);
    let link = request.link_with(event.as_raw_fd(), cookie).map_err(|code| refused(code, &shown))?;
    Ok(Box::new(Link { fd: link }))
}

/// The number of an event.
pub fn find(name: &str) -> Result<u64, Failure> {
    id_of(name).map_err(|code| not_found(code, &format!("the event `{}`", escape::short(name))))
}

/// The number of an event, which tracefs has.
fn id_of(name: &str) -> Result<u64, i32> {
    let named = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let (category, event) = name.split_once('/').unwrap_or_default();
    if !named(category) || !named(event) {
        return Err(libc::EINVAL);
    }
    let text = tracefs::read(&format!("events/{category}/{event}/id"))?;
    text.trim().parse().map_err(|_| libc::EINVAL)
}

fn not_found(code: i32, shown: &str) -> Failure {
    let why = match code {
        libc::EINVAL => format!("{shown}: {}{HELP}", reason(code)),
        libc::ENOENT => format!("{shown}: this kernel has no such event"),
        libc::EPERM | libc::EACCES => {
            format!("{shown}: {}\n  help: tracefs is for root; run it as root, for instance with sudo", reason(code))
        }
        _ => format!("{shown}: tracefs cannot be read: {}", reason(code)),
    };
    Failure::new(code, why)
}

fn refused(code: i32, shown: &str) -> Failure {
    let help = match code {
        libc::EPERM | libc::EACCES => privilege::help("tracing", &[privilege::PERFMON]),
        _ => String::new(),
    };
    Failure::new(code, format!("{shown}: {}{help}", reason(code)))
}

/// The lookup `tracepoint`.
#[unsafe(no_mangle)]
pub static ks_lookup_tracepoint: Lookup = exists;

/// Fails if tracefs has no event `category/name` that the target names.
fn exists(target: &str) -> Result<(), Failure> {
    if !several::is_several(target) {
        return find(target).map(drop);
    }
    let places = several::places(target, &known(target)?);
    let missing = || Failure::new(libc::ENOENT, format!("no event of this kernel matches {}", several::shown(target)));
    if places.iter().any(|place| place.known || find(&place.name).is_ok()) { Ok(()) } else { Err(missing()) }
}

//! Perf events: counters and samples of the hardware and the kernel, with or without a program.

pub use crate::link::counter::Counter;

use super::attached::{Attached, Link};
use super::form::Form;
use super::links::{LINKS, remember};
use super::request::{Request, Target};
use crate::abi::{KS_PERF_GROUP, KsPerfOptions, KsPerfRead};
use crate::kernel::errors::{Failure, complain, errno, reason};
use crate::kernel::privilege;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::{fs, ptr};

/// The number of a CPU; −1 is every one that the process is on.
#[derive(Clone, Copy)]
pub struct Cpu(pub i32);

/// `PERF_FLAG_FD_CLOEXEC`, `PERF_EVENT_IOC_ENABLE` and bits of `read_format` of include/uapi/linux/perf_event.h.
const CLOSE_ON_EXEC: libc::c_ulong = 8;
const ENABLE: libc::c_ulong = 0x2400;
const TIMES_AND_ID: u64 = 1 | 2 | 4;
const GROUP: u64 = 8;
/// `KsPerfOptions::event` where the type and the configuration say what to count.
const NOT_NAMED: u64 = i64::MAX as u64;
/// Types whose configurations have 32 bits: of the kernel, and of caches.
const SHORT_TYPES: [u32; 2] = [bpf::PERF_TYPE_SOFTWARE, bpf::PERF_TYPE_HW_CACHE];
const CPUS: &str = "/sys/devices/system/cpu/online";

/// A counter, and the links of a program that runs at its samples.
struct PerfEvent {
    counter: Counter,
    links: Vec<Box<dyn Attached>>,
}

impl Attached for PerfEvent {
    fn detach(self: Box<Self>) -> i32 {
        self.links.into_iter().map(Attached::detach).find(|result| *result != 0).unwrap_or(0)
    }

    fn counter(&self) -> Option<&Counter> {
        Some(&self.counter)
    }

    fn links(&self) -> Vec<RawFd> {
        self.links.iter().flat_map(|link| link.links()).collect()
    }
}

/// The form `perf_event`.
#[unsafe(no_mangle)]
pub static ks_form_perf_event: Form = attach;

/// Runs the program at each sample.
pub fn attach(request: &Request) -> Result<Box<dyn Attached>, Failure> {
    request.no_flags("a perf event")?;
    let Target::Options(options) = request.target else {
        return Err(Failure::new(libc::EINVAL, "it is for perf events\n  help: attach it to `perf_options { … }`"));
    };
    let counter = counter(options, true)?;
    let link = |event: &OwnedFd| request.link(event.as_raw_fd(), 0).map_err(|code| refused(code, options));
    let boxed = |fd| -> Box<dyn Attached> { Box::new(Link { fd }) };
    let links = counter.events.iter().map(|event| link(event).map(boxed)).collect::<Result<_, _>>()?;
    enabled(counter, links, options)
}

/// `perf_open`: counts without a program; a link id ≥ 1, or −errno, printed.
///
/// # Safety
/// `options` points to options.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_perf_open(options: *const KsPerfOptions) -> i64 {
    // SAFETY: as the caller promises.
    let options = unsafe { &*options };
    match counter(options, false).and_then(|counter| enabled(counter, Vec::new(), options)) {
        Ok(counter) => remember(0, "?", counter, &[]),
        Err(failure) => {
            complain(&format!("cannot count: {}", failure.why));
            -i64::from(failure.code.abs())
        }
    }
}

/// An event, of a process (−1: of all) on a CPU, perhaps in the group of another event; or an errno.
pub fn open(attributes: &bpf::perf_event_attr, pid: i32, cpu: Cpu, leader: Option<&OwnedFd>) -> Result<OwnedFd, i32> {
    let leader = leader.map_or(-1, AsRawFd::as_raw_fd);
    let attributes = ptr::from_ref(attributes);
    // SAFETY: attributes of their own size; the descriptor is nobody else's.
    unsafe {
        let event = libc::syscall(libc::SYS_perf_event_open, attributes, pid, cpu.0, leader, CLOSE_ON_EXEC);
        if event < 0 { Err(errno()) } else { Ok(OwnedFd::from_raw_fd(event as i32)) }
    }
}

fn counter(options: &KsPerfOptions, samples: bool) -> Result<Counter, Failure> {
    let cpus = match (options.pid, options.cpu) {
        (-1, -1) => online(),
        (_, cpu) => vec![cpu],
    };
    let attributes = attributes(options, samples);
    let leader = leader(options);
    let links = LINKS.borrow();
    let led_by = if leader == 0 {
        None
    } else {
        let entry = usize::try_from(leader - 1).ok().and_then(|index| links.get(index)?.as_ref());
        let found = entry.and_then(|entry| entry.attached.counter());
        let found = found.ok_or_else(|| Failure::new(libc::EBADF, "the leader of its group is no perf event"))?;
        let members = links.iter().flatten().filter_map(|entry| entry.attached.counter());
        if members.filter(|member| member.leader == leader).count() + 2 > KS_PERF_GROUP {
            return Err(Failure::new(libc::E2BIG, format!("a group has at most {KS_PERF_GROUP} events")));
        }
        if found.events.len() != cpus.len() {
            return Err(Failure::new(libc::EINVAL, "the leader of its group is of other CPUs"));
        }
        Some(found)
    };
    let events = cpus.iter().enumerate().map(|(index, &cpu)| {
        let leader = led_by.and_then(|leader| leader.events.get(index));
        open(&attributes, options.pid, Cpu(cpu), leader).map_err(|code| refused(code, options))
    });
    Ok(Counter { events: events.collect::<Result<_, _>>()?, leader })
}

/// The link of the event that is to lead its group, or 0.
fn leader(options: &KsPerfOptions) -> i64 {
    if options.group == 0 { options.group_fd } else { options.group }
}

fn attributes(options: &KsPerfOptions, samples: bool) -> bpf::perf_event_attr {
    let (kind, config) = kind(options);
    let mut attributes = bpf::perf_event_attr {
        type_: kind,
        size: size_of::<bpf::perf_event_attr>() as u32,
        config,
        // An event that is in no group may lead one later.
        read_format: if leader(options) == 0 { TIMES_AND_ID | GROUP } else { TIMES_AND_ID },
        ..Default::default()
    };
    if samples && options.freq != 0 {
        attributes.set_freq(1);
        attributes.__bindgen_anon_1.sample_freq = options.freq;
    } else if samples {
        attributes.__bindgen_anon_1.sample_period = options.period;
    }
    attributes.__bindgen_anon_2.wakeup_events = options.wakeup;
    attributes.set_disabled(1);
    attributes.set_inherit(options.inherit.into());
    attributes.set_exclude_kernel(options.exclude_kernel.into());
    attributes.set_exclude_user(options.exclude_user.into());
    attributes
}

/// Type and configuration.
fn kind(options: &KsPerfOptions) -> (u32, u64) {
    let low = |number: u64| number & u64::from(u32::MAX);
    if options.event != NOT_NAMED {
        return ((options.event >> 32) as u32, low(options.event));
    }
    let config = options.perf_config;
    (options.perf_type, if SHORT_TYPES.contains(&options.perf_type) { low(config) } else { config })
}

fn enabled(
    counter: Counter,
    links: Vec<Box<dyn Attached>>,
    options: &KsPerfOptions,
) -> Result<Box<dyn Attached>, Failure> {
    for event in &counter.events {
        // SAFETY: takes no memory.
        if unsafe { libc::ioctl(event.as_raw_fd(), ENABLE, 0) } < 0 {
            return Err(refused(errno(), options));
        }
    }
    Ok(Box::new(PerfEvent { counter, links }))
}

/// The CPUs that run, from `0-3,5`.
fn online() -> Vec<i32> {
    let text = fs::read_to_string(CPUS).unwrap_or_default();
    let ranges = text.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

fn refused(code: i32, options: &KsPerfOptions) -> Failure {
    let (kind, config) = kind(options);
    let shown = format!("the perf event {config:#x} of type {kind}");
    let help = match code {
        libc::ENODEV | libc::EINVAL if options.cpu >= 0 && !online().contains(&options.cpu) => {
            "\n  help: there is no such CPU, or it does not run".to_owned()
        }
        libc::ENOENT | libc::ENODEV | libc::EOPNOTSUPP if kind != bpf::PERF_TYPE_SOFTWARE => {
            "\n  help: this machine has no counter for it, as most virtual ones; events of the kernel, such as `cpu_clock`, are everywhere"
                .to_owned()
        }
        libc::ESRCH => "\n  help: there is no process of this number".to_owned(),
        libc::EPERM | libc::EACCES => {
            privilege::help("it", &[privilege::PERFMON])
                + ", or lower /proc/sys/kernel/perf_event_paranoid"
        }
        _ => String::new(),
    };
    Failure::new(code, format!("{shown}: {}{help}", reason(code)))
}

/// `perf_read`: what the event of a link has counted; all zero, printed, where there is none.
///
/// # Safety
/// `out` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_perf_read(link: i64, out: *mut KsPerfRead, _size: u64) {
    // SAFETY: as the caller promises; all zero is a valid value.
    let out = unsafe {
        out.write_bytes(0, 1);
        &mut *out
    };
    let links = LINKS.borrow();
    let index = usize::try_from(link).ok().and_then(|link| link.checked_sub(1));
    let entry = index.and_then(|index| links.get(index)?.as_ref());
    let Some(counter) = entry.and_then(|entry| entry.attached.counter()) else {
        return complain("cannot read: this is no perf event that is attached");
    };
    let counts = match counter.read() {
        Ok(counts) => counts,
        Err(code) => return complain(&format!("cannot read a perf event: {}", reason(code))),
    };
    out.raw = counts.events[0].raw as i64;
    out.scaled = counts.scaled as i64;
    out.time_enabled = counts.enabled as i64;
    out.time_running = counts.running as i64;
    out.count = counts.count as u32;
    for (place, count) in counts.events.iter().enumerate() {
        out.values[place] = count.raw as i64;
        out.ids[place] = count.id;
    }
}

//! `attach` and `detach`: targets, and the links that are held.
//!
//! Each form (`KsForm`) is a file of this folder. An attachment is a `bpf_link`, which the kernel drops with the
//! process, or an object of the form's file, which it detaches. A clsact filter is removed at every end of the process
//! that lets code run.

mod cgroup;
mod clsact;
mod entry;
mod freplace;
mod functions;
mod held;
mod interface;
mod iter;
mod kprobe;
mod library;
mod missing;
mod netdev;
mod netfilter;
mod netkit;
mod netns;
mod options;
mod order;
mod perf_event;
mod pinned;
mod probe;
mod reuseport;
mod route;
mod session;
mod several;
mod socket;
mod sockets;
pub mod struct_ops;
mod tcx;
mod tracepoint;
mod tracing;
mod trampoline;
mod uprobe;
mod usdt;
mod user_functions;
pub mod watch;

use crate::abi::{KS_TARGET_MAP, KS_TARGET_NUMBER, KS_TARGET_OPTIONS, KS_TARGET_OWN, KsForm, KsPerfOptions, KsProg};
use crate::errors::{complain, errno, reason};
use crate::load::pins;
use crate::program::{self, MainThread, bounded, text};
use crate::{exit, load, maps, privilege, streams};
pub use clsact::remove_all as remove_filters;
pub use kprobe::PMU as KPROBES;
use libbpf_sys as bpf;
pub use missing::missing;
use options::Options;
use order::Order;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use watch::{Life, Watched};

/// The functions of a form, each in the file of the form.
pub struct Form {
    attach: Attach,
    /// Looks for the target; none where the kernel does that when it loads the program.
    lookup: Option<missing::Lookup>,
}

/// A symbol for each form, to which `KsProg::does` points: the linker leaves the others out of an executable.
macro_rules! forms {
    ($( $symbol:ident = $attach:path $(, $lookup:ident)?; )*) => {
        $(
            #[unsafe(no_mangle)]
            pub static $symbol: Form = Form { attach: $attach, lookup: [$(Some(missing::$lookup as missing::Lookup),)? None][0] };
        )*
    };
}

forms! {
    ks_form_netdev = netdev::attach, interface;
    ks_form_device = netdev::attach, interface;
    ks_form_tcx = tcx::attach, interface;
    ks_form_cgroup = cgroup::attach, folder;
    ks_form_socket = socket::attach, interface;
    ks_form_netns = netns::attach, namespace;
    ks_form_tracing = tracing::attach_loaded;
    ks_form_raw_tracepoint = tracing::attach_event, event;
    ks_form_function = trampoline::attach_function;
    ks_form_session = session::attach;
    ks_form_lsm = trampoline::attach_hook;
    ks_form_kprobe = kprobe::attach, probed;
    ks_form_kretprobe = kprobe::attach_return, probed;
    ks_form_probe = probe::attach, probed;
    ks_form_map = sockets::attach;
    ks_form_reuseport = reuseport::attach;
    ks_form_netfilter = netfilter::attach, namespace;
    ks_form_netkit = netkit::attach, interface;
    ks_form_entry = entry::attach;
    ks_form_route = route::attach;
    ks_form_freplace = freplace::attach;
    ks_form_tracepoint = tracepoint::attach, tracepoint;
    ks_form_perf_event = perf_event::attach;
    ks_form_iter = iter::attach;
    ks_form_uprobe = uprobe::attach_entry, user_code;
    ks_form_uretprobe = uprobe::attach_return, user_code;
    ks_form_usdt = usdt::attach, described;
}

type Attach = fn(&Request) -> Result<Box<dyn Attached>, Failure>;

/// A program that is to be attached.
struct Request<'a> {
    fd: i32,
    /// What `ks_load` gave.
    handle: u32,
    point: bpf::bpf_attach_type,
    placement: i64,
    /// The program beside which it is; empty for none.
    beside: &'a [u8],
    target: Target<'a>,
    flags: u64,
    options: Options,
}

enum Target<'a> {
    /// Empty if the program names none.
    Text(&'a [u8]),
    Number(i64),
    Options(&'a KsPerfOptions),
    /// The descriptor of a map.
    Map(i32),
}

/// Something attached; dropping it detaches.
trait Attached {
    /// 0 or −errno.
    fn detach(self: Box<Self>) -> i32;

    /// How many functions it is at; 1 for what is at something else.
    fn count(&self) -> u32 {
        1
    }

    /// The perf event that it is, if it is one.
    fn counter(&self) -> Option<&perf_event::Counter> {
        None
    }

    /// The descriptors of its `bpf_link`s; none where it is something else, which cannot be pinned.
    fn links(&self) -> Vec<RawFd> {
        Vec::new()
    }

    /// Whether it is there, and whether it may end though nobody here detaches it.
    fn life(&self) -> Life {
        let lives: Vec<Life> = self.links().into_iter().map(watch::of_link).collect();
        let there = |life: &&Life| **life != Life::Gone;
        lives.iter().find(there).or(lives.first()).copied().unwrap_or(Life::Lasting)
    }

    /// Fills the bytes; how many, 0 at the end, or −errno.
    fn read(&mut self, _out: &mut [u8]) -> i32 {
        -libc::EINVAL
    }
}

/// A `bpf_link`: closing it is what counts, which cannot fail.
struct Link {
    fd: OwnedFd,
}

impl Attached for Link {
    fn detach(self: Box<Self>) -> i32 {
        0
    }

    fn links(&self) -> Vec<RawFd> {
        vec![self.fd.as_raw_fd()]
    }
}

struct Entry {
    handle: u32,
    attached: Box<dyn Attached>,
    /// The names at which it is pinned: it outlives the process.
    pins: Vec<String>,
    watched: Option<Watched>,
}

/// By link id minus 1; None once detached.
static LINKS: MainThread<RefCell<Vec<Option<Entry>>>> = MainThread::new(RefCell::new(Vec::new()));

/// The kernel refused the program of the last `attach`.
static UNAVAILABLE: MainThread<Cell<bool>> = MainThread::new(Cell::new(false));

/// Why an attachment failed: errno, and the lines after the first.
struct Failure {
    code: i32,
    why: String,
}

impl Failure {
    fn new(code: i32, why: impl Into<String>) -> Failure {
        Failure { code, why: why.into() }
    }
}

/// See abi.rs.
///
/// # Safety
/// `target` is as `target_kind` says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_attach(
    handle: u32,
    target_kind: u32,
    target: *const c_char,
    target_value: i64,
    flags: u64,
) -> i64 {
    let Some(prog) = load::of_handle(handle) else {
        complain("cannot attach: the program was not loaded");
        return -i64::from(libc::EINVAL);
    };
    let refusal = load::refusal(handle);
    UNAVAILABLE.set(refusal.is_some());
    if let Some(why) = refusal {
        options::take();
        complain(&format!("`{}` is not attached, since it is not available: {why}", text(prog.name)));
        return -i64::from(libc::EOPNOTSUPP);
    }
    // SAFETY: as the caller promises.
    let target = unsafe { target_of(prog, target_kind, target, target_value) };
    let request = Request {
        fd: if prog.form == KsForm::Freplace as u32 { -1 } else { load::program_fd(prog) },
        handle,
        point: prog.point,
        placement: prog.placement,
        // SAFETY: descriptors hold NUL-terminated strings, or null.
        beside: unsafe { bounded(prog.beside, usize::MAX) },
        target,
        flags,
        options: options::take(),
    };
    match attach(prog, &request) {
        Ok(attached) => remember(handle, attached, Some(&request.target)),
        Err(failure) => {
            complain(&format!("cannot attach `{}`: {}", text(prog.name), failure.why));
            -i64::from(failure.code.abs())
        }
    }
}

fn attach(prog: &KsProg, request: &Request) -> Result<Box<dyn Attached>, Failure> {
    match form_of(prog) {
        Some(form) => (form.attach)(request),
        None => Err(Failure::new(libc::EOPNOTSUPP, "programs of this type are not attached")),
    }
}

fn form_of(prog: &KsProg) -> Option<&'static Form> {
    // SAFETY: the compiler points to one of the symbols above, or to nothing.
    unsafe { prog.does.cast::<Form>().as_ref() }
}

fn remember(handle: u32, attached: Box<dyn Attached>, target: Option<&Target>) -> i64 {
    let watched = watch::of(attached.life(), target);
    let mut links = LINKS.borrow_mut();
    links.push(Some(Entry { handle, attached, pins: Vec::new(), watched }));
    i64::try_from(links.len()).unwrap_or(i64::MAX)
}

/// # Safety
/// `target` is as `target_kind` says.
unsafe fn target_of<'a>(prog: &KsProg, target_kind: u32, target: *const c_char, value: i64) -> Target<'a> {
    if target_kind == KS_TARGET_NUMBER {
        return Target::Number(value);
    }
    // SAFETY: as the caller promises.
    if let (KS_TARGET_OPTIONS, Some(options)) = (target_kind, unsafe { target.cast::<KsPerfOptions>().as_ref() }) {
        return Target::Options(options);
    }
    if target_kind == KS_TARGET_MAP {
        return Target::Map(maps::descriptor(u32::try_from(value).unwrap_or(u32::MAX)));
    }
    let (target, limit) = if target_kind == KS_TARGET_OWN {
        (prog.target, usize::MAX)
    } else {
        (target, usize::try_from(value).unwrap_or(usize::MAX))
    };
    // SAFETY: as the caller promises; descriptors hold NUL-terminated strings.
    Target::Text(unsafe { bounded(target, limit) })
}

impl Request<'_> {
    /// Makes a `bpf_link` on an interface, by its index, or on what a descriptor names.
    fn link(&self, target: i32, flags: u32) -> Result<Box<dyn Attached>, i32> {
        self.link_in(target, Order { flags, relative: 0 })
    }

    /// Links the program to a target, at a place among other programs.
    fn link_in(&self, target: i32, order: Order) -> Result<Box<dyn Attached>, i32> {
        let mut options = bpf::bpf_link_create_opts {
            sz: size_of::<bpf::bpf_link_create_opts>() as bpf::size_t,
            ..Default::default()
        };
        options.flags = order.flags;
        if order.relative != 0 {
            // The options of netkit devices have the same layout.
            options.__bindgen_anon_1.tcx = bpf::bpf_link_create_opts__bindgen_ty_1__bindgen_ty_6 {
                relative_id: order.relative,
                ..Default::default()
            };
        }
        // SAFETY: a program's descriptor and zeroed options of their own size.
        let link = unsafe { bpf::bpf_link_create(self.fd, target, self.point, &options) };
        if link < 0 {
            return Err(errno());
        }
        // SAFETY: a descriptor that nobody else owns.
        Ok(Box::new(Link { fd: unsafe { OwnedFd::from_raw_fd(link) } }))
    }

    /// For forms that have no flags.
    fn no_flags(&self, of: &str) -> Result<(), Failure> {
        if self.flags == 0 {
            return Ok(());
        }
        let why = format!("the flags {:#x} mean nothing for {of}\n  help: pass 0, or leave them out", self.flags);
        Err(Failure::new(libc::EINVAL, why))
    }
}

/// What EPERM means for an attachment: loading may need less.
fn not_permitted(to: &str) -> Failure {
    Failure::new(
        libc::EPERM,
        format!(
            "no privilege: {}{}",
            reason(libc::EPERM),
            privilege::help(&format!("attaching to {to}"), &[privilege::NET_ADMIN])
        ),
    )
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attached(handle: u32) -> bool {
    let there = |entry: &&Entry| !entry.watched.as_ref().is_some_and(|watched| watched.gone);
    LINKS.borrow().iter().flatten().filter(there).any(|entry| entry.handle == handle)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_attach_check(link: i64) {
    if link < 0 && !UNAVAILABLE.get() {
        exit::leave(1);
    }
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_link_count(link: i64) -> u32 {
    let links = LINKS.borrow();
    let entry = usize::try_from(link).ok().and_then(|id| links.get(id.checked_sub(1)?)?.as_ref());
    entry.map_or(0, |entry| entry.attached.count())
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_handle(handle: u32) -> i32 {
    detach_all(handle)
}

/// All that is attached for a handle; 0 or −errno.
fn detach_all(handle: u32) -> i32 {
    detach_those(|_, entry| entry.handle == handle)
}

/// See abi.rs.
#[unsafe(no_mangle)]
pub extern "C" fn ks_detach_link(link: i64) -> i32 {
    detach_those(|id, _| id == link)
}

/// Detaches the links that are wanted, and the members of groups that one of them leads.
fn detach_those(wanted: impl Fn(i64, &Entry) -> bool) -> i32 {
    let gone: Vec<Entry> = {
        let mut links = LINKS.borrow_mut();
        let held = || (1..).zip(links.iter()).filter_map(|(id, entry)| Some((id, entry.as_ref()?)));
        let first: Vec<i64> = held().filter(|(id, entry)| wanted(*id, entry)).map(|(id, _)| id).collect();
        let led = |entry: &Entry| entry.attached.counter().is_some_and(|counter| first.contains(&counter.leader));
        let led: Vec<i64> = held().filter(|(id, entry)| !first.contains(id) && led(entry)).map(|(id, _)| id).collect();
        let all = first.into_iter().chain(led).filter_map(|id| usize::try_from(id - 1).ok());
        all.filter_map(|index| links.get_mut(index).and_then(Option::take)).collect()
    };
    gone.into_iter().map(detach).find(|result| *result != 0).unwrap_or(0)
}

/// 0 or −errno.
fn detach(entry: Entry) -> i32 {
    pins::remove(&entry.pins);
    let result = entry.attached.detach();
    if result != 0 {
        let program = load::of_handle(entry.handle).map(|prog| program::text(prog.name));
        let name = program.or_else(|| struct_ops::name(entry.handle)).unwrap_or("?");
        complain(&format!("cannot detach `{name}`: {}", reason(result)));
    }
    result
}

/// At the end of the process, however it comes; more than once does no harm.
pub fn detach_everything() {
    streams::copy();
    if let Ok(mut links) = LINKS.try_borrow_mut() {
        for entry in std::mem::take(&mut *links).into_iter().flatten() {
            if entry.pins.is_empty() {
                drop(entry);
            } else {
                // Dropping it may do more than to close its descriptors, which the end of the process does.
                std::mem::forget(entry);
            }
        }
    }
    remove_filters();
}

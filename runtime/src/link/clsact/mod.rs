//! TC through a clsact filter, for kernels without TCX. The kernel keeps a filter when its process ends, so a signal
//! handler must be able to use the list of live ones: nothing here takes a lock or allocates after a filter is made.
//!
//! The kernel also keeps the qdisc that holds the filters. If this process made it, the last filter in it, whosever
//! that is, takes it along.
//!
//! The project's name yields the handle of a filter, the program's number its priority: so the next start replaces what
//! a killed process left behind.

mod netlink;

use super::numbers::number;
use crate::kernel::{program, signals};
use libbpf_sys as bpf;
use netlink::Shown;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// Priorities of our filters: after those that people number by hand.
const FIRST_PRIORITY: u32 = 0xb000;

/// TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), and the same of TC_H_MIN_EGRESS.
const PARENTS: [u32; 2] = [0xffff_fff2, 0xffff_fff3];

/// A filter; never freed, so that a handler may walk the list at any time.
struct Filter {
    ifindex: i32,
    parent: u32,
    handle: u32,
    priority: u32,
    live: AtomicBool,
    /// The number of the program that this process has put there, or 0. With another one the filter is another process's.
    program: AtomicU32,
    /// The qdisc was made for this filter.
    made_qdisc: AtomicBool,
    next: *const Filter,
}

static FILTERS: AtomicPtr<Filter> = AtomicPtr::new(ptr::null_mut());

fn filters() -> impl Iterator<Item = &'static Filter> {
    // SAFETY: entries are leaked boxes; `next` does not change after one is published.
    std::iter::successors(unsafe { FILTERS.load(Ordering::Acquire).as_ref() }, |filter| unsafe { filter.next.as_ref() })
}

/// A filter of this process; dropping it removes the filter.
pub struct Attachment(&'static Filter);

impl Attachment {
    /// A filter that is not attached yet. `handle` is what `ks_load` gave. The error is an errno value.
    pub fn new(handle: u32, ingress: bool, ifindex: i32) -> Result<Attachment, i32> {
        let parent = if ingress { PARENTS[0] } else { PARENTS[1] };
        let filter = Filter {
            ifindex,
            parent,
            handle: hash(program::project()),
            priority: priority(handle),
            live: AtomicBool::new(false),
            program: AtomicU32::new(0),
            made_qdisc: AtomicBool::new(false),
            next: FILTERS.load(Ordering::Acquire),
        };
        let same = |other: &Filter| {
            other.live.load(Ordering::SeqCst)
                && (other.ifindex, other.parent, other.priority) == (ifindex, parent, filter.priority)
        };
        if filters().any(same) {
            return Err(libc::EEXIST);
        }
        signals::clean_up_on_death(remove_all);
        let published = Box::leak(Box::new(filter));
        FILTERS.store(published, Ordering::Release);
        Ok(Attachment(published))
    }

    /// Attaches it, with this program; 0 or −errno.
    pub fn create(&self, fd: i32) -> i32 {
        let result = self.0.create(fd);
        if result != 0 {
            remove_qdisc(self.0.ifindex);
        }
        result
    }

    /// The number of the program that runs there, whoever attached it; none if there is no filter.
    pub fn program(&self) -> Option<u32> {
        if let Shown::There(program) = self.0.shown() { program } else { None }
    }

    /// A number that a filter of the same name has in each process; it has bit 32, unlike the numbers of links.
    pub fn key(&self) -> u64 {
        let Filter { ifindex, parent, handle, priority, .. } = *self.0;
        let namespace = fs::metadata("/proc/self/ns/net").map_or(0, |namespace| namespace.ino());
        let text = format!("{namespace} {ifindex} {parent} {handle} {priority}");
        u64::from(hash(&text)) | 1 << 32
    }

    /// The index of the interface; none if the filter is gone, alone or with the interface.
    pub fn interface(&self) -> Option<u32> {
        matches!(self.0.shown(), Shown::There(_)).then_some(self.0.ifindex as u32)
    }

    /// Puts another program into the filter, in one step for packets; 0 or −errno.
    pub fn set(&self, fd: i32) -> i32 {
        self.0.set(fd)
    }

    /// 0 or −errno; 0 when it is gone already.
    pub fn remove(&self) -> i32 {
        self.0.remove()
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Filter {
    /// Makes the filter, and the qdisc that holds it; 0 or −errno.
    fn create(&self, fd: i32) -> i32 {
        // Live first: a signal would else leave the qdisc behind.
        self.live.store(true, Ordering::SeqCst);
        // SAFETY: a struct of its own size.
        let mut result = unsafe { bpf::bpf_tc_hook_create(&mut self.hook()) };
        if result == 0 || result == -libc::EEXIST {
            self.made_qdisc.store(result == 0, Ordering::SeqCst);
            result = self.set(fd);
        }
        if result != 0 {
            self.live.store(false, Ordering::SeqCst);
        }
        result
    }

    /// Where libbpf finds the filters of the same side.
    fn hook(&self) -> bpf::bpf_tc_hook {
        let mut hook = bpf::bpf_tc_hook { sz: size_of::<bpf::bpf_tc_hook>() as bpf::size_t, ..Default::default() };
        hook.ifindex = self.ifindex;
        hook.attach_point = if self.parent == PARENTS[0] { bpf::BPF_TC_INGRESS } else { bpf::BPF_TC_EGRESS };
        hook
    }

    /// Makes the filter with this program, or replaces the program of the filter that is there (`cls_bpf_change` of net/sched/cls_bpf.c
    /// swaps the two under RCU, so each packet is seen by one of them); 0 or −errno.
    fn set(&self, fd: i32) -> i32 {
        let mut options = bpf::bpf_tc_opts { sz: size_of::<bpf::bpf_tc_opts>() as bpf::size_t, ..Default::default() };
        options.prog_fd = fd;
        options.flags = bpf::BPF_TC_F_REPLACE;
        options.handle = self.handle;
        options.priority = self.priority;
        let program = number(fd).unwrap_or(0);
        // Noted first: a signal between the two would else leave the filter behind.
        let (live, before) = (self.live.swap(true, Ordering::SeqCst), self.program.swap(program, Ordering::SeqCst));
        // SAFETY: structs of their own size.
        let result = unsafe { bpf::bpf_tc_attach(&self.hook(), &mut options) };
        if result != 0 {
            self.program.store(before, Ordering::SeqCst);
            self.live.store(live, Ordering::SeqCst);
        }
        result
    }

    /// Safe in a signal handler.
    fn shown(&self) -> Shown {
        netlink::filter(self.ifindex, self.parent, self.handle, self.priority)
    }

    /// 0 or −errno. Safe in a signal handler.
    fn remove(&self) -> i32 {
        if !self.live.swap(false, Ordering::SeqCst) {
            return 0;
        }
        let own = self.program.load(Ordering::SeqCst);
        if let Shown::There(Some(program)) = self.shown()
            && own != 0
            && program != own
        {
            return 0;
        }
        let result = netlink::delete_filter(self.ifindex, self.parent, self.handle, self.priority);
        remove_qdisc(self.ifindex);
        // The interface went, and took the filter with it; or somebody else removed it.
        if [-libc::ENODEV, -libc::ENOENT, -libc::EINVAL].contains(&result) { 0 } else { result }
    }
}

/// Removes the qdisc of an interface if this process made it and nobody has a filter in it. Safe in a signal handler.
fn remove_qdisc(ifindex: i32) {
    let mut here = filters().filter(|filter| filter.ifindex == ifindex);
    if here.any(|filter| filter.live.load(Ordering::SeqCst)) {
        return;
    }
    let here = filters().filter(|filter| filter.ifindex == ifindex);
    let made = here.fold(false, |made, filter| filter.made_qdisc.swap(false, Ordering::SeqCst) | made);
    if made && !PARENTS.iter().any(|&parent| netlink::has_filters(ifindex, parent)) {
        netlink::delete_qdisc(ifindex);
    }
}

/// Which program of the project a handle is, as the place of its filter among others.
fn priority(handle: u32) -> u32 {
    FIRST_PRIORITY + handle % 4096
}

/// Removes every live filter. Safe in a signal handler.
pub fn remove_all() {
    for filter in filters() {
        filter.remove();
    }
}

/// FNV-1a; 0 would ask the kernel to choose.
fn hash(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).max(1)
}

//! TC through a clsact filter, for kernels without TCX. The kernel keeps a filter when its process ends, so the list of
//! live ones is kept where a signal handler can use it: nothing here takes a lock or allocates after a filter is made.
//!
//! A filter has a handle made of the project's name and a priority made of the program's number: the next start
//! replaces what a killed process left behind.

use crate::errors::errno;
use crate::program;
use libbpf_sys as bpf;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Priorities of our filters: after those that people number by hand.
const FIRST_PRIORITY: u32 = 0xb000;

/// A filter; never freed, so that a handler may walk the list at any time.
struct Filter {
    ifindex: i32,
    parent: u32,
    handle: u32,
    priority: u32,
    live: AtomicBool,
    next: *const Filter,
}

static FILTERS: AtomicPtr<Filter> = AtomicPtr::new(ptr::null_mut());

fn filters() -> impl Iterator<Item = &'static Filter> {
    // SAFETY: entries are leaked boxes; `next` does not change after one is published.
    std::iter::successors(unsafe { FILTERS.load(Ordering::Acquire).as_ref() }, |filter| unsafe { filter.next.as_ref() })
}

/// A filter that this process has attached; dropping it removes the filter.
pub struct Attachment(&'static Filter);

impl Attachment {
    /// `handle` is what `ks_load` gave. The error is an errno value.
    pub fn make(fd: i32, handle: u32, ingress: bool, ifindex: i32) -> Result<Attachment, i32> {
        // TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS or TC_H_MIN_EGRESS)
        let parent = if ingress { 0xffff_fff2 } else { 0xffff_fff3 };
        let filter = Filter {
            ifindex,
            parent,
            handle: hash(program::name()),
            priority: priority(handle),
            live: AtomicBool::new(true),
            next: FILTERS.load(Ordering::Acquire),
        };
        let same = |other: &Filter| {
            other.live.load(Ordering::SeqCst)
                && (other.ifindex, other.parent, other.priority) == (ifindex, parent, filter.priority)
        };
        if filters().any(same) {
            return Err(libc::EEXIST);
        }
        crate::signals::clean_up_on_death();
        // Published first: a signal between the two would else miss it.
        let published = Box::leak(Box::new(filter));
        FILTERS.store(published, Ordering::Release);
        let attachment = Attachment(published);
        match attachment.0.create(fd, ingress) {
            0 => Ok(attachment),
            error => {
                published.live.store(false, Ordering::SeqCst);
                Err(error.abs())
            }
        }
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
    /// 0 or −errno.
    fn create(&self, fd: i32, ingress: bool) -> i32 {
        let mut hook = bpf::bpf_tc_hook { sz: size_of::<bpf::bpf_tc_hook>() as bpf::size_t, ..Default::default() };
        hook.ifindex = self.ifindex;
        hook.attach_point = if ingress { bpf::BPF_TC_INGRESS } else { bpf::BPF_TC_EGRESS };
        let mut options = bpf::bpf_tc_opts { sz: size_of::<bpf::bpf_tc_opts>() as bpf::size_t, ..Default::default() };
        options.prog_fd = fd;
        options.flags = bpf::BPF_TC_F_REPLACE;
        options.handle = self.handle;
        options.priority = self.priority;
        // SAFETY: structs of their own size.
        unsafe {
            let created = bpf::bpf_tc_hook_create(&mut hook);
            if created != 0 && created != -libc::EEXIST {
                return created;
            }
            bpf::bpf_tc_attach(&hook, &mut options)
        }
    }

    /// 0 or −errno. Safe in a signal handler.
    fn remove(&self) -> i32 {
        if !self.live.swap(false, Ordering::SeqCst) {
            return 0;
        }
        match delete(self) {
            // The interface went, and took the filter with it; or somebody else removed it.
            result if [-libc::ENODEV, -libc::ENOENT, -libc::EINVAL].contains(&result) => 0,
            result => result,
        }
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

/// A netlink request for one filter: nlmsghdr, tcmsg, and the attribute TCA_KIND.
#[repr(C)]
struct DeleteRequest {
    header: libc::nlmsghdr,
    family: u8,
    padding: [u8; 3],
    ifindex: i32,
    handle: u32,
    parent: u32,
    /// The priority in the high half, the protocol (all, network order) in the low one.
    info: u32,
    kind_len: u16,
    kind_type: u16,
    kind: [u8; 4],
}

/// RTM_DELTFILTER with libc's calls only: libbpf's own detaching allocates.
fn delete(filter: &Filter) -> i32 {
    const TCA_KIND: u16 = 1;
    let request = DeleteRequest {
        header: libc::nlmsghdr {
            nlmsg_len: size_of::<DeleteRequest>() as u32,
            nlmsg_type: libc::RTM_DELTFILTER,
            nlmsg_flags: (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16,
            nlmsg_seq: 1,
            nlmsg_pid: 0,
        },
        family: 0,
        padding: [0; 3],
        ifindex: filter.ifindex,
        handle: filter.handle,
        parent: filter.parent,
        info: filter.priority << 16 | u32::from((libc::ETH_P_ALL as u16).to_be()),
        kind_len: 8,
        kind_type: TCA_KIND,
        kind: *b"bpf\0",
    };
    // SAFETY: system calls on a socket of our own, with a request and a buffer of the given sizes.
    unsafe {
        let socket = libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE);
        if socket < 0 {
            return -errno();
        }
        let result = exchange(socket, &request);
        libc::close(socket);
        result
    }
}

/// Sends the request and reads its acknowledgement: 0 or −errno.
///
/// # Safety
/// `socket` is a netlink socket of this function's caller alone.
unsafe fn exchange(socket: i32, request: &DeleteRequest) -> i32 {
    // nlmsghdr, then the error code of nlmsgerr, then a copy of the request.
    let mut answer = [0u8; 256];
    // SAFETY: buffers of the given sizes; the destination is the kernel when no address is given.
    let received = unsafe {
        let sent = libc::send(socket, ptr::from_ref(request).cast(), size_of::<DeleteRequest>(), 0);
        if sent < 0 {
            return -errno();
        }
        loop {
            let received = libc::recv(socket, answer.as_mut_ptr().cast(), answer.len(), 0);
            if received >= 0 || errno() != libc::EINTR {
                break received;
            }
        }
    };
    if received < 20 {
        return -libc::EIO;
    }
    i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]])
}

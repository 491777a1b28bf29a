//! Requests to the kernel's traffic control, with libc's calls only: signal handlers make them too, and libbpf's own
//! detaching allocates.

use crate::kernel::errors::errno;
use std::ptr;

/// TC_H_CLSACT
const CLSACT: u32 = 0xffff_fff1;

/// A request: nlmsghdr, tcmsg, and the attribute TCA_KIND, which the length may leave out.
#[repr(C)]
struct Request {
    header: libc::nlmsghdr,
    family: u8,
    padding: [u8; 3],
    ifindex: i32,
    handle: u32,
    parent: u32,
    /// The information of a filter: the priority in the high half, the protocol (all, network order) in the low one.
    info: u32,
    kind_len: u16,
    kind_type: u16,
    kind: [u8; 8],
}

const WITHOUT_KIND: u32 = (size_of::<Request>() - 12) as u32;

impl Request {
    fn new(message: u16, flags: i32, ifindex: i32, parent: u32) -> Request {
        let header = libc::nlmsghdr {
            nlmsg_len: WITHOUT_KIND,
            nlmsg_type: message,
            nlmsg_flags: (libc::NLM_F_REQUEST | flags) as u16,
            nlmsg_seq: 1,
            nlmsg_pid: 0,
        };
        let (family, padding, handle, info) = (0, [0; 3], 0, 0);
        Request { header, family, padding, ifindex, handle, parent, info, kind_len: 0, kind_type: 0, kind: [0; 8] }
    }

    /// With the name of its kind, which ends in a NUL.
    fn of_kind(mut self, kind: &[u8]) -> Request {
        const TCA_KIND: u16 = 1;
        self.kind_type = TCA_KIND;
        self.kind_len = 4 + kind.len() as u16;
        self.kind[..kind.len()].copy_from_slice(kind);
        self.header.nlmsg_len = WITHOUT_KIND + u32::from(self.kind_len.next_multiple_of(4));
        self
    }
}

/// 0 or −errno.
pub fn delete_filter(ifindex: i32, parent: u32, handle: u32, priority: u32) -> i32 {
    let mut request = Request::new(libc::RTM_DELTFILTER, libc::NLM_F_ACK, ifindex, parent).of_kind(b"bpf\0");
    request.handle = handle;
    request.info = priority << 16 | u32::from((libc::ETH_P_ALL as u16).to_be());
    answer(&request).map_or_else(|error| error, |answer| answer.error)
}

/// What the kernel says of a filter.
pub enum Shown {
    Missing,
    /// It is there, and runs the program of this number; none where the kernel does not say.
    There(Option<u32>),
}

/// The filter of this name. It is there, where the kernel does not say.
pub fn filter(ifindex: i32, parent: u32, handle: u32, priority: u32) -> Shown {
    let mut request = Request::new(libc::RTM_GETTFILTER, 0, ifindex, parent).of_kind(b"bpf\0");
    request.handle = handle;
    request.info = priority << 16 | u32::from((libc::ETH_P_ALL as u16).to_be());
    let Ok(answer) = answer(&request) else { return Shown::There(None) };
    let missing = [-libc::ENODEV, -libc::ENOENT, -libc::EINVAL].contains(&answer.error);
    if answer.message == libc::NLMSG_ERROR as u16 && missing { Shown::Missing } else { Shown::There(answer.program) }
}

/// The clsact qdisc of an interface, with all filters in it. 0 or −errno.
pub fn delete_qdisc(ifindex: i32) -> i32 {
    let mut request = Request::new(libc::RTM_DELQDISC, libc::NLM_F_ACK, ifindex, CLSACT).of_kind(b"clsact\0");
    request.handle = CLSACT & 0xffff_0000;
    answer(&request).map_or_else(|error| error, |answer| answer.error)
}

/// Whether there is a filter. Yes, where the kernel does not say.
pub fn has_filters(ifindex: i32, parent: u32) -> bool {
    let request = Request::new(libc::RTM_GETTFILTER, libc::NLM_F_DUMP, ifindex, parent);
    answer(&request).map_or(true, |answer| answer.message != libc::NLMSG_DONE as u16)
}

/// The start of what the kernel answers.
struct Answer {
    /// The type of the first message.
    message: u16,
    /// 0 or −errno, of a message of the type NLMSG_ERROR.
    error: i32,
    /// The number of the program, of a message about a filter.
    program: Option<u32>,
}

/// Sends the request and reads the beginning of the answer. The error is −errno.
fn answer(request: &Request) -> Result<Answer, i32> {
    // SAFETY: system calls on a socket of our own.
    unsafe {
        let socket = libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE);
        if socket < 0 {
            return Err(-errno());
        }
        let result = exchange(socket, request);
        libc::close(socket);
        result
    }
}

/// # Safety
/// `socket` is a netlink socket of this function's caller alone.
unsafe fn exchange(socket: i32, request: &Request) -> Result<Answer, i32> {
    // nlmsghdr, then the error code of nlmsgerr, then a copy of the request; of a dump its first message, cut off.
    let mut bytes = [0u8; 1024];
    // SAFETY: buffers of the given sizes; the destination is the kernel when no address is given.
    let received = unsafe {
        let sent = libc::send(socket, ptr::from_ref(request).cast(), request.header.nlmsg_len as usize, 0);
        if sent < 0 {
            return Err(-errno());
        }
        loop {
            let received = libc::recv(socket, bytes.as_mut_ptr().cast(), bytes.len(), 0);
            if received >= 0 || errno() != libc::EINTR {
                break received;
            }
        }
    };
    if received < 20 {
        return Err(-libc::EIO);
    }
    let message = &bytes[..usize::try_from(received).unwrap_or(0).min(bytes.len())];
    let options = message.get(MESSAGE..).and_then(|attributes| attribute(attributes, TCA_OPTIONS));
    let program = options.and_then(|options| attribute(options, TCA_BPF_ID)?.try_into().ok());
    Ok(Answer {
        program: program.map(u32::from_ne_bytes),
        message: u16::from_ne_bytes([bytes[4], bytes[5]]),
        error: i32::from_ne_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]),
    })
}

/// The headers of a message about a filter: nlmsghdr, tcmsg.
const MESSAGE: usize = 16 + 20;
const TCA_OPTIONS: u16 = 2;
/// Of linux/pkt_cls.h.
const TCA_BPF_ID: u16 = 11;

/// The value of the first attribute of a kind.
fn attribute(mut bytes: &[u8], wanted: u16) -> Option<&[u8]> {
    // The two highest bits of a kind are flags (NLA_TYPE_MASK).
    const KIND: u16 = 0x3fff;
    loop {
        let (length, kind) = (bytes.first_chunk::<2>()?, bytes.get(2..)?.first_chunk::<2>()?);
        let (length, kind) = (usize::from(u16::from_ne_bytes(*length)), u16::from_ne_bytes(*kind) & KIND);
        let value = bytes.get(4..length)?;
        if kind == wanted {
            return Some(value);
        }
        bytes = bytes.get(length.next_multiple_of(4)..)?;
    }
}

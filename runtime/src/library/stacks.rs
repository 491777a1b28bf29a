//! Reads stacks of their maps, and names their frames. Only types with stacks point to `ks_stacks`.

use super::tables::{Frame, Frames, Namer};
use crate::kernel::errors::errno;
use crate::kernel::symbols::{kernel, user};
use crate::object::maps::map::{Map, map};
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::{size_of, zeroed};

/// See `KsType::stacks`.
#[unsafe(no_mangle)]
pub static ks_stacks: Namer = Namer { begin, frames };

thread_local! {
    /// What is mapped does not change for the stacks of one print.
    static PROCESSES: RefCell<BTreeMap<i32, user::Process>> = const { RefCell::new(BTreeMap::new()) };
}

fn begin() {
    PROCESSES.with_borrow_mut(BTreeMap::clear);
}

fn frames(index: u32, id: i32, process: Option<i32>) -> Frames {
    if id < 0 {
        return Err(id);
    }
    let map = map(index);
    let mut stack = vec![0; map.value_size];
    // SAFETY: the key has 4 bytes, and the value those of the map.
    if unsafe { bpf::bpf_map_lookup_elem(map.fd, (&raw const id).cast(), stack.as_mut_ptr().cast()) } != 0 {
        return Err(errno());
    }
    let named = |address: u64| frame(address, process);
    Ok(if has_build_ids(map) {
        stack
            .chunks_exact(size_of::<bpf::bpf_stack_build_id>())
            .map_while(|bytes| of_build_id(bytes, process))
            .collect()
    } else {
        let addresses =
            stack.chunks_exact(size_of::<u64>()).map(|bytes| u64::from_ne_bytes(bytes.try_into().unwrap_or_default()));
        addresses.take_while(|address| *address != 0).map(named).collect()
    })
}

fn has_build_ids(map: &Map) -> bool {
    // SAFETY: the struct is zeroed, and its size is said.
    unsafe {
        let mut info: bpf::bpf_map_info = zeroed();
        let mut size = size_of::<bpf::bpf_map_info>() as u32;
        bpf::bpf_map_get_info_by_fd(map.fd, &raw mut info, &raw mut size) == 0
            && info.map_flags & bpf::BPF_F_STACK_BUILD_ID != 0
    }
}

/// A place in a file, or an address where the kernel could not read the file's number; none behind the last frame.
fn of_build_id(bytes: &[u8], process: Option<i32>) -> Option<Frame> {
    // SAFETY: the bytes are those of the struct, which has no forbidden values.
    let entry = unsafe { std::ptr::read_unaligned(bytes.as_ptr().cast::<bpf::bpf_stack_build_id>()) };
    // SAFETY: both members of the union are integers of 64 bits.
    let (offset, address) = unsafe { (entry.__bindgen_anon_1.offset, entry.__bindgen_anon_1.ip) };
    if entry.status == bpf::BPF_STACK_BUILD_ID_VALID as i32 {
        let id = entry.build_id.iter().map(|byte| format!("{byte:02x}")).collect();
        return Some(Frame { name: Some(id), offset, in_kernel: false });
    }
    (entry.status == bpf::BPF_STACK_BUILD_ID_IP as i32).then(|| frame(address, process))
}

fn frame(address: u64, process: Option<i32>) -> Frame {
    // Addresses of the kernel are the upper half.
    let in_kernel = address.cast_signed() < 0;
    let found = match process {
        _ if in_kernel => kernel::find(address),
        Some(pid) => PROCESSES
            .with_borrow_mut(|known| known.entry(pid).or_insert_with(|| user::Process::read(pid)).find(address)),
        None => None,
    };
    let (name, offset) = found.map_or((None, address), |(name, offset)| (Some(name), offset));
    Frame { name, offset, in_kernel }
}

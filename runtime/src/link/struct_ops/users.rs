//! Which maps no process has: an iterator of the kernel reads how many descriptors and pins a map has. `/proc` shows descriptors of
//! processes in the same namespace of processes alone, and pins not at all.

use libbpf_sys as bpf;
use std::ffi::CStr;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// What the iterator writes of a map.
const RECORD: usize = 16;

/// The numbers of the maps that no descriptor and no pin holds. Empty where the kernel does not show it.
pub fn unused_maps() -> Vec<u32> {
    let records = offsets().and_then(|(id, users)| load(&program(id, users))).and_then(|program| walk(&program));
    let unused = |record: &[u8]| {
        let (id, users) = record.split_at_checked(RECORD / 2)?;
        users.iter().all(|&byte| byte == 0).then_some(u32::from_le_bytes(*id.first_chunk()?))
    };
    records.unwrap_or_default().chunks_exact(RECORD).filter_map(unused).collect()
}

/// Where the kernel's `struct bpf_map` has its number and its users.
fn offsets() -> Option<(i16, i16)> {
    // SAFETY: the kernel's type information, which is freed after its last use.
    unsafe {
        let btf = bpf::btf__load_vmlinux_btf();
        if btf.is_null() {
            return None;
        }
        let found = member(btf, c"id").zip(member(btf, c"usercnt"));
        bpf::btf__free(btf);
        found
    }
}

/// # Safety
/// The type information is valid.
unsafe fn member(btf: *const bpf::btf, name: &CStr) -> Option<i16> {
    // SAFETY: libbpf has checked the type information: so many members follow a struct, and names are NUL-terminated.
    unsafe {
        let map = bpf::btf__find_by_name_kind(btf, c"bpf_map".as_ptr(), bpf::BTF_KIND_STRUCT);
        let map = bpf::btf__type_by_id(btf, u32::try_from(map).ok()?).as_ref()?;
        let count = (map.info & 0xffff) as usize;
        let members = std::slice::from_raw_parts(ptr::from_ref(map).add(1).cast::<bpf::btf_member>(), count);
        let is_it = |member: &&bpf::btf_member| {
            let own = bpf::btf__name_by_offset(btf, member.name_off);
            !own.is_null() && CStr::from_ptr(own) == name
        };
        i16::try_from(members.iter().find(is_it)?.offset / 8).ok()
    }
}

/// An instruction of Documentation/bpf/standardization/instruction-set.rst.
const fn insn(code: u8, (dst, src): (u8, u8), offset: i16, immediate: i32) -> u64 {
    code as u64 | ((src << 4 | dst) as u64) << 8 | (offset as u16 as u64) << 16 | (immediate as u32 as u64) << 32
}

/// `bpf_seq_write(ctx->meta->seq, { map->id, map->usercnt }, 16)`
fn program(id: i16, users: i16) -> [u64; 14] {
    const LOAD: u8 = 0x79;
    const LOAD_32: u8 = 0x61;
    const STORE: u8 = 0x7b;
    const SEQ_WRITE: i32 = bpf::BPF_FUNC_seq_write as i32;
    [
        insn(LOAD, (6, 1), 8, 0),             // r6 = ctx->map
        insn(0x15, (6, 0), 10, 0),            // if (!r6) goto the end
        insn(LOAD, (1, 1), 0, 0),             // r1 = ctx->meta
        insn(LOAD, (1, 1), 0, 0),             // r1 = r1->seq
        insn(LOAD_32, (2, 6), id, 0),         // r2 = r6->id
        insn(STORE, (10, 2), -16, 0),         // on the stack
        insn(LOAD, (2, 6), users, 0),         // r2 = r6->usercnt
        insn(STORE, (10, 2), -8, 0),          // on the stack
        insn(0xbf, (2, 10), 0, 0),            // r2 = r10
        insn(0x07, (2, 0), 0, -16),           // r2 += -16
        insn(0xb7, (3, 0), 0, RECORD as i32), // r3 = 16
        insn(0x85, (0, 0), 0, SEQ_WRITE),     // call
        insn(0xb7, (0, 0), 0, 0),             // r0 = 0
        insn(0x95, (0, 0), 0, 0),             // exit
    ]
}

fn load(code: &[u64]) -> Option<OwnedFd> {
    let mut options =
        bpf::bpf_prog_load_opts { sz: size_of::<bpf::bpf_prog_load_opts>() as bpf::size_t, ..Default::default() };
    options.expected_attach_type = bpf::BPF_TRACE_ITER;
    // SAFETY: NUL-terminated strings, instructions of 8 bytes each, as many as there are, and options of their own size. The result is
    // nobody else's.
    unsafe {
        let place = bpf::libbpf_find_vmlinux_btf_id(c"bpf_map".as_ptr(), bpf::BPF_TRACE_ITER);
        options.attach_btf_id = u32::try_from(place).ok()?;
        let (kind, count) = (bpf::BPF_PROG_TYPE_TRACING, code.len() as bpf::size_t);
        let program = bpf::bpf_prog_load(kind, ptr::null(), c"GPL".as_ptr(), code.as_ptr().cast(), count, &mut options);
        (program >= 0).then(|| OwnedFd::from_raw_fd(program))
    }
}

/// What the iterator writes.
fn walk(program: &OwnedFd) -> Option<Vec<u8>> {
    let mut records = Vec::new();
    // SAFETY: descriptors of a program and of a link; the results are nobody else's.
    let mut walk = unsafe {
        let link = bpf::bpf_link_create(program.as_raw_fd(), 0, bpf::BPF_TRACE_ITER, ptr::null());
        let link = (link >= 0).then(|| OwnedFd::from_raw_fd(link))?;
        let walk = bpf::bpf_iter_create(link.as_raw_fd());
        (walk >= 0).then(|| File::from_raw_fd(walk))?
    };
    walk.read_to_end(&mut records).ok().map(|_| records)
}

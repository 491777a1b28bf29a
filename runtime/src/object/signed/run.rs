//! Runs a signed loader, as libbpf's skel_internal.h (`bpf_load_and_run`) does it: its data is in a map that only this loader may use and that
//! nobody can write any more. The kernel makes a digest of the map, which the loader compares with its own.

use super::keyring::Keyring;
use super::parts::Parts;
use crate::kernel::errors::errno;
use libbpf_sys as bpf;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

/// Why a loader did not load; the numbers are errnos.
pub enum Failure {
    /// The kernel has no maps for one program alone.
    OldKernel,
    /// The loader's map could not be made.
    Map(i32),
    /// The loader has the digest of other data.
    Changed,
    /// The kernel refused the loader: its signature, if the errno is one of those.
    Refused(i32),
    /// The loader ran, and a step of it failed.
    Step(i32),
}

/// For a map, in the order of the loader.
#[repr(C)]
pub struct MapOfContext {
    /// Out.
    pub fd: i32,
    /// 0 for what the object says.
    pub entries: u32,
    /// The address of the initial value, or 0 for what the object says.
    pub initial: u64,
}

/// The head of the context (`struct bpf_loader_ctx` of skel_internal.h).
#[repr(C)]
struct Head {
    size: u32,
    flags: u32,
    log_level: u32,
    log_size: u32,
    log: u64,
}

/// What a loader has made.
pub struct Made {
    pub maps: Vec<OwnedFd>,
    pub programs: Vec<OwnedFd>,
}

/// Runs the loader. What the verifier says of its programs is in `log`, if that has room.
pub fn run(parts: &Parts, keyring: &Keyring, maps: &[MapOfContext], log: &mut [u8]) -> Result<Made, Failure> {
    let map = data(parts)?;
    let loader = load(parts, keyring, &map)?;
    let mut context: Vec<u8> = Vec::new();
    let size = size_of::<Head>() + size_of_val(maps) + parts.programs.len() * size_of::<i32>();
    let head = [size as u32, 0, u32::from(!log.is_empty()), log.len() as u32];
    context.extend(head.iter().flat_map(|word| word.to_ne_bytes()));
    context.extend((if log.is_empty() { 0 } else { log.as_mut_ptr() as u64 }).to_ne_bytes());
    for map in maps {
        context.extend(map.fd.to_ne_bytes());
        context.extend(map.entries.to_ne_bytes());
        context.extend(map.initial.to_ne_bytes());
    }
    context.resize(size, 0);
    let mut options =
        bpf::bpf_test_run_opts { sz: size_of::<bpf::bpf_test_run_opts>() as bpf::size_t, ..Default::default() };
    options.ctx_in = context.as_mut_ptr().cast();
    options.ctx_size_in = size as u32;
    // SAFETY: the context has the size that is said, and its addresses live through the call.
    if unsafe { bpf::bpf_prog_test_run_opts(loader.as_raw_fd(), &raw mut options) } != 0 {
        return Err(Failure::Step(errno()));
    }
    let status = options.retval.cast_signed();
    if status < 0 {
        return Err(Failure::Step(-status));
    }
    let at = |place: usize| {
        let bytes = context.get(place..place + 4).and_then(|bytes| bytes.try_into().ok());
        // SAFETY: a descriptor that the loader has made for this process, and that nobody else owns.
        bytes.map(|bytes| unsafe { OwnedFd::from_raw_fd(i32::from_ne_bytes(bytes)) })
    };
    let programs = size_of::<Head>() + size_of_val(maps);
    Ok(Made {
        maps: (0..maps.len()).filter_map(|n| at(size_of::<Head>() + n * size_of::<MapOfContext>())).collect(),
        programs: (0..parts.programs.len()).filter_map(|n| at(programs + n * size_of::<i32>())).collect(),
    })
}

/// The map with the loader's data.
fn data(parts: &Parts) -> Result<OwnedFd, Failure> {
    let mut options =
        bpf::bpf_map_create_opts { sz: size_of::<bpf::bpf_map_create_opts>() as bpf::size_t, ..Default::default() };
    options.excl_prog_hash = parts.digest.as_ptr().cast();
    options.excl_prog_hash_size = parts.digest.len() as u32;
    let size = parts.data.len() as u32;
    // SAFETY: a name, and options that live through the call.
    let fd = unsafe {
        bpf::bpf_map_create(bpf::BPF_MAP_TYPE_ARRAY, c"__loader.map".as_ptr(), 4, size, 1, &raw const options)
    };
    if fd < 0 {
        return Err(if errno() == libc::E2BIG { Failure::OldKernel } else { Failure::Map(errno()) });
    }
    let (key, mut digest) = (0_u32, [0_u8; 32]);
    // SAFETY: a descriptor that nobody else owns, a key of 4 bytes and a value of the map's size, and room for the digest.
    unsafe {
        let map = OwnedFd::from_raw_fd(fd);
        let mut about = bpf::bpf_map_info { hash: digest.as_mut_ptr() as u64, hash_size: 32, ..Default::default() };
        let mut length = size_of::<bpf::bpf_map_info>() as u32;
        if bpf::bpf_map_update_elem(fd, (&raw const key).cast(), parts.data.as_ptr().cast(), 0) != 0
            || bpf::bpf_map_freeze(fd) != 0
            || bpf::bpf_map_get_info_by_fd(fd, &raw mut about, &raw mut length) != 0
        {
            return Err(Failure::Map(errno()));
        }
        if parts.hold(&digest) { Ok(map) } else { Err(Failure::Changed) }
    }
}

/// The part of `union bpf_attr` by which programs are loaded, with the signature, which libbpf's own function has not (Linux 6.18).
#[repr(C)]
#[derive(Default)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel: u32,
    flags: u32,
    name: [u8; 16],
    /// From `prog_ifindex` to `core_relo_cnt`.
    unused: [u32; 14],
    descriptors: u64,
    relocations: u64,
    relocation_size: u32,
    log_true_size: u32,
    token: u32,
    descriptors_count: u32,
    signature: u64,
    signature_size: u32,
    keyring: i32,
}

const _: () = assert!(size_of::<Load>() == 168 && std::mem::offset_of!(Load, descriptors) == 120);

/// `BPF_PROG_LOAD` of `enum bpf_cmd`.
const PROG_LOAD: i32 = 5;

fn load(parts: &Parts, keyring: &Keyring, map: &OwnedFd) -> Result<OwnedFd, Failure> {
    let maps = [map.as_raw_fd()];
    let mut name = [0; 16];
    name[..13].copy_from_slice(b"__loader.prog");
    let request = Load {
        kind: bpf::BPF_PROG_TYPE_SYSCALL,
        count: (parts.instructions.len() / 8) as u32,
        instructions: parts.instructions.as_ptr() as u64,
        license: c"Dual BSD/GPL".as_ptr() as u64,
        flags: bpf::BPF_F_SLEEPABLE,
        name,
        descriptors: maps.as_ptr() as u64,
        signature: parts.signature.as_ptr() as u64,
        signature_size: parts.signature.len() as u32,
        keyring: keyring.number,
        ..Default::default()
    };
    // SAFETY: the request and all that it points to live through the call.
    let fd = unsafe { libc::syscall(libc::SYS_bpf, PROG_LOAD, &raw const request, size_of::<Load>()) };
    if fd < 0 {
        return Err(Failure::Refused(errno()));
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// The initial value of a map of an open object, or null, and its size.
pub fn initial(map: *mut bpf::bpf_map) -> (*mut u8, u64) {
    let mut size: bpf::size_t = 0;
    // SAFETY: a map of an open object.
    let start = unsafe { bpf::bpf_map__initial_value(map, &mut size).cast::<u8>() };
    if start.is_null() { (ptr::null_mut(), 0) } else { (start, size) }
}

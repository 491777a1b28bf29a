//! Copies of loaded programs that are attached in another manner: the kernel wants to know at the load of a program that one link
//! is to attach it to several functions, which is known only where a target is.

use super::load::{find_program, loaded};
use crate::kernel::errors::errno;
use crate::kernel::log;
use crate::kernel::program::{self as process, MainThread};
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// Room for the log of the verifier: the kernel writes no more of it than there is to say.
const LOG: usize = 16 << 20;

/// The copies, as long as the process lives.
static COPIES: MainThread<RefCell<Vec<OwnedFd>>> = MainThread::new(RefCell::new(Vec::new()));

/// Hands over the descriptors of all copies.
pub fn each(act: impl FnMut(RawFd)) {
    COPIES.borrow().iter().map(AsRawFd::as_raw_fd).for_each(act);
}

/// What a copy is loaded for.
pub struct Copied {
    pub point: bpf::bpf_attach_type,
    /// The function, by its number in the types of the kernel, of a module or of a program; 0 for none.
    pub function: u32,
    /// The descriptor of the types of a module, or 0.
    pub types: RawFd,
    /// The descriptor of a program, or 0.
    pub program: RawFd,
}

/// Why the kernel does not load a copy: errno, and the log of the verifier.
pub struct Refused {
    pub code: i32,
    pub log: String,
}

/// Loads the program of a handle again, for attachments of that type; or errno.
pub fn of(handle: u32, point: bpf::bpf_attach_type) -> Result<OwnedFd, i32> {
    let program = find_program(handle);
    if program.is_null() {
        return Err(libc::EINVAL);
    }
    load(program, &Copied { point, function: 0, types: 0, program: 0 }).map_err(|refused| refused.code)
}

/// Loads a program of the loaded object again.
pub fn load(program: *mut bpf::bpf_program, copied: &Copied) -> Result<OwnedFd, Refused> {
    let mut log = vec![0_u8; LOG];
    let license = process::license();
    let mut options =
        bpf::bpf_prog_load_opts { sz: size_of::<bpf::bpf_prog_load_opts>() as bpf::size_t, ..Default::default() };
    // SAFETY: a program of the loaded object, which keeps its instructions as they were loaded, and the records about them, as
    // long as it lives; the counts are those of libbpf. The log outlives the call.
    let fd = unsafe {
        options.expected_attach_type = copied.point;
        options.attach_btf_id = copied.function;
        options.attach_btf_obj_fd = copied.types.max(0) as u32;
        options.attach_prog_fd = copied.program.max(0) as u32;
        options.prog_flags = bpf::bpf_program__flags(program) | if sleeps(program) { bpf::BPF_F_SLEEPABLE } else { 0 };
        options.prog_btf_fd = bpf::bpf_object__btf_fd(loaded()).max(0) as u32;
        options.func_info = bpf::bpf_program__func_info(program).cast();
        options.func_info_cnt = bpf::bpf_program__func_info_cnt(program);
        options.func_info_rec_size = size_of::<bpf::bpf_func_info>() as u32;
        options.line_info = bpf::bpf_program__line_info(program).cast();
        options.line_info_cnt = bpf::bpf_program__line_info_cnt(program);
        options.line_info_rec_size = size_of::<bpf::bpf_line_info>() as u32;
        options.log_buf = log.as_mut_ptr().cast();
        options.log_size = log.len() as u32;
        let (name, instructions) = (bpf::bpf_program__name(program), bpf::bpf_program__insns(program));
        let (kind, count) = (bpf::bpf_program__type(program), bpf::bpf_program__insn_cnt(program));
        bpf::bpf_prog_load(kind, name, license, instructions, count, &mut options)
    };
    let code = errno();
    log::take();
    if fd < 0 {
        let text = log.split(|&byte| byte == 0).next().unwrap_or_default();
        return Err(Refused { code, log: String::from_utf8_lossy(text).into_owned() });
    }
    // SAFETY: a descriptor that nobody else owns.
    let copy = unsafe { OwnedFd::from_raw_fd(fd) };
    // It has a stream of its own for what it prints.
    if let Ok(own) = copy.try_clone() {
        COPIES.borrow_mut().push(own);
    }
    Ok(copy)
}

/// Whether libbpf loads a program as one that may sleep, which its section says: `fentry.s/function`.
fn sleeps(program: *mut bpf::bpf_program) -> bool {
    // SAFETY: a program of an object, whose section has a name.
    let section = process::text(unsafe { bpf::bpf_program__section_name(program) });
    section.split('/').next().is_some_and(|kind| kind.ends_with(".s"))
}

/// A link of a copy at several functions, with these options; or errno.
pub fn attach(
    copy: &OwnedFd,
    point: bpf::bpf_attach_type,
    options: &bpf::bpf_link_create_opts,
) -> Result<OwnedFd, i32> {
    // SAFETY: a program's descriptor, and options of their own size whose arrays live through the call.
    let link = unsafe { bpf::bpf_link_create(copy.as_raw_fd(), 0, point, options) };
    if link < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(link) })
}

//! Copies of loaded programs that are attached in another manner: the kernel wants to know at the load of a program that one link
//! is to attach it to several functions, which is known only where a target is.

use super::load::{find_program, loaded};
use crate::kernel::errors::errno;
use crate::kernel::log;
use crate::kernel::program::MainThread;
use libbpf_sys as bpf;
use std::cell::RefCell;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

/// The copies, as long as the process lives.
static COPIES: MainThread<RefCell<Vec<OwnedFd>>> = MainThread::new(RefCell::new(Vec::new()));

/// Hands over the descriptors of all copies.
pub fn each(act: impl FnMut(RawFd)) {
    COPIES.borrow().iter().map(AsRawFd::as_raw_fd).for_each(act);
}

/// Loads the program of a handle again, for attachments of that type; or errno.
pub fn of(handle: u32, point: bpf::bpf_attach_type) -> Result<OwnedFd, i32> {
    let program = find_program(handle);
    if program.is_null() {
        return Err(libc::EINVAL);
    }
    let mut options =
        bpf::bpf_prog_load_opts { sz: size_of::<bpf::bpf_prog_load_opts>() as bpf::size_t, ..Default::default() };
    // SAFETY: a program of the loaded object, which keeps its instructions as they were loaded, and the records about them, as
    // long as it lives; the counts are those of libbpf.
    let fd = unsafe {
        options.expected_attach_type = point;
        options.prog_flags = bpf::bpf_program__flags(program);
        options.prog_btf_fd = bpf::bpf_object__btf_fd(loaded()).max(0) as u32;
        options.func_info = bpf::bpf_program__func_info(program).cast();
        options.func_info_cnt = bpf::bpf_program__func_info_cnt(program);
        options.func_info_rec_size = size_of::<bpf::bpf_func_info>() as u32;
        options.line_info = bpf::bpf_program__line_info(program).cast();
        options.line_info_cnt = bpf::bpf_program__line_info_cnt(program);
        options.line_info_rec_size = size_of::<bpf::bpf_line_info>() as u32;
        let license = if is_gpl(bpf::bpf_program__fd(program))? { c"GPL" } else { c"Proprietary" };
        let (name, instructions) = (bpf::bpf_program__name(program), bpf::bpf_program__insns(program));
        let (kind, count) = (bpf::bpf_program__type(program), bpf::bpf_program__insn_cnt(program));
        bpf::bpf_prog_load(kind, name, license.as_ptr(), instructions, count, &mut options)
    };
    let code = errno();
    log::take();
    if fd < 0 {
        return Err(code);
    }
    // SAFETY: a descriptor that nobody else owns.
    let copy = unsafe { OwnedFd::from_raw_fd(fd) };
    // It has a stream of its own for what it prints.
    if let Ok(own) = copy.try_clone() {
        COPIES.borrow_mut().push(own);
    }
    Ok(copy)
}

/// Whether the license of a loaded program is compatible with that of the kernel.
fn is_gpl(program: i32) -> Result<bool, i32> {
    let mut info = bpf::bpf_prog_info::default();
    let mut size = size_of::<bpf::bpf_prog_info>() as u32;
    // SAFETY: a program's descriptor, and a zeroed struct of its own size.
    let result = unsafe { bpf::bpf_prog_get_info_by_fd(program, &mut info, &mut size) };
    if result == 0 { Ok(info.gpl_compatible() != 0) } else { Err(errno()) }
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

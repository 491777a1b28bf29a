//! Probes at functions of the kernel: which of their two forms is loaded, a trampoline or a breakpoint.

use super::late;
use super::optional::fates::may_fail;
use super::parts::program_named;
use crate::abi::{KsForm, KsProg};
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::kernel::kprobes;
use crate::kernel::privilege::Privilege;
use crate::kernel::program::{self, text};
use libbpf_sys as bpf;
use std::ffi::{CString, c_char};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::Path;
use std::ptr;

/// Ends the name of the second form of a program.
const SECOND: &str = ".kprobe";

/// Decides for each probe of an opened object. Which forms the kernel has, it says by what it refuses.
pub fn choose(object: *mut bpf::bpf_object) {
    for prog in program::progs().iter().filter(|prog| !may_fail(prog) && program::needs_program(prog)) {
        if let Err(why) = choose_form(object, prog) {
            die(1, &why);
        }
    }
}

/// Decides for one program, if it is a probe; why, where the kernel has no form.
pub fn choose_form(object: *mut bpf::bpf_object, prog: &KsProg) -> Result<(), String> {
    let (first, second) = (program_named(object, prog.name), second(object, prog));
    if prog.form != KsForm::Probe as u32 || first.is_null() || second.is_null() {
        return Ok(());
    }
    if late::is_late(prog) {
        // The attachment tries the first form, for the function that it names.
        // SAFETY: a program of an open object.
        unsafe { bpf::bpf_program__set_autoload(second, Path::new(kprobes::PMU).exists()) };
        return Ok(());
    }
    let Err(why) = try_trampoline(prog.target) else { return Ok(()) };
    // Without privileges all is refused, which the load explains.
    if Privilege::of_this_process().missing.is_empty() && !Path::new(kprobes::PMU).exists() {
        return Err(neither(prog, why));
    }
    // SAFETY: programs of an open object.
    unsafe {
        bpf::bpf_program__set_autoload(first, false);
        bpf::bpf_program__set_autoload(second, true);
    }
    Ok(())
}

/// Whether the second form of the program was chosen in an opened object.
pub fn is_second(object: *mut bpf::bpf_object, prog: &KsProg) -> bool {
    let first = program_named(object, prog.name);
    // SAFETY: a program of an open object.
    let is_loaded = |program: *mut bpf::bpf_program| unsafe { bpf::bpf_program__autoload(program) };
    if late::is_late(prog) {
        let second = second(object, prog);
        return prog.form == KsForm::Probe as u32 && !second.is_null() && is_loaded(second);
    }
    prog.form == KsForm::Probe as u32 && !first.is_null() && !is_loaded(first)
}

/// The second form of a program, or null.
pub fn second(object: *mut bpf::bpf_object, prog: &KsProg) -> *mut bpf::bpf_program {
    match CString::new(format!("{}{SECOND}", text(prog.name))) {
        Ok(name) => program_named(object, name.as_ptr()),
        Err(_) => ptr::null_mut(),
    }
}

/// Loads and attaches a program that does nothing; errno if the kernel refuses it.
fn try_trampoline(function: *const c_char) -> Result<(), i32> {
    // SAFETY: a NUL-terminated name.
    let id = unsafe { bpf::libbpf_find_vmlinux_btf_id(function, bpf::BPF_TRACE_FENTRY) };
    let Ok(id) = u32::try_from(id) else { return Err(id.abs()) };
    // r0 = 0; exit
    let code = [0xb7_u64, 0x95];
    let mut options =
        bpf::bpf_prog_load_opts { sz: size_of::<bpf::bpf_prog_load_opts>() as bpf::size_t, ..Default::default() };
    options.expected_attach_type = bpf::BPF_TRACE_FENTRY;
    options.attach_btf_id = id;
    // SAFETY: instructions of 8 bytes each, as many as there are, and options of their own size.
    let program = unsafe {
        let instructions = code.as_ptr().cast();
        let (kind, count) = (bpf::BPF_PROG_TYPE_TRACING, code.len() as bpf::size_t);
        bpf::bpf_prog_load(kind, ptr::null(), c"GPL".as_ptr(), instructions, count, &mut options)
    };
    if program < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    let _program = unsafe { OwnedFd::from_raw_fd(program) };
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), program) };
    if link < 0 {
        return Err(errno());
    }
    // SAFETY: a descriptor that nobody else owns.
    drop(unsafe { OwnedFd::from_raw_fd(link) });
    Ok(())
}

fn neither(prog: &KsProg, why: i32) -> String {
    format!(
        "cannot load `{}`, a probe at `{}`\n  as fentry: {}\n  as kprobe: this kernel has no kprobes\n  \
         help: the kernel needs CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y or CONFIG_KPROBE_EVENTS=y, and a policy of the \
         machine may forbid either",
        text(prog.name),
        text(prog.target),
        reason(why)
    )
}

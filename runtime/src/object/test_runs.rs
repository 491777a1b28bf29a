//! `test`: a program that a test runs by itself (BPF_PROG_TEST_RUN).

use super::{coverage, handles, load};
use crate::abi::{KS_TEST_CALLS, KS_TEST_CONTEXT, KS_TEST_NEVER, KS_TEST_PACKET, KsProg, KsTestRun};
use crate::kernel::end::leave;
use crate::kernel::errors::{ENOTSUPP, errno, reason};
use crate::kernel::machine::{self, Fault};
use crate::kernel::program::{array, text};
use crate::kernel::verdict;
use libbpf_sys as bpf;
use std::ffi::{c_char, c_void};
use std::mem::size_of;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr;
use std::time::Instant;

/// No output is longer, in bytes.
const LONGEST: usize = 1 << 20;
/// The kernel asks for an Ethernet header (`bpf_test_init` of net/bpf/test_run.c).
const SHORTEST: u32 = 14;
/// Begins the names of the functions that `bpf_prog_test_run_tracing` of net/bpf/test_run.c calls; a number follows.
const FUNCTION_FOR_TESTS: &str = "bpf_fentry_test";
/// `data_end` of `struct xdp_md`, which the kernel wants to be the length of the packet: what is behind it goes into fragments.
const XDP_DATA_END: usize = 4;

/// What a run works on.
struct Input<'a> {
    bytes: &'a [u8],
    context: &'a mut Vec<u8>,
}

/// See abi.rs.
///
/// # Safety
/// The file is NUL-terminated; the input, the context and the result have their sizes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_test(
    file: *const c_char,
    line: u32,
    handle: u32,
    repeat: u32,
    form: u32,
    input: *const u8,
    offset: u32,
    length: u32,
    context: *const u8,
    context_size: u64,
    result: *mut KsTestRun,
    size: u64,
) {
    let zeros = vec![0; if input.is_null() { length as usize } else { 0 }];
    // SAFETY: as the caller promises.
    let bytes = unsafe {
        if input.is_null() { &zeros } else { std::slice::from_raw_parts(input.add(offset as usize), length as usize) }
    };
    // SAFETY: as the caller promises.
    let given = unsafe { array(context, context_size) };
    // The kernel writes the context of some types of programs in place.
    let mut context = given.to_vec();
    let room = usize::try_from(size).unwrap_or(0).saturating_sub(size_of::<KsTestRun>());
    if form == KS_TEST_CONTEXT && context.is_empty() {
        context = bytes.to_vec();
    }
    let input = Input { bytes, context: &mut context };
    let mut left = vec![0; room];
    let run = run((handle, form), repeat, input, &mut left);
    coverage::keep();
    match run {
        // SAFETY: the struct and the context behind it, as the caller promises.
        Ok(run) => unsafe {
            result.write(run);
            result.add(1).cast::<u8>().copy_from_nonoverlapping(left.as_ptr(), room);
        },
        Err(why) => {
            verdict::failed((text(file), line), &why);
            leave(1);
        }
    }
}

/// Runs the program; `left` takes the context as the run leaves it. The error is the reason.
fn run((handle, form): (u32, u32), repeat: u32, input: Input<'_>, left: &mut [u8]) -> Result<KsTestRun, String> {
    let Some(prog) = handles::of_handle(handle) else { return Err("the program was not loaded".to_owned()) };
    let name = text(prog.name);
    if form == KS_TEST_NEVER {
        not_alone(name);
    }
    if let Some(why) = handles::refusal(handle) {
        return Err(format!("`{name}` is not available: {why}"));
    }
    let _attached = if form == KS_TEST_CALLS { Some(at_function_for_tests(prog)?) } else { None };
    let program = load::find_program(handle);
    // SAFETY: a program of the loaded object.
    let kind = unsafe { bpf::bpf_program__type(program) };
    let mut output = vec![0_u8; if form == KS_TEST_PACKET { LONGEST } else { 0 }];
    let mut options =
        bpf::bpf_test_run_opts { sz: size_of::<bpf::bpf_test_run_opts>() as bpf::size_t, ..Default::default() };
    let has_output = !output.is_empty();
    if has_output {
        options.data_out = output.as_mut_ptr().cast();
        options.data_size_out = LONGEST as u32;
        options.data_in = input.bytes.as_ptr().cast();
        options.data_size_in = input.bytes.len() as u32;
    }
    let keeps_context = has_output && kind != bpf::BPF_PROG_TYPE_FLOW_DISSECTOR && kind != bpf::BPF_PROG_TYPE_NETFILTER;
    let Input { context, .. } = input;
    if keeps_context {
        // Where the context is asked for, the kernel takes one of zeros for one that is not given.
        context.resize(left.len(), 0);
    }
    if let (bpf::BPF_PROG_TYPE_XDP, Some(end)) = (kind, context.get_mut(XDP_DATA_END..XDP_DATA_END + 4)) {
        end.copy_from_slice(&options.data_size_in.to_ne_bytes());
    }
    if !context.is_empty() {
        options.ctx_in = context.as_mut_ptr().cast();
        options.ctx_size_in = context.len() as u32;
    }
    if keeps_context || kind == bpf::BPF_PROG_TYPE_SK_LOOKUP {
        options.ctx_out = left.as_mut_ptr().cast::<c_void>();
        options.ctx_size_out = left.len() as u32;
    }
    repeated(load::program_fd(prog), kind, repeat, &mut options)
        .map_err(|code| refusal(code, name, has_output.then_some(options.data_size_in)))?;
    if kind == bpf::BPF_PROG_TYPE_SYSCALL && context.len() == left.len() {
        // The kernel writes it where it has read it (`bpf_prog_test_run_syscall`).
        left.copy_from_slice(context);
    }
    output.truncate(if has_output { options.data_size_out as usize } else { 0 });
    let length = output.len() as u32;
    // The result lives as long as the test, which may keep it anywhere.
    let output = Box::leak(output.into_boxed_slice()).as_ptr();
    Ok(KsTestRun { retval: options.retval, duration_ns: options.duration, output, length })
}

/// Runs a program so many times. The error is that of the kernel.
fn repeated(
    program: i32,
    kind: bpf::bpf_prog_type,
    repeat: u32,
    options: &mut bpf::bpf_test_run_opts,
) -> Result<(), i32> {
    let repeat = repeat.clamp(1, i32::MAX as u32);
    // `bpf_prog_test_run_raw_tp`, `_syscall` and `_tracing` of net/bpf/test_run.c neither repeat nor measure.
    let once =
        matches!(kind, bpf::BPF_PROG_TYPE_RAW_TRACEPOINT | bpf::BPF_PROG_TYPE_SYSCALL | bpf::BPF_PROG_TYPE_TRACING);
    if !once {
        options.repeat = i32::try_from(repeat).unwrap_or(i32::MAX);
    }
    let _here = OneCpu::keep();
    let since = Instant::now();
    for _ in 0..if once { repeat } else { 1 } {
        // SAFETY: a program's descriptor, and memory of the sizes that the options say.
        if unsafe { bpf::bpf_prog_test_run_opts(program, &raw mut *options) } < 0 {
            return Err(errno());
        }
    }
    if once {
        options.duration = u32::try_from(since.elapsed().as_nanos() / u128::from(repeat)).unwrap_or(u32::MAX);
    }
    Ok(())
}

/// Keeps the thread on the CPU where it runs, until it is dropped. Between two repetitions the kernel lets other threads run
/// (`bpf_test_timer_continue` of net/bpf/test_run.c), after which the thread may be on another CPU: the entries of per-CPU maps and
/// the buffers of `perf_event_array` would depend on the load of the machine.
struct OneCpu {
    before: libc::cpu_set_t,
}

impl OneCpu {
    /// None where the kernel does not let the thread choose: the run is the same, but may wander.
    fn keep() -> Option<Self> {
        // SAFETY: a set of CPUs is plain bits, which the kernel fills; `CPU_SET` takes numbers below `CPU_SETSIZE`.
        unsafe {
            let mut before: libc::cpu_set_t = std::mem::zeroed();
            let cpu = usize::try_from(libc::sched_getcpu()).ok()?;
            if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &raw mut before) != 0 {
                return None;
            }
            let mut one: libc::cpu_set_t = std::mem::zeroed();
            if cpu >= libc::CPU_SETSIZE as usize {
                return None;
            }
            libc::CPU_SET(cpu, &mut one);
            (libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const one) == 0).then_some(Self { before })
        }
    }
}

impl Drop for OneCpu {
    fn drop(&mut self) {
        // SAFETY: the set that the kernel gave.
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const self.before) };
    }
}

/// Attaches a program to its function, until the result is dropped. The kernel then calls its functions for tests; a program at another
/// function would not run.
fn at_function_for_tests(prog: &KsProg) -> Result<Option<OwnedFd>, String> {
    let (name, target) = (text(prog.name), text(prog.target));
    if !target.strip_prefix(FUNCTION_FOR_TESTS).is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit())) {
        verdict::skip(&format!(
            "the kernel runs `{name}` by itself only at its functions for tests, such as `{FUNCTION_FOR_TESTS}1`, and not at `{target}`"
        ));
    }
    // SAFETY: a program's descriptor; without a name the kernel takes what the program was loaded for.
    let link = unsafe { bpf::bpf_raw_tracepoint_open(ptr::null(), load::program_fd(prog)) };
    if link >= 0 {
        // SAFETY: a descriptor that nobody else owns.
        return Ok(Some(unsafe { OwnedFd::from_raw_fd(link) }));
    }
    match errno() {
        // The test has attached it.
        code if code.unsigned_abs() == libc::EBUSY as u32 => Ok(None),
        code => {
            if let Some(Fault::Lacks(lacks)) = machine::take_fault() {
                verdict::skip(&machine::lacks(&lacks));
            }
            Err(format!("the kernel does not attach `{name}` to `{target}`: {}", reason(code)))
        }
    }
}

/// The reason for which the kernel did not run the program, on an input of so many bytes.
fn refusal(code: i32, name: &str, length: Option<u32>) -> String {
    match machine::take_fault() {
        Some(Fault::Wrong(why)) => return format!("`{name}` does what no kernel would let it do\n  {why}"),
        Some(Fault::Lacks(lacks)) => verdict::skip(&machine::lacks(&lacks)),
        None => {}
    }
    if code.unsigned_abs() == ENOTSUPP {
        not_alone(name);
    }
    let help = match length {
        Some(length) if length < SHORTEST => {
            format!("\n  help: its input has {length} bytes, and the kernel wants {SHORTEST} or more")
        }
        Some(_) | None => String::new(),
    };
    format!("the kernel did not run `{name}`: {}{help}", reason(code))
}

/// Skips the test of a program that only events run.
fn not_alone(name: &str) {
    verdict::skip(&format!("the kernel does not run programs of the type of `{name}` by themselves"));
}

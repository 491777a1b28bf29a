//! Prints of BPF code whose streams take no line go to the kernel's trace pipe; the lines of this process are copied from there to standard
//! output.
//!
//! The formats of lines for the trace pipe end with a mark (`KS_PRINT_MARK`). Before the load it becomes a number of this process, by which
//! its lines are known among those of all programs, or the format ends before it. The lines are copied as they are written, so that
//! nothing is taken away from other readers of the trace pipe.

use super::parts;
use crate::abi::KS_PRINT_MARK;
use crate::kernel::errors::complain;
use crate::kernel::program::{self, MainThread};
use crate::kernel::trace_lines::Lines;
use crate::kernel::{time, trial};
use libbpf_sys as bpf;
use std::cell::RefCell;

/// The option of every program with BPF code.
pub const OPTION: &str = "--print-trace";
const PIPE: &str = "/sys/kernel/tracing/trace_pipe";

enum State {
    Unknown,
    /// Lines go to streams, or to whoever reads the trace pipe.
    Left,
    Copied(Copied),
}

struct Copied {
    lines: Lines,
    mark: Vec<u8>,
}

static STATE: MainThread<RefCell<State>> = MainThread::new(RefCell::new(State::Unknown));

/// Decides where the lines of an opened object go.
pub fn prepare(object: *mut bpf::bpf_object) {
    for map in parts::maps(object) {
        let mut size: bpf::size_t = 0;
        // SAFETY: a map of an open object; its initial value has `size` bytes, which nobody else borrows meanwhile.
        let contents = unsafe {
            let start = bpf::bpf_map__initial_value(map, &mut size).cast::<u8>();
            if start.is_null() { continue } else { std::slice::from_raw_parts_mut(start, size as usize) }
        };
        // A format ends with a NUL.
        let is_mark = |bytes: &[u8]| bytes.strip_suffix(b"\0") == Some(KS_PRINT_MARK);
        let ends = contents.windows(KS_PRINT_MARK.len() + 1).enumerate().filter(|(_, bytes)| is_mark(bytes));
        let places: Vec<usize> = ends.map(|(at, _)| at).collect();
        for at in places {
            let mut state = STATE.borrow_mut();
            if let State::Unknown = *state {
                *state = decide();
            }
            match &*state {
                State::Copied(copied) => contents[at..at + copied.mark.len()].copy_from_slice(&copied.mark),
                State::Unknown | State::Left => contents[at] = 0,
            }
        }
    }
}

fn decide() -> State {
    let failed = trial::failure();
    if failed.is_none() && !program::asked_for(OPTION) {
        return State::Left;
    }
    let streams = failed.map_or(String::new(), |why| format!(", since the streams of this kernel do not work ({why})"));
    match Lines::open() {
        Ok(lines) => State::Copied(Copied { lines, mark: mark() }),
        Err(why) => {
            complain(&format!("what BPF code prints goes to {PIPE}{streams}; it cannot be copied from there: {why}"));
            State::Left
        }
    }
}

/// As long as the mark that it replaces, and no other process has it.
fn mark() -> Vec<u8> {
    let mut random = [0_u8; 8];
    // SAFETY: fills so many bytes. Where it fails, the process and the time are as good.
    let filled = unsafe { libc::getrandom(random.as_mut_ptr().cast(), random.len(), 0) };
    let seed = if filled == 8 { u64::from_ne_bytes(random) } else { 0 };
    let number = seed ^ u64::from(std::process::id()) << 32 ^ time::ks_now_ns();
    let mut mark = vec![KS_PRINT_MARK[0]];
    mark.extend(format!("{number:016x}").bytes().take(KS_PRINT_MARK.len() - 1));
    mark
}

/// Whether someone has to look for lines.
pub fn are_copied() -> bool {
    matches!(*STATE.borrow(), State::Copied(_))
}

/// The lines that programs have printed since the last time.
pub fn take() -> Vec<Vec<u8>> {
    // A message while this decides ends the process, which looks for last lines.
    let Ok(mut state) = STATE.try_borrow_mut() else { return Vec::new() };
    let State::Copied(Copied { lines, mark }) = &mut *state else { return Vec::new() };
    let own = |mut line: Vec<u8>| {
        let length = line.strip_suffix(mark.as_slice())?.len();
        line.truncate(length);
        Some(line)
    };
    lines.take().into_iter().filter_map(own).collect()
}

/// Whether the program prints in BPF code.
pub fn any() -> bool {
    program::objects().iter().any(|object| {
        // SAFETY: the descriptor's pointer and length belong together.
        let bytes: &[u8] = unsafe { program::array(object.bytes.cast(), object.len) };
        // SAFETY: reads so many bytes of each.
        !unsafe { libc::memmem(bytes.as_ptr().cast(), bytes.len(), KS_PRINT_MARK.as_ptr().cast(), KS_PRINT_MARK.len()) }
            .is_null()
    })
}

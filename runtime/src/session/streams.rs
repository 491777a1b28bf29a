//! The streams of programs: what BPF code prints where the kernel has them (Documentation/bpf, Linux 6.17), copied to standard output. The
//! kernel wakes nobody up, so whoever waits looks again and again.

use crate::kernel::program::MainThread;
use crate::kernel::{escape, output};
use crate::object::{copies, prints, state};
use libbpf_sys as bpf;
use std::cell::Cell;
use std::ptr;
use std::time::Duration;

/// The function of the kernel that programs print by.
const PRINTS: &std::ffi::CStr = c"bpf_stream_vprintk_impl";
/// `enum bpf_stream_id` of include/linux/bpf.h
const BPF_STDOUT: u32 = 1;
/// Bytes that a stream holds (`BPF_STREAM_MAX_CAPACITY` of include/linux/bpf.h): who prints faster than it is copied is left for the next look.
const MOST: usize = 100_000;
/// How long nobody looks.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Unknown,
    /// Nothing prints, or it prints elsewhere.
    Off,
    On,
}

static STATE: MainThread<Cell<State>> = MainThread::new(Cell::new(State::Unknown));
/// How long nobody looks, if someone has to.
pub fn pause() -> Option<Duration> {
    (STATE.get() == State::On || prints::are_copied()).then_some(PAUSE)
}

/// Copies what programs have printed since the last time.
pub fn copy() {
    let Some(object) = state::loaded_already() else { return };
    copy_traced();
    if STATE.get() == State::Unknown {
        STATE.set(if prints(object) { State::On } else { State::Off });
    }
    if STATE.get() == State::Off {
        return;
    }
    let mut program = ptr::null_mut();
    loop {
        // SAFETY: a loaded object, and null or a program of it.
        let fd = unsafe {
            program = bpf::bpf_object__next_program(object, program);
            if program.is_null() { break } else { bpf::bpf_program__fd(program) }
        };
        if fd >= 0 {
            copy_of(fd);
        }
    }
    copies::each(copy_of);
}

fn copy_traced() {
    for line in prints::take() {
        let shown =
            if output::is_terminal() { escape::foreign(&line, escape::is_line_end) } else { line.as_slice().into() };
        output::write(&[&shown, &b"\n"[..]].concat());
    }
}

fn copy_of(program: i32) {
    let mut text = [0_u8; 4096];
    let mut lines = Foreign { terminal: output::is_terminal(), rest: Vec::new() };
    let mut copied = 0;
    while copied < MOST {
        // SAFETY: a program's descriptor, and room for so many bytes.
        let read = unsafe {
            bpf::bpf_prog_stream_read(program, BPF_STDOUT, text.as_mut_ptr().cast(), text.len() as u32, ptr::null_mut())
        };
        match usize::try_from(read) {
            Ok(0) => break,
            Ok(read) => {
                copied += read;
                output::write(&lines.take(text.get(..read).unwrap_or(&text)));
            }
            // Kernels without streams refuse the call.
            Err(_) => return STATE.set(State::Off),
        }
    }
    output::write(&lines.end());
}

/// Text that is not the executable's own, in parts. The formats of BPF code hold no control characters (bpf_bprintf_prepare refuses them), so
/// those that are in it come from values.
struct Foreign {
    terminal: bool,
    /// The begin of a character at the end of the last part.
    rest: Vec<u8>,
}

impl Foreign {
    /// The part of the text that is printed now.
    fn take(&mut self, part: &[u8]) -> Vec<u8> {
        if !self.terminal {
            return part.to_vec();
        }
        self.rest.extend_from_slice(part);
        let last = self.rest.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
        let may_go_on = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        let rest = self.rest.split_off(self.rest.len() - if may_go_on { last.len() } else { 0 });
        let out = escape::foreign(&self.rest, escape::is_line_end).into_owned();
        self.rest = rest;
        out
    }

    fn end(self) -> Vec<u8> {
        escape::foreign(&self.rest, escape::is_line_end).into_owned()
    }
}

/// Whether a program of the object prints.
fn prints(object: *mut bpf::bpf_object) -> bool {
    // SAFETY: BTF that libbpf has checked, or null.
    unsafe {
        let btf = bpf::bpf_object__btf(object);
        !btf.is_null() && bpf::btf__find_by_name_kind(btf, PRINTS.as_ptr(), bpf::BTF_KIND_FUNC) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::Foreign;

    #[test]
    fn characters_in_two_parts() {
        let mut lines = Foreign { terminal: true, rest: Vec::new() };
        assert_eq!(lines.take(b"a\x1b[2J\n\xe2\x82"), b"a\\x1b[2J\n");
        assert_eq!(lines.take(b"\xac\xc2"), "€".as_bytes());
        assert_eq!(lines.take(b"\x9bx\xff\xc3"), b"\\xc2\\x9bx\\xff");
        assert_eq!(lines.end(), b"\\xc3");
        let mut file = Foreign { terminal: false, rest: Vec::new() };
        assert_eq!(file.take(b"\x1b\xe2"), b"\x1b\xe2");
    }
}

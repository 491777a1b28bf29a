//! The program that this process runs: the descriptor that `ks_start` was given, seen through safe views.

use super::escape;
use crate::abi::{
    KS_PROGRAM_TABLES, KS_PROGRAM_TEST, KsGlobal, KsMap, KsMapSize, KsMetric, KsMetrics, KsObject, KsProg, KsProgram,
    KsStructOps, KsTest,
};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_void};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// State that only the main thread touches. Signal handlers use atomics instead (`signals.rs`, `link/clsact/`).
pub struct MainThread<T>(T);

// SAFETY: the contract of abi.rs is that every `ks_` function is called from the main thread. The only other threads that this library
// starts wait for processes (library/processes.rs), and call nothing of it.
unsafe impl<T> Sync for MainThread<T> {}

impl<T> MainThread<T> {
    /// A value that only the main thread uses.
    pub const fn new(value: T) -> MainThread<T> {
        MainThread(value)
    }
}

impl<T> std::ops::Deref for MainThread<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

static PROGRAM: MainThread<Cell<Option<&'static KsProgram>>> = MainThread::new(Cell::new(None));

/// The test that this process runs.
static TEST: MainThread<Cell<Option<&'static KsTest>>> = MainThread::new(Cell::new(None));

/// What messages begin with: read by a signal handler too.
static STARTED_AS: OnceLock<String> = OnceLock::new();

/// The descriptor that `ks_start` was given.
pub fn set(program: &'static KsProgram) {
    PROGRAM.set(Some(program));
    let file = std::env::args_os().next().map(PathBuf::from);
    let started_as = file.as_deref().and_then(Path::file_name).map(|name| escape::value(&name.to_string_lossy()));
    let _ = STARTED_AS.set(started_as.unwrap_or_else(|| text(program.name).to_owned()));
}

fn program() -> Option<&'static KsProgram> {
    PROGRAM.get()
}

/// The name of the file that was started, ready for a message.
pub fn started_as() -> &'static str {
    STARTED_AS.get().map_or("", String::as_str)
}

/// The name that the program was compiled with.
pub fn name() -> &'static str {
    program().map_or("", |p| text(p.name))
}

/// The name of the folder of the program's pins.
pub fn project() -> &'static str {
    program().map_or("", |p| text(p.project))
}

/// What the verifier may say of the objects: [`KsProgram::refusals`].
pub fn refusals() -> &'static str {
    program().map_or("", |p| text(p.refusals))
}

/// Whether the executable runs a test.
pub fn is_test() -> bool {
    program().is_some_and(|p| p.flags & KS_PROGRAM_TEST != 0)
}

/// Makes this a process of the test with that number.
pub fn choose_test(number: usize) {
    // SAFETY: the descriptor's pointer and length belong together.
    let tests = program().map_or(&[][..], |p| unsafe { array(p.tests, p.tests_len) });
    TEST.set(tests.get(number));
}

/// Whether the process may use a program, a map or an implementation of the descriptor: all, but in a test, which names them.
fn is_needed<T>(all: &[T], one: &T, named: fn(&KsTest) -> (*const u32, u64)) -> bool {
    TEST.get().is_none_or(|test| {
        let (numbers, count) = named(test);
        // SAFETY: the descriptor's pointers and lengths belong together.
        let numbers = unsafe { array(numbers, count) };
        numbers.iter().any(|&at| all.get(at as usize).is_some_and(|needed| std::ptr::eq(needed, one)))
    })
}

/// Whether the process may load a program of the descriptor.
pub fn needs_program(prog: &KsProg) -> bool {
    is_needed(progs(), prog, |test| (test.progs, test.progs_len))
}

/// Whether the process may use a map of the descriptor.
pub fn needs_map(map: &KsMap) -> bool {
    is_needed(maps(), map, |test| (test.maps, test.maps_len))
}

/// Whether the process may register an implementation of the descriptor.
pub fn needs_struct_ops(table: &KsStructOps) -> bool {
    is_needed(struct_ops(), table, |test| (test.struct_ops, test.struct_ops_len))
}

/// The BPF objects inside the executable.
pub fn objects() -> &'static [KsObject] {
    // SAFETY: the descriptor's pointer and length belong together.
    program().map_or(&[], |p| unsafe { array(p.objects, p.objects_len) })
}

/// Where the project's pins are.
pub fn pin_root() -> &'static str {
    program().map_or("", |p| text(p.pin_root))
}

/// The kernel module whose functions the programs call.
pub fn kernel_module() -> Option<&'static str> {
    program().map(|p| text(p.kernel_module)).filter(|name| !name.is_empty())
}

/// The license of the programs.
pub fn license() -> *const c_char {
    program().map_or(std::ptr::null(), |p| p.license)
}

/// Values for options that the kernel's configuration lacks.
pub fn kconfig() -> &'static str {
    program().map_or("", |p| text(p.kconfig))
}

/// See `KsProgram::configuration`.
pub fn configuration() -> *const c_void {
    program().map_or(std::ptr::null(), |p| p.configuration)
}

/// See `KsProgram::session`.
pub fn session() -> *const c_void {
    program().map_or(std::ptr::null(), |p| p.session)
}

/// See `KsProgram::signed`.
pub fn signed() -> *const c_void {
    program().map_or(std::ptr::null(), |p| p.signed)
}

/// See `KsMetrics::server`; null without metrics.
pub fn metrics_server() -> *const c_void {
    metrics().map_or(std::ptr::null(), |metrics| metrics.server)
}

/// The metrics of the descriptor.
pub fn metrics_list() -> &'static [KsMetric] {
    // SAFETY: the descriptor's pointer and length belong together.
    metrics().map_or(&[], |metrics| unsafe { array(metrics.list, metrics.len) })
}

fn metrics() -> Option<&'static KsMetrics> {
    // SAFETY: the descriptor points to a constant, or to nothing.
    program().and_then(|p| unsafe { p.metrics.as_ref() })
}

/// Whether it prints maps, structs or arrays whole.
pub fn prints_tables() -> bool {
    program().is_some_and(|p| p.flags & KS_PROGRAM_TABLES != 0)
}

/// Whether an option is on the command line by itself.
pub fn asked_for(option: &str) -> bool {
    std::env::args_os().skip(1).any(|word| word == option)
}

/// The programs of the descriptor.
pub fn progs() -> &'static [KsProg] {
    // SAFETY: the descriptor's pointer and length belong together.
    program().map_or(&[], |p| unsafe { array(p.progs, p.progs_len) })
}

/// The implementations of structs of functions in the descriptor.
pub fn struct_ops() -> &'static [KsStructOps] {
    // SAFETY: as above.
    program().map_or(&[], |p| unsafe { array(p.struct_ops, p.struct_ops_len) })
}

/// The maps of the descriptor.
pub fn maps() -> &'static [KsMap] {
    // SAFETY: as above.
    program().map_or(&[], |p| unsafe { array(p.maps, p.maps_len) })
}

/// The maps whose sizes configs say.
pub fn sizes() -> &'static [KsMapSize] {
    // SAFETY: as above.
    program().map_or(&[], |p| unsafe { array(p.sizes, p.sizes_len) })
}

/// The global variables of the descriptor.
pub fn globals() -> &'static [KsGlobal] {
    // SAFETY: as above.
    program().map_or(&[], |p| unsafe { array(p.globals, p.globals_len) })
}

/// A string of a descriptor; empty for null.
pub fn text(pointer: *const c_char) -> &'static str {
    if pointer.is_null() {
        return "";
    }
    // SAFETY: descriptors hold NUL-terminated constants.
    unsafe { CStr::from_ptr(pointer) }.to_str().unwrap_or("?")
}

/// The bytes of a string that ends at a NUL or after `limit` bytes; empty for null.
///
/// # Safety
/// The memory up to there is readable.
pub unsafe fn bounded<'a>(pointer: *const c_char, limit: usize) -> &'a [u8] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(pointer.cast(), libc::strnlen(pointer, limit)) }
}

/// # Safety
/// `pointer` is null, or points to `len` constant elements.
pub unsafe fn array<T>(pointer: *const T, len: u64) -> &'static [T] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: as the caller promises.
    unsafe { std::slice::from_raw_parts(pointer, usize::try_from(len).unwrap_or(0)) }
}

/// Writes text, cut off where there is no room, and a NUL; the bytes behind it are zero.
///
/// # Safety
/// `out` is writable for `size` bytes.
pub unsafe fn fill(text: &str, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { fill_bytes(text.as_bytes(), out, size) }
}

/// The same, of bytes up to a NUL.
///
/// # Safety
/// `out` is writable for `size` bytes.
pub unsafe fn fill_bytes(text: &[u8], out: *mut c_char, size: u64) {
    let Some(room) = usize::try_from(size).ok().and_then(|size| size.checked_sub(1)) else { return };
    let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let length = end.min(room);
    // SAFETY: as the caller promises.
    unsafe {
        out.write_bytes(0, room + 1);
        out.cast::<u8>().copy_from_nonoverlapping(text.as_ptr(), length);
    }
}

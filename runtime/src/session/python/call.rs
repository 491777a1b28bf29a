//! Calls of functions in Python: arguments and results go as they are in memory, with their forms.

use super::interpreter;
use crate::abi::KsPython;
use crate::kernel::errors::Failure;
use crate::kernel::failures;
use crate::kernel::program::text;
use std::ffi::c_char;

/// See abi.rs.
///
/// # Safety
/// Both are constant NUL-terminated texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_python_module(name: *const c_char, files: *const c_char) {
    interpreter::add(text(name), text(files));
}

/// See abi.rs.
///
/// # Safety
/// `function` is NUL-terminated, `args` are `count` values, and `result` describes memory that is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_python_call(
    function: *const c_char,
    args: *const KsPython,
    count: u64,
    result: *const KsPython,
    file: *const c_char,
    line: u32,
) -> i32 {
    // SAFETY: as the caller promises.
    let (args, result) =
        unsafe { (if count == 0 { &[] } else { std::slice::from_raw_parts(args, count as usize) }, &*result) };
    let name = text(function);
    let mut message = (name.len() as u32).to_le_bytes().to_vec();
    message.extend(name.as_bytes());
    describe(&mut message, result);
    for arg in args {
        describe(&mut message, arg);
        // SAFETY: as the caller promises.
        unsafe { append(&mut message, arg) };
    }
    let failed = |code: i32, why: String| {
        failures::note((text(file), line), Failure::new(code, why));
        code
    };
    let Ok(answer) = interpreter::ask(&message) else {
        return failed(libc::EPIPE, format!("`{name}`: the interpreter of Python has ended"));
    };
    let (head, rest) = answer.split_at(answer.len().min(4));
    let code = head.try_into().map_or(libc::EIO, i32::from_le_bytes);
    if code != 0 {
        let traceback = String::from_utf8_lossy(rest).trim_end().to_owned();
        return failed(code, format!("`{name}` of Python\n{traceback}"));
    }
    if rest.len() as u64 != size(result) {
        return failed(libc::EIO, format!("`{name}`: Python has sent {} bytes", rest.len()));
    }
    // SAFETY: the result has so many bytes.
    unsafe { (result.value as *mut u8).copy_from_nonoverlapping(rest.as_ptr(), rest.len()) };
    0
}

/// In bytes.
fn size(value: &KsPython) -> u64 {
    u64::from(value.size) * value.count
}

fn describe(message: &mut Vec<u8>, value: &KsPython) {
    message.extend(value.kind.to_le_bytes());
    message.extend(value.size.to_le_bytes());
    message.extend(value.is_list.to_le_bytes());
    message.extend(value.count.to_le_bytes());
}

/// # Safety
/// The value describes memory that is readable.
unsafe fn append(message: &mut Vec<u8>, value: &KsPython) {
    if value.in_place == 0 {
        message.extend(value.value.to_le_bytes());
        return;
    }
    // SAFETY: as the caller promises.
    message.extend(unsafe { std::slice::from_raw_parts(value.value as *const u8, size(value) as usize) });
}

//! Texts, and memory that helpers copy whose reader does not trust its address.

use super::{EFAULT, EINVAL, Part, failed};
use crate::Vm;
use crate::facts::uapi;
use crate::fault::Fault;
use crate::format::format;
use crate::memory;

/// Helpers for texts, and for memory without a known region.
pub const LIST: Part = &[
    ("bpf_trace_printk", print),
    ("bpf_trace_vprintk", print_many),
    ("bpf_stream_vprintk", stream),
    ("bpf_stream_vprintk_impl", stream),
    ("bpf_snprintf", write),
    ("bpf_strncmp", compare),
    ("bpf_strtol", parse_signed),
    ("bpf_strtoul", parse_unsigned),
    ("bpf_probe_read", copy),
    ("bpf_probe_read_kernel", copy),
    ("bpf_probe_read_str", copy_text),
    ("bpf_probe_read_kernel_str", copy_text),
    ("bpf_probe_read_user", copy_of_user),
    ("bpf_probe_read_user_str", text_of_user),
    ("bpf_copy_from_user", copy_of_user),
];

/// The most bytes of a text without a length.
const LONGEST: u64 = 4096;

/// The words that a helper gets in memory.
fn words(vm: &Vm, at: u64, size: u64) -> Result<Vec<u64>, Fault> {
    let bytes = vm.input(at, u64::from(size as u32))?;
    Ok(bytes.chunks_exact(8).map(|word| vm.endian().number(word)).collect())
}

/// The bytes up to a zero, which a region must have within its bounds; None if there is none.
fn text_at(vm: &Vm, at: u64, most: u64) -> Option<Vec<u8>> {
    let (_, length) = vm.memory.region(at)?;
    let (_, offset) = memory::split(at);
    let room = (length as u64).checked_sub(u64::try_from(offset).ok()?)?.min(most);
    let bytes = vm.memory.bytes(at, room as usize)?;
    let end = bytes.iter().position(|&byte| byte == 0)?;
    Some(bytes[..end].to_vec())
}

fn printed(vm: &mut Vm, text: &[u8], args: &[u64]) -> u64 {
    let line = format(text, args, &mut |address| text_at(vm, address, LONGEST));
    let Some(line) = line else { return failed(EINVAL) };
    let length = line.len() as u64;
    vm.printed.push(String::from_utf8_lossy(&line).into_owned());
    length
}

fn print(vm: &mut Vm, [text, size, a, b, c]: [u64; 5]) -> Result<u64, Fault> {
    let text = vm.input(text, u64::from(size as u32))?;
    Ok(printed(vm, until_zero(&text), &[a, b, c]))
}

fn print_many(vm: &mut Vm, [text, size, args, args_size, _]: [u64; 5]) -> Result<u64, Fault> {
    let text = vm.input(text, u64::from(size as u32))?;
    let args = words(vm, args, args_size)?;
    Ok(printed(vm, until_zero(&text), &args))
}

/// Nobody reads what programs write to their standard error.
fn stream(vm: &mut Vm, [stream, text, args, size, _]: [u64; 5]) -> Result<u64, Fault> {
    let Some(text) = text_at(vm, text, LONGEST) else { return Ok(failed(EINVAL)) };
    let args = words(vm, args, size)?;
    let Some(line) = format(&text, &args, &mut |address| text_at(vm, address, LONGEST)) else {
        return Ok(failed(EINVAL));
    };
    if stream as u32 == uapi::BPF_STREAM_STDOUT {
        vm.streams.entry(vm.running.program).or_default().extend(line);
    }
    Ok(0)
}

fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// The length of the whole text with its zero; the room gets the part that fits.
fn write(vm: &mut Vm, [to, room, text, args, args_size]: [u64; 5]) -> Result<u64, Fault> {
    let args = words(vm, args, args_size)?;
    let Some(text) = text_at(vm, text, LONGEST) else { return Err(vm.wrong_access("read of a text", text, 1)) };
    let Some(mut line) = format(&text, &args, &mut |address| text_at(vm, address, LONGEST)) else {
        return Ok(failed(EINVAL));
    };
    line.push(0);
    let room = vm.output(to, u64::from(room as u32))?;
    let length = line.len();
    line.truncate(room.len());
    if let Some(last) = line.last_mut() {
        *last = 0;
    }
    room[..line.len()].copy_from_slice(&line);
    Ok(length as u64)
}

fn compare(vm: &mut Vm, [left, size, right, ..]: [u64; 5]) -> Result<u64, Fault> {
    let left = vm.input(left, u64::from(size as u32))?;
    let Some(mut right) = text_at(vm, right, LONGEST) else { return Err(vm.wrong_access("read of a text", right, 1)) };
    right.push(0);
    for (left, right) in left.iter().zip(&right) {
        if left != right || *left == 0 {
            return Ok((i64::from(*left) - i64::from(*right)) as u64);
        }
    }
    Ok(0)
}

/// The number at the start of a text, and how many bytes it has; negative errors as in kernel/bpf/helpers.c.
fn parsed(text: &[u8], base: u64) -> Result<(bool, u64, usize), i64> {
    let blanks = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let is_negative = text.get(blanks) == Some(&b'-');
    let mut at = blanks + usize::from(is_negative);
    let rest = &text[at.min(text.len())..];
    let has_prefix =
        rest.len() > 2 && rest[0] == b'0' && rest[1].eq_ignore_ascii_case(&b'x') && rest[2].is_ascii_hexdigit();
    let base = match base & 31 {
        0 if has_prefix => 16,
        0 if rest.first() == Some(&b'0') => 8,
        0 => 10,
        base @ (8 | 10 | 16) => base as u32,
        _ => return Err(EINVAL),
    };
    if base == 16 && has_prefix {
        at += 2;
    }
    let (begin, mut number) = (at, 0u64);
    while let Some(digit) = text.get(at).and_then(|&byte| char::from(byte).to_digit(base)) {
        let next = number.checked_mul(base.into()).and_then(|number| number.checked_add(digit.into()));
        number = next.ok_or(uapi::ERANGE)?;
        at += 1;
    }
    if at == begin { Err(EINVAL) } else { Ok((is_negative, number, at)) }
}

fn parse_signed(vm: &mut Vm, [text, size, flags, to, _]: [u64; 5]) -> Result<u64, Fault> {
    let (text, endian) = (vm.input(text, size)?, vm.endian());
    let (number, length) = match parsed(&text, flags) {
        Ok((is_negative, number, length)) => {
            let number = if is_negative { 0i64.checked_sub_unsigned(number) } else { i64::try_from(number).ok() };
            let Some(number) = number else { return Ok(failed(uapi::ERANGE)) };
            (number, length)
        }
        Err(error) => return Ok(failed(error)),
    };
    endian.write(number as u64, vm.output(to, 8)?);
    Ok(length as u64)
}

fn parse_unsigned(vm: &mut Vm, [text, size, flags, to, _]: [u64; 5]) -> Result<u64, Fault> {
    let (text, endian) = (vm.input(text, size)?, vm.endian());
    let (number, length) = match parsed(&text, flags) {
        Ok((true, _, _)) => return Ok(failed(EINVAL)),
        Ok((false, number, length)) => (number, length),
        Err(error) => return Ok(failed(error)),
    };
    endian.write(number, vm.output(to, 8)?);
    Ok(length as u64)
}

/// Memory of the machine; of all other addresses zeros and an error, as where the kernel has no page.
fn copy(vm: &mut Vm, [to, size, from, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = u64::from(size as u32);
    if vm.is_opaque(from) {
        return Err(vm.wrong_access("read", from, size));
    }
    let bytes = vm.memory.bytes(from, size as usize).map(<[u8]>::to_vec);
    let room = vm.output(to, size)?;
    match bytes {
        Some(bytes) => {
            room.copy_from_slice(&bytes);
            Ok(0)
        }
        None => {
            room.fill(0);
            Ok(failed(EFAULT))
        }
    }
}

/// The length with the zero.
fn copy_text(vm: &mut Vm, [to, size, from, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = u64::from(size as u32);
    let text = text_at(vm, from, u64::MAX);
    let room = vm.output(to, size)?;
    let Some(last) = room.len().checked_sub(1) else { return Ok(0) };
    match text {
        Some(text) => {
            let length = text.len().min(last);
            room[..length].copy_from_slice(&text[..length]);
            room[length] = 0;
            Ok(length as u64 + 1)
        }
        None => {
            room.fill(0);
            Ok(failed(EFAULT))
        }
    }
}

/// Bytes of the process that embeds the machine, at its own address; None if it has none there.
fn of_process(at: u64, size: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0_u8; size];
    let local = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: size };
    let remote = libc::iovec { iov_base: at as *mut libc::c_void, iov_len: size };
    // SAFETY: the first memory has so many bytes; of the second the kernel says whether it is there.
    let read = unsafe { libc::process_vm_readv(libc::getpid(), &local, 1, &remote, 1, 0) };
    (usize::try_from(read) == Ok(size)).then_some(bytes)
}

fn copy_of_user(vm: &mut Vm, [to, size, from, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = u64::from(size as u32);
    let room = vm.output(to, size)?;
    match of_process(from, room.len()) {
        Some(bytes) => {
            room.copy_from_slice(&bytes);
            Ok(0)
        }
        None => {
            room.fill(0);
            Ok(failed(EFAULT))
        }
    }
}

/// The length with the zero at the end, which is always written.
fn text_of_user(vm: &mut Vm, [to, size, from, ..]: [u64; 5]) -> Result<u64, Fault> {
    let size = u64::from(size as u32);
    let room = vm.output(to, size)?;
    room.fill(0);
    let Some(last) = room.len().checked_sub(1) else { return Ok(0) };
    for at in 0..last {
        let Some(byte) = of_process(from.wrapping_add(at as u64), 1) else {
            room.fill(0);
            return Ok(failed(EFAULT));
        };
        room[at] = byte[0];
        if byte[0] == 0 {
            return Ok(at as u64 + 1);
        }
    }
    Ok(size)
}

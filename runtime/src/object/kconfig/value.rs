//! Values of the kernel's configuration for variables that the BPF object has not, since only user space reads them. They are those
//! that libbpf would give: bpf_object__process_kconfig_line and get_kernel_version of its libbpf.c.

use super::{each_line, places};
use crate::abi::{KsGlobal, KsKconfig};
use crate::kernel::program::{self, text};
use crate::kernel::release;
use std::ffi::CStr;

/// The bytes of a variable; or why the kernel has no value for it.
pub fn of(global: &KsGlobal) -> Result<Vec<u8>, String> {
    let (name, size) = (text(global.name), usize::try_from(global.size).unwrap_or(0));
    let Some(option) = KsKconfig::of(global.flags) else {
        return Err(format!("the type of `{name}` ({}) is none that this runtime library knows", global.flags));
    };
    if name == "LINUX_KERNEL_VERSION" {
        return number(kernel_version(), option, size).ok_or_else(|| format!("`{name}` does not fit its type"));
    }
    let written = written(name).ok_or_else(|| match name.starts_with("CONFIG_") {
        true => format!(
            "the kernel's configuration has no `{name}`\n  \
             help: an initialiser is its value on such kernels: `@kconfig var {name}: … = …`"
        ),
        false => {
            format!("`{name}` is known to BPF code alone\n  help: a program that reads it loads it for user space too")
        }
    })?;
    parse(&written, option, size).ok_or_else(|| {
        let wanted = option.word();
        format!("the kernel's configuration has `{name}={written}`, which is no value of {wanted}\n  help: declare another type")
    })
}

/// The value of the option in the kernel's configuration, or else in the values that the program gives for kernels that lack it.
fn written(name: &str) -> Option<String> {
    let mut found = None;
    let mut look = |line: &str| {
        if let Some(value) = line.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            found.get_or_insert_with(|| value.trim_end_matches('\n').to_owned());
        }
    };
    for path in places() {
        if each_line(&path, &mut look) {
            break;
        }
    }
    program::kconfig().lines().for_each(look);
    found
}

fn parse(written: &str, option: KsKconfig, size: usize) -> Option<Vec<u8>> {
    match (written, option) {
        ("y" | "n" | "m", KsKconfig::Char) => Some(written.as_bytes().to_vec()),
        ("y" | "n", KsKconfig::Bool) => Some(vec![u8::from(written == "y")]),
        ("y" | "n" | "m", KsKconfig::Tristate) => {
            let value = ["n", "y", "m"].iter().position(|letter| *letter == written)?;
            number(value as u64, KsKconfig::Unsigned, size)
        }
        (_, KsKconfig::Text) => {
            let inner = written.strip_prefix('"')?.strip_suffix('"')?.as_bytes();
            let mut bytes = inner.get(..size.checked_sub(1)?).unwrap_or(inner).to_vec();
            bytes.resize(size, 0);
            Some(bytes)
        }
        _ => number(integer(written)?, option, size),
    }
}

/// As strtoull reads it.
fn integer(written: &str) -> Option<u64> {
    let (negative, digits) = match written.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, written),
    };
    let value = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => u64::from_str_radix(digits, 8),
        None => digits.parse(),
    };
    value.ok().map(|value| if negative { value.wrapping_neg() } else { value })
}

/// The low bytes, if nothing is lost.
fn number(value: u64, option: KsKconfig, size: usize) -> Option<Vec<u8>> {
    let bits = u32::try_from(size * 8).ok().filter(|bits| (8..=64).contains(bits))?;
    let fits = match option {
        _ if bits == 64 => true,
        KsKconfig::Signed => (value.wrapping_add(1 << (bits - 1))) >> bits == 0,
        KsKconfig::Unsigned | KsKconfig::Char => value >> bits == 0,
        KsKconfig::Bool | KsKconfig::Tristate | KsKconfig::Text => false,
    };
    fits.then(|| value.to_ne_bytes().get(..size).map(<[u8]>::to_vec))?
}

/// `KERNEL_VERSION(6, 12, 5)`. Two distributions keep the last number elsewhere than in the release.
fn kernel_version() -> u64 {
    let signature = std::fs::read_to_string("/proc/version_signature").unwrap_or_default();
    let (release, version) = (release::release(), release::version_of_build());
    numbers(&signature, &text_of(version), &text_of(release))
}

fn text_of(name: &CStr) -> String {
    name.to_string_lossy().into_owned()
}

fn numbers(signature: &str, version: &str, release: &str) -> u64 {
    let ubuntu = signature.split_whitespace().nth(2);
    let debian = version.split_once("Debian ").map(|(_, rest)| rest);
    let chosen = ubuntu.or(debian).unwrap_or(release);
    let mut parts = chosen.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u64>().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    next() << 16 | next() << 8 | next().min(255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(numbers("", "#1 SMP PREEMPT_DYNAMIC", "6.12.5-amd64"), 0x60c05);
        assert_eq!(numbers("", "#1 SMP Debian 6.1.76-1 (2024-02-01)", "6.1.0-18-amd64"), 0x6014c);
        assert_eq!(numbers("Ubuntu 5.15.0-91.101-generic 5.15.131\n", "#101-Ubuntu", "5.15.0-91-generic"), 0x50f83);
        assert_eq!(numbers("", "", "4.9.300"), 0x409ff);
    }

    #[test]
    fn values() {
        use KsKconfig::{Bool, Char, Signed, Text, Tristate, Unsigned};
        assert_eq!(parse("y", Bool, 1), Some(vec![1]));
        assert_eq!(parse("m", Bool, 1), None);
        assert_eq!(parse("m", Char, 1), Some(vec![b'm']));
        assert_eq!(parse("65", Char, 1), Some(vec![65]));
        assert_eq!(parse("m", Tristate, 4), Some(vec![2, 0, 0, 0]));
        assert_eq!(parse("250", Unsigned, 4), Some(vec![250, 0, 0, 0]));
        assert_eq!(parse("0x10", Unsigned, 1), Some(vec![16]));
        assert_eq!(parse("256", Unsigned, 1), None);
        assert_eq!(parse("128", Signed, 1), None);
        assert_eq!(parse("-128", Signed, 1), Some(vec![0x80]));
        assert_eq!(parse("-129", Signed, 1), None);
        assert_eq!(parse("y", Unsigned, 4), None);
        assert_eq!(parse("\"(none)\"", Text, 8), Some(b"(none)\0\0".to_vec()));
        assert_eq!(parse("\"(none)\"", Text, 4), Some(b"(no\0".to_vec()));
        assert_eq!(parse("y", Text, 4), None);
        assert_eq!(parse("12", Bool, 1), None);
    }
}

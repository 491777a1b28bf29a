//! Functions of the kernel, as /proc/kallsyms has them.

use super::shown;
use crate::kernel::program::fill;
use std::cell::OnceCell;
use std::ffi::c_char;
use std::fs;

struct Symbol {
    address: u64,
    /// With the module: `name [module]`.
    name: String,
}

thread_local! {
    /// By address. Without privileges all addresses are zero, and this is empty.
    static SYMBOLS: OnceCell<Vec<Symbol>> = const { OnceCell::new() };
}

/// `name+0x12`, or the address where the kernel does not say.
pub fn name(address: u64) -> String {
    let found = find(address);
    shown(found.as_ref().map(|(name, offset)| (name.as_str(), *offset)), address)
}

/// The function that an address is in, and how far behind its start it is; none where the kernel does not say.
pub fn find(address: u64) -> Option<(String, u64)> {
    SYMBOLS.with(|symbols| {
        let symbols = symbols.get_or_init(read);
        let after = symbols.partition_point(|symbol| symbol.address <= address);
        let found = symbols.get(after.checked_sub(1)?)?;
        Some((found.name.clone(), address - found.address))
    })
}

fn read() -> Vec<Symbol> {
    let text = fs::read_to_string("/proc/kallsyms").unwrap_or_default();
    let mut symbols: Vec<Symbol> = text.lines().filter_map(symbol).collect();
    symbols.sort_by_key(|symbol| symbol.address);
    symbols
}

/// `ffffffff81000000 T _text`, perhaps with `[module]` behind it.
fn symbol(line: &str) -> Option<Symbol> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?, 16).ok().filter(|address| *address != 0)?;
    let kind = words.next()?;
    let name = words.next()?;
    let name = words.next().map_or_else(|| name.to_owned(), |module| format!("{name} {module}"));
    // Data has no code; absolute symbols are numbers.
    matches!(kind, "t" | "T" | "w" | "W").then_some(Symbol { address, name })
}

/// `ksym`: a symbol of the kernel.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_ksym(address: u64, out: *mut c_char, size: u64) {
    // SAFETY: as the caller promises.
    unsafe { fill(&name(address), out, size) }
}

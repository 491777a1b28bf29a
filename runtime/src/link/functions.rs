//! The functions of the kernel that targets name.

use super::several::{self, Place, elements, is_pattern, matches};
use std::collections::BTreeSet;
use std::fs;

/// Files with the functions that probes can be at, where the kernel lists them (Documentation/trace/ftrace.rst of Linux).
const TRACEABLE: [&str; 2] =
    ["/sys/kernel/tracing/available_filter_functions", "/sys/kernel/debug/tracing/available_filter_functions"];
/// All symbols.
const SYMBOLS: &str = "/proc/kallsyms";

/// The functions that a target names. A function that is named without a pattern may be missing in the kernel.
pub fn places(target: &str) -> Vec<Place> {
    several::places(target, &known())
}

/// The functions at whose entry probes can be.
fn known() -> BTreeSet<String> {
    match TRACEABLE.iter().find_map(|list| fs::read_to_string(list).ok()) {
        Some(list) => list.lines().filter_map(|line| line.split_ascii_whitespace().next()).map(str::to_owned).collect(),
        None => {
            fs::read_to_string(SYMBOLS).unwrap_or_default().lines().filter_map(function).map(str::to_owned).collect()
        }
    }
}

/// Whether this kernel has a function that a target names. Where it hides its symbols, it may have any.
pub fn exist(target: &str) -> bool {
    let symbols = fs::read_to_string(SYMBOLS).unwrap_or_default();
    let is_it = |known: &str| {
        elements(target).any(|(_, element)| match is_pattern(element) {
            true => matches(element.as_bytes(), known.as_bytes()),
            false => element.split('+').next() == Some(known),
        })
    };
    symbols.is_empty() || symbols.lines().filter_map(function).any(is_it)
}

/// The function of a line `ffffffff81000000 T name [module]`; none for a symbol of data.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.nth(1)?;
    words.next().filter(|_| matches!(kind, "t" | "T" | "w" | "W"))
}

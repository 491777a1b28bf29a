//! Functions of the kernel by a pattern: `*` is any text, `?` any character.

use std::fs;

/// Those that probes can be at, where the kernel says it (Documentation/trace/ftrace.rst of Linux).
const TRACEABLE: [&str; 2] =
    ["/sys/kernel/tracing/available_filter_functions", "/sys/kernel/debug/tracing/available_filter_functions"];
/// All symbols.
const SYMBOLS: &str = "/proc/kallsyms";

/// Whether the name is a pattern.
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The functions of this kernel that match, in their order, each once.
pub fn matching(pattern: &str) -> Vec<String> {
    let listed = TRACEABLE.iter().find_map(|list| fs::read_to_string(list).ok());
    let mut names: Vec<String> = match &listed {
        Some(list) => list.lines().filter_map(|line| line.split_ascii_whitespace().next()).map(str::to_owned).collect(),
        None => {
            fs::read_to_string(SYMBOLS).unwrap_or_default().lines().filter_map(function).map(str::to_owned).collect()
        }
    };
    names.retain(|name| matches(pattern.as_bytes(), name.as_bytes()));
    names.sort();
    names.dedup();
    names
}

/// Whether this kernel has the function, or one that matches. Where it hides its symbols, it may have any.
pub fn exists(name: &str) -> bool {
    if is_pattern(name) {
        return !matching(name).is_empty();
    }
    let symbols = fs::read_to_string(SYMBOLS).unwrap_or_default();
    symbols.is_empty() || symbols.lines().filter_map(function).any(|known| known == name)
}

/// Of a line `ffffffff81000000 T name [module]`.
fn function(line: &str) -> Option<&str> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.nth(1)?;
    words.next().filter(|_| matches!(kind, "t" | "T" | "w" | "W"))
}

/// Goes back to the last `*` where the rest does not match, so that the time is the product of the lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == name[read] => {
                at += 1;
                read += 1;
            }
            Some(_) | None => {
                let Some((of_star, from)) = star else { return false };
                star = Some((of_star, from + 1));
                at = of_star + 1;
                read = from + 1;
            }
        }
    }
    pattern[at..].iter().all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name) in
            [("tcp_v?_connect", "tcp_v4_connect"), ("*", ""), ("a*b*c", "aXbYbZc"), ("vfs_*", "vfs_")]
        {
            assert!(matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
        for (pattern, name) in [("tcp_v?_connect", "tcp_v_connect"), ("", "a"), ("a*b", "abc"), ("?", "")] {
            assert!(!matches(pattern.as_bytes(), name.as_bytes()), "{pattern} {name}");
        }
    }
}

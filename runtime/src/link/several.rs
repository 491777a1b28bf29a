//! Targets that name several functions: a list, which has a line for each element, and patterns, in which `*` is any text and `?` any
//! character. One link attaches a program to all where the kernel has such links, else there is a link for each.

use super::attached::Attached;
use crate::kernel::escape;
use std::collections::BTreeSet;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Whether a target may name more than one function.
pub fn is_several(target: &str) -> bool {
    target.contains('\n') || is_pattern(target)
}

/// Whether the name is a pattern.
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// The elements of a list, each with its place; a text that is no list is its only one.
pub fn elements(target: &str) -> impl Iterator<Item = (u64, &str)> {
    (0..).zip(target.lines())
}

/// What an element of a target names.
pub struct Place {
    /// A function, an instruction in one, an event or a hook.
    pub name: String,
    /// The place of the element in the list.
    pub element: u64,
    /// The kernel has one of this name.
    pub known: bool,
}

/// The names of a target, in the order of its elements and then of the alphabet, each once: a pattern stands for the known ones that match, and
/// a name for itself, known or not.
pub fn places(target: &str, known: &BTreeSet<String>) -> Vec<Place> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for (element, pattern) in elements(target) {
        let named: Vec<&str> = match is_pattern(pattern) {
            true => {
                known.iter().filter(|name| matches(pattern.as_bytes(), name.as_bytes())).map(String::as_str).collect()
            }
            false => vec![pattern],
        };
        for name in named {
            if seen.insert(name.to_owned()) {
                places.push(Place { name: name.to_owned(), element, known: known.contains(name) });
            }
        }
    }
    places
}

/// The elements of a target, for a message.
pub fn shown(target: &str) -> String {
    let names: Vec<String> = elements(target).map(|(_, name)| format!("`{}`", escape::value(name))).collect();
    names.join(" or ")
}

/// One link at several functions.
pub struct Shared {
    pub link: OwnedFd,
    pub functions: usize,
}

impl Attached for Shared {
    fn detach(self: Box<Self>) -> i32 {
        drop(self.link);
        0
    }

    fn count(&self) -> u32 {
        self.functions as u32
    }

    fn links(&self) -> Vec<RawFd> {
        vec![self.link.as_raw_fd()]
    }
}

/// The links of one target.
pub struct Together(pub Vec<Box<dyn Attached>>);

impl Attached for Together {
    fn detach(self: Box<Self>) -> i32 {
        self.0.into_iter().map(Attached::detach).find(|result| *result != 0).unwrap_or(0)
    }

    fn links(&self) -> Vec<RawFd> {
        self.0.iter().flat_map(|link| link.links()).collect()
    }

    fn count(&self) -> u32 {
        self.0.iter().map(|link| link.count()).sum()
    }
}

/// Goes back to the last `*` where the rest does not match, so that the time is the product of the lengths.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
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

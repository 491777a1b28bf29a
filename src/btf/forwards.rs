//! The order of forward declarations in the BTF of an object.
//!
//! Of structs that only pointers in other structs lead to, LLVM enters the names, behind all other types, in the order of its own addresses
//! (`FixupDerivedTypes` of llvm/lib/Target/BPF/BTFDebug.h is a map by pointers): the same source gives several objects. Here they come in the
//! order of their names.

use super::types::{entry_names, is_forward, length, refers};
use crate::target::Endian;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// `struct btf_header`: its own length, then where types and strings begin behind it, and how long they are.
const HEADER: usize = 4;
const TYPES: (usize, usize) = (8, 12);
const STRINGS: (usize, usize) = (16, 20);

/// Brings the forward declarations at the end of a `.BTF` section, with their names among the strings, into the order of their names. No
/// other section refers to them: the instructions that CO-RE relocates name types that LLVM has entered before. None: the section is not as
/// expected, and stays as it is.
pub fn sort(btf: &mut [u8], endian: Endian) -> Option<()> {
    let word = |at: usize| endian.word(btf, at);
    let header = word(HEADER)? as usize;
    let types = header + word(TYPES.0)? as usize;
    let end = types + word(TYPES.1)? as usize;
    let strings = header + word(STRINGS.0)? as usize;
    let text = |name: u32| {
        let bytes = btf.get(strings + name as usize..)?;
        Some(bytes.split(|&byte| byte == 0).next()?.to_vec())
    };
    let mut records = Vec::new();
    let mut at = types;
    while at < end {
        records.push(at);
        at += length(word(at + 4)?)?;
    }
    let is_last = |&&at: &&usize| word(at + 4).is_some_and(is_forward);
    let first = records.len() - records.iter().rev().take_while(is_last).count();
    let (others, last) = records.split_at(first);
    // What a declaration is, with the position of its record before.
    let mut sorted = Vec::new();
    for &at in last {
        sorted.push((text(word(at)?)?, word(at + 4)?, word(at)?, at));
    }
    sorted.sort();
    let mut used = BTreeSet::new();
    for &at in others {
        used.extend([word(at)?]);
        for at in entry_names(at, word(at + 4)?) {
            used.insert(word(at)?);
        }
    }
    let own: BTreeMap<u32, Vec<u8>> = sorted
        .iter()
        .filter(|(_, _, name, _)| !used.contains(name))
        .map(|(text, _, name, _)| (*name, text.clone()))
        .collect();
    let names = renamed(&own);
    let number = |at: usize| records.binary_search(&at).ok().map(|index| index as u32 + 1);
    let mut ids = HashMap::new();
    for ((_, _, _, from), &to) in sorted.iter().zip(last) {
        ids.insert(number(*from)?, number(to)?);
    }
    let mut writes: Vec<(usize, u32)> = Vec::new();
    for &at in others.iter().filter(|&&at| word(at + 4).is_some_and(refers)) {
        writes.extend(ids.get(&word(at + 8)?).map(|&id| (at + 8, id)));
    }
    for ((_, info, name, _), &to) in sorted.iter().zip(last) {
        writes.extend([(to, *names.get(name).unwrap_or(name)), (to + 4, *info)]);
    }
    for (at, number) in writes {
        endian.write(number.into(), btf.get_mut(at..at + 4)?);
    }
    for (name, text) in &own {
        let at = strings + *names.get(name)? as usize;
        btf.get_mut(at..at + text.len())?.copy_from_slice(text);
        *btf.get_mut(at + text.len())? = 0;
    }
    Some(())
}

/// Where names lie among the strings, by where they lay, if those that are side by side come in their own order.
fn renamed(names: &BTreeMap<u32, Vec<u8>>) -> HashMap<u32, u32> {
    let mut found = HashMap::new();
    let mut rest: Vec<(&u32, &Vec<u8>)> = names.iter().collect();
    while let Some(&(&start, _)) = rest.first() {
        let mut end = start;
        let beside = rest.iter().take_while(|(at, text)| {
            let follows = **at == end;
            end = **at + text.len() as u32 + 1;
            follows
        });
        let mut run: Vec<(&u32, &Vec<u8>)> = rest.drain(..beside.count()).collect();
        run.sort_by_key(|(_, text)| *text);
        let mut to = start;
        for (name, text) in run {
            found.insert(*name, to);
            to += text.len() as u32 + 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pointer to each of two declared structs, a struct with a member `late`, and the declarations in either order.
    fn section(first: &str, second: &str) -> Vec<u8> {
        let mut strings = b"\0whole\0late\0".to_vec();
        let mut name = |text: &str| {
            if text == "late" {
                return 7;
            }
            let at = strings.len() as u32;
            strings.extend_from_slice(text.as_bytes());
            strings.push(0);
            at
        };
        let (one, two) = (name(first), name(second));
        let of = |text: &str| if text == first { 4 } else { 5 };
        let pointer = 2 << 24;
        let records = [
            [0, pointer, of("early")],
            [0, pointer, of("late")],
            [1, 4 << 24 | 1, 8],
            [7, 1, 0],
            [one, 7 << 24, 0],
            [two, 7 << 24, 0],
        ];
        let types: Vec<u8> = records.as_flattened().iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
        let words = [0xeb9f | 1 << 16, 24, 0, types.len() as u32, types.len() as u32, strings.len() as u32];
        [words.iter().flat_map(|word| word.to_le_bytes()).collect(), types, strings].concat()
    }

    #[test]
    fn either_order_becomes_that_of_the_names() {
        let wanted = section("early", "late");
        for (first, second) in [("early", "late"), ("late", "early")] {
            let mut btf = section(first, second);
            sort(&mut btf, Endian::Little).expect("a section");
            assert_eq!(btf, wanted, "{first}, {second}");
        }
    }

    #[test]
    fn names_side_by_side_are_sorted() {
        let names = BTreeMap::from([(10, b"b".to_vec()), (12, b"a".to_vec()), (20, b"c".to_vec())]);
        assert_eq!(renamed(&names), HashMap::from([(10, 12), (12, 10), (20, 20)]));
    }

    #[test]
    fn what_is_cut_off_stays() {
        let whole = section("late", "early");
        for length in 0..whole.len() {
            let mut btf = whole[..length].to_vec();
            let _ = sort(&mut btf, Endian::Little);
            assert_eq!(btf.len(), length);
        }
    }
}

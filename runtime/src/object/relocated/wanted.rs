//! The types that the relocations of an object name.

use super::types::{Types, name, section, word};
use libbpf_sys as bpf;

/// A type by its name without a flavor, as bpf_core_add_cands of libbpf looks for it.
#[derive(PartialEq)]
pub struct Wanted {
    pub kind: u32,
    pub name: Vec<u8>,
}

/// All of an object, each once; none if libbpf has to see all types of the kernel for one of its relocations.
pub fn of(object: &[u8]) -> Option<Vec<Wanted>> {
    let types = Types::of(section_named(object, b".BTF")?, |_, _, _| ())?;
    let mut wanted = Vec::new();
    each(section_named(object, b".BTF.ext")?, |id, kind| {
        if kind != bpf::BPF_CORE_TYPE_ID_LOCAL {
            let one = root(&types, id, kind)?;
            if !wanted.contains(&one) {
                wanted.push(one);
            }
        }
        Some(())
    })?;
    Some(wanted)
}

/// The contents of a section of an object, which is an ELF file of 64 bits in the byte order of this machine (`Elf64_Ehdr` and `Elf64_Shdr` of
/// elf.h; of offsets the low halves).
fn section_named<'a>(object: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let half = |at: usize| Some(usize::from(u16::from_ne_bytes(section(object, at, 2)?.try_into().ok()?)));
    let number = |at: usize| word(object, at).map(|value| value as usize);
    let (headers, size, count, names) = (number(0x28)?, half(0x3a)?, half(0x3c)?, half(0x3e)?);
    let header = |at: usize| headers + at * size;
    let contents = |at: usize| section(object, number(header(at) + 0x18)?, number(header(at) + 0x20)?);
    let names = contents(names)?;
    let found = (0..count).find(|&at| number(header(at)).is_some_and(|place| name(names, place as u32) == wanted));
    contents(found?)
}

/// None for one whose target depends on more than the values of its types: on numbers of types, on what pointers point to.
fn root(types: &Types, id: u32, relocation: bpf::bpf_core_relo_kind) -> Option<Wanted> {
    let found = types.get(id)?;
    let kind = kind(found.kind);
    let is_enough = match relocation {
        bpf::BPF_CORE_TYPE_ID_TARGET | bpf::BPF_CORE_TYPE_MATCHES => false,
        bpf::BPF_CORE_TYPE_EXISTS | bpf::BPF_CORE_TYPE_SIZE => {
            [bpf::BTF_KIND_STRUCT, bpf::BTF_KIND_UNION, bpf::BTF_KIND_ENUM].contains(&kind)
        }
        _ => true,
    };
    let name = essential(types.name(found.name_at()));
    (is_enough && !name.is_empty()).then(|| Wanted { kind, name: name.to_vec() })
}

/// Hands over the types and kinds of all relocations, as `struct bpf_core_relo` has them. None where the section is damaged, or `take` yields
/// it.
fn each(file: &[u8], mut take: impl FnMut(u32, u32) -> Option<()>) -> Option<()> {
    let header = word(file, 4)? as usize;
    // Of the headers before the relocations came this is the end.
    let (Some(at), Some(length)) = (word(file, 24).filter(|_| header >= 32), word(file, 28)) else { return Some(()) };
    let all = section(file.get(header..)?, at as usize, length as usize)?;
    if all.is_empty() {
        return Some(());
    }
    let size = word(all, 0)? as usize;
    let mut at = 4;
    while at < all.len() {
        let count = word(all, at + 4)? as usize;
        at += 8;
        for _ in 0..count {
            take(word(all, at + 4)?, word(all, at + 12)?)?;
            at += size;
        }
    }
    Some(())
}

/// The kind as relocations compare it: those of enums are one.
pub fn kind(kind: u32) -> u32 {
    if kind == bpf::BTF_KIND_ENUM64 { bpf::BTF_KIND_ENUM } else { kind }
}

/// A name without its flavor: `task_struct` of `task_struct___old` (bpf_core_essential_name_len of libbpf).
pub fn essential(name: &[u8]) -> &[u8] {
    let is_flavor = |part: &[u8]| part[0] != b'_' && &part[1..4] == b"___" && part[4] != b'_';
    let end = name.windows(5).rposition(is_flavor).map_or(name.len(), |at| at + 1);
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_flavors() {
        assert_eq!(essential(b"task_struct___old"), b"task_struct");
        assert_eq!(essential(b"a___b___c"), b"a___b");
        assert_eq!(essential(b"___x"), b"___x");
        assert_eq!(essential(b"x____y"), b"x____y");
        assert_eq!(essential(b"x___"), b"x___");
        assert_eq!(essential(b""), b"");
    }
}

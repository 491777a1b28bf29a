//! What a signed object has besides: sections that its compiler added (`src/codegen/signed.rs`).

use std::ops::Range;

/// The parts of a signed object.
pub struct Parts {
    /// Instructions of the loader, which are signed.
    pub instructions: &'static [u8],
    /// The value of the loader's map.
    pub data: &'static [u8],
    /// PKCS#7 over the instructions.
    pub signature: &'static [u8],
    /// SHA-256 of the instructions.
    pub digest: &'static [u8],
    /// Names, by their order in the context of the loader.
    pub maps: Vec<&'static str>,
    pub programs: Vec<&'static str>,
}

impl Parts {
    /// None: the object is not signed.
    pub fn of(object: &'static [u8]) -> Option<Parts> {
        let names = std::str::from_utf8(section(object, ".debug_ks_loader_names")?).ok()?;
        let of = |word: &str| names.lines().filter_map(|line| line.strip_prefix(word)).collect();
        Some(Parts {
            instructions: section(object, ".debug_ks_loader")?,
            data: section(object, ".debug_ks_loader_data")?,
            signature: section(object, ".debug_ks_signature")?,
            digest: section(object, ".debug_ks_loader_digest")?,
            maps: of("map "),
            programs: of("program "),
        })
    }

    /// Whether the instructions hold a digest of the data: by eight bytes in each of four constants, as libbpf's `emit_signature_match` writes
    /// them.
    pub fn hold(&self, digest: &[u8]) -> bool {
        let code: Vec<&[u8]> = self.instructions.chunks(INSTRUCTION).collect();
        let constants = code.windows(2).filter(|pair| pair[0].starts_with(&[LOAD_CONSTANT, REGISTER]));
        let held: Vec<u8> = constants.flat_map(|pair| pair.iter().flat_map(|half| half[4..].iter().copied())).collect();
        held.windows(digest.len()).any(|bytes| bytes == digest)
    }
}

const INSTRUCTION: usize = 8;
/// `BPF_LD | BPF_IMM | BPF_DW`, and the register that it loads, 3.
const LOAD_CONSTANT: u8 = 0x18;
const REGISTER: u8 = 3;

/// The contents of a section of an ELF file of this machine's byte order (`Elf64_Ehdr` and `Elf64_Shdr` of elf.h).
fn section(file: &'static [u8], name: &str) -> Option<&'static [u8]> {
    let half = |at: usize| file.get(at..at + 2).map(|b| usize::from(u16::from_ne_bytes([b[0], b[1]])));
    let (table, size, count, names) = (word(file, 0x28)?, half(0x3a)?, half(0x3c)?, half(0x3e)?);
    let header = |number: usize| table.checked_add(size.checked_mul(number)?);
    let contents = |header: usize| {
        let start = word(file, header + 0x18)?;
        file.get(Range { start, end: start.checked_add(word(file, header + 0x20)?)? })
    };
    let names = contents(header(names)?)?;
    let is_it = |header: usize| {
        let at = file.get(header..header + 4)?;
        let at = u32::from_ne_bytes([at[0], at[1], at[2], at[3]]) as usize;
        names.get(at..)?.strip_prefix(name.as_bytes())?.first().filter(|&&end| end == 0)
    };
    (0..count).filter_map(header).find(|&header| is_it(header).is_some()).and_then(contents)
}

fn word(file: &[u8], at: usize) -> Option<usize> {
    let bytes: [u8; 8] = file.get(at..at.checked_add(8)?)?.try_into().ok()?;
    usize::try_from(u64::from_ne_bytes(bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_object_has_parts() {
        assert!(Parts::of(b"").is_none());
        assert!(Parts::of(&[0xff; 80]).is_none());
    }

    #[test]
    fn a_digest_is_in_constants_that_follow_each_other() {
        let digest: Vec<u8> = (0..32).collect();
        let half = |first: &[u8], bytes: &[u8]| [first, &[0; 4][first.len()..], bytes].concat();
        let mut code: Vec<u8> = Vec::new();
        for word in digest.chunks(8) {
            // r7 = -22 is between them.
            code.extend(half(&[0xb7, 7], &[0xea, 0xff, 0xff, 0xff]));
            code.extend(half(&[LOAD_CONSTANT, REGISTER], &word[..4]));
            code.extend(half(&[], &word[4..]));
        }
        let parts = |code: Vec<u8>| Parts {
            instructions: code.leak(),
            data: &[],
            signature: &[],
            digest: &[],
            maps: Vec::new(),
            programs: Vec::new(),
        };
        assert!(parts(code.clone()).hold(&digest));
        code[12] ^= 1;
        assert!(!parts(code).hold(&digest));
    }
}

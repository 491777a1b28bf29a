//! The definitions of maps in BTF, as libbpf reads them (Documentation/bpf/btf.rst of Linux).

use super::maps::Definition;
use ksc::target::Endian;

struct Btf<'a> {
    bytes: &'a [u8],
    endian: Endian,
    /// Where each type begins; that of `void` is not used.
    types: Vec<usize>,
    strings: usize,
}

/// All maps of an object. None: the bytes are not as expected.
pub fn maps(bytes: &[u8], endian: Endian) -> Option<Vec<Definition>> {
    let btf = Btf::read(bytes, endian)?;
    let maps = (1..btf.types.len()).find(|&id| btf.kind(id) == Some(15) && btf.name(id) == Some(".maps"))?;
    let (_, count) = btf.info(maps)?;
    (0..count).map(|at| btf.map(btf.word(btf.types[maps] + 12 + 12 * at)? as usize)).collect()
}

impl<'a> Btf<'a> {
    fn read(bytes: &'a [u8], endian: Endian) -> Option<Btf<'a>> {
        let word = |at| endian.word(bytes, at).map(|word| word as usize);
        let header = word(4)?;
        let (start, length, strings) = (header + word(8)?, word(12)?, header + word(16)?);
        let mut btf = Btf { bytes, endian, types: vec![0], strings };
        let mut at = start;
        while at < start + length {
            btf.types.push(at);
            let (kind, count) = btf.info(btf.types.len() - 1)?;
            at += 12
                + match kind {
                    1 | 14 | 17 => 4,
                    3 => 12,
                    4 | 5 | 15 | 19 => 12 * count,
                    6 | 13 => 8 * count,
                    _ => 0,
                };
        }
        Some(btf)
    }

    fn word(&self, at: usize) -> Option<u32> {
        self.endian.word(self.bytes, at)
    }

    /// The kind of a type, and how many parts it has.
    fn info(&self, id: usize) -> Option<(u32, usize)> {
        let info = self.word(self.types.get(id)? + 4)?;
        Some((info >> 24 & 31, (info & 0xffff) as usize))
    }

    fn kind(&self, id: usize) -> Option<u32> {
        Some(self.info(id)?.0)
    }

    fn text(&self, offset: u32) -> Option<&'a str> {
        let rest = self.bytes.get(self.strings + offset as usize..)?;
        std::str::from_utf8(rest.split(|&byte| byte == 0).next()?).ok()
    }

    fn name(&self, id: usize) -> Option<&'a str> {
        self.text(self.word(*self.types.get(id)?)?)
    }

    /// The type that a type refers to, or its size.
    fn last(&self, id: usize) -> Option<usize> {
        Some(self.word(self.types.get(id)? + 8)? as usize)
    }

    fn size(&self, id: usize) -> Option<usize> {
        match self.kind(id)? {
            2 => Some(8),
            3 => {
                let at = self.types[id] + 12;
                Some(self.size(self.word(at)? as usize)? * self.word(at + 8)? as usize)
            }
            8..=11 | 18 => self.size(self.last(id)?),
            _ => self.last(id),
        }
    }

    /// The map that a variable defines.
    fn map(&self, variable: usize) -> Option<Definition> {
        let of = self.last(variable)?;
        let (_, count) = self.info(of)?;
        let mut map = Definition { name: self.name(variable)?.to_owned(), ..Definition::default() };
        for member in (0..count).map(|member| self.types[of] + 12 + 12 * member) {
            // Each is a pointer, or an array of them.
            let ty = self.word(member + 4)? as usize;
            let to = if self.kind(ty)? == 2 { self.last(ty)? } else { continue };
            let number = || self.word(self.types[to] + 12 + 8).map(|number| number as usize);
            match self.text(self.word(member)?)? {
                "type" => map.kind = number()? as u32,
                "max_entries" => map.entries = number()?,
                "key" => map.key = self.size(to)?,
                "value" => map.value = self.size(to)?,
                _ => {}
            }
        }
        Some(map)
    }
}

//! BTF of an object: the definitions of maps, and the lines of instructions (Documentation/bpf/btf.rst of Linux).

use crate::decode::Endian;
use crate::fault::Line;
use crate::maps::MapSpec;
use std::collections::BTreeMap;

/// Kinds of types.
const POINTER: u32 = 2;
const ARRAY: u32 = 3;
const DATASEC: u32 = 15;

/// The BTF of an object.
pub struct Btf<'a> {
    bytes: &'a [u8],
    endian: Endian,
    /// Where each type begins; that of `void` is not used.
    types: Vec<usize>,
    strings: usize,
}

/// A map as an object defines it.
pub struct Definition {
    pub spec: MapSpec,
    /// Where its initial entries are in its variable, in bytes.
    pub values: Option<u64>,
}

impl<'a> Btf<'a> {
    /// None: the bytes are not as expected.
    pub fn read(bytes: &'a [u8], endian: Endian) -> Option<Btf<'a>> {
        let mut btf = Btf { bytes, endian, types: vec![0], strings: 0 };
        let word = |at| Some(number(bytes, at, endian)? as usize);
        let header = word(4)?;
        let (start, length) = (header + word(8)?, word(12)?);
        btf.strings = header + word(16)?;
        let mut at = start;
        while at < start + length {
            btf.types.push(at);
            let (kind, count) = btf.info(btf.types.len() - 1)?;
            at += 12
                + match kind {
                    1 | 14 | 17 => 4,
                    ARRAY => 12,
                    4 | 5 | DATASEC | 19 => 12 * count,
                    6 | 13 => 8 * count,
                    _ => 0,
                };
        }
        Some(btf)
    }

    fn word(&self, at: usize) -> Option<u32> {
        number(self.bytes, at, self.endian)
    }

    /// The kind of a type, and how many parts it has.
    fn info(&self, id: usize) -> Option<(u32, usize)> {
        let info = self.word(self.types.get(id)? + 4)?;
        Some((info >> 24 & 31, (info & 0xffff) as usize))
    }

    /// The string at an offset.
    pub fn text(&self, offset: u32) -> Option<&'a str> {
        let rest = self.bytes.get(self.strings + offset as usize..)?;
        std::str::from_utf8(rest.split(|&byte| byte == 0).next()?).ok()
    }

    /// The name of a type.
    pub fn name(&self, id: usize) -> Option<&'a str> {
        self.text(self.word(*self.types.get(id)?)?)
    }

    /// The type that a type refers to, or its size.
    fn last(&self, id: usize) -> Option<usize> {
        Some(self.word(self.types.get(id)? + 8)? as usize)
    }

    fn size(&self, id: usize) -> Option<usize> {
        match self.info(id)?.0 {
            POINTER => Some(8),
            ARRAY => {
                let at = self.types[id] + 12;
                self.size(self.word(at)? as usize)?.checked_mul(self.word(at + 8)? as usize)
            }
            8..=11 | 18 => self.size(self.last(id)?),
            _ => self.last(id),
        }
    }

    /// All maps that the object defines.
    pub fn maps(&self) -> Option<Vec<Definition>> {
        let is_maps =
            |&id: &usize| self.info(id).is_some_and(|(kind, _)| kind == DATASEC) && self.name(id) == Some(".maps");
        let Some(maps) = (1..self.types.len()).find(is_maps) else { return Some(Vec::new()) };
        let (_, count) = self.info(maps)?;
        (0..count).map(|at| self.map(self.word(self.types[maps] + 12 + 12 * at)? as usize)).collect()
    }

    /// The map that a variable defines.
    fn map(&self, variable: usize) -> Option<Definition> {
        let of = self.last(variable)?;
        let (_, count) = self.info(of)?;
        let spec = MapSpec { name: self.name(variable)?.to_owned(), ..MapSpec::default() };
        let mut map = Definition { spec, values: None };
        for member in (0..count).map(|member| self.types[of] + 12 + 12 * member) {
            // Each is a pointer, or an array of them.
            let ty = self.word(member + 4)? as usize;
            let name = self.text(self.word(member)?)?;
            if self.info(ty)?.0 == ARRAY && name == "values" {
                map.values = Some(u64::from(self.word(member + 8)?) / 8);
            }
            let to = if self.info(ty)?.0 == POINTER { self.last(ty)? } else { continue };
            let number = || self.word(self.types.get(to)? + 12 + 8);
            match name {
                "type" => map.spec.kind = number()?,
                "max_entries" => map.spec.max_entries = number()? as usize,
                "map_flags" => map.spec.flags = number()?,
                "key_size" => map.spec.key_size = number()? as usize,
                "value_size" => map.spec.value_size = number()? as usize,
                "key" => map.spec.key_size = self.size(to)?,
                "value" => map.spec.value_size = self.size(to)?,
                _ => {}
            }
        }
        Some(map)
    }

    /// The lines of each section of code, in order of the instructions, by its name (`.BTF.ext`).
    pub fn lines(&self, ext: &[u8]) -> Option<BTreeMap<String, Vec<Line>>> {
        let word = |at| number(ext, at, self.endian);
        let header = word(4)? as usize;
        let (mut at, length) = (header + word(16)? as usize, word(20)? as usize);
        let end = at + length;
        let size = word(at)? as usize;
        at += 4;
        let mut all = BTreeMap::new();
        while at + 8 <= end {
            let (section, count) = (self.text(word(at)?)?, word(at + 4)? as usize);
            at += 8;
            let mut lines = Vec::new();
            for record in (0..count).map(|record| at + record * size) {
                let instruction = word(record)? as usize / 8;
                let file = self.text(word(record + 4)?)?.to_owned();
                lines.push(Line { instruction, file, line: word(record + 12)? >> 10 });
            }
            at += count * size;
            all.insert(section.to_owned(), lines);
        }
        Some(all)
    }
}

fn number(bytes: &[u8], at: usize, endian: Endian) -> Option<u32> {
    Some(endian.number(bytes.get(at..at.checked_add(4)?)?) as u32)
}

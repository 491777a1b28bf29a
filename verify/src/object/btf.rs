//! `.BTF.ext`: for each instruction the file, the line and its text, as the kernel gets them too.

use super::{Place, index, is_code};
use object::{Object as _, ObjectSection};
use std::collections::{BTreeMap, HashMap};

/// The line information of an object.
#[derive(Default)]
pub struct Lines {
    /// By section, in order of the bytes: where an instruction with a new line is.
    places: BTreeMap<usize, Vec<(u64, Place)>>,
    texts: HashMap<String, BTreeMap<u32, String>>,
}

/// What both sections begin with.
const MAGIC: u32 = 0xeb9f;
/// Bits of a line that are its column.
const COLUMN_BITS: u32 = 10;

impl Lines {
    /// The line information of a file; none of what is missing or damaged.
    pub fn read(file: &object::File<'_>) -> Lines {
        let data = |name| file.section_by_name(name).and_then(|section| section.uncompressed_data().ok());
        let mut lines = Lines::default();
        if let (Some(btf), Some(ext)) = (data(".BTF"), data(".BTF.ext")) {
            // What was read before the damage is good.
            let _ = lines.add(file, &Bytes(&btf), &Bytes(&ext));
        }
        for places in lines.places.values_mut() {
            places.sort_by_key(|(offset, _)| *offset);
        }
        lines
    }

    /// The place of the instruction at a byte of a section.
    pub fn place(&self, section: usize, offset: u64) -> Option<Place> {
        let places = self.places.get(&section)?;
        let after = places.partition_point(|(at, _)| *at <= offset);
        places.get(after.checked_sub(1)?).map(|(_, place)| place.clone())
    }

    /// The text of a line.
    pub fn text(&self, file: &str, line: u32) -> Option<&str> {
        self.texts.get(file)?.get(&line).map(String::as_str)
    }

    /// The last line of a file that an instruction is of.
    pub fn last(&self, file: &str) -> Option<u32> {
        let places = self.places.values().flatten().filter(|(_, place)| place.file == file);
        places.map(|(_, place)| place.line).max()
    }

    /// The lines of a file.
    pub fn texts(&self, file: &str) -> impl Iterator<Item = (u32, &str)> {
        self.texts.get(file).into_iter().flatten().map(|(line, text)| (*line, text.as_str()))
    }

    fn add(&mut self, file: &object::File<'_>, btf: &Bytes<'_>, ext: &Bytes<'_>) -> Option<()> {
        if btf.u16(0)? != MAGIC as u16 || ext.u16(0)? != MAGIC as u16 {
            return None;
        }
        let strings = Strings { btf, at: btf.u32(4)? as usize + btf.u32(16)? as usize };
        let start = ext.u32(4)? as usize + ext.u32(16)? as usize;
        let end = start.checked_add(ext.u32(20)? as usize)?;
        let size = ext.u32(start)? as usize;
        if size < 16 {
            return None;
        }
        let sections: HashMap<String, usize> = file
            .sections()
            .filter(is_code)
            .filter_map(|section| Some((section.name().ok()?.to_owned(), index(section.index()))))
            .collect();
        let mut at = start + 4;
        while at < end {
            let section = sections.get(&strings.at(ext.u32(at)?)).copied();
            let count = ext.u32(at + 4)?;
            at += 8;
            for _ in 0..count {
                let (offset, name, text, line) = (ext.u32(at)?, ext.u32(at + 4)?, ext.u32(at + 8)?, ext.u32(at + 12)?);
                at = at.checked_add(size)?;
                if let Some(section) = section {
                    let (line, column) = (line >> COLUMN_BITS, line & ((1 << COLUMN_BITS) - 1));
                    self.line(section, u64::from(offset), (strings.at(name), line, column), strings.at(text));
                }
            }
        }
        Some(())
    }

    fn line(&mut self, section: usize, offset: u64, (file, line, column): (String, u32, u32), text: String) {
        // Line 0 is code that no line is the cause of; it counts to what is before.
        if line == 0 || file.is_empty() {
            return;
        }
        if !text.is_empty() {
            self.texts.entry(file.clone()).or_default().insert(line, text);
        }
        self.places.entry(section).or_default().push((offset, Place { file, line, column }));
    }
}

struct Strings<'a> {
    btf: &'a Bytes<'a>,
    at: usize,
}

impl Strings<'_> {
    fn at(&self, offset: u32) -> String {
        let start = self.at.saturating_add(offset as usize);
        let rest = self.btf.0.get(start..).unwrap_or(&[]);
        let end = rest.iter().position(|&byte| byte == 0).unwrap_or(0);
        String::from_utf8_lossy(&rest[..end]).into_owned()
    }
}

/// Reads numbers of the byte order of most objects; others have no line information here.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// Two bytes.
    pub fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.0.get(at..at.checked_add(2)?)?.try_into().ok()?))
    }

    /// Four bytes.
    pub fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.0.get(at..at.checked_add(4)?)?.try_into().ok()?))
    }
}

//! `.BTF.ext`: the offsets of instructions in its records of functions, lines and CO-RE relocations.
//!
//! Format: Documentation/bpf/btf.rst of Linux, section ".BTF.ext section".

use ks_vm::decode::Endian;
use std::ops::Range;

/// The fields of `struct btf_ext_header` that say where a table begins and how long it is, and whether two records may be at one place.
const TABLES: [(usize, bool); 3] = [(8, false), (16, false), (24, true)];
/// `core_relo_len` is the last field; objects without it have no such table.
const HEADER: u64 = 32;

/// A record of a table.
pub struct Record {
    pub bytes: Range<usize>,
    /// The offset of the instruction in its section.
    pub offset: u64,
    pub is_core: bool,
}

/// The records for one section.
pub struct Records {
    /// The name of the section, as an offset among the strings of `.BTF`.
    pub section: u64,
    /// Where their number is.
    count: usize,
    pub records: Vec<Record>,
}

/// A table of `.BTF.ext`: the place of its length in the header, and what it has.
pub struct Table {
    length: usize,
    is_core: bool,
    pub sections: Vec<Records>,
}

fn word(bytes: &[u8], at: usize, endian: Endian) -> Option<usize> {
    usize::try_from(endian.number(bytes.get(at..at.checked_add(4)?)?)).ok()
}

/// The tables of `.BTF.ext`. None: it is not as expected.
pub fn tables(ext: &[u8], endian: Endian) -> Option<Vec<Table>> {
    let header = word(ext, 4, endian)?;
    let mut tables = Vec::new();
    for (field, is_core) in TABLES {
        if is_core && (header as u64) < HEADER {
            continue;
        }
        let start = header.checked_add(word(ext, field, endian)?)?;
        let length = word(ext, field + 4, endian)?;
        let mut table = Table { length: field + 4, is_core, sections: Vec::new() };
        if length != 0 {
            let size = word(ext, start, endian)?;
            let mut at = start + 4;
            while at < start.checked_add(length)? {
                let records = records(ext, at, (size, is_core), endian)?;
                at += 8 + size * records.records.len();
                table.sections.push(records);
            }
        }
        tables.push(table);
    }
    Some(tables)
}

fn records(ext: &[u8], at: usize, (size, is_core): (usize, bool), endian: Endian) -> Option<Records> {
    let count = word(ext, at + 4, endian)?;
    let mut records = Records { section: word(ext, at, endian)? as u64, count: at + 4, records: Vec::new() };
    for index in 0..count {
        let start = at + 8 + size * index;
        let offset = word(ext, start, endian)? as u64;
        records.records.push(Record { bytes: start..start.checked_add(size)?, offset, is_core });
    }
    Some(records)
}

/// What became of the section.
pub struct Rewritten {
    pub bytes: Vec<u8>,
    /// The bytes that were taken out, in their order, and how many were before them.
    removed: Vec<(Range<usize>, usize)>,
}

impl Rewritten {
    /// Where a byte is afterwards. None: it was taken out.
    pub fn place(&self, old: u64) -> Option<u64> {
        let at = usize::try_from(old).ok()?;
        let next = self.removed.partition_point(|(range, _)| range.end <= at);
        let is_gone = self.removed.get(next).is_some_and(|(range, _)| range.contains(&at));
        let before = next.checked_sub(1).map_or(0, |last| self.removed[last].1 + self.removed[last].0.len());
        (!is_gone).then_some((at - before) as u64)
    }
}

/// Writes new offsets of instructions. `moved` gives them by the name of the section and the record. Of several lines that come to one instruction the last
/// stays, which is that of the instruction itself: the kernel takes only ascending offsets. None: an offset is that of no instruction.
pub fn rewrite(ext: &[u8], endian: Endian, moved: impl Fn(u64, &Record) -> Option<u64>) -> Option<Rewritten> {
    let mut bytes = ext.to_vec();
    let mut removed = Vec::new();
    // How many bytes each table loses.
    let mut losses = Vec::new();
    for table in tables(ext, endian)? {
        let before = removed.len();
        for section in &table.sections {
            let mut offsets = Vec::with_capacity(section.records.len());
            for record in &section.records {
                let offset = moved(section.section, record)?;
                endian.write(offset, bytes.get_mut(record.bytes.start..record.bytes.start + 4)?);
                offsets.push(offset);
            }
            let mut kept = section.records.len();
            for (index, record) in section.records.iter().enumerate() {
                if !table.is_core && offsets.get(index + 1) == Some(&offsets[index]) {
                    removed.push(record.bytes.clone());
                    kept -= 1;
                }
            }
            endian.write(kept as u64, bytes.get_mut(section.count..section.count + 4)?);
        }
        let loss: usize = removed[before..].iter().map(Range::len).sum();
        losses.push((table.length, loss));
    }
    shorten_header(&mut bytes, &losses, endian)?;
    removed.sort_by_key(|range| range.start);
    let mut rest = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for range in &removed {
        rest.extend_from_slice(bytes.get(at..range.start)?);
        at = range.end;
    }
    rest.extend_from_slice(bytes.get(at..)?);
    let mut before = 0;
    let counted = removed.into_iter().map(|range| {
        let earlier = before;
        before += range.len();
        (range, earlier)
    });
    let removed = counted.collect();
    Some(Rewritten { bytes: rest, removed })
}

/// `losses` are the places of lengths in the header, and how much shorter the table is.
fn shorten_header(bytes: &mut [u8], losses: &[(usize, usize)], endian: Endian) -> Option<()> {
    let old: Vec<(usize, usize)> = losses
        .iter()
        .map(|&(field, _)| Some((word(bytes, field - 4, endian)?, word(bytes, field, endian)?)))
        .collect::<Option<_>>()?;
    for (&(field, loss), &(start, length)) in losses.iter().zip(&old) {
        let earlier = losses.iter().zip(&old).filter(|(_, other)| other.0 < start).map(|((_, loss), _)| loss);
        let earlier: usize = earlier.sum();
        endian.write((start - earlier) as u64, bytes.get_mut(field - 4..field)?);
        endian.write((length - loss) as u64, bytes.get_mut(field..field + 4)?);
    }
    Some(())
}

//! Opens a file of BTF: raw, as the kernel shows it, or the section of an ELF file.

use super::{Btf, Malformed, TypeId, types};
use crate::target::Endian;
use object::{Object, ObjectSection};
use std::io;
use std::ops::Range;
use std::path::Path;

/// `BTF_MAGIC`, which also says the byte order.
pub(super) const MAGIC: u16 = 0xeb9f;
const ELF_MAGIC: &[u8] = b"\x7fELF";
/// The words of `struct btf_header` up to `str_len`.
const HEADER: usize = 24;

/// Why a file has no types for us.
#[derive(Debug)]
pub enum OpenError {
    Io(io::Error),
    /// Neither ELF nor BTF, or BTF of a later version.
    NoBtf,
    /// An ELF file without `.BTF`.
    NoSection,
    /// The header or a type reaches beyond the end.
    Malformed,
    /// It is of the running kernel, and `--target-arch` names another processor.
    Foreign,
    /// It is of a kernel without a struct that the program implements.
    Lacks(String),
}

impl From<Malformed> for OpenError {
    fn from(_: Malformed) -> OpenError {
        OpenError::Malformed
    }
}

/// The byte order that the magic number says; none if it is another one.
pub(super) fn endian(magic: &[u8]) -> Option<Endian> {
    [Endian::Little, Endian::Big].into_iter().find(|endian| endian.number(magic) == u64::from(MAGIC))
}

impl Btf {
    /// Reads a file of BTF, raw or inside an ELF file.
    pub fn open(path: &Path) -> Result<Btf, OpenError> {
        Btf::new(std::fs::read(path).map_err(OpenError::Io)?)
    }

    /// The BTF in the bytes of a file, raw or in the section `.BTF` of an ELF file.
    pub fn new(data: Vec<u8>) -> Result<Btf, OpenError> {
        if !data.starts_with(ELF_MAGIC) {
            return Btf::raw(data);
        }
        let file = object::File::parse(&*data).map_err(|_| OpenError::Malformed)?;
        let section = file.section_by_name(".BTF").ok_or(OpenError::NoSection)?;
        Btf::raw(section.uncompressed_data().map_err(|_| OpenError::Malformed)?.into_owned())
    }

    fn raw(data: Vec<u8>) -> Result<Btf, OpenError> {
        let magic = data.get(..2).ok_or(OpenError::NoBtf)?;
        let endian = endian(magic).ok_or(OpenError::NoBtf)?;
        if data.get(2) != Some(&1) {
            return Err(OpenError::NoBtf);
        }
        let word = |data: &[u8], at| endian.word(data, at).ok_or(Malformed);
        let header = word(&data, 4)? as usize;
        if header < HEADER {
            return Err(OpenError::Malformed);
        }
        let part = |at: usize| -> Result<Range<usize>, Malformed> {
            let start = header.checked_add(word(&data, at)? as usize).ok_or(Malformed)?;
            let end = start.checked_add(word(&data, at + 4)? as usize).ok_or(Malformed)?;
            if end > data.len() { Err(Malformed) } else { Ok(start..end) }
        };
        let (types, strings) = (part(8)?, part(16)?);
        Ok(Btf::indexed(data, endian, types, strings)?)
    }

    /// Walks over all types once: so later lookups meet no type that reaches beyond the end.
    pub(super) fn indexed(
        data: Vec<u8>,
        endian: Endian,
        types: Range<usize>,
        strings: Range<usize>,
    ) -> Result<Btf, Malformed> {
        let records = data.get(types.clone()).ok_or(Malformed)?;
        // A record is 12 bytes long, and most have something behind them.
        let mut starts = Vec::with_capacity(records.len() / 24);
        let mut at = 0;
        while at < records.len() {
            starts.push(u32::try_from(types.start + at).map_err(|_| Malformed)?);
            at += types::length(endian.word(records, at + 4).ok_or(Malformed)?).ok_or(Malformed)?;
        }
        if at > records.len() { Err(Malformed) } else { Ok(Btf { data, endian, types, strings, starts }) }
    }

    /// Where a type begins.
    pub(super) fn position(&self, id: TypeId) -> Result<usize, Malformed> {
        let index = (id.0 as usize).checked_sub(1).ok_or(Malformed)?;
        self.starts.get(index).map(|&at| at as usize).ok_or(Malformed)
    }

    /// The types in order, with their positions.
    pub(super) fn positions(&self) -> impl Iterator<Item = (TypeId, usize)> {
        std::iter::zip(1.., &self.starts).map(|(id, &at)| (TypeId(id), at as usize))
    }

    /// A word of the types; positions are those of the file.
    pub(super) fn type_word(&self, at: usize) -> Result<u32, Malformed> {
        let end = at.checked_add(4).filter(|&end| end <= self.types.end).ok_or(Malformed)?;
        self.endian.word(&self.data, end - 4).ok_or(Malformed)
    }

    pub(super) fn strings(&self) -> &[u8] {
        &self.data[self.strings.clone()]
    }

    /// The text at an offset of the strings; empty is no name.
    pub(super) fn string(&self, offset: u32) -> Result<&str, Malformed> {
        let rest = self.strings().get(offset as usize..).ok_or(Malformed)?;
        let end = memchr::memchr(0, rest).ok_or(Malformed)?;
        std::str::from_utf8(&rest[..end]).map_err(|_| Malformed)
    }
}

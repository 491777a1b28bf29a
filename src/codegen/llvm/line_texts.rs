//! The source text in the line information of a BPF object, which the kernel's log and bpftool show.
//!
//! LLVM would put it there from the source in the file's node, but it finds each string of BTF by a walk over all
//! others (BTFStringTable::addString in llvm/lib/Target/BPF/BTFDebug.cpp), so its time grows with the square of the
//! source's length. Formats: Documentation/bpf/btf.rst of Linux, sections "BTF_Type and Type Encoding" and ".BTF.ext
//! section".

use crate::session::Session;
use crate::source::FileId;
use std::collections::HashMap;

/// `str_len` of `struct btf_header`; `str_off` is before it.
const STRINGS_LENGTH: usize = 20;
/// `line_info_off` and `line_info_len` of `struct btf_ext_header`.
const LINES_OFFSET: usize = 16;
const LINES_LENGTH: usize = 20;
/// The low bits of `line_col` are the column.
const COLUMN_BITS: u32 = 10;

/// Appends the lines to the strings of `.BTF` and refers to them from `.BTF.ext`. None: the sections are not as expected.
pub fn add(btf: &mut Vec<u8>, ext: &mut [u8], cx: &Session) -> Option<()> {
    let endian = cx.types.machine().endian;
    let word = |bytes: &[u8], at| endian.word(bytes, at);
    let strings = (word(btf, 4)? + word(btf, 16)?) as usize;
    let mut texts = Texts { cx, strings, files: HashMap::new(), lines: HashMap::new(), offsets: HashMap::new() };
    let start = (word(ext, 4)? + word(ext, LINES_OFFSET)?) as usize;
    let end = start + word(ext, LINES_LENGTH)? as usize;
    let record = word(ext, start)? as usize;
    let mut at = start + 4;
    while at < end {
        let count = word(ext, at + 4)? as usize;
        at += 8;
        for _ in 0..count {
            let line = word(ext, at + 12)? >> COLUMN_BITS;
            let offset = texts.offset(btf, word(ext, at + 4)?, line)?;
            endian.write(offset.into(), ext.get_mut(at + 8..at + 12)?);
            at += record;
        }
    }
    let length = u32::try_from(btf.len() - strings).ok()?;
    endian.write(length.into(), btf.get_mut(STRINGS_LENGTH..STRINGS_LENGTH + 4)?);
    Some(())
}

struct Texts<'a> {
    cx: &'a Session,
    /// Where the strings begin in `.BTF`; they are its last part.
    strings: usize,
    /// The file of a name's offset; none for names that are no source of ours.
    files: HashMap<u32, Option<FileId>>,
    lines: HashMap<(FileId, u32), u32>,
    /// The offset of a text, for lines with the same text.
    offsets: HashMap<&'a str, u32>,
}

impl Texts<'_> {
    /// The offset of a line's text among the strings, where it is put if it is not there; 0, the empty string, if there is
    /// no such line.
    fn offset(&mut self, btf: &mut Vec<u8>, name: u32, line: u32) -> Option<u32> {
        let file = match self.files.get(&name) {
            Some(&file) => file,
            None => {
                let file = self.file(btf, name)?;
                self.files.insert(name, file);
                file
            }
        };
        let Some(id) = file else { return Some(0) };
        if let Some(&offset) = self.lines.get(&(id, line)) {
            return Some(offset);
        }
        let file = self.cx.sources.file(id);
        let exists = line >= 1 && line as usize <= file.line_count();
        let text = if exists { file.line(line) } else { "" };
        let offset = match self.offsets.get(text) {
            Some(&offset) => offset,
            None if text.is_empty() => 0,
            None => {
                let offset = u32::try_from(btf.len() - self.strings).ok()?;
                btf.extend_from_slice(text.as_bytes());
                btf.push(0);
                self.offsets.insert(text, offset);
                offset
            }
        };
        self.lines.insert((id, line), offset);
        Some(offset)
    }

    fn file(&self, btf: &[u8], name: u32) -> Option<Option<FileId>> {
        let bytes = btf.get(self.strings + name as usize..)?;
        let name = bytes.split(|&b| b == 0).next()?;
        let mut files = self.cx.sources.files().map(|(id, _)| id);
        Some(files.find(|&id| self.cx.recorded_name(id).as_bytes() == name))
    }
}

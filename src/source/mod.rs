//! Source files, and spans into them.

mod brackets;
pub mod comments;
pub mod layout;
pub mod load;
pub mod paths;
pub mod points;
mod problems;
pub mod scan;
pub mod words;

use std::ops::Range;
use std::path::{Path, PathBuf};

/// Index of a file in the [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileId(pub u32);

/// A range of bytes `lo..hi` of one source file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Span {
    pub file: FileId,
    pub lo: u32,
    pub hi: u32,
}

impl Span {
    /// A span from byte offsets into the file's text.
    pub fn new(file: FileId, lo: usize, hi: usize) -> Span {
        Span { file, lo: lo as u32, hi: hi as u32 }
    }

    /// The smallest span that holds both; they must be of one file.
    pub fn to(self, end: Span) -> Span {
        debug_assert_eq!(self.file, end.file);
        Span { file: self.file, lo: self.lo.min(end.lo), hi: self.hi.max(end.hi) }
    }

    /// The empty span at the start of this one.
    pub fn start(self) -> Span {
        Span { hi: self.lo, ..self }
    }

    /// The empty span at the end of this one.
    pub fn end(self) -> Span {
        Span { lo: self.hi, ..self }
    }
}

/// A place for people: both numbers start at 1, columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineCol {
    pub line: u32,
    pub column: u32,
}

/// A file of the program: its names, its text, and an index of its lines.
pub struct SourceFile {
    /// As the user wrote it; what diagnostics show.
    pub name: String,
    /// What objects and executables call the file: its path from the folder of the program's own file, so that they do not
    /// depend on where the sources lie. `Session::recorded_name` applies `--path-prefix-map` to it.
    pub recorded: String,
    pub path: PathBuf,
    /// The text as read, less a byte-order mark; CRLF is kept (the lexical layer treats CR as a blank).
    pub text: String,
    /// A byte-order mark was before the text.
    pub byte_order_mark: bool,
    line_starts: Vec<u32>,
    /// How many characters begin before each block of the text.
    characters: Vec<u32>,
}

impl SourceFile {
    /// Number of lines; a file without a final newline ends in a line of its own.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The text of a line (1-based) without its line end.
    pub fn line(&self, line: u32) -> &str {
        self.text[self.line_range(line)].trim_end_matches(['\n', '\r'])
    }

    /// The bytes of a line (1-based) with its line end.
    pub fn line_range(&self, line: u32) -> Range<usize> {
        let index = line as usize - 1;
        let start = self.line_starts[index] as usize;
        start..self.line_starts.get(index + 1).map_or(self.text.len(), |&end| end as usize)
    }

    /// The byte at a line and column, both from 1; none if the file has no such line. A column beyond the line is its end.
    pub fn offset(&self, line: u32, column: u32) -> Option<u32> {
        let index = (line as usize).checked_sub(1).filter(|&i| i < self.line_count())?;
        let text = self.line(line);
        let skip = (column as usize).saturating_sub(1);
        let within = text.char_indices().nth(skip).map_or(text.len(), |(at, _)| at);
        Some(self.line_starts[index] + within as u32)
    }

    /// The line of a byte, from 1.
    pub fn line_of(&self, offset: u32) -> u32 {
        self.line_starts.partition_point(|&start| start <= offset) as u32
    }

    /// The line and the column of a byte offset, from 1; columns count characters.
    pub fn line_col(&self, offset: u32) -> LineCol {
        let line = self.line_of(offset);
        let start = self.line_starts[line as usize - 1] as usize;
        let mut end = (offset as usize).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let before = if end - start < BLOCK {
            characters_of(&self.text.as_bytes()[start..end])
        } else {
            self.characters_before(end) - self.characters_before(start)
        };
        LineCol { line, column: before as u32 + 1 }
    }

    /// It counts from the nearest known position, so that a file of one long line is as fast as another.
    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let counted = &self.text.as_bytes()[block * BLOCK..offset];
        self.characters[block] as usize + characters_of(counted)
    }
}

/// The bytes between positions whose number of preceding characters is kept.
const BLOCK: usize = 1024;

/// The number of characters of a part of a text, which may begin and end inside one: all bytes count but continuation
/// bytes.
fn characters_of(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
}

/// The files of a run, by [`FileId`].
#[derive(Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
    /// Texts that replace those of files on the disk.
    edits: Vec<(PathBuf, String)>,
}

impl SourceMap {
    /// From here on the file is read as `text`.
    pub fn edit(&mut self, path: &Path, text: String) {
        self.edits.retain(|(edited, _)| edited != path);
        self.edits.push((path.to_owned(), text));
    }

    fn edited(&self, path: &Path) -> Option<&str> {
        self.edits.iter().find(|(edited, _)| edited == path).map(|(_, text)| text.as_str())
    }

    /// Adds a file and indexes its lines; `name` is for messages, `path` is where it was read.
    pub fn add(&mut self, name: &str, path: &Path, text: String) -> FileId {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u32 + 1)).collect();
        let mut before = 0;
        let mut characters: Vec<u32> = vec![0];
        for block in text.as_bytes().chunks(BLOCK) {
            before += characters_of(block) as u32;
            characters.push(before);
        }
        self.files.push(SourceFile {
            name: name.to_owned(),
            recorded: path.file_name().map_or(name.into(), |last| last.to_string_lossy()).into_owned(),
            path: path.to_owned(),
            text,
            byte_order_mark: false,
            line_starts,
            characters,
        });
        FileId(self.files.len() as u32 - 1)
    }

    /// Notes that the file is not the program's own, but one that another file names.
    pub fn record(&mut self, id: FileId, recorded: String) {
        self.files[id.0 as usize].recorded = recorded;
    }

    /// Notes that a byte-order mark was taken off.
    pub fn had_byte_order_mark(&mut self, id: FileId) {
        self.files[id.0 as usize].byte_order_mark = true;
    }

    /// The file of an id.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// All files with their ids, in the order in which they were read.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, f)| (FileId(i as u32), f))
    }

    /// The text of a span, as the user wrote it.
    pub fn text(&self, span: Span) -> &str {
        &self.file(span.file).text[span.lo as usize..span.hi as usize]
    }

    /// The line and the column of a span's first character, from 1.
    pub fn line_col(&self, span: Span) -> LineCol {
        self.file(span.file).line_col(span.lo)
    }
}

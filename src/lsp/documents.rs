//! The texts that the editor has open, and the files of their addresses.

use super::text::{self, Encoding};
use crate::ast;
use crate::session::Session;
use crate::source::FileId;
use crate::syntax::{self, Memory};
use lsp_types::TextDocumentContentChangeEvent;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// A text that the editor has open.
#[derive(Clone)]
pub struct Document {
    /// As the editor writes it.
    pub uri: String,
    /// The file, or for a text that is none yet a name in no folder.
    pub path: PathBuf,
    pub text: String,
    pub version: i32,
    /// The declarations of the text as it was before.
    pub memory: Arc<Mutex<Memory>>,
}

impl Document {
    /// Applies edits in order; a range is of the text after the edits before it.
    pub fn edit(&mut self, changes: Vec<TextDocumentContentChangeEvent>, version: i32, encoding: Encoding) {
        for change in changes {
            match change.range {
                Some(range) => {
                    let start = text::offset(&self.text, range.start, encoding);
                    let end = text::offset(&self.text, range.end, encoding).max(start);
                    self.text.replace_range(start..end, &change.text);
                }
                None => self.text = change.text,
            }
        }
        self.version = version;
    }

    /// The tree of the text, which is a file of the session.
    pub fn parse(&self, cx: &mut Session, file: FileId) -> ast::File {
        // After a fault in another thread the memory still has whole declarations.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        syntax::parse_remembering(cx, file, &mut memory)
    }

    /// Whether it is a program or a module, which is checked by itself.
    pub fn is_root(&self) -> bool {
        self.path.extension().is_none_or(|extension| extension != "kh")
    }

    /// A program beside a header that has nothing but the header.
    pub fn includer(&self) -> Document {
        let name = self.path.file_name().map_or("".into(), |name| name.to_string_lossy());
        let text = format!("include \"{}\"\n", name.replace('\\', "\\\\").replace('"', "\\\""));
        let path = self.path.with_extension("kh.ks");
        Document { uri: String::new(), path, text, version: 0, memory: Arc::default() }
    }
}

/// The open texts by their files.
#[derive(Clone, Default)]
pub struct Documents(BTreeMap<PathBuf, Document>);

impl Documents {
    /// Opens a text, or replaces one.
    pub fn open(&mut self, uri: String, text: String, version: i32) -> &mut Document {
        let path = path(&uri);
        self.0.insert(path.clone(), Document { uri, path: path.clone(), text, version, memory: Arc::default() });
        self.0.get_mut(&path).unwrap_or_else(|| crate::bug!("a text that was opened is not there"))
    }

    /// Closes a text.
    pub fn close(&mut self, uri: &str) -> Option<Document> {
        self.0.remove(&path(uri))
    }

    /// The text at an address; none if it is not open.
    pub fn get(&self, uri: &str) -> Option<&Document> {
        self.0.get(&path(uri))
    }

    /// The same, to be edited.
    pub fn get_mut(&mut self, uri: &str) -> Option<&mut Document> {
        self.0.get_mut(&path(uri))
    }

    /// The text of a file; none if it is not open.
    pub fn of_file(&self, path: &Path) -> Option<&Document> {
        self.0.get(path)
    }

    /// All of them, in the order of their files.
    pub fn all(&self) -> impl Iterator<Item = &Document> {
        self.0.values()
    }
}

/// The file that an address names (RFC 8089); another scheme yields a name below a folder that no system has.
pub fn path(uri: &str) -> PathBuf {
    let decoded = |text: &str| PathBuf::from(String::from_utf8_lossy(&percent_decoded(text)).into_owned());
    match uri.strip_prefix("file://") {
        Some(rest) => decoded(&rest[rest.find('/').unwrap_or(0)..]),
        None => {
            let name = uri.split_once(':').map_or(uri, |(_, name)| name);
            Path::new("/dev/null/untitled").join(decoded(name.trim_start_matches('/')))
        }
    }
}

/// The address of a file.
pub fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let code = behind.get(..2).filter(|_| first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            None => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_files() {
        assert_eq!(path("file:///tmp/a%20b/%C3%A4.ks"), Path::new("/tmp/a b/ä.ks"));
        assert_eq!(uri(Path::new("/tmp/a b/ä.ks")), "file:///tmp/a%20b/%C3%A4.ks");
        assert_eq!(path("file:///tmp/100%.ks"), Path::new("/tmp/100%.ks"));
        assert!(path("untitled:Untitled-1").ends_with("Untitled-1"));
    }
}

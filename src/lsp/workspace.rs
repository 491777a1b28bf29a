//! The programs of the folders that the editor has open, beside those that are open themselves.

use super::analysis::Analysis;
use super::documents::Document;
use super::server::Server;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Files that are looked at, at most: a folder may be a whole disk.
const MAX_FILES: usize = 2000;
/// The largest file that is looked at, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The checks of all open programs, and of the programs in the editor's folders that have the word in their text.
pub fn analyses_with(server: &mut Server, word: &str) -> Vec<Rc<Analysis>> {
    let mut found = server.analyses();
    for path in files(&server.folders) {
        if server.documents.of_file(&path).is_some() {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if text.contains(word) {
            let document = Document { uri: String::new(), path, text, version: 0, memory: Arc::default() };
            found.push(Rc::new(Analysis::of(&document, &server.documents, &server.options)));
        }
    }
    found
}

/// The `.ks` files below folders, hidden ones left out, in the order of their names.
pub fn files(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| collect(folder, &mut found));
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        if found.len() >= MAX_FILES {
            return;
        }
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if kind.is_dir() && !is_hidden && entry.file_name() != "target" {
            collect(&path, found);
        } else if kind.is_file()
            && path.extension().is_some_and(|extension| extension == "ks")
            && entry.metadata().is_ok_and(|about| about.len() <= MAX_BYTES)
        {
            found.push(path);
        }
    }
}

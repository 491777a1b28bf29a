//! Functions of processes: the file that is mapped at an address, and the symbols of that file.

use super::elf::Image;
use super::shown;
use crate::kernel::program::fill;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::c_char;
use std::fs;

/// A file that is mapped into a process.
struct Mapping {
    /// `start-end` as /proc/PID/maps has it.
    range: String,
    start: u64,
    end: u64,
    path: String,
    /// The offset of the range in the file.
    offset: u64,
    /// Device and inode, which are of this file alone.
    file: String,
}

thread_local! {
    /// By device and inode; none for files that cannot be read.
    static IMAGES: RefCell<BTreeMap<String, Option<Image>>> = const { RefCell::new(BTreeMap::new()) };
}

/// What a process had mapped when it was read.
pub struct Process {
    pid: i32,
    mappings: Vec<Mapping>,
}

impl Process {
    /// Nothing is mapped where there is no such process. 0 is this one.
    pub fn read(pid: i32) -> Process {
        let maps = fs::read_to_string(format!("{}/maps", folder(pid))).unwrap_or_default();
        Process { pid, mappings: maps.lines().filter_map(mapping).collect() }
    }

    /// The function at an address, or the file where that has no name, and how far behind the start of it that is.
    pub fn find(&self, address: u64) -> Option<(String, u64)> {
        let mapping = self.mappings.iter().find(|mapping| mapping.start <= address && address < mapping.end)?;
        let place = address - mapping.start + mapping.offset;
        IMAGES.with_borrow_mut(|images| {
            let image = images.entry(mapping.file.clone()).or_insert_with(|| image(self.pid, mapping));
            let found = image.as_ref().and_then(|image| image.symbol(place));
            let file = mapping.path.rsplit('/').next().filter(|file| !file.is_empty());
            found.or(file.map(|file| (file, place))).map(|(name, offset)| (name.to_owned(), offset))
        })
    }
}

fn folder(pid: i32) -> String {
    if pid == 0 { "/proc/self".to_owned() } else { format!("/proc/{pid}") }
}

/// `start-end perms offset device inode   path`
fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.splitn(6, ' ');
    let range = words.next()?;
    let (start, end) = range.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    let (start, end) = (number(start)?, number(end)?);
    let offset = number(words.nth(1)?)?;
    let file = format!("{} {}", words.next()?, words.next()?);
    let path = words.next().unwrap_or_default().trim_start().to_owned();
    Some(Mapping { range: range.to_owned(), start, end, path, offset, file })
}

/// The file may be gone, or be another one in this namespace, so it is opened as the process has it.
fn image(pid: i32, mapping: &Mapping) -> Option<Image> {
    let folder = folder(pid);
    let paths = [
        format!("{folder}/map_files/{}", mapping.range),
        format!("{folder}/root{}", mapping.path),
        mapping.path.clone(),
    ];
    let data = paths.iter().filter(|_| mapping.path.starts_with('/')).find_map(|path| fs::read(path).ok())?;
    Image::read(&data)
}

/// `usym`: a symbol of a process.
///
/// # Safety
/// `out` is writable for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ks_usym(pid: i32, address: u64, out: *mut c_char, size: u64) {
    let found = Process::read(pid).find(address);
    let text = shown(found.as_ref().map(|(name, offset)| (name.as_str(), *offset)), address);
    // SAFETY: as the caller promises.
    unsafe { fill(&text, out, size) }
}

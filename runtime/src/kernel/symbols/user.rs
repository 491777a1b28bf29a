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

/// `name+0x12`; where the file has no name, `file+0x1234`, the place in that; else the address.
fn name(pid: i32, address: u64) -> String {
    let Some(mapping) = mapping(pid, address) else { return shown(None, address) };
    IMAGES.with_borrow_mut(|images| {
        let image = images.entry(mapping.file.clone()).or_insert_with(|| image(pid, &mapping));
        let found = image.as_ref().and_then(|image| image.symbol(mapping.offset));
        let file = mapping.path.rsplit('/').next().filter(|file| !file.is_empty());
        shown(found.or(file.map(|file| (file, mapping.offset))), address)
    })
}

fn mapping(pid: i32, address: u64) -> Option<Mapping> {
    let pid = if pid == 0 { "self".to_owned() } else { pid.to_string() };
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
    maps.lines().find_map(|line| {
        // `start-end perms offset device inode   path`
        let mut words = line.splitn(6, ' ');
        let range = words.next()?;
        let (start, end) = range.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).ok();
        let (start, end) = (number(start)?, number(end)?);
        let offset = number(words.nth(1)?)?;
        let file = format!("{} {}", words.next()?, words.next()?);
        let path = words.next().unwrap_or_default().trim_start().to_owned();
        let holds = start <= address && address < end;
        holds.then(|| Mapping { range: range.to_owned(), path, offset: address - start + offset, file })
    })
}

/// The file may be gone, or be another one in this namespace, so it is opened as the process has it.
fn image(pid: i32, mapping: &Mapping) -> Option<Image> {
    let pid = if pid == 0 { "self".to_owned() } else { pid.to_string() };
    let paths = [
        format!("/proc/{pid}/map_files/{}", mapping.range),
        format!("/proc/{pid}/root{}", mapping.path),
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
    // SAFETY: as the caller promises.
    unsafe { fill(&name(pid, address), out, size) }
}

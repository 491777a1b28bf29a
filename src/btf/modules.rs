//! Types of the kernel's modules ("split BTF"). Linux shows them in one file per module, beside that of the kernel. In each of them the
//! numbers of
//! types and the offsets of names continue those of the kernel's file.

use super::{Btf, Malformed};
use memchr::memmem;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// The name of the kernel's own file.
const KERNEL: &str = "vmlinux";

/// The files of modules beside a kernel's, in order of their names.
pub fn beside(kernel: &Path) -> Vec<Btf> {
    let folder = kernel.parent().filter(|_| kernel.file_name().is_some_and(|name| name == KERNEL));
    let Some(entries) = folder.and_then(|folder| fs::read_dir(folder).ok()) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path != kernel);
    paths.sort();
    paths.iter().filter_map(|path| read(path)).collect()
}

/// Another file of the folder may be anything, and large: only BTF is read whole.
fn read(path: &Path) -> Option<Btf> {
    let mut file = File::open(path).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut data = vec![0; size_of_val(&super::file::MAGIC)];
    file.read_exact(&mut data).ok()?;
    super::file::endian(&data)?;
    file.read_to_end(&mut data).ok()?;
    Btf::new(data).ok()
}

impl Btf {
    /// Whether a name is among the strings.
    pub(super) fn mentions(&self, name: &str) -> bool {
        memmem::find(self.strings(), format!("{name}\0").as_bytes()).is_some()
    }

    /// The types of the kernel, and behind them those of a module.
    pub fn joined(&self, module: &Btf) -> Result<Btf, Malformed> {
        if self.endian != module.endian {
            return Err(Malformed);
        }
        let parts = [(self, self.types.clone()), (module, module.types.clone())];
        let mut data: Vec<u8> = parts.into_iter().flat_map(|(of, range)| &of.data[range]).copied().collect();
        let types = 0..data.len();
        data.extend(self.strings());
        data.extend(module.strings());
        let strings = types.end..data.len();
        Btf::indexed(data, self.endian, types, strings)
    }
}

//! What a guest boots from: an archive of `cpio` in its new format (Documentation/driver-api/early-userspace/buffer-format.rst), which the kernel
//! unpacks into its root.

/// Modes of files (inode(7)).
const FOLDER: u32 = 0o040_755;
const FILE: u32 = 0o100_755;
/// The name of the last entry.
const TRAILER: &str = "TRAILER!!!";

/// An archive that is being written.
#[derive(Default)]
pub struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    /// A folder; those above it are there already.
    pub fn folder(&mut self, path: &str) {
        self.entry(path, FOLDER, &[]);
    }

    /// A file that may be executed. Its folder is there already.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE, content);
    }

    /// The whole archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.entry(TRAILER, 0, &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        // inode, mode, user, group, links, time, size, device, device of special files, length of the name with its end, sum
        let name = u32::try_from(path.len()).unwrap_or(u32::MAX).saturating_add(1);
        let fields = [self.entries, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, name, 0];
        self.bytes.extend(b"070701");
        fields.iter().for_each(|field| self.bytes.extend(format!("{field:08x}").as_bytes()));
        self.bytes.extend(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(content);
        self.align();
    }

    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::Archive;

    #[test]
    fn entries_are_aligned() {
        let mut archive = Archive::default();
        archive.folder("jobs");
        archive.file("jobs/a", b"12345");
        let bytes = archive.finish();
        let text = String::from_utf8_lossy(&bytes);
        let starts: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(starts.len(), 3);
        assert!(starts.iter().all(|at| at % 4 == 0) && bytes.len() % 4 == 0);
        assert_eq!(&text[starts[1] + 6 + 6 * 8..starts[1] + 6 + 7 * 8], "00000005");
    }
}

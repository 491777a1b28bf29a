//! Pinned maps: `/sys/fs/bpf/<project>/maps/<name>`.

use crate::abi::KS_MAP_PIN;
use crate::errors::{die, reason};
use crate::program;
use libbpf_sys as bpf;
use std::ffi::CString;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::path::PathBuf;

const BPFFS: &str = "/sys/fs/bpf";
/// BPF_FS_MAGIC of linux/magic.h.
const MAGIC: u32 = 0xcafe_4a11;

/// Gives pinned maps their paths, before the object is loaded.
pub fn prepare(object: *mut bpf::bpf_object) {
    let pinned: Vec<_> = program::maps().iter().filter(|map| map.flags & KS_MAP_PIN != 0).collect();
    if pinned.is_empty() {
        return;
    }
    if !mounted() {
        die(
            1,
            &format!(
                "bpffs is not mounted at {BPFFS}, and the pinned map `{}` needs it\n  \
                 help: mount it (as root): mount -t bpf bpf {BPFFS}",
                program::text(pinned[0].name)
            ),
        );
    }
    let folder = PathBuf::from(BPFFS).join(program::name()).join("maps");
    if let Err(error) = fs::create_dir_all(&folder) {
        cannot_create(&folder, &error);
    }
    for map in pinned {
        let path = folder.join(program::text(map.name));
        let path = CString::new(path.into_os_string().into_encoded_bytes()).unwrap_or_default();
        let found = super::find_map(object, map.name);
        // SAFETY: a map of the open object, and a path that is copied.
        let result =
            if found.is_null() { -libc::ENOENT } else { unsafe { bpf::bpf_map__set_pin_path(found, path.as_ptr()) } };
        if result != 0 {
            die(1, &format!("cannot pin the map `{}`: {}", program::text(map.name), reason(result)));
        }
    }
}

fn mounted() -> bool {
    let path = CString::new(BPFFS).unwrap_or_default();
    // SAFETY: a zeroed statfs is valid, and filled by the call.
    unsafe {
        let mut stat: libc::statfs = MaybeUninit::zeroed().assume_init();
        libc::statfs(path.as_ptr(), &mut stat) == 0 && stat.f_type as u32 == MAGIC
    }
}

fn cannot_create(folder: &std::path::Path, error: &io::Error) -> ! {
    let code = error.raw_os_error().unwrap_or(libc::EIO);
    let help = if code == libc::EPERM || code == libc::EACCES {
        "\n  no privilege: pinned maps belong to root\n  help: run it as root, for instance with sudo"
    } else {
        ""
    };
    die(1, &format!("cannot create the pin directory {}: {}{help}", folder.display(), reason(code)))
}

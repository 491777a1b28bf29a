//! The kernel module whose functions the programs call: found, checked and loaded before the object is.
//!
//! The module is `NAME.ko` beside the executable, or one that `depmod` knows. It is removed at the end of the process that loaded
//! it, unless somebody else uses it.

use super::state;
use crate::kernel::end::{self, die};
use crate::kernel::errors::{errno, reason};
use crate::kernel::{privilege, program};
use std::ffi::{CStr, CString};
use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

const BTF: &str = "/sys/kernel/btf";
/// include/uapi/linux/module.h; since 5.17.
const MODULE_INIT_COMPRESSED_FILE: i32 = 4;
/// The kernel frees programs, and what they hold of a module, after the call that closes them: so often is tried to remove it, and
/// so many milliseconds lie between.
const TRIES: u32 = 20;
const PAUSE: u64 = 50;

/// Loads the module of the program, if it has one that is not there.
pub fn ensure() {
    let Some(name) = program::kernel_module() else { return };
    if Path::new(BTF).join(name).exists() {
        return;
    }
    if Path::new("/sys/module").join(name).exists() {
        die(1, &format!("the kernel module `{name}` is loaded, and has no BTF{NO_BTF}"));
    }
    let file = find(name);
    check(name, &file);
    insert(name, &file);
    if !Path::new(BTF).join(name).exists() {
        remove(name);
        die(1, &format!("the kernel made no BTF of the module `{}`{NO_BTF}", file.display()));
    }
    end::at_end(|| {
        state::close();
        if let Some(name) = program::kernel_module() {
            remove(name);
        }
    });
}

const NO_BTF: &str = ", without which no BPF program can call its functions\n  help: the kernel needs CONFIG_DEBUG_INFO_BTF_MODULES; the build of the module needs `pahole`, and the kernel's `vmlinux` in its tree";

/// The variable that names the folder of the source, where `ksc run` executes the program.
const FOLDER: &str = "KS_FOLDER";

/// The release of the running kernel.
pub fn release() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// The file of the module.
fn find(name: &str) -> PathBuf {
    let file = format!("{name}.ko");
    let beside = match std::env::var_os(FOLDER) {
        Some(folder) => Path::new(&folder).join(file),
        None => std::env::current_exe().unwrap_or_default().with_file_name(file),
    };
    if beside.exists() {
        return beside;
    }
    let tree = Path::new("/lib/modules").join(release());
    if let Some(installed) = installed(&tree, name) {
        return installed;
    }
    let text = format!(
        "there is no kernel module `{name}`, whose functions the program calls: neither `{}` nor one in `{}`\n  help: `ksc build-module` builds it; it belongs beside the executable",
        beside.display(),
        tree.display()
    );
    die(1, &text)
}

/// What `depmod` knows: lines of `PATH: NEEDED…`.
fn installed(tree: &Path, name: &str) -> Option<PathBuf> {
    let known = fs::read_to_string(tree.join("modules.dep")).ok()?;
    let paths = known.lines().filter_map(|line| line.split(':').next());
    let named = |path: &&str| {
        let file = path.rsplit('/').next().unwrap_or_default();
        file.strip_prefix(name).is_some_and(|rest| rest == ".ko" || rest.starts_with(".ko."))
    };
    paths.into_iter().find(named).map(|path| tree.join(path))
}

fn is_compressed(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension != "ko")
}

/// Ends the process if the module is of another kernel, or cannot have functions for BPF programs.
fn check(name: &str, file: &Path) {
    if is_compressed(file) {
        return;
    }
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => die(1, &format!("the kernel module `{}` cannot be read: {error}", file.display())),
    };
    let (built, running) = (value(&bytes, b"vermagic="), release());
    let built = built.split(' ').next().unwrap_or_default();
    if built != running {
        let text = format!(
            "the kernel module `{}` was built for Linux {built}, and this is {running}\n  help: `ksc build-module` builds `{name}.ko` for the kernel that runs, or for that of `--kernel-dir`",
            file.display()
        );
        die(1, &text);
    }
    if !holds(&bytes, b"\0.BTF\0") {
        die(1, &format!("the kernel module `{}` has no BTF{NO_BTF}", file.display()));
    }
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|part| part == wanted)
}

/// What the module says of itself: `key=value`, and a NUL.
fn value(bytes: &[u8], key: &[u8]) -> String {
    let start = bytes.windows(key.len()).position(|part| part == key).map(|at| at + key.len());
    let rest = start.and_then(|start| bytes.get(start..)).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == 0).unwrap_or(rest.len());
    String::from_utf8_lossy(&rest[..end]).into_owned()
}

fn insert(name: &str, file: &Path) {
    let shown = file.display();
    let opened = match fs::File::open(file) {
        Ok(opened) => opened,
        Err(error) => die(1, &format!("the kernel module `{shown}` cannot be read: {error}")),
    };
    let flags = if is_compressed(file) { MODULE_INIT_COMPRESSED_FILE } else { 0 };
    let none: &CStr = c"";
    // SAFETY: a descriptor, a string and flags.
    let result = unsafe { libc::syscall(libc::SYS_finit_module, opened.as_raw_fd(), none.as_ptr(), flags) };
    if result == 0 {
        return;
    }
    let error = errno();
    if error == libc::EEXIST {
        return; // another process was first
    }
    die(1, &format!("the kernel module `{name}` (`{shown}`) cannot be loaded: {}{}", reason(error), help(error)))
}

/// What an error of `finit_module` means.
fn help(error: i32) -> String {
    let text = match error {
        libc::EPERM => {
            let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
            let disabled = fs::read_to_string("/proc/sys/kernel/modules_disabled").unwrap_or_default();
            if disabled.trim() == "1" {
                "kernel.modules_disabled is 1: this kernel takes no more modules until it is booted again".to_owned()
            } else if lockdown.contains("[integrity]") || lockdown.contains("[confidentiality]") {
                "the kernel is locked down (/sys/kernel/security/lockdown): it takes modules that are signed alone"
                    .to_owned()
            } else {
                return privilege::help("loading it", &[privilege::SYS_MODULE]);
            }
        }
        libc::ENOKEY | libc::EKEYREJECTED | libc::EBADMSG => {
            "the kernel takes modules that are signed with a key that it knows: scripts/sign-file of its tree signs"
                .to_owned()
        }
        libc::ENOSYS => "this kernel has no modules (CONFIG_MODULES), or was booted with `nomodule`".to_owned(),
        libc::EINVAL => {
            "the kernel knows no kernel functions for one of the program types that call them, or refuses their BTF"
                .to_owned()
        }
        libc::ENOEXEC | libc::ENOENT => "it does not fit this kernel; the last lines of `dmesg` say why".to_owned(),
        _ => return String::new(),
    };
    format!("\n  help: {text}")
}

/// Removes the module; one that is used stays.
fn remove(name: &str) {
    let Ok(name) = CString::new(name) else { return };
    for _ in 0..TRIES {
        // SAFETY: a string and flags.
        let result = unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK) };
        if result == 0 || errno() != libc::EWOULDBLOCK {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(PAUSE));
    }
}

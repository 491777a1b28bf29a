//! The folders of pins, walked one component at a time.
//!
//! In the root of bpffs everybody may make folders and links (its mode is 1777), so a path does not show who made its
//! target. Each component is opened relative to the folder before it, without following a link, and is inspected
//! through its own descriptor. All operations in a folder are relative to that descriptor. A folder on bpffs has to
//! belong to this user or to root, and nobody else may write into it, so that nothing in it changes between a check and
//! an operation.

use super::entry::{Entry, path_of};
use super::made;
use crate::kernel::end::die;
use crate::kernel::errors::{errno, reason};
use crate::kernel::{escape, privilege};
use libbpf_sys as bpf;
use std::ffi::{CString, OsStr, OsString};
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows in one path (MAXSYMLINKS of linux/namei.h).
const MAX_LINKS: usize = 40;
/// Group or others may write.
const SHARED: u32 = 0o022;
/// In such a folder nobody removes or renames what is another's.
const STICKY: u32 = 0o1000;
/// The help where the folder of all projects cannot be used.
const ELSEWHERE: &str =
    "compile with another --pin-root, a folder of bpffs that belongs to root or to the user of the program";
/// Group or others may do anything.
const OPEN: u32 = 0o077;

/// Whose a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// The project's own, or a folder in that.
    Project,
    /// Above the projects'. It may have pins of others, so no message asks to remove it.
    Anybody,
}

/// A folder that was inspected.
pub struct Folder {
    entry: Entry,
    path: PathBuf,
}

impl Folder {
    /// The folder at an absolute path, which may be shared if it is sticky; what is missing of it on bpffs is made. None if
    /// it is not on bpffs.
    pub fn root(path: &Path) -> Option<Folder> {
        let mut ahead = parts(path);
        let (mut at, mut links) = (Folder::top(), 0);
        while let Some(name) = ahead.pop() {
            let entry = match at.entry(&name) {
                Some(entry) => entry,
                None if at.entry.is_on_bpffs() => at.make(&name),
                None => return None,
            };
            // A link outside of bpffs is followed if root or this user made it, as in `/var/run`.
            if entry.is_link() && !at.entry.is_on_bpffs() && !entry.is_foreign() && links < MAX_LINKS {
                let target = PathBuf::from(entry.target());
                links += 1;
                if target.is_absolute() {
                    at = Folder::top();
                }
                ahead.append(&mut parts(&target));
                continue;
            }
            let path = at.path.join(&name);
            check(&entry, &path, Whose::Anybody);
            at = Folder { entry, path };
        }
        at.entry.is_on_bpffs().then_some(at)
    }

    fn top() -> Folder {
        let path = PathBuf::from("/");
        match Entry::open(libc::AT_FDCWD, c"/") {
            Ok(entry) => Folder { entry, path },
            Err(error) => cannot("open", &path, error),
        }
    }

    /// A folder in this one, made where it is missing. It is not shared.
    pub fn below(&self, name: &str) -> Folder {
        let (name, path) = (OsStr::new(name), self.path.join(name));
        let entry = self.entry(name).unwrap_or_else(|| self.make(name));
        check(&entry, &path, Whose::Project);
        if !entry.is_on_bpffs() {
            refuse(&path, "another file system than bpffs is mounted there", &format!("umount {}", shown(&path)));
        }
        Folder { entry, path }
    }

    /// A folder in this one, if it is there, as `below`.
    pub fn there(&self, name: &str) -> Option<Folder> {
        self.entry(OsStr::new(name)).map(|_| self.below(name))
    }

    /// The names of the pins that are this user's or root's.
    pub fn names(&self) -> Vec<String> {
        let path = path_of(self.entry.fd(), "");
        let entries = fs::read_dir(OsStr::from_bytes(path.as_bytes())).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| self.has(name)).collect()
    }

    /// Whether such a pin has this name.
    pub fn has(&self, name: &str) -> bool {
        let entry = Entry::open(self.entry.fd(), &c_name(OsStr::new(name))).ok();
        entry.is_some_and(|entry| entry.is_file() && entry.is_on_bpffs() && !entry.is_foreign())
    }

    /// What such a pin is of; none if it cannot be opened.
    pub fn try_get(&self, name: &str) -> Option<OwnedFd> {
        let entry = Entry::open(self.entry.fd(), &c_name(OsStr::new(name))).ok().filter(|entry| !entry.is_foreign())?;
        // SAFETY: a NUL-terminated path, of what was inspected.
        let fd = unsafe { bpf::bpf_obj_get(path_of(entry.fd(), "").as_ptr()) };
        // SAFETY: just opened, and nobody else's.
        (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// The path of something in the folder, for messages.
    pub fn place(&self, name: &str) -> String {
        shown(&self.path.join(name))
    }

    fn entry(&self, name: &OsStr) -> Option<Entry> {
        match Entry::open(self.entry.fd(), &c_name(name)) {
            Ok(entry) => Some(entry),
            Err(libc::ENOENT) => None,
            Err(error) => cannot("open", &self.path.join(name), error),
        }
    }

    /// Whoever made it meanwhile, it is inspected like one that was there.
    fn make(&self, name: &OsStr) -> Entry {
        // SAFETY: a live descriptor and a NUL-terminated name.
        let result = unsafe { libc::mkdirat(self.entry.fd(), c_name(name).as_ptr(), 0o700) };
        let error = errno();
        if result != 0 && error != libc::EEXIST {
            cannot("create", &self.path.join(name), error);
        } else if result == 0
            && let Ok(above) = Entry::open(self.entry.fd(), c".")
        {
            made::note(above, c_name(name));
        }
        self.entry(name).unwrap_or_else(|| cannot("open", &self.path.join(name), libc::ENOENT))
    }

    /// Whether it is gone meanwhile: a process whose start failed removes the folders that it made.
    pub fn is_removed(&self) -> bool {
        // SAFETY: a live descriptor, and a struct that is valid when zeroed, which the call fills.
        unsafe {
            let mut stat: libc::stat = MaybeUninit::zeroed().assume_init();
            libc::fstat(self.entry.fd(), &mut stat) == 0 && stat.st_nlink == 0
        }
    }

    /// Keeps other processes that ask for it waiting, as long as the result lives. None for a folder that others may read:
    /// who may do that may hold the lock forever.
    pub fn lock(&self) -> Option<OwnedFd> {
        let fd = self.descriptor()?;
        // SAFETY: a live descriptor.
        (unsafe { libc::flock(fd.as_raw_fd(), libc::LOCK_EX) } == 0).then_some(fd)
    }

    /// A descriptor of the folder, for locks. None for one that others may read, as for `lock`.
    pub fn descriptor(&self) -> Option<OwnedFd> {
        if self.entry.mode() & OPEN != 0 {
            return None;
        }
        // SAFETY: a live descriptor and a NUL-terminated name; the result is nobody else's.
        unsafe {
            let fd = libc::openat(self.entry.fd(), c".".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC);
            (fd >= 0).then(|| OwnedFd::from_raw_fd(fd))
        }
    }

    /// The object that is pinned in the folder, for reading and writing or what the flags leave of it; none if nothing is.
    pub fn get(&self, name: &str, access: u32) -> Option<OwnedFd> {
        let entry = self.pin_of(name)?;
        let opts = bpf::bpf_obj_get_opts {
            sz: size_of::<bpf::bpf_obj_get_opts>() as u64,
            file_flags: access,
            ..bpf::bpf_obj_get_opts::default()
        };
        // The path of the descriptor leads to what was inspected, whatever the name leads to now.
        // SAFETY: a NUL-terminated path, and options that are read.
        let fd = unsafe { bpf::bpf_obj_get_opts(path_of(entry.fd(), "").as_ptr(), &opts) };
        if fd < 0 {
            let why = reason(fd) + &privilege_help(fd);
            die(1, &format!("cannot open what is pinned at {}: {why}", self.place(name)));
        }
        // SAFETY: just opened, and nobody else's.
        Some(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    fn pin_of(&self, name: &str) -> Option<Entry> {
        let entry = self.entry(OsStr::new(name))?;
        let path = self.path.join(name);
        let remove = format!("remove it by hand: rm -r {}", shown(&path));
        if entry.is_link() {
            refuse(&path, &link(&entry), &remove);
        } else if entry.is_folder() {
            refuse(&path, "it is a directory", &remove);
        } else if !entry.is_file() || !entry.is_on_bpffs() {
            refuse(&path, "it is no pin", &remove);
        } else if entry.is_foreign() {
            refuse(&path, &foreign(&entry), &remove);
        }
        Some(entry)
    }

    /// Pins an object: 0 or −errno.
    pub fn try_pin(&self, name: &str, fd: i32) -> i32 {
        // The kernel follows no link in the last component of what it makes.
        // SAFETY: a NUL-terminated path.
        let result = unsafe { bpf::bpf_obj_pin(fd, path_of(self.entry.fd(), name).as_ptr()) };
        if result == 0 {
            made::keep();
        }
        result
    }

    /// Pins an object. A failure ends the program.
    pub fn pin(&self, name: &str, fd: i32) {
        let result = self.try_pin(name, fd);
        if result == -libc::EEXIST {
            let place = self.place(name);
            die(
                1,
                &format!(
                    "cannot pin at {place}: another process pinned something there meanwhile\n  help: start it again"
                ),
            );
        } else if result != 0 {
            die(1, &format!("cannot pin at {}: {}{}", self.place(name), reason(result), privilege_help(result)));
        }
    }

    /// Removes a pin, if there is one.
    pub fn remove(&self, name: &str) {
        if self.pin_of(name).is_none() {
            return;
        }
        // SAFETY: a live descriptor and a NUL-terminated name.
        let result = unsafe { libc::unlinkat(self.entry.fd(), c_name(OsStr::new(name)).as_ptr(), 0) };
        let error = errno();
        if result != 0 && error != libc::ENOENT {
            die(1, &format!("cannot remove {}: {}{}", self.place(name), reason(error), privilege_help(error)));
        }
    }

    /// Gives a pin the name of another one, whose place it takes.
    pub fn rename(&self, from: &str, to: &str) {
        let (old, new) = (c_name(OsStr::new(from)), c_name(OsStr::new(to)));
        // SAFETY: live descriptors and NUL-terminated names.
        let result = unsafe { libc::renameat(self.entry.fd(), old.as_ptr(), self.entry.fd(), new.as_ptr()) };
        let error = errno();
        if result != 0 {
            die(1, &format!("cannot pin at {}: {}{}", self.place(to), reason(error), privilege_help(error)));
        }
    }
}

/// The components of a path, the first one last. `.` and `/` are none.
fn parts(path: &Path) -> Vec<OsString> {
    let named = |part: Component| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().rev().filter_map(named).collect()
}

/// Ends the program unless the entry is a folder that pins may be in. Outside of bpffs any folder may lead there.
fn check(entry: &Entry, path: &Path, whose: Whose) {
    let place = shown(path);
    let help = |of_project: String, of_anybody: &str| match whose {
        Whose::Project => of_project,
        Whose::Anybody => of_anybody.to_owned(),
    };
    if entry.is_link() {
        refuse(path, &link(entry), &help(format!("remove it by hand: rm {place}"), ELSEWHERE));
    } else if !entry.is_folder() {
        refuse(path, "it is no folder", &help(format!("remove it by hand: rm {place}"), ELSEWHERE));
    } else if !entry.is_on_bpffs() {
        return;
    }
    let mode = entry.mode();
    if entry.is_foreign() {
        let own = format!("compile with another --project; or, if nobody needs what is pinned there, rm -r {place}");
        refuse(path, &foreign(entry), &help(own, ELSEWHERE));
    } else if mode & SHARED != 0 && (whose == Whose::Project || mode & STICKY == 0) {
        let why = format!("others may write into it (its mode is {:04o})", mode & 0o7777);
        let sticky = format!("chmod +t {place}, so that nobody removes or renames what is another's");
        refuse(path, &why, &help(format!("look at what is in it, then: chmod go-w {place}"), &sticky));
    }
}

fn link(entry: &Entry) -> String {
    let target = escape::value(&entry.target().to_string_lossy());
    format!("it is a symbolic link, to {target}, laid by the user {}", entry.owner())
}

fn foreign(entry: &Entry) -> String {
    // SAFETY: cannot fail.
    format!("it belongs to the user {}, and this process runs as {}", entry.owner(), unsafe { libc::geteuid() })
}

fn refuse(path: &Path, why: &str, help: &str) -> ! {
    die(1, &format!("refusing the pin path {}: {why}\n  help: {help}", shown(path)))
}

fn cannot(what: &str, path: &Path, error: i32) -> ! {
    let why = reason(error) + &privilege_help(error);
    die(1, &format!("cannot {what} the pin directory {}: {why}", shown(path)))
}

fn shown(path: &Path) -> String {
    escape::value(&path.display().to_string())
}

fn c_name(name: &OsStr) -> CString {
    CString::new(name.as_bytes()).unwrap_or_default()
}

fn privilege_help(code: i32) -> String {
    match code.abs() {
        libc::EPERM => privilege::help("pinning", &[privilege::BPF]),
        libc::EACCES => "\n  no privilege: pins belong to the user who made them, mostly root\n  \
             help: run it as root, for instance with sudo"
            .to_owned(),
        _ => String::new(),
    }
}

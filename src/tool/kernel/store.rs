//! The kernels that were added: a folder each, in `$XDG_CACHE_HOME/ksc/kernels`, with image, release, configuration and modules.

use super::{Parts, image};
use crate::tool::user_cache;
use rustix::fs::{CWD, RenameFlags};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const IMAGE: &str = "vmlinuz";
const RELEASE: &str = "release";
const CONFIG: &str = "config";
/// The folder of modules, and in it the list of their files in the order in which they are inserted.
const MODULES: &str = "modules";
const ORDER: &str = "order";
/// What folders begin with that are being written. No name of a kernel does.
const UNFINISHED: &str = ".new-";

/// The folder.
pub struct Store {
    folder: PathBuf,
}

/// A kernel that can boot.
pub struct Stored {
    pub name: String,
    pub release: String,
    pub image: PathBuf,
    /// None of an image that was not added.
    folder: Option<PathBuf>,
}

impl Store {
    /// The user's. It is an error if nobody knows where that is.
    pub fn open() -> Result<Store, String> {
        let base =
            user_cache::base().ok_or("there is no folder for kernels: neither XDG_CACHE_HOME nor HOME is set")?;
        Ok(Store { folder: base.join("ksc").join("kernels") })
    }

    /// All kernels, by their versions.
    pub fn all(&self) -> Vec<Stored> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut kernels: Vec<Stored> = names.filter_map(|name| self.find(&name)).collect();
        let numbers = |text: &str| {
            text.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>()
        };
        kernels.sort_by_key(|kernel| (numbers(&kernel.release), kernel.name.clone()));
        kernels
    }

    /// The kernel of this name; none if there is none.
    pub fn find(&self, name: &str) -> Option<Stored> {
        if name.starts_with('.') || name.contains('/') {
            return None;
        }
        let folder = self.folder.join(name);
        let release = fs::read_to_string(folder.join(RELEASE)).ok()?;
        Some(Stored { name: name.to_owned(), release, image: folder.join(IMAGE), folder: Some(folder) })
    }

    /// Keeps a kernel; one of the same name is replaced as a whole.
    pub fn add(&self, name: &str, release: &str, parts: &Parts) -> Result<(), String> {
        let keep = || -> io::Result<()> {
            fs::create_dir_all(&self.folder)?;
            let new = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&self.folder)?;
            write(new.path(), release, parts)?;
            let named = self.folder.join(name);
            if fs::rename(new.path(), &named).is_err() {
                rustix::fs::renameat_with(CWD, new.path(), CWD, &named, RenameFlags::EXCHANGE)?;
            }
            Ok(())
        };
        keep().map_err(|error| format!("cannot write into `{}`: {error}", self.folder.display()))
    }

    /// Removes a kernel. It is an error if there is none of this name.
    pub fn remove(&self, name: &str) -> Result<(), String> {
        let Some(folder) = self.find(name).and_then(|kernel| kernel.folder) else { return Err(self.lacks(name)) };
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove `{}`: {error}", folder.display()))
    }

    /// What is said of a kernel that is not there.
    pub fn lacks(&self, name: &str) -> String {
        let names: Vec<String> = self.all().into_iter().map(|kernel| kernel.name).collect();
        let known =
            if names.is_empty() { "there is none".to_owned() } else { format!("there are {}", names.join(", ")) };
        let help =
            "`ksc kernel add FILE` adds one: a package such as `apt-get download linux-image-…` gets, or a boot image";
        format!("there is no kernel `{name}`: {known}\n  help: {help}")
    }
}

fn write(folder: &Path, release: &str, parts: &Parts) -> io::Result<()> {
    fs::write(folder.join(IMAGE), &parts.image)?;
    fs::write(folder.join(CONFIG), &parts.config)?;
    let modules = folder.join(MODULES);
    fs::create_dir(&modules)?;
    let mut order = String::new();
    for (name, content) in &parts.modules {
        fs::write(modules.join(name), content)?;
        order += &format!("{name}\n");
    }
    fs::write(modules.join(ORDER), order)?;
    fs::write(folder.join(RELEASE), release)
}

impl Stored {
    /// A boot image that is only used once.
    pub fn of_image(path: &Path) -> Result<Stored, String> {
        let bytes = fs::read(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
        let release = image::release(&bytes).map_err(|why| format!("`{}`: {why}", path.display()))?;
        Ok(Stored { name: path.display().to_string(), release, image: path.to_owned(), folder: None })
    }

    /// Files of modules, in the order in which they are inserted.
    pub fn modules(&self) -> Vec<PathBuf> {
        let Some(folder) = self.folder.as_ref().map(|folder| folder.join(MODULES)) else { return Vec::new() };
        let order = fs::read_to_string(folder.join(ORDER)).unwrap_or_default();
        order.lines().map(|name| folder.join(name)).collect()
    }

    /// The kernel's configuration; empty if it is not known.
    pub fn config(&self) -> Vec<u8> {
        self.folder.as_ref().and_then(|folder| fs::read(folder.join(CONFIG)).ok()).unwrap_or_default()
    }

    /// Bytes of the image and the modules.
    pub fn size(&self) -> u64 {
        let files = self.modules().into_iter().chain([self.image.clone()]);
        files.filter_map(|file| fs::metadata(file).ok()).map(|about| about.len()).sum()
    }
}

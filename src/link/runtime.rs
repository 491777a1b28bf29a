//! Finds `libks_runtime.a`, which every executable links, `libks_machine.so`, which tests without a kernel are started with, and `ks-guest`, the
//! first process of the virtual machines in which other kernels verify.

use crate::diag::codes::environment::{OutputNotWritten, RuntimeNotFound};
use crate::session::Session;
use std::path::{Path, PathBuf};

const NAME: &str = "libks_runtime.a";
const MACHINE: &str = "libks_machine.so";
const GUEST: &str = "ks-guest";

/// The library that `KSC_RUNTIME` names, as file or folder.
pub fn named() -> Option<PathBuf> {
    let named = std::env::var_os("KSC_RUNTIME").map(PathBuf::from)?;
    Some(if named.is_dir() { named.join(NAME) } else { named })
}

/// The library's path: what `KSC_RUNTIME` names (file or folder), else the one that the compiler carries, unpacked into
/// `scratch`; a compiler that carries none looks beside itself and in `../lib/ksc`. None: reported, with the places looked in.
pub fn find(cx: &mut Session, scratch: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("KSC_RUNTIME").map(PathBuf::from);
    if named.is_none()
        && let Some(bytes) = embedded()
    {
        let path = scratch.join(NAME);
        if let Err(error) = std::fs::write(&path, bytes) {
            let path = path.display().to_string();
            cx.environment(OutputNotWritten { path, why: error.to_string() });
            return None;
        }
        return Some(path);
    }
    let places = places(named, NAME);
    if let Some(found) = places.iter().find(|p| p.is_file()) {
        cx.libraries.push(found.clone());
        return Some(found.clone());
    }
    let list: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
    cx.environment(RuntimeNotFound { name: NAME.into() })
        .remark(format!("looked for {}", list.join(", ")))
        .help("build it with `runtime/build`, or set KSC_RUNTIME to the library");
    None
}

/// The path of the virtual machine, which is looked for as the runtime is, and unpacked into `scratch`. Or why it is not to be had.
pub fn machine(scratch: &Path) -> Result<PathBuf, String> {
    let named = std::env::var_os("KSC_RUNTIME").map(PathBuf::from).filter(|named| named.is_dir());
    if named.is_none()
        && let Some(bytes) = embedded_machine()
    {
        let path = scratch.join(MACHINE);
        return match std::fs::write(&path, bytes) {
            Ok(()) => Ok(path),
            Err(error) => Err(format!("cannot write `{}`: {error}", path.display())),
        };
    }
    let places = places(named, MACHINE);
    places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| {
        let list: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        format!("the virtual machine is not there\n  looked for {}\n  help: build it with `vm/build`", list.join(", "))
    })
}

/// The executable that guests begin with, which is looked for as the runtime is. Or why it is not to be had.
pub fn guest() -> Result<Vec<u8>, String> {
    let named = std::env::var_os("KSC_RUNTIME").map(PathBuf::from).filter(|named| named.is_dir());
    if named.is_none()
        && let Some(bytes) = embedded_guest()
    {
        return Ok(bytes);
    }
    let places = places(named, GUEST);
    places.iter().find_map(|place| std::fs::read(place).ok()).ok_or_else(|| {
        let list: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        format!("`{GUEST}` is not there\n  looked for {}\n  help: build it with `verify/guest/build`", list.join(", "))
    })
}

#[cfg(feature = "embed-runtime")]
fn embedded_guest() -> Option<Vec<u8>> {
    Some(ks_carried::guest())
}

#[cfg(not(feature = "embed-runtime"))]
fn embedded_guest() -> Option<Vec<u8>> {
    None
}

#[cfg(feature = "embed-runtime")]
fn embedded_machine() -> Option<Vec<u8>> {
    Some(ks_carried::machine())
}

#[cfg(not(feature = "embed-runtime"))]
fn embedded_machine() -> Option<Vec<u8>> {
    None
}

#[cfg(feature = "embed-runtime")]
fn embedded() -> Option<Vec<u8>> {
    Some(ks_carried::runtime())
}

#[cfg(not(feature = "embed-runtime"))]
fn embedded() -> Option<Vec<u8>> {
    None
}

fn places(named: Option<PathBuf>, name: &str) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![if named.is_dir() { named.join(name) } else { named }];
    }
    let Ok(compiler) = std::env::current_exe() else { return Vec::new() };
    let Some(folder) = compiler.parent() else { return Vec::new() };
    let beside = folder.join(name);
    let installed = folder.join("../lib/ksc").join(name);
    vec![beside, installed]
}

//! Finds `libks_runtime.a`, which every executable links.

use crate::diag::codes::environment::{OutputNotWritten, RuntimeNotFound};
use crate::session::Session;
use std::path::{Path, PathBuf};

const NAME: &str = "libks_runtime.a";

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
    let places = places(named);
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

#[cfg(feature = "embed-runtime")]
fn embedded() -> Option<&'static [u8]> {
    Some(ks_runtime_object::LIBRARY)
}

#[cfg(not(feature = "embed-runtime"))]
fn embedded() -> Option<&'static [u8]> {
    None
}

fn places(named: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(named) = named {
        return vec![if named.is_dir() { named.join(NAME) } else { named }];
    }
    let Ok(compiler) = std::env::current_exe() else { return Vec::new() };
    let Some(folder) = compiler.parent() else { return Vec::new() };
    let beside = folder.join(NAME);
    let installed = folder.join("../lib/ksc").join(NAME);
    vec![beside, installed]
}

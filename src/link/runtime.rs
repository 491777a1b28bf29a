//! Finds `libks_runtime.a`, which every executable links.

use crate::diag::codes::environment::RuntimeNotFound;
use crate::session::Session;
use std::path::PathBuf;

const NAME: &str = "libks_runtime.a";

/// The library's path: what `KSC_RUNTIME` names (file or folder), else beside the compiler, in `../lib/ksc`, or where cargo
/// puts it beside the compiler's own profile. None: reported, with the places looked in.
pub fn find(cx: &mut Session) -> Option<PathBuf> {
    let places = places();
    if let Some(found) = places.iter().find(|p| p.is_file()) {
        return Some(found.clone());
    }
    let list: Vec<String> = places.iter().map(|p| p.display().to_string()).collect();
    cx.environment(RuntimeNotFound { name: NAME.into() })
        .remark(format!("looked for {}", list.join(", ")))
        .help("build it with `cargo rt`, or set KSC_RUNTIME to the library");
    None
}

fn places() -> Vec<PathBuf> {
    if let Some(named) = std::env::var_os("KSC_RUNTIME") {
        let named = PathBuf::from(named);
        return vec![if named.is_dir() { named.join(NAME) } else { named }];
    }
    let Ok(compiler) = std::env::current_exe() else { return Vec::new() };
    let Some(folder) = compiler.parent() else { return Vec::new() };
    let beside = folder.join(NAME);
    let installed = folder.join("../lib/ksc").join(NAME);
    let built = folder.join("../runtime").join(NAME);
    vec![beside, installed, built]
}

//! What `ksc --version` prints after the name.

use std::sync::OnceLock;

/// The version, that of LLVM, and the commit that the compiler was built from if the build knew it.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let (major, minor, patch) = inkwell::support::get_llvm_version();
        let commit = option_env!("KSC_COMMIT").map_or(String::new(), |commit| format!(", commit {commit}"));
        format!("{} (LLVM {major}.{minor}.{patch}{commit})", env!("CARGO_PKG_VERSION"))
    })
}

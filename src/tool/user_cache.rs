//! Where the user's caches are (XDG Base Directory Specification).

use std::path::PathBuf;

/// `$XDG_CACHE_HOME`, or `~/.cache`; a path that is not absolute counts as none.
pub fn base() -> Option<PathBuf> {
    let named = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")))
}

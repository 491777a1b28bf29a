//! Builds the first process of guests with an inner cargo, in its own target folder, so that neither cargo waits for the other's lock.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What cargo or its user set for the compiler, not for guests.
const NOT_PASSED_ON: [&str; 5] =
    ["RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"];

fn main() {
    // Asked when it runs: a copied target folder has the script of another place.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let root = Path::new(&manifest).join("../../..");
    for source in
        ["verify/guest/src", "verify/guest/Cargo.toml", "verify/guest/build", "verify/load", "Cargo.toml", "Cargo.lock"]
    {
        println!("cargo:rerun-if-changed={}", root.join(source).display());
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut command = Command::new(root.join("verify/guest/build"));
    command.env("CARGO_TARGET_DIR", &out).current_dir(&root);
    for name in NOT_PASSED_ON {
        command.env_remove(name);
    }
    let status = command.status().unwrap_or_else(|error| panic!("cannot run verify/guest/build: {error}"));
    assert!(status.success(), "verify/guest/build failed: it needs what runtime/build needs");
}

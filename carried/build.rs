//! Builds what the compiler carries with inner cargos, side by side, in a target folder of their own: so none waits for the lock of the
//! outer cargo, and a debug and a release build of the compiler, which carry the same files, make them once.

use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a file is compressed in the compiler. The names of the compressed files end with the form's name (`src/lib.rs`).
enum Form {
    /// Twice as large as deflated, and unpacked ten times as fast.
    Lz4,
    Deflate,
}

/// A file that the compiler carries.
struct Carried {
    /// The script that makes it, as a path from the root.
    script: &'static str,
    /// Its name in `lib/ksc` of the target folder.
    file: &'static str,
    form: Form,
    /// The files and folders that it is built from, besides `COMMON`.
    sources: &'static [&'static str],
}

const ALL: [Carried; 3] = [
    Carried {
        script: "runtime/build",
        file: "libks_runtime.a",
        form: Form::Lz4,
        sources: &["runtime/src", "runtime/hot", "runtime/Cargo.toml"],
    },
    Carried {
        script: "vm/build",
        file: "libks_machine.so",
        form: Form::Deflate,
        sources: &[
            "vm/src",
            "vm/Cargo.toml",
            "vm/README.md",
            "vm/build.rs",
            "vm/preload",
            "ir-specs/helpers.toml",
            "ir-specs/maps.toml",
            "ir-specs/programs.toml",
            "ir-specs/contexts.toml",
            "ir-specs/uapi/bpf.toml",
            "ir-specs/uapi/errno.toml",
        ],
    },
    Carried {
        script: "verify/guest/build",
        file: "ks-guest",
        form: Form::Deflate,
        sources: &["verify/guest/src", "verify/guest/Cargo.toml", "verify/load"],
    },
];

const COMMON: [&str; 3] = ["Cargo.toml", "Cargo.lock", ".cargo/config.toml"];

/// Variables that cargo or its user set for the build of the compiler. The wrapper of `cargo clippy`, flags and another target would change
/// the code that every executable carries.
const NOT_PASSED_ON: [&str; 5] =
    ["RUSTC_WORKSPACE_WRAPPER", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"];

fn main() {
    // Asked when it runs: a copied target folder has the script of another place.
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let root = Path::new(&manifest).join("..");
    let named = ALL.iter().flat_map(|carried| carried.sources.iter().copied().chain([carried.script]));
    for source in named.chain(COMMON) {
        println!("cargo:rerun-if-changed={}", root.join(source).display());
    }
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // The profiles of the three differ, so that they do not wait for each other either.
    let target = root.join("target/carried");
    let started = ALL.map(|carried| {
        let mut command = Command::new(root.join(carried.script));
        command.env("CARGO_TARGET_DIR", &target).current_dir(&root);
        for name in NOT_PASSED_ON {
            command.env_remove(name);
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {}: {error}", carried.script));
        (carried, child)
    });
    for (carried, mut child) in started {
        let status = child.wait().unwrap_or_else(|error| panic!("{} was lost: {error}", carried.script));
        assert!(
            status.success(),
            "{} failed: it needs cc, make, binutils, libelf and zlib; ci/setup installs them",
            carried.script
        );
        let made = target.join("lib/ksc").join(carried.file);
        let bytes = std::fs::read(&made).unwrap_or_else(|error| panic!("no {}: {error}", made.display()));
        let (packed, ending) = compressed(&bytes, &carried.form);
        let place = out.join(format!("{}.{ending}", carried.file));
        std::fs::write(&place, packed).unwrap_or_else(|error| panic!("cannot write {}: {error}", place.display()));
    }
}

/// The compressed bytes, and what is appended to the name of their file.
fn compressed(bytes: &[u8], form: &Form) -> (Vec<u8>, &'static str) {
    match form {
        Form::Lz4 => (lz4_flex::compress_prepend_size(bytes), "lz4"),
        Form::Deflate => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
            encoder.write_all(bytes).expect("memory takes what is written");
            (encoder.finish().expect("memory takes what is written"), "deflate")
        }
    }
}

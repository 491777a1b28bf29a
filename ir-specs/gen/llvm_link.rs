//! Links LLVM 22: the shared library, or with feature `static-llvm` the components that the compiler uses.
//!
//! The crate `llvm-sys` could link too, but its features for static and shared exclude each other, and features of a
//! package only ever add up: `--features static-llvm` must be enough.

use std::path::Path;
use std::process::Command;

/// Components of `llvm-config`: both targets, the IR reader, the optimiser, and the engine that inkwell's modules name.
const COMPONENTS: [&str; 7] = ["bpf", "x86", "passes", "irreader", "bitwriter", "asmparser", "executionengine"];

/// Prints cargo's instructions to link LLVM, and asks `llvm-config` for them. Fails the build if it cannot be run.
pub fn link() {
    println!("cargo:rerun-if-env-changed=LLVM_SYS_221_PREFIX");
    let prefix = std::env::var("LLVM_SYS_221_PREFIX").unwrap_or_else(|_| "/usr/lib/llvm-22".into());
    let config = format!("{prefix}/bin/llvm-config");
    println!("cargo:rustc-link-search=native={}", ask(&config, &["--libdir"]).trim());
    if std::env::var_os("CARGO_FEATURE_STATIC_LLVM").is_none() {
        println!("cargo:rustc-link-lib=dylib=LLVM-22");
        return;
    }
    let mut args = vec!["--link-static", "--libs"];
    args.extend(COMPONENTS);
    for word in ask(&config, &args).split_whitespace() {
        println!("cargo:rustc-link-lib=static={}", word.trim_start_matches("-l"));
    }
    for word in ask(&config, &["--link-static", "--system-libs"]).split_whitespace() {
        link_system(library_name(word));
    }
    link_system("stdc++");
}

/// Links a library that LLVM uses. Libraries that not every machine has go into the compiler, so that it runs alone; libc's own stay
/// shared, and libraries that nothing refers to are dropped. A static executable has libc's own from Rust's library.
fn link_system(name: &str) {
    let features = std::env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let archive = ask("cc", &[&format!("-print-file-name=lib{name}.a")]);
    match Path::new(archive.trim()).parent() {
        Some(folder) if ["z", "zstd", "stdc++"].contains(&name) && folder.is_absolute() => {
            println!("cargo:rustc-link-search=native={}", folder.display());
            println!("cargo:rustc-link-lib=static={name}");
        }
        _ if features.split(',').any(|feature| feature == "crt-static") => {}
        _ => println!("cargo:rustc-link-lib=dylib={name}"),
    }
}

/// The name in `-lname`, or in `/a/path/libname.so`: llvm-config prints both.
fn library_name(word: &str) -> &str {
    let file = word.rsplit('/').next().unwrap_or(word);
    file.strip_prefix("-l").or(file.strip_prefix("lib").and_then(|f| f.strip_suffix(".so"))).unwrap_or(file)
}

fn ask(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|e| {
        panic!("cannot run {program}: {e}; install llvm-22-dev and gcc (ci/setup does) or set LLVM_SYS_221_PREFIX")
    });
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("both print UTF-8")
}

//! Generates Rust from the tables of this folder (see `src/tables/` and `src/ir/ops.rs`), links LLVM, and names the
//! commit.

#[path = "gen/checks.rs"]
mod checks;
#[path = "gen/commit.rs"]
mod commit;
#[path = "gen/facts.rs"]
mod facts;
#[path = "gen/llvm_link.rs"]
mod llvm_link;
#[path = "gen/load.rs"]
mod load;
#[path = "gen/ops.rs"]
mod ops;
#[path = "gen/packages.rs"]
mod packages;
#[path = "gen/tables/mod.rs"]
mod tables;

use std::path::{Path, PathBuf};

fn main() {
    let root = Path::new("ir-specs");
    println!("cargo:rerun-if-changed={}", root.display());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let specs = load::load(root);
    write(&out.join("tables.rs"), &(tables::render(&specs) + &ops::render_rejections(&specs.ops)));
    write(&out.join("ops.rs"), &ops::render(&specs.ops));
    write(&out.join("emit_bpf.rs"), &ops::render_dispatch(&specs.ops, |on| &on.bpf));
    write(&out.join("emit_host.rs"), &ops::render_dispatch(&specs.ops, |on| &on.host));
    write(&out.join("emit_kmod.rs"), &ops::render_dispatch(&specs.ops, |on| &on.kmod));
    llvm_link::link();
    commit::name();
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|e| panic!("cannot write {}: {e}", path.display()));
}

//! The tables of what packages say of programs.

use crate::load::records;
use crate::tables::records::{BpfmanSpec, ProgTypeSpec, ProgramSpec};
use std::path::Path;

/// `prog_types.toml` and `bpfman.toml`.
pub struct Packages {
    pub prog_types: Vec<ProgTypeSpec>,
    pub bpfman: Vec<BpfmanSpec>,
}

impl Packages {
    /// Reads both.
    pub fn load(root: &Path) -> Packages {
        Packages { prog_types: records(&root.join("prog_types.toml")), bpfman: records(&root.join("bpfman.toml")) }
    }

    /// Each type of programs is one that the kernel has, and bpfman attaches none but them.
    pub fn check(&self, programs: &[ProgramSpec]) {
        for ProgramSpec { name, prog_type, .. } in programs {
            let known = self.prog_types.iter().any(|spec| spec.name == *prog_type);
            assert!(known, "programs.toml: [{name}]: no row `{prog_type}` in prog_types.toml");
        }
        for BpfmanSpec { name, .. } in &self.bpfman {
            let known = programs.iter().any(|spec| spec.name == *name);
            assert!(known, "bpfman.toml: [{name}] is no type of programs");
        }
    }
}

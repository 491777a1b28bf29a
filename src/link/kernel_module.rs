//! Builds a kernel module with the kernel's own build: `make -C TREE M=FOLDER modules`.

use crate::diag::codes::environment::ModuleNotBuilt;
use crate::session::Session;
use object::{Object, ObjectSection};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of the build's own words that a diagnostic repeats.
const LAST_LINES: usize = 15;
/// GCC's warnings, without those that the kernel's headers cause; the kernel's own `W=1` leaves out the same (scripts/Makefile.extrawarn).
const FLAGS: &str =
    "-Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-type-limits -Wno-sign-compare";

/// The file that Kbuild reads.
pub fn kbuild(name: &str) -> String {
    format!("# SPDX-License-Identifier: GPL-2.0\nobj-m := {name}.o\nccflags-y := {FLAGS}\n")
}

/// The file for `make` alone. Kbuild writes a `NAME.mod.c` of its own, removes such files, and takes no path with blanks: so the
/// build is in a folder elsewhere.
pub fn makefile(name: &str) -> String {
    format!(
        "# SPDX-License-Identifier: GPL-2.0\n# Builds {name}.ko for the running kernel, or for the one whose tree KDIR names.\nKDIR ?= /lib/modules/$(shell uname -r)/build\n\n\
         {name}.ko: {name}.mod.c Kbuild\n\
         \twork=$$(mktemp -d) && trap 'rm -rf \"$$work\"' EXIT && \\\n\
         \tcp {name}.mod.c \"$$work/{name}.c\" && cp Kbuild \"$$work/\" && \\\n\
         \t$(MAKE) -C \"$(KDIR)\" M=\"$$work\" modules && cp \"$$work/{name}.ko\" .\n\n\
         clean:\n\trm -f {name}.ko\n\n.PHONY: clean\n"
    )
}

/// The tree of the running kernel.
pub fn running_tree() -> PathBuf {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Path::new("/lib/modules").join(release.trim()).join("build")
}

/// The module of a C file, built against a tree. None: it failed and was reported.
pub fn build(cx: &mut Session, name: &str, source: &[u8], tree: &Path) -> Option<Vec<u8>> {
    if !tree.join("Makefile").exists() {
        let why = format!("`{}` is no tree of a kernel", tree.display());
        cx.environment(ModuleNotBuilt { name: name.to_owned(), why })
            .help("the package linux-headers-$(uname -r) has it; `--kernel-dir DIR` names another one");
        return None;
    }
    let result = built(name, source, tree);
    match result {
        Ok(module) if has_btf(&module) => Some(module),
        Ok(_) => {
            let why = "the build made no BTF, so that no BPF program could call its functions".to_owned();
            cx.environment(ModuleNotBuilt { name: name.to_owned(), why }).help(format!(
                "install `pahole`, and put the kernel's `vmlinux` into `{}`; the kernel needs CONFIG_DEBUG_INFO_BTF_MODULES",
                tree.display()
            ));
            None
        }
        Err((why, last)) => {
            let error = cx.environment(ModuleNotBuilt { name: name.to_owned(), why });
            if !last.is_empty() {
                error.remark(last);
            }
            None
        }
    }
}

/// The module; or why there is none, and the last words of the build.
fn built(name: &str, source: &[u8], tree: &Path) -> Result<Vec<u8>, (String, String)> {
    let failed = |error: std::io::Error| (error.to_string(), String::new());
    let folder = tempfile::Builder::new().prefix("ksc-module-").tempdir().map_err(failed)?;
    std::fs::write(folder.path().join(format!("{name}.c")), source).map_err(failed)?;
    std::fs::write(folder.path().join("Kbuild"), kbuild(name)).map_err(failed)?;
    let tree = tree.canonicalize().map_err(failed)?;
    for path in [tree.as_path(), folder.path()] {
        if path.to_string_lossy().contains([' ', '\t', ':']) {
            let why = format!("the kernel's build takes no path with blanks or colons, such as `{}`", path.display());
            return Err((why, "the tree belongs elsewhere; TMPDIR names the folder where the build is".to_owned()));
        }
    }
    let mut command = Command::new("make");
    command.arg("-C").arg(&tree).arg(format!("M={}", folder.path().display())).arg("modules");
    let output = command.output().map_err(|error| (format!("cannot run `make`: {error}"), String::new()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("make: ")).collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n");
        return Err((format!("`make` ended with {}", output.status), last));
    }
    std::fs::read(folder.path().join(format!("{name}.ko"))).map_err(failed)
}

fn has_btf(module: &[u8]) -> bool {
    object::File::parse(module).is_ok_and(|file| file.section_by_name(".BTF").is_some_and(|section| section.size() > 0))
}

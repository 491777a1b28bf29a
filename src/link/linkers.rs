//! Linkers that are called without the C compiler's driver, with the arguments that it would give them.
//!
//! The driver takes a few milliseconds, and calls the slowest linker of those that a system may have. Apart from that it knows the places
//! of the files that begin and end each executable; if one of them is not where distributions put it, the driver has to link.

use super::c_files::Inputs;
use crate::tables::NativeMachine;
use crate::target::Machine;
use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The fastest first. The last is the one that the driver calls.
const LINKERS: [&str; 3] = ["mold", "ld.lld", "ld"];

/// The folder of gcc's own files has folders `x86_64-linux-gnu/12` and the like.
const COMPILERS: &str = "/usr/lib/gcc";

/// A command that links an executable; none if a file that it needs is not there.
pub fn command(machine: &Machine, (input, inputs): (&Path, &Inputs), library: &Path, output: &Path) -> Option<Command> {
    let native = machine.native.as_ref().filter(|native| Path::new(native.loader).exists())?;
    let path = std::env::var_os("PATH")?;
    let linker =
        LINKERS.iter().find_map(|name| std::env::split_paths(&path).map(|at| at.join(name)).find(|at| at.is_file()))?;
    let libc =
        native.libraries.iter().map(PathBuf::from).find(|at| has(at, &["Scrt1.o", "crti.o", "crtn.o", "libc.so"]))?;
    let compiler = compiler(native)?;
    let mut command = Command::new(linker);
    command.args([
        "-m",
        native.linker,
        "-pie",
        "-dynamic-linker",
        native.loader,
        "--eh-frame-hdr",
        "--hash-style=gnu",
        "--build-id",
    ]);
    command.args(super::executable::LINKER_OPTIONS).arg("-o").arg(output);
    command.args([libc.join("Scrt1.o"), libc.join("crti.o"), compiler.join("crtbeginS.o")]);
    command.arg("-L").arg(&compiler).arg("-L").arg(&libc).arg(input).args(&inputs.files);
    command
        .arg(library)
        .args(&inputs.libraries)
        .args(super::executable::LIBRARIES)
        .args(["-lgcc", "-lgcc_eh", "-lc", "-lgcc", "-lgcc_eh"]);
    command.args([compiler.join("crtendS.o"), libc.join("crtn.o")]);
    Some(command)
}

/// The folder of the newest gcc.
fn compiler(native: &NativeMachine) -> Option<PathBuf> {
    let folders = |at: &Path| -> Vec<PathBuf> {
        let entries = at.read_dir().into_iter().flatten();
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    };
    let is_native = |at: &PathBuf| {
        let name = at.file_name().map_or("".into(), |name| name.to_string_lossy());
        name.starts_with(native.compilers) && !name.ends_with("musl")
    };
    let found = folders(Path::new(COMPILERS)).into_iter().filter(is_native).flat_map(|at| folders(&at));
    let whole = found.filter(|at| has(at, &["crtbeginS.o", "crtendS.o", "libgcc.a", "libgcc_eh.a"]));
    whole.min_by_key(|at| (Reverse(version(at)), at.clone()))
}

/// The numbers of a folder's name.
fn version(folder: &Path) -> Vec<u32> {
    let name = folder.file_name().map_or("".into(), |name| name.to_string_lossy());
    name.split('.').map_while(|part| part.parse().ok()).collect()
}

fn has(folder: &Path, files: &[&str]) -> bool {
    files.iter().all(|file| folder.join(file).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_is_larger() {
        let of = |name: &str| version(Path::new("/usr/lib/gcc/here").join(name).as_path());
        assert!(of("12") > of("9"));
        assert!(of("15.1.1") > of("15.1"));
        assert!(of("12") > of("current"));
    }
}

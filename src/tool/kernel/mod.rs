//! `ksc kernel`: the kernels that programs are verified on besides the running one.
//!
//! `store` keeps them, `package` and `image` read what is added, `archive` and `boot` start one in QEMU, and have it load programs.

mod archive;
mod boot;
mod image;
mod package;
mod store;

use super::status;
use crate::cli::{Kernel, KernelCommand};
use crate::diag::escape;
pub use boot::{Job, Outcome, load};
pub use image::version;
use std::path::Path;
use std::process::ExitCode;
pub use store::{Store, Stored};

/// Runs a command of `ksc kernel`.
pub fn run(args: &Kernel) -> ExitCode {
    let done = Store::open().and_then(|store| match &args.command {
        KernelCommand::List => list(&store),
        KernelCommand::Add { file, name } => add(&store, file, name.as_deref()),
        KernelCommand::Remove { name } => store.remove(name),
    });
    match done {
        Ok(()) => ExitCode::from(status::SUCCESS),
        Err(why) => failed(&why),
    }
}

/// Says why there is no such kernel, or why it does not boot.
pub fn failed(why: &str) -> ExitCode {
    ExitCode::from(failed_with(why))
}

/// The same, as a status.
pub fn failed_with(why: &str) -> u8 {
    eprintln!("error: {}", escape::lines(why));
    status::ENVIRONMENT
}

fn list(store: &Store) -> Result<(), String> {
    let kernels = store.all();
    let width = |of: fn(&Stored) -> &str| kernels.iter().map(|kernel| of(kernel).len()).max().unwrap_or_default();
    let (names, releases) = (width(|kernel| &kernel.name), width(|kernel| &kernel.release));
    for kernel in &kernels {
        let (name, release, modules) = (&kernel.name, &kernel.release, kernel.modules().len());
        println!("{name:names$}  {release:releases$}  {modules:>2} modules  {:>4} MiB", kernel.size() >> 20);
    }
    Ok(())
}

/// What is kept of a kernel.
pub struct Parts {
    image: Vec<u8>,
    /// As libbpf reads it for `__kconfig` variables; empty if it is not known.
    config: Vec<u8>,
    /// File name and contents, in the order in which they are inserted.
    modules: Vec<(String, Vec<u8>)>,
}

fn add(store: &Store, file: &Path, name: Option<&str>) -> Result<(), String> {
    let bytes = std::fs::read(file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))?;
    let wrong = |why: String| format!("`{}`: {why}", file.display());
    let parts = if package::is_one(&bytes) {
        package::unpack(&bytes).map_err(wrong)?
    } else {
        Parts { image: bytes, config: Vec::new(), modules: Vec::new() }
    };
    let release = image::release(&parts.image).map_err(wrong)?;
    let name = name.map_or_else(|| image::version(&release).to_owned(), str::to_owned);
    store.add(&name, &release, &parts)?;
    println!("{name}  {release}");
    Ok(())
}

//! The command line of `ksc kernel`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Kernel {
    #[command(subcommand)]
    pub command: KernelCommand,
}

#[derive(Subcommand, Debug)]
pub enum KernelCommand {
    /// List the kernels that were added: name, release, modules, bytes
    List,
    /// Add a kernel: a Debian package (`linux-image-….deb`), or a boot image (`vmlinuz`); a kernel of the same name is replaced
    Add {
        /// The package or image
        file: PathBuf,
        /// What the kernel is called; by default the first two numbers of its release, such as 6.12
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: Option<String>,
    },
    /// Remove a kernel
    Remove {
        /// Its name
        #[arg(value_parser = name)]
        name: String,
    },
}

/// Names that `ksc verify --kernel` has for other things.
const RESERVED: [&str; 2] = ["this", "all"];

/// A file name that `--kernel` takes for no path.
fn name(text: &str) -> Result<String, String> {
    let of_names = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if RESERVED.contains(&text) {
        return Err(format!("`{text}` is another kernel for `ksc verify --kernel`"));
    }
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(of_names) {
        return Ok(text.to_owned());
    }
    Err("a name begins with a letter or digit, and has letters, digits, and `._+-`".to_owned())
}

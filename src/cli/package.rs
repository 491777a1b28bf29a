//! The command line of `ksc package`.

use super::Common;
use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct Package {
    /// The source
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// Write a layout of OCI images with the BPF object as bpfman takes it, tagged `bytecode`
    #[arg(long, value_name = "DIR")]
    pub oci: Option<PathBuf>,
    /// Write the BPF object, `NAME.bpf.o`, to this folder
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// Also write the executable, linked statically: as a file of `--output`, and as an image with it alone, tagged `exe`, into the layout of `--oci`
    #[arg(long)]
    pub exe: bool,
    /// Sign the object and the executable with this private key (PEM; RSA or EC P-256), as Linux 6.18 and later verify it
    #[arg(long, value_name = "KEY.pem", requires = "cert")]
    pub sign: Option<PathBuf>,
    /// The certificate of that key (PEM; X.509)
    #[arg(long, value_name = "CERT.pem", requires = "sign")]
    pub cert: Option<PathBuf>,
    /// Write manifests of Kubernetes: a DaemonSet of the executable, and an application of bpfman with the object
    #[arg(long, value_name = "DIR")]
    pub kubernetes: Option<PathBuf>,
    /// Write a package of Debian with the executable, its manual page and a systemd unit
    #[arg(long, value_name = "FILE")]
    pub deb: Option<PathBuf>,
    /// Version of the packages and tag of the images in manifests
    #[arg(long, default_value = "0.1.0", value_name = "VERSION", value_parser = release)]
    pub release: String,
    /// The images in manifests are `NAME-exe` and `NAME-bytecode`; the program's name by default
    #[arg(long, value_name = "NAME", value_parser = image)]
    pub image: Option<String>,
    /// An interface that the object's programs are attached to in the application of bpfman, if their attributes name none; the primary
    /// interface of each node by default. May be given several times
    #[arg(long, value_name = "NAME")]
    pub interface: Vec<String>,
    /// Who answers for the package of Debian
    #[arg(long, default_value = "root <root@localhost>", value_name = "NAME <ADDRESS>", value_parser = maintainer)]
    pub maintainer: String,
    /// Arguments of the executable, in the unit and in the DaemonSet
    #[arg(last = true, value_name = "ARGUMENTS")]
    pub arguments: Vec<String>,
    #[command(flatten)]
    pub common: Common,
}

/// Both a version of Debian (deb-version(7)) and a tag of an image (distribution-spec of OCI).
fn release(text: &str) -> Result<String, String> {
    let signs = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 128 && text.chars().all(signs) {
        return Ok(text.to_owned());
    }
    Err("a version begins with a digit and has letters, digits, `.` and `-`".to_owned())
}

/// A name without a tag: parts of lower-case letters and digits, with a host in front if there is one.
fn image(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        let signs = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-:".contains(c);
        !part.is_empty() && part.chars().all(signs) && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    let last = text.rsplit('/').next().unwrap_or(text);
    if text.split('/').all(part) && !last.contains(':') && text.len() <= 255 {
        return Ok(text.to_owned());
    }
    Err("an image is called `NAME`, or `HOST/PATH/NAME`, in lower-case letters, without a tag".to_owned())
}

fn maintainer(text: &str) -> Result<String, String> {
    let address = text.rsplit_once(" <").is_some_and(|(name, address)| !name.is_empty() && address.ends_with('>'));
    if address && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    Err("it is of the form `NAME <ADDRESS>`".to_owned())
}

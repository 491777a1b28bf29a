//! `ksc package FILE`: what is installed elsewhere: images of containers, manifests of Kubernetes, a package of Debian.
//!
//! `made.rs` compiles the program and collects what packages say of it, `archive.rs` has archives that depend on nothing but their files,
//! and each kind of package is a file: `oci.rs`, `kubernetes.rs` with `bpfman.rs` and `yaml.rs`, `deb.rs` with `unit.rs`.

mod archive;
mod bpfman;
mod deb;
mod kubernetes;
mod made;
mod oci;
mod signable;
mod unit;
mod yaml;

use super::signature::key::Signer;
use super::{finish, session, usage_error};
use crate::cli::Package;
use crate::link::output::{self, Output};
use crate::session::Session;
use made::Made;
use std::path::Path;
use std::process::ExitCode;

/// Writes the packages that are asked for. The status is 1 if the program has errors, or lacks what a package is made of.
pub fn run(args: &Package) -> ExitCode {
    if args.oci.is_none() && args.kubernetes.is_none() && args.deb.is_none() && args.output.is_none() {
        return usage_error("nothing is asked for: `--output DIR`, `--oci DIR`, `--kubernetes DIR` or `--deb FILE`");
    }
    if args.exe && args.oci.is_none() && args.output.is_none() {
        return usage_error("`--exe` goes with `--output DIR` or `--oci DIR`");
    }
    let mut cx = match session(&args.common, &args.input) {
        Ok(cx) => cx,
        Err(status) => return status,
    };
    // An error that ends it early was reported.
    let _ = packages(&mut cx, args);
    finish(&mut cx, args.common.messages)
}

fn packages(cx: &mut Session, args: &Package) -> Option<()> {
    let signer = match (&args.sign, &args.cert) {
        (Some(key), Some(certificate)) => Some(Signer::read(cx, key, certificate)?),
        (Some(_) | None, _) => None,
    };
    let made = Made::of(cx, args, signer.as_ref())?;
    let (mut files, mut said) = (Vec::new(), Vec::new());
    if let Some(folder) = &args.output {
        output::folder(cx, folder)?;
        files.extend(plain(folder, args, &made));
    }
    if let Some(folder) = &args.oci {
        for below in ["", "blobs", "blobs/sha256"] {
            output::folder(cx, &folder.join(below))?;
        }
        files.extend(oci::layout(cx, folder, args, &made)?);
    }
    if let Some(folder) = &args.kubernetes {
        output::folder(cx, folder)?;
        files.extend(kubernetes::manifests(cx, folder, args, &made, &mut said)?);
    }
    if let Some(path) = &args.deb {
        let bytes = deb::package(cx, args, &made)?;
        files.push(Output { path: path.clone(), bytes, executable: false });
    }
    if cx.diags.has_denied() {
        return None;
    }
    output::write(cx, files)?;
    output::print(cx, said.concat())
}

/// The object and the executable as files of a folder.
fn plain(folder: &Path, args: &Package, made: &Made) -> Vec<Output> {
    let file = |name: String, bytes: &Vec<u8>, executable| Output {
        path: folder.join(name),
        bytes: bytes.clone(),
        executable,
    };
    let object = made.object.iter().map(|bytes| file(format!("{}.bpf.o", made.page.name), bytes, false));
    let executable = made.executable.iter().filter(|_| args.exe);
    object.chain(executable.map(|bytes| file(made.page.name.clone(), bytes, true))).collect()
}

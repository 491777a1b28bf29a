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
mod unit;
mod yaml;

use super::{finish, session, usage_error};
use crate::cli::Package;
use crate::link::output::{self, Output};
use crate::session::Session;
use made::Made;
use std::process::ExitCode;

/// Writes the packages that are asked for. The status is 1 if the program has errors, or lacks what a package is made of.
pub fn run(args: &Package) -> ExitCode {
    if args.oci.is_none() && args.kubernetes.is_none() && args.deb.is_none() {
        return usage_error("nothing is asked for: `--oci DIR`, `--kubernetes DIR` or `--deb FILE`");
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
    let made = Made::of(cx, args)?;
    let (mut files, mut said) = (Vec::new(), Vec::new());
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

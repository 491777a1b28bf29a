//! Signed objects: the loader of an object, a signature over its instructions, and the certificate of the signer, in sections of the object
//! beside what all loaders read.
//!
//! Linux verifies a signature over the instructions of a program that is loaded (`bpf_prog_verify_signature` of kernel/bpf/syscall.c, since
//! 6.18). Signed are the instructions of a loader, a program that loads the others (`ks_verify_load::loader`). The others are in its data,
//! and its instructions hold a digest of these data.

pub mod key;
mod loaders;
pub mod message;
pub mod report;
pub mod sections;

use crate::cli::MakeLoader;
use crate::codegen::llvm::Carried;
use crate::codegen::signed;
use crate::session::{Session, Tier};
use key::Signer;
use sha2::{Digest, Sha256};
use std::process::ExitCode;

/// The object with a loader that the signer has signed. None: it was reported.
pub fn sign(cx: &mut Session, object: &[u8], signer: &Signer) -> Option<Vec<u8>> {
    let name = cx.options.name.clone();
    let loader = loaders::of(cx, object, &name)?;
    let signature = message::over(&loader.instructions, signer);
    Some(sections::add(
        object,
        &[
            (signed::LOADER, &loader.instructions),
            (signed::DATA, &loader.data),
            (signed::NAMES, loader.names.as_bytes()),
            (signed::DIGEST, &Sha256::digest(&loader.instructions)),
            (signed::SIGNATURE, &signature),
            (signed::CERTIFICATE, signer.certificate_der()),
        ],
    ))
}

/// Linux 6.18, the first one that verifies signatures of programs.
const SINCE: (u32, u32) = (6, 18);

/// Signs those of an executable's objects that a kernel gets which verifies signatures. None: it was reported.
pub fn sign_carried(cx: &mut Session, carried: &mut [Carried], signer: &Signer) -> Option<()> {
    let next: Vec<_> = carried.iter().skip(1).map(|one| one.tier.map(Tier::numbers)).chain([None]).collect();
    for (one, next) in std::iter::zip(carried, next) {
        if next.is_none_or(|next| next > SINCE) {
            one.object = sign(cx, &one.object, signer)?;
            one.is_signed = true;
        }
    }
    Some(())
}

/// The child in which libbpf makes a loader.
pub fn make_loader(args: &MakeLoader) -> ExitCode {
    ExitCode::from(ks_verify_load::loader::child(&args.object, &args.name, &args.folder))
}

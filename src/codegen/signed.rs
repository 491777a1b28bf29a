//! The sections of a signed object besides those that all loaders read. Loaders pass over sections with such a prefix;
//! `runtime/src/object/signed/parts.rs` reads them, and `objcopy --dump-section` writes them to files.

/// Instructions of the loader, which are signed.
pub const LOADER: &str = ".debug_ks_loader";

/// The value of the one entry of the loader's map.
pub const DATA: &str = ".debug_ks_loader_data";

/// What the loader makes: a line `object NAME`, then lines of `map NAME` and `program NAME`, each in the order of the descriptors in its context.
pub const NAMES: &str = ".debug_ks_loader_names";

/// SHA-256 of the instructions, by which the kernel keeps the loader's map for the loader (`excl_prog_hash`).
pub const DIGEST: &str = ".debug_ks_loader_digest";

/// PKCS#7 over the instructions, in DER.
pub const SIGNATURE: &str = ".debug_ks_signature";

/// The certificate of the signer, in DER.
pub const CERTIFICATE: &str = ".debug_ks_certificate";

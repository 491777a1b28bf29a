//! What `ksc inspect` says of a signed object: who signed it, and whether the parts belong together.

use super::key::Public;
use super::{loaders, message, sections};
use der::Decode;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_cert::Certificate;

/// The signature of an object; JSON has the same names.
#[derive(Serialize)]
pub struct Signature {
    /// The first kernel that the object is for; none for the first object.
    pub since: Option<String>,
    /// None if the object has no certificate that can be read; the same for all that is from it.
    pub signer: Option<String>,
    pub issuer: Option<String>,
    pub serial: Option<String>,
    pub key: Option<String>,
    pub not_before: Option<String>,
    pub not_after: Option<String>,
    /// Today is between both.
    pub in_time: bool,
    /// SHA-256 of the loader's instructions, which are signed.
    pub digest: String,
    /// The signature is that of the certificate's key, and all that the object has is what was signed.
    pub matches: bool,
    /// Why not.
    pub faults: Vec<&'static str>,
}

/// The signature of an object; none if it has none.
pub fn of(since: Option<String>, object: &[u8]) -> Option<Signature> {
    let parts = sections::parts(object)?;
    let certificate = Certificate::from_der(parts.certificate).ok();
    let public = certificate.as_ref().and_then(|certificate| Public::of(certificate).ok());
    let mut faults = Vec::new();
    match message::signer(parts.signature) {
        None => faults.push("the signature is damaged"),
        Some((named, signature)) => match (&certificate, &public) {
            (Some(certificate), Some(public)) => {
                let own = &certificate.tbs_certificate;
                if named.issuer != own.issuer || named.serial_number != own.serial_number {
                    faults.push("the certificate is not that of the signer");
                } else if !public.verifies(parts.instructions, &signature) {
                    faults.push("the signature is not over this loader");
                }
            }
            (None, _) | (_, None) => faults.push("the certificate cannot be read"),
        },
    }
    if !holds(parts.instructions, &Sha256::digest(parts.data)) {
        faults.push("the loader has the digest of other data");
    }
    if Sha256::digest(parts.instructions).as_slice() != parts.digest {
        faults.push("the digest is not that of the loader");
    }
    if faults.is_empty() {
        let names = String::from_utf8_lossy(parts.names);
        let name = names.lines().find_map(|line| line.strip_prefix("object ")).unwrap_or_default();
        match loaders::made(object, name) {
            Ok(Ok(made)) if made.names.as_bytes() != parts.names => {
                faults.push("the names are not those of the loader")
            }
            Ok(Ok(made)) if made.instructions == parts.instructions && made.data == parts.data => {}
            Ok(_) | Err(_) => faults.push("the loader is not one of this object"),
        }
    }
    let own = certificate.as_ref().map(|certificate| &certificate.tbs_certificate);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let in_time = own.is_some_and(|own| {
        (own.validity.not_before.to_unix_duration()..=own.validity.not_after.to_unix_duration()).contains(&now)
    });
    Some(Signature {
        since,
        signer: own.map(|own| own.subject.to_string()),
        issuer: own.map(|own| own.issuer.to_string()),
        serial: own.map(|own| hexadecimal(own.serial_number.as_bytes(), ":")),
        key: public.map(|public| public.words()),
        not_before: own.map(|own| own.validity.not_before.to_string()),
        not_after: own.map(|own| own.validity.not_after.to_string()),
        in_time,
        digest: hexadecimal(&Sha256::digest(parts.instructions), ""),
        matches: faults.is_empty(),
        faults,
    })
}

impl Signature {
    /// Lines of a name and a value.
    pub fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        let known =
            [("signed by", &self.signer), ("issuer", &self.issuer), ("serial", &self.serial), ("key", &self.key)];
        rows.extend(known.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
        if let (Some(from), Some(until)) = (&self.not_before, &self.not_after) {
            rows.push(("valid", format!("{from} to {until}{}", if self.in_time { "" } else { ", not today" })));
        }
        rows.push(("digest", format!("sha256:{}", self.digest)));
        let verdict =
            if self.matches { "matches".to_owned() } else { format!("does not match: {}", self.faults.join("; ")) };
        rows.push(("signature", verdict));
        rows
    }
}

fn hexadecimal(bytes: &[u8], between: &str) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().enumerate() {
        let _ = write!(text, "{}{byte:02x}", if at == 0 { "" } else { between });
    }
    text
}

/// Bytes of an instruction.
const INSTRUCTION: usize = 8;
/// `BPF_LD | BPF_IMM | BPF_DW`, and the register 3 as a destination, in the halves of a byte as each byte order has it.
const LOAD_CONSTANT: u8 = 0x18;
const LITTLE: u8 = 0x03;
const BIG: u8 = 0x30;

/// Whether the instructions hold this digest, eight bytes in each of four constants (`emit_signature_match` of libbpf's gen_loader.c).
fn holds(instructions: &[u8], digest: &[u8]) -> bool {
    let code: Vec<&[u8]> = instructions.chunks_exact(INSTRUCTION).collect();
    let held = |register: u8| -> Vec<u8> {
        let pairs = code.windows(2).filter(|pair| pair[0].starts_with(&[LOAD_CONSTANT, register]));
        // The first instruction has the lower half of the constant.
        let order = |pair: &[&[u8]]| {
            if register == BIG { [pair[1], pair[0]] } else { [pair[0], pair[1]] }.map(|i| i[4..].to_vec())
        };
        pairs.flat_map(|pair| order(pair).concat()).collect()
    };
    [LITTLE, BIG].into_iter().any(|register| held(register).windows(digest.len()).any(|bytes| bytes == digest))
}

//! The key and the certificate of who signs, in PEM: keys as PKCS#8, PKCS#1 (RSA) or SEC 1 (P-256), certificates of X.509.

use crate::diag::codes::environment::{NoCertificate, NoSigningKey, OtherKey};
use crate::session::Session;
use crate::source::load;
use der::{Decode, Document, Encode};
use p256::ecdsa;
use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15;
use rsa::signature::{SignatureEncoding, Signer as _, Verifier as _};
use rsa::traits::PublicKeyParts;
use sha2::Sha256;
use std::path::Path;
use x509_cert::Certificate;

/// Bits of the shortest RSA key that is taken.
const SHORTEST: usize = 2048;

/// Who signs.
pub struct Signer {
    key: Private,
    pub certificate: Certificate,
    der: Vec<u8>,
}

enum Private {
    Rsa(Box<pkcs1v15::SigningKey<Sha256>>),
    P256(Box<ecdsa::SigningKey>),
}

/// The key of a certificate.
pub enum Public {
    Rsa(Box<pkcs1v15::VerifyingKey<Sha256>>),
    P256(Box<ecdsa::VerifyingKey>),
}

impl Signer {
    /// Reads both files. None: it was reported.
    pub fn read(cx: &mut Session, key: &Path, certificate: &Path) -> Option<Signer> {
        let (key_path, path) = (key.display().to_string(), certificate.display().to_string());
        let key = load::bytes(cx, key)?;
        let bytes = load::bytes(cx, certificate)?;
        let key = match private(&key) {
            Ok(key) => key,
            Err(why) => {
                cx.environment(NoSigningKey { path: key_path, why }).help(
                    "`openssl req -x509 -newkey rsa:3072 -nodes -keyout key.pem -out cert.pem -subj /CN=NAME` makes a key and a certificate",
                );
                return None;
            }
        };
        let read =
            certificate_of(&bytes).and_then(|(certificate, der)| Ok((Public::of(&certificate)?, certificate, der)));
        let (public, certificate, der) = match read {
            Ok(read) => read,
            Err(why) => {
                cx.environment(NoCertificate { path, why });
                return None;
            }
        };
        let signer = Signer { key, certificate, der };
        let sample = b"the key is that of the certificate";
        if !public.verifies(sample, &signer.sign(sample)) {
            cx.environment(OtherKey { key: key_path, certificate: path });
            return None;
        }
        Some(signer)
    }

    /// The signature over a message, as PKCS#7 has it; the same one each time.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            Private::Rsa(key) => key.sign(message).to_vec(),
            Private::P256(key) => {
                let signature: ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
        }
    }

    /// Whether the signature is one of RSA; else it is one of ECDSA.
    pub fn is_rsa(&self) -> bool {
        matches!(self.key, Private::Rsa(_))
    }

    /// The certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.der
    }
}

impl Public {
    /// The key of a certificate; the error is in words.
    pub fn of(certificate: &Certificate) -> Result<Public, String> {
        let info = &certificate.tbs_certificate.subject_public_key_info;
        let der = info.to_der().map_err(|error| error.to_string())?;
        if let Ok(key) = rsa::RsaPublicKey::from_public_key_der(&der) {
            return Ok(Public::Rsa(Box::new(pkcs1v15::VerifyingKey::new(key))));
        }
        match ecdsa::VerifyingKey::from_public_key_der(&der) {
            Ok(key) => Ok(Public::P256(Box::new(key))),
            Err(_) => Err("its key is neither of RSA nor of the curve P-256".to_owned()),
        }
    }

    /// Whether the signature, as PKCS#7 has it, is one over the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Public::Rsa(key) => {
                pkcs1v15::Signature::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
            Public::P256(key) => {
                ecdsa::Signature::from_der(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
            }
        }
    }

    /// The kind of the key with its size.
    pub fn words(&self) -> String {
        match self {
            Public::Rsa(key) => format!("RSA, {} bits", rsa::RsaPublicKey::from((**key).clone()).size() * 8),
            Public::P256(_) => "ECDSA, P-256".to_owned(),
        }
    }
}

/// The label and the contents of a PEM file; the error is in words.
fn pem(bytes: &[u8]) -> Result<(String, Document), String> {
    // Other tools write text above the first line.
    let text = String::from_utf8_lossy(bytes);
    let start = text.find("-----BEGIN ").ok_or("it has no PEM, which begins with `-----BEGIN`")?;
    let text = &text[start..];
    let end = text.find("\n-----END ").map(|at| at + 1 + text[at + 1..].find('\n').unwrap_or(text.len() - at - 1));
    let text = end.map_or(text, |end| &text[..end]);
    let (label, document) = Document::from_pem(text).map_err(|error| format!("its PEM cannot be read: {error}"))?;
    Ok((label.to_owned(), document))
}

fn private(bytes: &[u8]) -> Result<Private, String> {
    let text = String::from_utf8_lossy(bytes);
    if text.contains("ENCRYPTED") {
        return Err(
            "it is encrypted, and ksc asks for no password: `openssl pkey -in KEY.pem -out PLAIN.pem` decrypts it"
                .to_owned(),
        );
    }
    let (label, document) = pem(bytes)?;
    let der = document.as_bytes();
    let rsa = match label.as_str() {
        "RSA PRIVATE KEY" => rsa::RsaPrivateKey::from_pkcs1_der(der).ok(),
        _ => rsa::RsaPrivateKey::from_pkcs8_der(der).ok(),
    };
    if let Some(key) = rsa {
        let bits = key.size() * 8;
        if bits < SHORTEST {
            return Err(format!("it is an RSA key of {bits} bits, and fewer than {SHORTEST} are no protection"));
        }
        return Ok(Private::Rsa(Box::new(pkcs1v15::SigningKey::new(key))));
    }
    let curve = match label.as_str() {
        "EC PRIVATE KEY" => p256::SecretKey::from_sec1_der(der).ok(),
        _ => p256::SecretKey::from_pkcs8_der(der).ok(),
    };
    match curve {
        Some(key) => Ok(Private::P256(Box::new(key.into()))),
        None => Err(format!("its `{label}` is no private key of RSA or of the curve P-256")),
    }
}

fn certificate_of(bytes: &[u8]) -> Result<(Certificate, Vec<u8>), String> {
    let (label, document) = pem(bytes)?;
    if label != "CERTIFICATE" {
        return Err(format!("it has a `{label}`"));
    }
    let der = document.as_bytes().to_vec();
    let certificate = Certificate::from_der(&der).map_err(|error| format!("it is damaged: {error}"))?;
    Ok((certificate, der))
}

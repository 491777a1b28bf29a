//! PKCS#7 messages (RFC 5652) as Linux reads them (crypto/asymmetric_keys/pkcs7_parser.c): one signer, who is named by issuer and serial
//! number, a SHA-256 digest, no signed attributes, no certificates, and the signed bytes elsewhere. `openssl cms -verify -binary -inform DER`
//! reads them too.

use super::key::Signer;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos};
use der::asn1::{Null, ObjectIdentifier, OctetString, SetOfVec};
use der::{Any, Decode, Encode};
use x509_cert::spki::AlgorithmIdentifierOwned;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// The message that signs these bytes, in DER.
pub fn over(signed: &[u8], signer: &Signer) -> Vec<u8> {
    match message(signed, signer) {
        Ok(message) => message,
        Err(error) => crate::bug!("a signature has a form of its own: {error}"),
    }
}

fn message(signed: &[u8], signer: &Signer) -> der::Result<Vec<u8>> {
    let of_certificate = &signer.certificate.tbs_certificate;
    let digest = AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::from(Null)) };
    let algorithm = match signer.is_rsa() {
        true => AlgorithmIdentifierOwned { oid: RSA, parameters: Some(Any::from(Null)) },
        false => AlgorithmIdentifierOwned { oid: ECDSA_SHA256, parameters: None },
    };
    let info = SignerInfo {
        version: CmsVersion::V1,
        sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
            issuer: of_certificate.issuer.clone(),
            serial_number: of_certificate.serial_number.clone(),
        }),
        digest_alg: digest.clone(),
        signed_attrs: None,
        signature_algorithm: algorithm,
        signature: OctetString::new(signer.sign(signed))?,
        unsigned_attrs: None,
    };
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![digest])?,
        encap_content_info: EncapsulatedContentInfo { econtent_type: DATA, econtent: None },
        certificates: None,
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(vec![info])?),
    };
    ContentInfo { content_type: SIGNED_DATA, content: Any::encode_from(&data)? }.to_der()
}

/// The one signer of a message: who it is, and the signature. None if the message is of another form.
pub fn signer(message: &[u8]) -> Option<(IssuerAndSerialNumber, Vec<u8>)> {
    let content = ContentInfo::from_der(message).ok()?;
    if content.content_type != SIGNED_DATA {
        return None;
    }
    let data: SignedData = content.content.decode_as().ok()?;
    let [info] = data.signer_infos.0.as_slice() else { return None };
    let SignerIdentifier::IssuerAndSerialNumber(named) = &info.sid else { return None };
    if info.signed_attrs.is_some() || info.digest_alg.oid != SHA256 {
        return None;
    }
    Some((named.clone(), info.signature.as_bytes().to_vec()))
}

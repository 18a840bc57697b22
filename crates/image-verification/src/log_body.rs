//! What a log entry says was logged, and whether it is the signature at hand.
//!
//! In: an entry's body. Out: that it speaks of this signature, by this signer, over these bytes. An entry that does not
//! is worth nothing however well the log vouches for it (CVE-2022-23649, CVE-2026-22703). Kinds: hashedrekord 0.0.1 and
//! 0.0.2 (Rekor v2), dsse 0.0.1, intoto 0.0.1 and 0.0.2.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use image_trust::ReasonCode;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::base64_text::decode_base64;
use crate::certificate::Certificate;
use crate::dsse::Envelope;
use crate::key::VerifyingKey;
use crate::pem;
use crate::rejection::Rejection;

/// Who made the signature that must have been logged.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoggedSigner<'s> {
    /// A key; the entry holds it, or a certificate of it.
    Key(&'s VerifyingKey),
    /// The certificate beside the signature; the entry holds exactly that.
    Certificate(&'s Certificate),
}

/// The signature that must have been logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Logged<'s> {
    pub(crate) signer: LoggedSigner<'s>,
    pub(crate) signature: &'s [u8],
    pub(crate) content: LoggedContent<'s>,
}

/// What was signed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoggedContent<'s> {
    /// Bytes.
    Payload(&'s [u8]),
    /// Bytes of which only the SHA-256 is at hand, in hexadecimal.
    Sha256(&'s str),
    /// An envelope.
    Envelope(&'s Envelope),
}

/// Which log made the entry: they prove different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogVersion {
    /// Promises and proofs; its promise proves a time.
    One,
    /// Proofs alone; it proves no time.
    Two,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    kind: String,
    api_version: String,
    spec: Value,
}

/// Verifies that `body` speaks of `logged`.
pub(crate) fn describes(body: &[u8], logged: &Logged<'_>) -> Result<LogVersion, Rejection> {
    let body: Body = serde_json::from_slice(body).map_err(|_| foreign("its body can't be read"))?;
    match (body.kind.as_str(), body.api_version.as_str(), logged.content) {
        ("hashedrekord", "0.0.1", LoggedContent::Payload(_) | LoggedContent::Sha256(_)) => {
            hashedrekord_one(&body.spec, logged)?;
            Ok(LogVersion::One)
        }
        ("hashedrekord", "0.0.2", _) => {
            hashedrekord_two(&body.spec, logged)?;
            Ok(LogVersion::Two)
        }
        ("dsse", "0.0.1", LoggedContent::Envelope(envelope)) => {
            dsse(&body.spec, envelope, logged)?;
            Ok(LogVersion::One)
        }
        ("intoto", "0.0.1", LoggedContent::Envelope(envelope)) => {
            intoto_one(&body.spec, envelope, logged)?;
            Ok(LogVersion::One)
        }
        ("intoto", "0.0.2", LoggedContent::Envelope(envelope)) => {
            intoto_two(&body.spec, envelope, logged)?;
            Ok(LogVersion::One)
        }
        (kind, version, _) => Err(foreign(format!("its kind is {kind} {version}"))),
    }
}

fn hashedrekord_one(spec: &Value, logged: &Logged<'_>) -> Result<(), Rejection> {
    let algorithm = text(spec, "/data/hash/algorithm")?;
    let digest = hex::decode(text(spec, "/data/hash/value")?).ok();
    same_digest(algorithm, digest.as_deref(), logged.content)?;
    same_signature(
        STANDARD.decode(text(spec, "/signature/content")?).ok().as_deref(),
        logged,
    )?;
    same_signer(pem_verifier(text(spec, "/signature/publicKey/content")?), logged)
}

fn hashedrekord_two(spec: &Value, logged: &Logged<'_>) -> Result<(), Rejection> {
    let spec = spec
        .get("hashedRekordV002")
        .ok_or_else(|| foreign("its body can't be read"))?;
    let algorithm = match text(spec, "/data/algorithm")? {
        "SHA2_256" => "sha256",
        "SHA2_384" => "sha384",
        "SHA2_512" => "sha512",
        other => other,
    };
    same_digest(
        algorithm,
        decode_base64(text(spec, "/data/digest")?).as_deref(),
        logged.content,
    )?;
    same_signature(
        decode_base64(text(spec, "/signature/content")?).as_deref(),
        logged,
    )?;
    let verifier = match spec
        .pointer("/signature/verifier/x509Certificate/rawBytes")
        .and_then(Value::as_str)
    {
        Some(certificate) => decode_base64(certificate).map(LoggedVerifier::Certificate),
        None => decode_base64(text(spec, "/signature/verifier/publicKey/rawBytes")?).map(LoggedVerifier::Key),
    };
    same_signer(verifier, logged)
}

fn dsse(spec: &Value, envelope: &Envelope, logged: &Logged<'_>) -> Result<(), Rejection> {
    same_payload(spec, "/payloadHash", envelope)?;
    let signatures = spec
        .get("signatures")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let [signature] = signatures else {
        return Err(foreign("it does not hold one signature"));
    };
    same_signature(
        STANDARD.decode(text(signature, "/signature")?).ok().as_deref(),
        logged,
    )?;
    same_signer(pem_verifier(text(signature, "/verifier")?), logged)
}

/// The oldest attestations: the entry holds no signature, but the hash of the whole envelope, signature included.
fn intoto_one(spec: &Value, envelope: &Envelope, logged: &Logged<'_>) -> Result<(), Rejection> {
    if text(spec, "/content/hash/algorithm")? != "sha256"
        || text(spec, "/content/hash/value")? != hex::encode(Sha256::digest(&envelope.json))
    {
        return Err(foreign("it is about another envelope"));
    }
    same_signer(pem_verifier(text(spec, "/publicKey")?), logged)
}

fn intoto_two(spec: &Value, envelope: &Envelope, logged: &Logged<'_>) -> Result<(), Rejection> {
    same_payload(spec, "/content/payloadHash", envelope)?;
    if text(spec, "/content/envelope/payloadType")? != envelope.payload_type {
        return Err(foreign("it is about another payload type"));
    }
    let signatures = spec
        .pointer("/content/envelope/signatures")
        .and_then(Value::as_array);
    let [signature] = signatures.map(Vec::as_slice).unwrap_or_default() else {
        return Err(foreign("it does not hold one signature"));
    };
    // The log wraps the envelope's base64 in base64 of its own.
    let inner = STANDARD.decode(text(signature, "/sig")?).ok();
    let bytes = inner.and_then(|inner| STANDARD.decode(inner).ok());
    same_signature(bytes.as_deref(), logged)?;
    same_signer(pem_verifier(text(signature, "/publicKey")?), logged)
}

enum LoggedVerifier {
    Certificate(Vec<u8>),
    Key(Vec<u8>),
}

/// Base64 of PEM, as Rekor v1 writes keys and certificates.
fn pem_verifier(base64: &str) -> Option<LoggedVerifier> {
    let text = String::from_utf8(STANDARD.decode(base64).ok()?).ok()?;
    let first = |label| {
        pem::blocks(&text, label, usize::MAX)
            .ok()
            .and_then(|blocks| blocks.into_iter().next())
    };
    first(pem::CERTIFICATE)
        .map(LoggedVerifier::Certificate)
        .or_else(|| first(pem::PUBLIC_KEY).map(LoggedVerifier::Key))
}

fn same_signer(verifier: Option<LoggedVerifier>, logged: &Logged<'_>) -> Result<(), Rejection> {
    let is_same = match (verifier, logged.signer) {
        (Some(LoggedVerifier::Certificate(der)), LoggedSigner::Certificate(certificate)) => {
            der == certificate.der()
        }
        (Some(LoggedVerifier::Key(spki)), LoggedSigner::Key(key)) => spki == key.spki(),
        (Some(LoggedVerifier::Certificate(der)), LoggedSigner::Key(key)) => {
            Certificate::from_der(der).is_ok_and(|certificate| certificate.key() == key)
        }
        (Some(LoggedVerifier::Key(_)), LoggedSigner::Certificate(_)) | (None, _) => false,
    };
    if is_same {
        Ok(())
    } else {
        Err(foreign("it was made by another signer"))
    }
}

fn same_signature(signature: Option<&[u8]>, logged: &Logged<'_>) -> Result<(), Rejection> {
    if signature == Some(logged.signature) {
        Ok(())
    } else {
        Err(foreign("it is about another signature"))
    }
}

fn same_payload(spec: &Value, at: &str, envelope: &Envelope) -> Result<(), Rejection> {
    let algorithm = text(spec, &format!("{at}/algorithm"))?;
    let digest = hex::decode(text(spec, &format!("{at}/value"))?).ok();
    same_digest(
        algorithm,
        digest.as_deref(),
        LoggedContent::Payload(&envelope.payload),
    )
}

fn same_digest(algorithm: &str, digest: Option<&[u8]>, content: LoggedContent<'_>) -> Result<(), Rejection> {
    let bytes = match content {
        LoggedContent::Payload(bytes) => bytes.to_vec(),
        LoggedContent::Envelope(envelope) => envelope.signed_bytes(),
        LoggedContent::Sha256(sha256) => {
            let is_same = algorithm == "sha256" && digest.map(hex::encode).as_deref() == Some(sha256);
            return if is_same {
                Ok(())
            } else {
                Err(foreign("it is about other bytes"))
            };
        }
    };
    let own = match algorithm {
        "sha256" => Sha256::digest(&bytes).to_vec(),
        "sha384" => Sha384::digest(&bytes).to_vec(),
        "sha512" => Sha512::digest(&bytes).to_vec(),
        other => return Err(foreign(format!("its digest algorithm is {other}"))),
    };
    if digest == Some(own.as_slice()) {
        Ok(())
    } else {
        Err(foreign("it is about other bytes"))
    }
}

fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Rejection> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| foreign(format!("it lacks `{pointer}`")))
}

fn foreign(why: impl std::fmt::Display) -> Rejection {
    Rejection::new(
        ReasonCode::LogMissing,
        format!("the log entry does not belong to this signature: {why}"),
    )
}

//! Authentication: whether one candidate was signed by one signer, over this image, when it could.
//!
//!     signature ─▶ image digest ─▶ timestamps ─▶ log ─▶ chain at every proven time ─▶ SCT ─▶ identity ─▶ annotations
//!
//! In: a candidate, a signer, the image's digest, the present. Out: who signed, for people. Every check that the policy
//! does not waive by name must hold; the order decides only which failure is named.

use std::collections::BTreeMap;

use image_reference::{Digest, DigestAlgorithm as ImageDigestAlgorithm};
use image_trust::{DigestAlgorithm, ReasonCode};
use jiff::Timestamp;

use crate::candidate::{Candidate, Content};
use crate::certificate::Certificate;
use crate::key::{SignatureError, VerifyingKey};
use crate::log_body::{Logged, LoggedContent, LoggedSigner};
use crate::rejection::Rejection;
use crate::signer::{CertificateTrust, Signer, SignerAuthority};
use crate::trust_material::TrustMaterial;
use crate::{chain, sct, timestamp, transparency};

/// Kyverno's text for a signature made by a key where a certificate is demanded.
pub(crate) const NO_CERTIFICATE: &str = "no certificate found on signature";

/// Kyverno's text for the same where a log entry is demanded and there is none.
pub(crate) const NO_KEY: &str = "empty key";

/// What candidates are judged by, beside the signer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bench<'b> {
    pub(crate) digest: &'b Digest,
    pub(crate) trust: &'b TrustMaterial,
    pub(crate) at: Timestamp,
}

/// Verifies that `signer` signed `candidate`, which is about the image; the answer says who signed, for people.
pub(crate) fn authenticate(
    candidate: &Candidate,
    signer: &Signer<'_>,
    bench: Bench<'_>,
) -> Result<String, Rejection> {
    let signed_by = match &signer.authority {
        SignerAuthority::Key { key, digest } => {
            let signature = verified_signature(candidate, key, &[*digest], bench.digest)?;
            is_about(candidate, bench.digest)?;
            if let Some(authority) = &signer.tsa_chain {
                for token in &candidate.timestamps {
                    timestamp::verify(
                        token,
                        stamped(candidate, signature),
                        std::slice::from_ref(authority),
                        bench.at,
                    )?;
                }
            }
            let logged = logged(candidate, LoggedSigner::Key(key), signature, bench.digest);
            if signer.log.is_required {
                log_times(candidate, &logged, signer, &[], bench.at)?;
            }
            key.shown()
        }
        SignerAuthority::Certificate(trust) => authenticate_certificate(candidate, signer, trust, bench)?,
    };
    carries_annotations(candidate, signer.annotations, bench.digest)?;
    Ok(signed_by)
}

fn authenticate_certificate(
    candidate: &Candidate,
    signer: &Signer<'_>,
    trust: &CertificateTrust<'_>,
    bench: Bench<'_>,
) -> Result<String, Rejection> {
    let Some(leaf) = trust.pinned.as_ref().or(candidate.certificates.first()) else {
        // Kyverno would ask the log for an entry of no key.
        let is_unlogged = signer.log.is_required && candidate.log_entries.is_empty();
        let text = if is_unlogged { NO_KEY } else { NO_CERTIFICATE };
        return Err(Rejection::new(ReasonCode::WrongSigner, text));
    };
    // Signers choose by the size of the key, older ones SHA-256 always; either is the certificate's own signature.
    let digests = [leaf.key().usual_digest(), DigestAlgorithm::Sha256];
    let signature = verified_signature(candidate, leaf.key(), &digests, bench.digest)?;
    is_about(candidate, bench.digest)?;
    let who = match &trust.pinned {
        Some(pinned) => LoggedSigner::Key(pinned.key()),
        None => LoggedSigner::Certificate(leaf),
    };
    let logged = logged(candidate, who, signature, bench.digest);
    let times = proven_times(candidate, &logged, signer, trust, bench);
    verify_chain(candidate, leaf, trust, &times, bench.at)?;
    times?;
    if let Some(identity) = &trust.identity {
        identity.is_met_by(leaf)?;
    }
    Ok(leaf.shown_identity())
}

/// The times at which the signature is proven to have been there; empty where none is proven.
fn proven_times(
    candidate: &Candidate,
    logged: &Logged<'_>,
    signer: &Signer<'_>,
    trust: &CertificateTrust<'_>,
    bench: Bench<'_>,
) -> Result<Vec<Timestamp>, Rejection> {
    let authorities = match &signer.tsa_chain {
        Some(authority) => std::slice::from_ref(authority),
        None => bench.trust.timestamp_authorities.as_slice(),
    };
    // A token that nobody asked for, of an authority that nobody named, proves nothing and spoils nothing.
    let must_hold = signer.tsa_chain.is_some() || (candidate.is_bundle && trust.is_of_trust_root);
    let stamped = stamped(candidate, logged.signature);
    let mut times = Vec::new();
    for token in &candidate.timestamps {
        match timestamp::verify(token, stamped, authorities, bench.at) {
            Ok(time) => times.push(time),
            Err(cause) if must_hold => return Err(cause),
            Err(_) => {}
        }
    }
    match log_times(candidate, logged, signer, &times, bench.at) {
        Ok(logged_times) => times.extend(logged_times),
        Err(cause) if signer.log.is_required => return Err(cause),
        Err(_) => {}
    }
    Ok(times)
}

/// What a timestamp is about: the signature, but for cosign's envelopes in layers, of which it stamps the whole.
fn stamped<'c>(candidate: &'c Candidate, signature: &'c [u8]) -> &'c [u8] {
    match &candidate.content {
        Content::Envelope(envelope) if !candidate.is_bundle => &envelope.json,
        Content::Envelope(_) | Content::SimpleSigning { .. } | Content::Message { .. } => signature,
    }
}

/// The times that log entries prove; there must be an entry, and all must hold.
fn log_times(
    candidate: &Candidate,
    logged: &Logged<'_>,
    signer: &Signer<'_>,
    proven: &[Timestamp],
    at: Timestamp,
) -> Result<Vec<Timestamp>, Rejection> {
    if candidate.log_entries.is_empty() {
        return Err(Rejection::new(
            ReasonCode::LogMissing,
            "signature not found in transparency log: there is no log entry beside it",
        ));
    }
    let mut times = Vec::new();
    for entry in &candidate.log_entries {
        times.extend(transparency::verify(entry, logged, &signer.log.logs, proven, at)?);
    }
    Ok(times)
}

/// The chain at every proven time, or at the present where none is; then what the certificate's log says of it.
fn verify_chain(
    candidate: &Candidate,
    leaf: &Certificate,
    trust: &CertificateTrust<'_>,
    times: &Result<Vec<Timestamp>, Rejection>,
    at: Timestamp,
) -> Result<(), Rejection> {
    let (first, last) = leaf.validity();
    let birth: Vec<Timestamp> = Timestamp::from_second(first).into_iter().collect();
    let is_proven = matches!(times, Ok(times) if !times.is_empty());
    let times = match times {
        Ok(times) if is_proven => times.clone(),
        Ok(_) => vec![at],
        // Judged all the same, to name a wrong authority before a missing log entry.
        Err(_) => birth.clone(),
    };
    let beside = if trust.pinned.is_some() {
        &[]
    } else {
        candidate.certificates.as_slice()
    };
    let intermediates: Vec<&Certificate> = trust.intermediates.iter().chain(beside.iter().skip(1)).collect();
    if let Some(time) = times
        .iter()
        .find(|time| !(first..=last).contains(&time.as_second()))
    {
        // A wrong authority is named before a wrong time, too.
        if let Some(anchors) = &trust.anchors {
            chain::verify(leaf, &intermediates, anchors, &birth)?;
        }
        let text = if is_proven {
            format!("checking expiry on certificate: not valid at {time}, when the signature was made")
        } else {
            "expected a signed timestamp to verify an expired certificate".to_owned()
        };
        return Err(Rejection::new(ReasonCode::Expired, text));
    }
    let Some(anchors) = &trust.anchors else {
        return Ok(());
    };
    let issuer = chain::verify(leaf, &intermediates, anchors, &times)?;
    match &trust.certificate_logs {
        Some(logs) => sct::verify(leaf, &issuer, logs),
        None => Ok(()),
    }
}

/// The signature of the candidate that `key` made, with any of the digest algorithms given.
fn verified_signature<'c>(
    candidate: &'c Candidate,
    key: &VerifyingKey,
    digests: &[DigestAlgorithm],
    image: &Digest,
) -> Result<&'c [u8], Rejection> {
    let verify = |message: &[u8], signature: &'c [u8]| -> Result<&'c [u8], SignatureError> {
        let mut outcome = Err(SignatureError::Unsupported);
        for digest in digests {
            outcome = key.verify(*digest, message, signature).map(|()| signature);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    };
    match &candidate.content {
        Content::SimpleSigning {
            payload, signature, ..
        } => Ok(verify(payload, signature)?),
        Content::Envelope(envelope) => {
            let message = envelope.signed_bytes();
            let mut outcome = Err(SignatureError::Unsupported);
            for signature in &envelope.signatures {
                outcome = verify(&message, signature);
                if outcome.is_ok() {
                    break;
                }
            }
            Ok(outcome?)
        }
        Content::Message { signature, .. } => {
            let sha256 = sha256_of(image).filter(|_| digests.contains(&DigestAlgorithm::Sha256));
            let sha256 = sha256.ok_or(SignatureError::Unsupported)?;
            key.verify_sha256(&sha256, signature)?;
            Ok(signature)
        }
    }
}

/// Whether the candidate speaks of the image.
fn is_about(candidate: &Candidate, image: &Digest) -> Result<(), Rejection> {
    let mismatch = |text: String| Err(Rejection::new(ReasonCode::DigestMismatch, text));
    match &candidate.content {
        Content::SimpleSigning { claim, .. } if claim.digest == image.to_string() => Ok(()),
        Content::SimpleSigning { claim, .. } => {
            mismatch(format!("invalid or missing digest in claim: {}", claim.digest))
        }
        Content::Envelope(envelope) if envelope.statement.subjects_with(image).next().is_some() => Ok(()),
        Content::Envelope(_) => mismatch("no matching subject digest found".to_owned()),
        Content::Message { sha256, .. } => match (sha256, sha256_of(image)) {
            (Some(claimed), Some(image)) if *claimed != image => {
                mismatch("the bundle's message digest is another image's".to_owned())
            }
            (_, Some(_)) => Ok(()),
            (_, None) => mismatch("the bundle signs a SHA-256 digest, the image has another".to_owned()),
        },
    }
}

/// Whether every pair demanded is on this signature.
fn carries_annotations(
    candidate: &Candidate,
    demanded: &BTreeMap<String, String>,
    image: &Digest,
) -> Result<(), Rejection> {
    let holds = |found: &serde_json::Map<String, serde_json::Value>| {
        demanded
            .iter()
            .all(|(name, value)| found.get(name).and_then(serde_json::Value::as_str) == Some(value))
    };
    let is_carried = match &candidate.content {
        Content::SimpleSigning { claim, .. } => holds(&claim.optional),
        Content::Envelope(envelope) => envelope
            .statement
            .subjects_with(image)
            .any(|subject| holds(&subject.annotations)),
        Content::Message { .. } => demanded.is_empty(),
    };
    if is_carried {
        return Ok(());
    }
    Err(Rejection::new(
        ReasonCode::AnnotationMismatch,
        "no signature matched the required annotations",
    ))
}

fn logged<'c>(
    candidate: &'c Candidate,
    signer: LoggedSigner<'c>,
    signature: &'c [u8],
    image: &'c Digest,
) -> Logged<'c> {
    let content = match &candidate.content {
        Content::SimpleSigning { payload, .. } => LoggedContent::Payload(payload),
        Content::Envelope(envelope) => LoggedContent::Envelope(envelope),
        // `is_about` holds that the image's digest is a SHA-256.
        Content::Message { .. } => LoggedContent::Sha256(image.hex()),
    };
    Logged {
        signer,
        signature,
        content,
    }
}

fn sha256_of(image: &Digest) -> Option<Vec<u8>> {
    (image.algorithm() == ImageDigestAlgorithm::Sha256)
        .then(|| hex::decode(image.hex()).ok())
        .flatten()
}

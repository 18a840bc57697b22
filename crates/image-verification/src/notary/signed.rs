//! One Notary envelope, held against what it must be about and whom it is believed; revocation apart.
//!
//! In: an envelope, the artifact it must be about, trust stores, the time. Out: [`Signed`], or why not.

use image_reference::Digest;
use image_trust::ReasonCode;
use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::notary::envelope::{Scheme, SignedEnvelope};
use crate::notary::stores::Stores;
use crate::notary::{chain, countersignature, envelope};
use crate::rejection::Rejection;

/// What a signature must be about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'s> {
    pub(crate) digest: &'s Digest,
    /// Size in bytes and media type, where the evidence knows them.
    pub(crate) descriptor: Option<(u64, &'s str)>,
}

/// An envelope that counts, if none of its certificates was taken back.
#[derive(Debug)]
pub(crate) struct Signed {
    /// The signer's chain, leaf first.
    pub(crate) chain: Vec<Certificate>,
    /// The chain of the timestamp authority that countersigned; empty where none is demanded.
    pub(crate) timestamp_chain: Vec<Certificate>,
    /// When it was signed at the latest, where another than the signer says so who is trusted.
    pub(crate) by: Option<Timestamp>,
}

impl Signed {
    /// Whose signature it is, for people.
    pub(crate) fn signer(&self) -> String {
        self.chain.first().map(Certificate::subject).unwrap_or_default()
    }
}

/// Verifies one envelope.
pub(crate) fn verify(
    (media_type, bytes): (&str, &[u8]),
    subject: Subject<'_>,
    stores: &Stores,
    at: Timestamp,
) -> Result<Signed, Rejection> {
    let envelope = envelope::open(media_type, bytes).map_err(Rejection::malformed)?;
    let target = &envelope.target;
    let is_target = target.digest == subject.digest.to_string()
        && subject
            .descriptor
            .is_none_or(|(size, media_type)| target.size == size && target.media_type == media_type);
    if !is_target {
        let text = format!("the signature is about {}, not {}", target.digest, subject.digest);
        return Err(Rejection::new(ReasonCode::DigestMismatch, text));
    }
    chain::verify(&envelope.chain, stores.for_scheme(envelope.scheme)?)?;
    let signed = dated(envelope, stores, at)?;
    Ok(signed)
}

/// Holds the chain against the time at which the signature counts: what a signing authority or a timestamp authority says,
/// else the present. The signer's own word for it is taken for nothing.
fn dated(envelope: SignedEnvelope, stores: &Stores, at: Timestamp) -> Result<Signed, Rejection> {
    let SignedEnvelope {
        chain,
        scheme,
        signing_time,
        expiry,
        signature,
        countersignature,
        ..
    } = envelope;
    let (range, by, timestamp_chain) = match (scheme, &stores.timestamp_authorities) {
        (Scheme::SigningAuthority, _) if signing_time > at => {
            let text = format!("the signature was made in the future, {signing_time}");
            return Err(Rejection::new(ReasonCode::TimestampInvalid, text));
        }
        // Whoever holds an authority's stolen key dates as they like: its own word does not excuse it from revocation.
        (Scheme::SigningAuthority, _) => ((signing_time, signing_time), None, Vec::new()),
        (Scheme::X509, None) => ((at, at), None, Vec::new()),
        (Scheme::X509, Some(roots)) => {
            let token = countersignature.ok_or_else(|| {
                let text = "no timestamp countersignature was found in the signature envelope";
                Rejection::new(ReasonCode::TimestampInvalid, text)
            })?;
            let proven = countersignature::verify(&token, &signature, roots, at)?;
            (proven.range, Some(proven.range.1), proven.chain)
        }
    };
    chain::is_valid(&chain, range)?;
    if let Some(expiry) = expiry.filter(|expiry| *expiry < at) {
        let text = format!("digital signature has expired on {expiry}");
        return Err(Rejection::new(ReasonCode::Expired, text));
    }
    Ok(Signed {
        chain,
        timestamp_chain,
        by,
    })
}

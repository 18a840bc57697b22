//! Countersignatures: a timestamp authority says when a Notary signature was there.
//!
//! In: the signature, the token beside it, roots out of the policy. Out: when, and the authority's chain. The token brings
//! the authority's certificates itself; only what leads to a root of the policy counts.
//! Specification: notaryproject/specifications, signature-specification.md, "Timestamp countersignature".

use image_trust::ReasonCode;
use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::rejection::Rejection;
use crate::timestamp;
use crate::timestamp_token::TimestampToken;

/// What a countersignature proves.
#[derive(Debug)]
pub(crate) struct Countersigned {
    /// First and last moment at which the signature may have been there.
    pub(crate) range: (Timestamp, Timestamp),
    /// The authority's chain, leaf first.
    pub(crate) chain: Vec<Certificate>,
}

/// Verifies `token` over `signature`.
pub(crate) fn verify(
    token: &[u8],
    signature: &[u8],
    roots: &[Certificate],
    at: Timestamp,
) -> Result<Countersigned, Rejection> {
    let token = TimestampToken::about(signature, token).map_err(|cause| invalid(&cause))?;
    if token.time > at {
        return Err(invalid("it lies in the future"));
    }
    let signer = token
        .embedded_signer()
        .ok_or_else(|| invalid("it does not carry its signer's certificate"))?;
    let embedded: Vec<Certificate> = token.embedded().collect();
    let above = timestamp::chain(&signer, &embedded, roots).ok_or_else(|| {
        invalid("its signer does not chain to an authority of the policy, or may not sign timestamps")
    })?;
    if !token.is_signed_by(&signer) {
        return Err(invalid("its signature is invalid"));
    }
    let chain: Vec<Certificate> = std::iter::once(signer).chain(above).collect();
    let is_valid = |certificate: &Certificate| {
        let (first, last) = certificate.validity();
        (first..=last).contains(&token.time.as_second())
    };
    if !chain.iter().all(is_valid) {
        return Err(invalid("a certificate of its authority was not valid then"));
    }
    Ok(Countersigned {
        range: token.range,
        chain,
    })
}

fn invalid(cause: &str) -> Rejection {
    Rejection::new(
        ReasonCode::TimestampInvalid,
        format!("failed to verify the timestamp countersignature: {cause}"),
    )
}

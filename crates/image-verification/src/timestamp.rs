//! RFC 3161 timestamps over a signature.
//!
//! In: tokens, the signature they are about, the authorities trusted. Out: the times proven. The token's signer must be
//! the authority's own certificate; signature, chain and validity are `sigstore-tsa`'s to check.

use image_trust::ReasonCode;
use jiff::Timestamp;
use sigstore_types::{SignatureBytes, TimestampToken, TsaAuthority};

use crate::rejection::Rejection;

/// The time `token` proves for `signature`.
pub(crate) fn verify(
    token: &[u8],
    signature: &[u8],
    authorities: &[TsaAuthority],
    at: Timestamp,
) -> Result<Timestamp, Rejection> {
    let token = TimestampToken::new(token.to_vec());
    let signature = SignatureBytes::new(signature.to_vec());
    let mut cause = "no timestamp authority is trusted".to_owned();
    for authority in authorities {
        match sigstore_tsa::verify_timestamp_for_authority(&token, &signature, authority) {
            Ok(time) => {
                let time = Timestamp::from_nanosecond(time.as_nanosecond())
                    .map_err(|_| invalid("the timestamp's time can't be read".to_owned()))?;
                if time > at {
                    return Err(invalid(format!("the timestamp {time} lies in the future")));
                }
                return Ok(time);
            }
            Err(error) => cause = error.to_string(),
        }
    }
    Err(invalid(format!(
        "unable to verify RFC3161 timestamp bundle: {cause}"
    )))
}

fn invalid(text: String) -> Rejection {
    Rejection::new(ReasonCode::TimestampInvalid, text)
}

//! Timestamp authorities and the times they prove.
//!
//! In: tokens, the bytes they are about, the authorities trusted. Out: the time proven. An authority is one unit: its own
//! signer, its own chain, its own time of trust; nothing of one lends anything to another. Its chain's signatures are
//! verified once, when it is made; each token is held against the chain's validity at the token's time.

use image_trust::ReasonCode;
use jiff::Timestamp;

use crate::certificate::Certificate;
use crate::limits::MOST_TSA_CERTIFICATES;
use crate::rejection::Rejection;
use crate::timestamp_token::TimestampToken;
use crate::window::Window;

/// A timestamp authority.
#[derive(Debug, Clone)]
pub(crate) struct TimestampAuthority {
    signer: Signer,
    /// Certificates that chains may pass or end at.
    above: Vec<Certificate>,
    roots: Vec<Certificate>,
    /// When the trust root trusts it.
    window: Option<Window>,
}

/// Who signs an authority's timestamps.
#[derive(Debug, Clone)]
enum Signer {
    /// This certificate, with the chain that was found for it; without one nothing it signs is believed.
    Known(Box<Certificate>, Option<Vec<Certificate>>),
    /// Whoever the authority's certificates vouch for; tokens carry the certificate.
    Embedded,
}

impl TimestampAuthority {
    /// An authority out of its certificates; without `signer`, tokens must carry its certificate.
    pub(crate) fn new(
        signer: Option<Certificate>,
        intermediates: Vec<Certificate>,
        roots: Vec<Certificate>,
        window: Option<Window>,
    ) -> Self {
        let signer = match signer {
            Some(certificate) => {
                let chain = chain(&certificate, &intermediates, &roots);
                Signer::Known(Box::new(certificate), chain)
            }
            None => Signer::Embedded,
        };
        Self {
            signer,
            above: intermediates,
            roots,
            window,
        }
    }

    /// Whether the authority signed `token` at the token's own time.
    fn vouches_for(&self, token: &TimestampToken) -> Result<(), &'static str> {
        match &self.signer {
            Signer::Known(certificate, found) => {
                if !token.names(certificate) {
                    return Err("it was signed by another authority");
                }
                self.check(token, certificate, found.as_deref())
            }
            Signer::Embedded => {
                let certificate = token
                    .embedded_signer()
                    .ok_or("it does not carry its signer's certificate")?;
                let found = chain(&certificate, &self.above, &self.roots);
                self.check(token, &certificate, found.as_deref())
            }
        }
    }

    fn check(
        &self,
        token: &TimestampToken,
        certificate: &Certificate,
        chain: Option<&[Certificate]>,
    ) -> Result<(), &'static str> {
        let chain = chain.ok_or("its signer does not chain to the authority, or may not sign timestamps")?;
        if !token.is_signed_by(certificate) {
            return Err("its signature is invalid");
        }
        let is_valid = |certificate: &Certificate| {
            let (first, last) = certificate.validity();
            (first..=last).contains(&token.time.as_second())
        };
        if !is_valid(certificate) || !chain.iter().all(is_valid) {
            return Err("a certificate of its authority was not valid then");
        }
        if self.window.is_some_and(|window| !window.contains(token.time)) {
            return Err("its authority was not trusted then");
        }
        Ok(())
    }
}

/// What stands above `signer`, up to a root; none where it may not sign timestamps or nothing leads to a root.
pub(crate) fn chain(
    signer: &Certificate,
    intermediates: &[Certificate],
    roots: &[Certificate],
) -> Option<Vec<Certificate>> {
    if !signer.is_for_timestamps() {
        return None;
    }
    // A root that signs by itself is its own chain.
    if roots.iter().any(|root| root.der() == signer.der()) {
        return Some(Vec::new());
    }
    let mut path: Vec<Certificate> = Vec::new();
    while path.len() < MOST_TSA_CERTIFICATES {
        let below = path.last().unwrap_or(signer);
        if let Some(root) = roots.iter().find(|root| issued(root, below)) {
            path.push(root.clone());
            return Some(path);
        }
        let next = intermediates.iter().find(|intermediate| {
            issued(intermediate, below)
                && intermediate.is_authority()
                && !path.iter().any(|passed| passed.der() == intermediate.der())
        })?;
        path.push(next.clone());
    }
    None
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    certificate.parsed().tbs_certificate.issuer == issuer.parsed().tbs_certificate.subject
        && certificate.is_signed_by(issuer)
}

/// The time that `token` proves for `stamped`.
pub(crate) fn verify(
    token: &[u8],
    stamped: &[u8],
    authorities: &[TimestampAuthority],
    at: Timestamp,
) -> Result<Timestamp, Rejection> {
    let token = TimestampToken::about(stamped, token).map_err(|cause| invalid(&cause))?;
    if token.time > at {
        return Err(invalid("it lies in the future"));
    }
    let mut cause = "no timestamp authority is trusted";
    for authority in authorities {
        match authority.vouches_for(&token) {
            Ok(()) => return Ok(token.time),
            Err(why) => cause = why,
        }
    }
    Err(invalid(cause))
}

fn invalid(cause: &str) -> Rejection {
    Rejection::new(
        ReasonCode::TimestampInvalid,
        format!("unable to verify RFC3161 timestamp bundle: {cause}"),
    )
}

#[cfg(test)]
mod tests;

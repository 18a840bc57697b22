//! Trust stores of a Notary demand, decoded.

use image_trust::{Authority, NotaryTrust, ReasonCode, Refusal, RevocationCheck, SignerDemand};

use crate::certificate::Certificate;
use crate::notary::envelope::Scheme;
use crate::pem;
use crate::rejection::Rejection;

/// Whom signatures are believed.
#[derive(Debug)]
pub(crate) struct Stores {
    certificates: Vec<Certificate>,
    signing_authorities: Option<Vec<Certificate>>,
    /// Roots of timestamp authorities; present: each signature of scheme `notary.x509` must be countersigned.
    pub(crate) timestamp_authorities: Option<Vec<Certificate>>,
    /// What is done about certificates that were taken back.
    pub(crate) revocation: RevocationCheck,
}

impl Stores {
    /// The stores of `demand`.
    pub(crate) fn of(demand: &SignerDemand) -> Result<Self, Refusal> {
        let Authority::Notary(trust) = &demand.authority else {
            let message = "type Notary demands certificates";
            return Err(Refusal::new(ReasonCode::PolicyError, message));
        };
        let NotaryTrust {
            certificates: ca,
            signing_authorities,
            timestamp_authorities,
            revocation,
        } = trust;
        Ok(Self {
            certificates: certificates(ca)?,
            signing_authorities: signing_authorities.as_deref().map(certificates).transpose()?,
            timestamp_authorities: timestamp_authorities.as_deref().map(certificates).transpose()?,
            revocation: *revocation,
        })
    }

    /// The certificates that count for signatures of `scheme`.
    pub(crate) fn for_scheme(&self, scheme: Scheme) -> Result<&[Certificate], Rejection> {
        match (scheme, &self.signing_authorities) {
            (Scheme::X509, _) => Ok(&self.certificates),
            (Scheme::SigningAuthority, Some(authorities)) => Ok(authorities),
            (Scheme::SigningAuthority, None) => Err(Rejection::new(
                ReasonCode::UntrustedCertificate,
                "it was made by a signing authority (notary.x509.signingAuthority), and the policy names none",
            )),
        }
    }
}

fn certificates(text: &str) -> Result<Vec<Certificate>, Refusal> {
    let failed = |cause: String| {
        let message = format!("failed to parse certificates: {cause}");
        Refusal::new(ReasonCode::PolicyError, message)
    };
    pem::blocks(text, pem::CERTIFICATE, usize::MAX)
        .map_err(|cause| failed(cause.to_string()))?
        .into_iter()
        .map(Certificate::from_der)
        .collect::<Result<_, _>>()
        .map_err(|cause| failed(cause.text))
}

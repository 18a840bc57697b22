//! Certificate chains: from a leaf to an authority that is trusted at every proven time.
//!
//! In: a leaf, what came with it, anchors, times. Out: the key of the leaf's direct issuer (which signed certificate
//! timestamps speak of). The leaf must be made for code signing. Path building and signatures are webpki's; that the
//! anchor itself is valid at the time is checked here, as webpki takes an anchor's word for granted (CVE-2026-24122).

use der::asn1::AnyRef;
use der::{Encode as _, Tag};
use image_trust::ReasonCode;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use crate::certificate::Certificate;
use crate::rejection::Rejection;
use crate::window::Window;

/// id-kp-codeSigning, 1.3.6.1.5.5.7.3.3, without tag and length.
const CODE_SIGNING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x03];

/// Kyverno's text for a chain that ends nowhere.
const UNKNOWN_AUTHORITY: &str = "cert verification failed: x509: certificate signed by unknown authority. Check your \
     TUF root (see cosign initialize) or set a custom root with env var SIGSTORE_ROOT_FILE";

/// A certificate authority that chains may end at.
#[derive(Debug, Clone)]
pub(crate) struct Anchor {
    anchor: TrustAnchor<'static>,
    /// First and last second of its certificate.
    validity: (i64, i64),
    /// When the trust root trusts it, beside its certificate's own word.
    window: Option<Window>,
}

impl Anchor {
    /// An authority out of its certificate.
    pub(crate) fn new(certificate: &Certificate, window: Option<Window>) -> Result<Self, Rejection> {
        let der = CertificateDer::from(certificate.der());
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|cause| {
            Rejection::malformed(format!("an authority's certificate can't be used: {cause}"))
        })?;
        Ok(Self {
            anchor: anchor.to_owned(),
            validity: certificate.validity(),
            window,
        })
    }

    fn is_valid_at(&self, time: Timestamp) -> bool {
        let (first, last) = self.validity;
        (first..=last).contains(&time.as_second()) && self.window.is_none_or(|window| window.contains(time))
    }
}

/// Verifies that `leaf` chains to one of `anchors` at every one of `times`; the answer is the `SubjectPublicKeyInfo` of
/// the certificate that signed the leaf.
///
/// `times` is never empty: callers without a proven time pass the present.
pub(crate) fn verify(
    leaf: &Certificate,
    intermediates: &[&Certificate],
    anchors: &[Anchor],
    times: &[Timestamp],
) -> Result<Vec<u8>, Rejection> {
    let leaf_der = CertificateDer::from(leaf.der());
    let end_entity = EndEntityCert::try_from(&leaf_der)
        .map_err(|cause| Rejection::malformed(format!("the signing certificate can't be used: {cause}")))?;
    let intermediates: Vec<CertificateDer<'_>> = intermediates
        .iter()
        .map(|certificate| CertificateDer::from(certificate.der()))
        .collect();
    let mut issuer = None;
    for time in times {
        let alive = anchors.iter().filter(|anchor| anchor.is_valid_at(*time));
        let mut trusted: Vec<TrustAnchor<'_>> = alive.map(|anchor| anchor.anchor.clone()).collect();
        let has_ended = trusted.is_empty();
        if has_ended {
            // Only to tell an authority outside of its time from one that was never the certificate's.
            trusted.extend(anchors.iter().map(|anchor| anchor.anchor.clone()));
        }
        let seconds = u64::try_from(time.as_second()).unwrap_or_default();
        let path = end_entity
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &trusted,
                &intermediates,
                UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)),
                KeyUsage::required(CODE_SIGNING),
                None,
                None,
            )
            .map_err(|cause| rejection(&cause))?;
        if has_ended {
            let text = format!("the certificate's authority is not trusted at {time}");
            return Err(Rejection::new(ReasonCode::Expired, text));
        }
        let spki = match path.intermediate_certificates().next() {
            Some(direct) => direct.subject_public_key_info().as_ref().to_vec(),
            // An anchor keeps the inside of the sequence alone.
            None => AnyRef::new(Tag::Sequence, path.anchor().subject_public_key_info.as_ref())
                .and_then(|spki| spki.to_der())
                .map_err(|_| Rejection::malformed("an authority's key can't be encoded"))?,
        };
        issuer = Some(spki);
    }
    issuer.ok_or_else(|| Rejection::new(ReasonCode::Expired, "no time to judge the certificate at"))
}

fn rejection(cause: &webpki::Error) -> Rejection {
    if matches!(
        cause,
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }
    ) {
        let text = format!("the certificate was not valid when the signature was made: {cause}");
        return Rejection::new(ReasonCode::Expired, text);
    }
    if matches!(
        cause,
        webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey
    ) {
        return Rejection::new(ReasonCode::UntrustedCertificate, UNKNOWN_AUTHORITY);
    }
    Rejection::new(
        ReasonCode::UntrustedCertificate,
        format!("cert verification failed: {cause}"),
    )
}

//! Chains of Notary signers: complete, in order, made for code signing, and known to the trust store.
//!
//! Rules: notaryproject/specifications, signature-specification.md, "Certificate Requirements". A chain is trusted where
//! one of its certificates *is* a certificate of the store, byte for byte.

use der::asn1::ObjectIdentifier;
use image_trust::ReasonCode;
use jiff::Timestamp;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages};

use crate::certificate::Certificate;
use crate::notary::algorithm::NotaryAlgorithm;
use crate::rejection::Rejection;

const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");

/// Verifies that `chain` is well made and known to `store`; when it was valid is not judged here.
pub(crate) fn verify(chain: &[Certificate], store: &[Certificate]) -> Result<(), Rejection> {
    let untrusted = |text: &str| Err(Rejection::new(ReasonCode::UntrustedCertificate, text));
    let Some((leaf, authorities)) = chain.split_first() else {
        return untrusted("the chain is empty");
    };
    if !is_made_for_code_signing(leaf) {
        return untrusted("the signing certificate is not made for code signing");
    }
    for (below, authority) in authorities.iter().enumerate() {
        if !may_sign_certificates(authority, below) {
            return untrusted("a certificate of the chain may not sign certificates");
        }
    }
    // Each is signed by the next, the last by itself.
    let issuers = authorities.iter().chain(chain.last());
    for (certificate, issuer) in chain.iter().zip(issuers) {
        let names_it = certificate.parsed().tbs_certificate.issuer == issuer.parsed().tbs_certificate.subject;
        if !names_it || !certificate.is_signed_by(issuer) {
            return untrusted("the certificates are no chain from the signer to a root");
        }
    }
    if !chain
        .iter()
        .any(|certificate| store.iter().any(|trusted| trusted.der() == certificate.der()))
    {
        return untrusted("the signature's certificate chain does not contain any trusted certificate");
    }
    Ok(())
}

/// Whether every certificate of `chain` was valid during `range`, first and last moment included.
pub(crate) fn is_valid(chain: &[Certificate], range: (Timestamp, Timestamp)) -> Result<(), Rejection> {
    let (earliest, latest) = range;
    for certificate in chain {
        let (first, last) = certificate.validity();
        let is_valid = |time: Timestamp| (first..=last).contains(&time.as_second());
        if let Some(time) = [earliest, latest].into_iter().find(|time| !is_valid(*time)) {
            let text = format!("certificate \"{}\" is not valid at {time}", certificate.subject());
            return Err(Rejection::new(ReasonCode::Expired, text));
        }
    }
    Ok(())
}

fn is_made_for_code_signing(leaf: &Certificate) -> bool {
    let tbs = &leaf.parsed().tbs_certificate;
    let usage_allows = matches!(
        tbs.get::<KeyUsage>(),
        Ok(Some((true, usage))) if usage.digital_signature() && !usage.key_cert_sign() && !usage.crl_sign()
    );
    let purpose_allows = match tbs.get::<ExtendedKeyUsage>() {
        Ok(None) => true,
        Ok(Some((_, ExtendedKeyUsage(purposes)))) => purposes.contains(&CODE_SIGNING) && purposes.len() == 1,
        Err(_) => false,
    };
    let is_no_authority = match tbs.get::<BasicConstraints>() {
        Ok(None) => true,
        Ok(Some((_, constraints))) => !constraints.ca,
        Err(_) => false,
    };
    usage_allows && purpose_allows && is_no_authority && NotaryAlgorithm::of(leaf.key()).is_some()
}

/// `below` is the number of authorities between this one and the signer.
fn may_sign_certificates(authority: &Certificate, below: usize) -> bool {
    let tbs = &authority.parsed().tbs_certificate;
    let is_authority = matches!(
        tbs.get::<BasicConstraints>(),
        Ok(Some((true, constraints)))
            if constraints.ca && constraints.path_len_constraint.is_none_or(|most| usize::from(most) >= below)
    );
    let usage_allows = matches!(
        tbs.get::<KeyUsage>(),
        Ok(Some((_, usage))) if usage.0.contains(KeyUsages::KeyCertSign)
    );
    is_authority && usage_allows
}

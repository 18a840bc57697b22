//! The certificate log over HTTP: `add-pre-chain`, which Fulcio asks before it issues.
//!
//! Source: RFC 6962 §4.2 (request and answer), §3.1 (poison), §3.2 (what is signed).

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::ObjectIdentifier;
use der::{Decode as _, Encode as _};
use serde::Deserialize;
use serde_json::{Value, json};
use x509_cert::certificate::CertificateInner;

use super::certificate_log::CertificateLog;
use crate::error::RehearsalError;
use crate::service::{Answer, Service};

const ADD_PRE_CHAIN: &str = "/ct/v1/add-pre-chain";
/// What makes a precertificate unfit for anything else.
const POISON: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11129.2.4.3");

/// Answers `add-pre-chain` with promises of a log. It takes every precertificate and shows nothing.
#[derive(Debug)]
pub struct CertificateLogService {
    log: Arc<CertificateLog>,
    clock: fn() -> SystemTime,
}

#[derive(Deserialize)]
struct Submission {
    /// The precertificate and what stands above it, DER in base64.
    chain: Vec<String>,
}

impl CertificateLogService {
    /// A service for `log`, which promises as of what `clock` says.
    #[must_use]
    pub fn new(log: Arc<CertificateLog>, clock: fn() -> SystemTime) -> Self {
        Self { log, clock }
    }

    fn promise(&self, body: &[u8]) -> Result<Value, RehearsalError> {
        let submission: Submission = serde_json::from_slice(body)?;
        let decoded = |place: usize| {
            let text = submission.chain.get(place).map_or("", String::as_str);
            let der = STANDARD.decode(text).unwrap_or_default();
            CertificateInner::from_der(&der).map_err(RehearsalError::der("a certificate of the chain"))
        };
        let (precertificate, issuer): (CertificateInner, CertificateInner) = (decoded(0)?, decoded(1)?);
        let wrong = RehearsalError::der;
        let mut promised = precertificate.tbs_certificate;
        if let Some(extensions) = &mut promised.extensions {
            extensions.retain(|extension| extension.extn_id != POISON);
        }
        let promised = promised.to_der().map_err(wrong("a certificate"))?;
        let key = issuer.tbs_certificate.subject_public_key_info;
        let key = key.to_der().map_err(wrong("a public key"))?;
        let promise = self.log.sign(&promised, &key, (self.clock)())?;
        Ok(json!({
            "sct_version": 0,
            "id": STANDARD.encode(self.log.key().key_id()),
            "timestamp": promise.milliseconds,
            "extensions": "",
            "signature": STANDARD.encode(promise.signature()?),
        }))
    }
}

impl Service for CertificateLogService {
    fn answer(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        if (method, path) != ("POST", ADD_PRE_CHAIN) {
            return Answer::not_found();
        }
        match self.promise(body) {
            Ok(promise) => Answer::json(&promise),
            Err(cause) => Answer::bad_request(&cause.to_string()),
        }
    }
}

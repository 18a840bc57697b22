//! Certificates as the Secret holds them.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use x509_cert::Certificate;

use crate::error::ControllerError;
use crate::identity::{CERTIFICATES_SECRET, MANAGED_BY, OURSELVES};

/// Annotation: since when the newest authority is announced, seconds since the Unix epoch.
const ANNOUNCED_SINCE: &str = "vouchsafe.dev/authority-announced-since";
/// Annotation: names that the certificate is good for.
const SERVER_NAMES: &str = "vouchsafe.dev/server-names";

/// What the Secret holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Held {
    /// Authorities to trust, PEM, the newest first.
    pub(crate) authorities: String,
    /// Private key of the newest, PEM.
    pub(crate) authority_key: String,
    /// The certificate that is shown, PEM.
    pub(crate) certificate: String,
    /// Its private key, PEM.
    pub(crate) key: String,
    /// Since when the newest authority is announced, seconds since the Unix epoch.
    pub(crate) announced_since: i64,
    /// Names that the certificate is good for.
    pub(crate) server_names: BTreeSet<String>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held")
            .field("announced_since", &self.announced_since)
            .field("server_names", &self.server_names)
            .finish_non_exhaustive()
    }
}

impl Held {
    /// What `secret` holds; none where anything is missing.
    pub(crate) fn read(secret: &Value) -> Option<Self> {
        let text = |field: &str| {
            let encoded = secret.get("data")?.get(field)?.as_str()?;
            String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
        };
        let annotation = |name: &str| secret.pointer("/metadata/annotations")?.get(name)?.as_str();
        let names = annotation(SERVER_NAMES).unwrap_or_default();
        Some(Self {
            authorities: text("ca.crt")?,
            authority_key: text("ca.key")?,
            certificate: text("tls.crt")?,
            key: text("tls.key")?,
            announced_since: annotation(ANNOUNCED_SINCE)?.parse().ok()?,
            server_names: names
                .split(',')
                .filter(|name| !name.is_empty())
                .map(ToOwned::to_owned)
                .collect(),
        })
    }

    /// The Secret that holds it, built on `resource_version`.
    pub(crate) fn to_secret(&self, namespace: &str, resource_version: Option<&str>) -> Value {
        let names: Vec<&str> = self.server_names.iter().map(String::as_str).collect();
        let mut metadata = json!({
            "name": CERTIFICATES_SECRET,
            "namespace": namespace,
            "labels": {MANAGED_BY: OURSELVES},
            "annotations": {
                ANNOUNCED_SINCE: self.announced_since.to_string(),
                SERVER_NAMES: names.join(","),
            },
        });
        if let (Some(version), Some(fields)) = (resource_version, metadata.as_object_mut()) {
            fields.insert("resourceVersion".to_owned(), version.into());
        }
        let encoded = |text: &str| STANDARD.encode(text);
        json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": "Opaque",
            "data": {
                "ca.crt": encoded(&self.authorities),
                "ca.key": encoded(&self.authority_key),
                "tls.crt": encoded(&self.certificate),
                "tls.key": encoded(&self.key),
            },
        })
    }

    /// The authorities, the newest first.
    ///
    /// # Errors
    /// [`ControllerError::Certificate`] where they are no certificates.
    pub(crate) fn authorities(&self) -> Result<Vec<Certificate>, ControllerError> {
        certificates(&self.authorities)
    }

    /// The certificate that is shown.
    ///
    /// # Errors
    /// [`ControllerError::Certificate`] where it is none.
    pub(crate) fn leaf(&self) -> Result<Certificate, ControllerError> {
        let first = certificates(&self.certificate)?.into_iter().next();
        first.ok_or_else(|| ControllerError::Certificate("the Secret holds no certificate".to_owned()))
    }
}

fn certificates(pem: &str) -> Result<Vec<Certificate>, ControllerError> {
    Certificate::load_pem_chain(pem.as_bytes()).map_err(|cause| {
        ControllerError::Certificate(format!("the Secret's certificates can't be read: {cause}"))
    })
}

/// When a certificate begins and ends, seconds since the Unix epoch.
pub(crate) fn validity(certificate: &Certificate) -> (i64, i64) {
    let validity = &certificate.tbs_certificate.validity;
    let seconds =
        |time: &x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
    (seconds(&validity.not_before), seconds(&validity.not_after))
}

//! `trusted_root.json`: whom a verifier may believe, and since when.
//!
//! Source: sigstore/protobuf-specs v0.5 `sigstore_trustroot.proto`, as `cosign trusted-root create` writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::keyless::Authority;
use crate::error::RehearsalError;
use crate::instant;
use crate::x509::Certificate;

impl Authority {
    /// The trusted root with both logs, the certificate log, the certificate authority and the timestamp authority.
    ///
    /// # Errors
    /// [`RehearsalError::Der`] for a time before 1970.
    pub fn trusted_root(&self) -> Result<String, RehearsalError> {
        let start = instant::rfc3339(self.fulcio.valid_from())?;
        let key = |public: &[u8], details: &str| json!({ "rawBytes": STANDARD.encode(public), "keyDetails": details, "validFor": { "start": start } });
        const P256: &str = "PKIX_ECDSA_P256_SHA_256";
        let log = |url: &str, public_key: Value, id: [u8; 32]| {
            json!({
                "baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public_key,
                "logId": { "keyId": STANDARD.encode(id) },
            })
        };
        let rekor = self.rekor.key();
        let ct = self.certificate_log.key();
        let tiles = format!("https://{}", self.rekor_tiles.name());
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [
                log("https://rekor.rehearsal.example", key(rekor.public_der(), P256), rekor.key_id()),
                log(&tiles, key(self.rekor_tiles.key().public_der(), "PKIX_ED25519"), self.rekor_tiles.log_id()),
            ],
            "certificateAuthorities": [{
                "subject": { "organization": "rehearsal", "commonName": "rehearsal root" },
                "uri": "https://fulcio.rehearsal.example",
                "certChain": chain(&[self.fulcio.intermediate(), self.fulcio.root()]),
                "validFor": { "start": start },
            }],
            "ctlogs": [log("https://ct.rehearsal.example", key(ct.public_der(), P256), ct.key_id())],
            "timestampAuthorities": [{
                "subject": { "organization": "rehearsal", "commonName": "rehearsal timestamp root" },
                "uri": "https://timestamp.rehearsal.example",
                "certChain": chain(&[self.timestamps.leaf(), self.timestamps.root()]),
                "validFor": { "start": start },
            }],
        });
        Ok(serde_json::to_string(&root)?)
    }
}

fn chain(certificates: &[&Certificate]) -> Value {
    let raw = certificates
        .iter()
        .map(|certificate| json!({ "rawBytes": STANDARD.encode(certificate.der()) }));
    json!({ "certificates": raw.collect::<Vec<_>>() })
}

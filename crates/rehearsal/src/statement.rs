//! In-toto statements and the predicate types that cosign knows by a short name.
//!
//! Source: cosign 3.1.3 `pkg/cosign/attestation` and `options/predicate.go`; in-toto attestation framework v0.1 and v1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::oci::hex_of;

/// `_type` of the statements that `cosign attest` makes.
pub const STATEMENT_V01: &str = "https://in-toto.io/Statement/v0.1";
/// `_type` of the statements that `cosign sign` makes in its bundle format.
pub const STATEMENT_V1: &str = "https://in-toto.io/Statement/v1";
/// Predicate type of a signature in the bundle format.
pub const COSIGN_SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// The predicate type that `cosign attest --type NAME` writes; a name it does not know is taken as the type itself.
#[must_use]
pub fn predicate_type(name: &str) -> &str {
    match name {
        "custom" => "https://cosign.sigstore.dev/attestation/v1",
        "slsaprovenance" | "slsaprovenance02" => "https://slsa.dev/provenance/v0.2",
        "slsaprovenance1" => "https://slsa.dev/provenance/v1",
        "spdx" | "spdxjson" => "https://spdx.dev/Document",
        "cyclonedx" => "https://cyclonedx.org/bom",
        "link" => "https://in-toto.io/Link/v1",
        "vuln" => "https://cosign.sigstore.dev/attestation/vuln/v1",
        "openvex" => "https://openvex.dev/ns",
        other => other,
    }
}

/// A claim about artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// [`STATEMENT_V01`] or [`STATEMENT_V1`].
    #[serde(rename = "_type")]
    pub statement_type: String,
    /// What it is about.
    pub subject: Vec<StatementSubject>,
    /// What kind of claim.
    pub predicate_type: String,
    /// The claim.
    pub predicate: Value,
}

/// One artifact that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementSubject {
    /// Its name; `cosign sign` leaves it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Algorithm to hexadecimal digest.
    pub digest: BTreeMap<String, String>,
    /// What `cosign sign -a` adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Statement {
    /// What `cosign attest --type predicate_type` signs about image `name` with `digest`.
    #[must_use]
    pub fn attestation(name: &str, digest: &str, kind: &str, predicate: Value) -> Self {
        Self {
            statement_type: STATEMENT_V01.to_owned(),
            subject: vec![StatementSubject {
                name: Some(name.to_owned()),
                digest: sha256(digest),
                annotations: None,
            }],
            predicate_type: predicate_type(kind).to_owned(),
            predicate,
        }
    }

    /// What `cosign sign` signs about the image with `digest` in the bundle format.
    #[must_use]
    pub fn signature(digest: &str, annotations: &BTreeMap<String, String>) -> Self {
        Self {
            statement_type: STATEMENT_V1.to_owned(),
            subject: vec![StatementSubject {
                name: None,
                digest: sha256(digest),
                annotations: Some(annotations.clone()),
            }],
            predicate_type: COSIGN_SIGN.to_owned(),
            predicate: Value::Object(serde_json::Map::new()),
        }
    }
}

fn sha256(digest: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("sha256".to_owned(), hex_of(digest).to_owned())])
}

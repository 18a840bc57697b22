//! The payload of a classic cosign signature.
//!
//! Source: cosign `pkg/cosign/attestation` and containers/image "simple signing"; field order as Go writes it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::RehearsalError;

/// `critical.type` of cosign's claims.
pub const CLAIM_TYPE: &str = "cosign container image signature";

#[derive(Serialize)]
struct Payload<'a> {
    critical: Critical<'a>,
    optional: Option<&'a BTreeMap<String, String>>,
}

#[derive(Serialize)]
struct Critical<'a> {
    identity: Identity<'a>,
    image: Image<'a>,
    #[serde(rename = "type")]
    claim_type: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Identity<'a> {
    docker_reference: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Image<'a> {
    docker_manifest_digest: &'a str,
}

/// The claim that the image with `digest` is what its name says, as `cosign sign -a …` writes it.
///
/// # Errors
/// [`RehearsalError::Json`], never in practice.
pub fn payload(
    name: &str,
    digest: &str,
    annotations: &BTreeMap<String, String>,
) -> Result<Vec<u8>, RehearsalError> {
    Ok(serde_json::to_vec(&Payload {
        critical: Critical {
            identity: Identity {
                docker_reference: name,
            },
            image: Image {
                docker_manifest_digest: digest,
            },
            claim_type: CLAIM_TYPE,
        },
        optional: (!annotations.is_empty()).then_some(annotations),
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_written_byte_for_byte_as_cosign_does() {
        let annotations = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let expected = concat!(
            r#"{"critical":{"identity":{"docker-reference":"registry.example.com/acme"},"#,
            r#""image":{"docker-manifest-digest":"sha256:00"},"type":"cosign container image signature"},"#,
            r#""optional":{"env":"prod"}}"#
        );
        let written = payload("registry.example.com/acme", "sha256:00", &annotations).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), expected);
        let bare = payload("registry.example.com/acme", "sha256:00", &BTreeMap::new()).unwrap();
        assert!(bare.ends_with(br#""optional":null}"#));
    }
}

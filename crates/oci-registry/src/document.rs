//! Manifests and indexes, read strictly.
//!
//! In: bytes of a foreign document and the media type it was served with. Out: a [`Document`] that is one thing only.
//! Never: a document that one reader takes for an image and another for an index (CVE-2021-41190): `layers` or
//! `config` beside `manifests`, and a `mediaType` field that contradicts the header, are errors.
//! Source: OCI image-spec 1.1 manifest.md, image-index.md.

use std::collections::BTreeMap;

use image_reference::Digest;
use serde::Deserialize;

use crate::error::{RegistryError, RegistryErrorKind, quoted};

/// Media types of documents that point to layers
const MANIFEST_TYPES: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];

/// Media types of documents that point to manifests
const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];

/// `Accept` for a manifest or index of any kind we read.
pub(crate) const ACCEPT_DOCUMENTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// `Accept` for a list of referrers.
pub(crate) const ACCEPT_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// A pointer to content
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// Media type as written; may be empty
    pub media_type: String,
    /// Digest, well formed
    pub digest: Digest,
    /// Size in bytes as announced
    pub size: u64,
    /// Artifact type, where the pointer repeats it
    pub artifact_type: Option<String>,
    /// Annotations
    pub annotations: BTreeMap<String, String>,
}

/// An image manifest or artifact manifest
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageManifest {
    /// Artifact type; where the field is absent, the configuration's media type stands for it
    pub artifact_type: String,
    /// Configuration
    pub config: Descriptor,
    /// Layers, in order
    pub layers: Vec<Descriptor>,
    /// The manifest this one refers to
    pub subject: Option<Descriptor>,
    /// Annotations
    pub annotations: BTreeMap<String, String>,
}

/// An image index
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageIndex {
    /// Manifests, in order
    pub manifests: Vec<Descriptor>,
    /// Annotations
    pub annotations: BTreeMap<String, String>,
}

/// A document that is exactly one of the two
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// An image manifest
    Manifest(Box<ImageManifest>),
    /// An image index
    Index(ImageIndex),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    schema_version: Option<serde_json::Value>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    fs_layers: Option<serde::de::IgnoredAny>,
    subject: Option<RawDescriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    #[serde(default)]
    size: u64,
    artifact_type: Option<String>,
    annotations: Option<BTreeMap<String, String>>,
}

impl RawDescriptor {
    fn checked(self) -> Result<Descriptor, RegistryError> {
        let digest = Digest::parse(&self.digest)
            .map_err(|error| wrong(&format!("digest `{}`: {error}", quoted(&self.digest))))?;
        Ok(Descriptor {
            media_type: self.media_type,
            digest,
            size: self.size,
            artifact_type: self.artifact_type.filter(|text| !text.is_empty()),
            annotations: self.annotations.unwrap_or_default(),
        })
    }
}

fn wrong(why: &str) -> RegistryError {
    RegistryError::new(
        RegistryErrorKind::Protocol,
        format!("manifest is not acceptable: {why}"),
    )
}

fn checked(descriptors: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, RegistryError> {
    descriptors.into_iter().map(RawDescriptor::checked).collect()
}

impl Document {
    /// Reads `bytes`, served as `content_type` (empty if the server did not say).
    ///
    /// # Errors
    /// Kind `Protocol` when the bytes are no JSON of either kind, or could be read as both.
    pub fn parse(bytes: &[u8], content_type: &str) -> Result<Self, RegistryError> {
        let raw: RawDocument =
            serde_json::from_slice(bytes).map_err(|error| wrong(&quoted(&error.to_string())))?;
        let has_manifest_fields = raw.layers.is_some() || raw.config.is_some();
        if raw.fs_layers.is_some() || raw.schema_version != Some(2.into()) {
            return Err(wrong("its schema version is not 2"));
        }
        if has_manifest_fields && raw.manifests.is_some() {
            return Err(wrong("it can be read both as an image and as an index"));
        }
        let served = content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        let written = raw.media_type.clone().unwrap_or_default();
        for claimed in [&served, &written] {
            let is_other_kind = if raw.manifests.is_some() {
                MANIFEST_TYPES.contains(&claimed.as_str())
            } else {
                INDEX_TYPES.contains(&claimed.as_str())
            };
            if is_other_kind {
                return Err(wrong(&format!(
                    "its content is not that of `{}`",
                    quoted(claimed)
                )));
            }
        }
        let is_known =
            |media_type: &str| MANIFEST_TYPES.contains(&media_type) || INDEX_TYPES.contains(&media_type);
        if is_known(&served) && !written.is_empty() && served != written {
            return Err(wrong(&format!(
                "it is served as `{served}` and calls itself `{}`",
                quoted(&written)
            )));
        }
        raw.into_document()
    }
}

impl RawDocument {
    fn into_document(self) -> Result<Document, RegistryError> {
        let annotations = self.annotations.unwrap_or_default();
        if let Some(manifests) = self.manifests {
            return Ok(Document::Index(ImageIndex {
                manifests: checked(manifests)?,
                annotations,
            }));
        }
        let config = self
            .config
            .ok_or_else(|| wrong("it has neither `config` nor `manifests`"))?
            .checked()?;
        let artifact_type = self.artifact_type.filter(|text| !text.is_empty());
        Ok(Document::Manifest(Box::new(ImageManifest {
            artifact_type: artifact_type.unwrap_or_else(|| config.media_type.clone()),
            config,
            layers: checked(self.layers.unwrap_or_default())?,
            subject: self.subject.map(RawDescriptor::checked).transpose()?,
            annotations,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MANIFEST: &str = MANIFEST_TYPES[0];
    const INDEX: &str = INDEX_TYPES[0];

    fn descriptor() -> serde_json::Value {
        json!({ "mediaType": "x/y", "digest": Digest::sha256_of(b"x").to_string(), "size": 1 })
    }

    fn parse(document: &serde_json::Value, content_type: &str) -> Result<Document, RegistryError> {
        Document::parse(document.to_string().as_bytes(), content_type)
    }

    #[test]
    fn a_document_is_what_its_fields_and_its_type_both_say() {
        let manifest =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(), "layers": [] });
        let Document::Manifest(read) = parse(&manifest, MANIFEST).unwrap() else {
            panic!("no manifest")
        };
        assert_eq!(read.artifact_type, "x/y");
        assert!(parse(&manifest, "").is_ok() && parse(&manifest, "application/json; charset=utf-8").is_ok());
        let index = json!({ "schemaVersion": 2, "manifests": [descriptor()] });
        assert!(matches!(parse(&index, INDEX).unwrap(), Document::Index(_)));
    }

    /// CVE-2021-41190: the digest is right and the signature is too, but one reader sees an index where another
    /// sees an image.
    #[test]
    fn a_document_readable_as_image_and_as_index_is_refused() {
        let both = json!({ "schemaVersion": 2, "config": descriptor(), "layers": [], "manifests": [] });
        assert!(parse(&both, MANIFEST).is_err() && parse(&both, INDEX).is_err());
        let layers_alone = json!({ "schemaVersion": 2, "layers": [], "manifests": [] });
        assert!(parse(&layers_alone, INDEX).is_err());
        let manifest = json!({ "schemaVersion": 2, "config": descriptor(), "layers": [] });
        assert!(parse(&manifest, INDEX).is_err());
        let contradicting =
            json!({ "schemaVersion": 2, "mediaType": INDEX, "config": descriptor(), "layers": [] });
        assert!(parse(&contradicting, "").is_err());
        let other_family =
            json!({ "schemaVersion": 2, "mediaType": MANIFEST_TYPES[1], "config": descriptor() });
        assert!(parse(&other_family, MANIFEST).is_err());
        let twice = br#"{"schemaVersion":2,"manifests":[],"manifests":[{"digest":"x"}]}"#;
        assert!(Document::parse(twice, INDEX).is_err());
    }

    #[test]
    fn a_malformed_digest_or_an_old_schema_is_refused() {
        let bad = json!({ "schemaVersion": 2, "manifests": [{ "digest": "sha256:../../x" }] });
        assert!(parse(&bad, INDEX).is_err());
        assert!(parse(&json!({ "schemaVersion": 1, "fsLayers": [] }), "").is_err());
        assert!(parse(&json!({}), "").is_err());
        assert!(Document::parse(b"<html>", "").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_document_panics_and_none_is_read_as_both(
            fields in proptest::collection::vec(proptest::sample::select(vec![
                r#""schemaVersion":2"#, r#""manifests":[]"#, r#""layers":[]"#, r#""manifests":null"#,
                r#""config":{"digest":"x"}"#, r#""mediaType":"application/vnd.oci.image.index.v1+json""#,
                r#""subject":{}"#, r#""annotations":{"a":1}"#, r#""fsLayers":[]"#, r#""x":[[[]]]"#,
            ]), 0..6),
            content_type in proptest::sample::select(vec!["", MANIFEST, INDEX, "text/html", ";;"]),
        ) {
            let text = format!("{{{}}}", fields.join(","));
            if let Ok(Document::Index(_)) = Document::parse(text.as_bytes(), content_type) {
                proptest::prop_assert!(!text.contains("layers") && !text.contains("config"));
                proptest::prop_assert!(content_type != MANIFEST);
            }
        }
    }
}

//! Manifests and indexes of registries.

use oci_registry::Document;

const TYPES: [&str; 6] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/json",
    "",
];

/// A document is a manifest or an index, never what may be read as both (CVE-2021-41190), and always the same one.
pub(crate) fn a_document_is_one_thing(bytes: &[u8]) {
    let value: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let has = |field: &str| value.as_ref().is_some_and(|value| value.get(field).is_some());
    for content_type in TYPES {
        let parsed = Document::parse(bytes, content_type);
        if parsed.is_ok() {
            assert!(value.is_some(), "{content_type}: a document that is no JSON");
            assert!(
                !(has("layers") && has("manifests")),
                "{content_type}: a document that is two"
            );
        }
        let again = Document::parse(bytes, content_type);
        assert_eq!(
            parsed.as_ref().map(|document| format!("{document:?}")).ok(),
            again.as_ref().map(|document| format!("{document:?}")).ok(),
        );
    }
}

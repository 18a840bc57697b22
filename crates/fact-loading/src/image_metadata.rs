//! Manifest and configuration of an image, as `context[].imageRegistry` shows them. Spec: verify-images §6.

use image_reference::{DefaultRegistry, ImageReference};
use oci_registry::{Call, Document, ManifestName, Registry, RegistryClient, RegistryError};
use policy_engine::FactError;
use serde_json::{Value, json};

/// Largest configuration read, in bytes.
const MOST_CONFIG_BYTES: u64 = 8 * 1024 * 1024;
/// The platform whose manifest a multi-platform image shows.
const PLATFORM: (&str, &str) = ("linux", "amd64");

/// Reads what a policy may know of an image.
pub(crate) async fn read(
    registry: &RegistryClient,
    call: &Call,
    reference: &str,
) -> Result<Value, FactError> {
    let failed = |cause: String| {
        FactError::Failed(format!(
            "failed to fetch image descriptor: {reference}, error: failed to fetch image reference: {reference}, error: {cause}"
        ))
    };
    let image = ImageReference::parse(reference, &DefaultRegistry::default())
        .map_err(|error| failed(error.to_string()))?;
    let location = image.location().map_err(|error| failed(error.to_string()))?;
    let of_registry = |error: RegistryError| failed(error.to_string());
    let name = match (image.digest(), image.tag()) {
        (Some(digest), _) => ManifestName::Digest(digest.clone()),
        (None, tag) => {
            ManifestName::tag(tag.unwrap_or("latest")).ok_or_else(|| failed("invalid tag".to_owned()))?
        }
    };
    let top = registry
        .manifest(call, &location, &name)
        .await
        .map_err(of_registry)?;
    let (index, manifest) = match &top.document {
        Document::Manifest(_) => (Value::Null, top.clone()),
        Document::Index(index) => {
            let list = parse(&top.bytes, "image index").map_err(FactError::Failed)?;
            let at = list
                .get("manifests")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .position(is_shown_platform);
            let child = index
                .manifests
                .get(at.unwrap_or(0))
                .ok_or_else(|| failed("the index is empty".to_owned()))?;
            let name = ManifestName::Digest(child.digest.clone());
            (
                list,
                registry
                    .manifest(call, &location, &name)
                    .await
                    .map_err(of_registry)?,
            )
        }
    };
    let Document::Manifest(document) = &manifest.document else {
        return Err(failed("an index within an index".to_owned()));
    };
    let config = registry
        .blob(call, &location, &document.config.digest, MOST_CONFIG_BYTES)
        .await
        .map_err(of_registry)?;
    let identifier = match (image.tag(), image.digest()) {
        (Some(tag), Some(digest)) => format!("{tag}@{digest}"),
        (None, Some(digest)) => digest.to_string(),
        (tag, None) => tag.unwrap_or("latest").to_owned(),
    };
    Ok(json!({
        "image": reference,
        "resolvedImage": format!("{}/{}@{}", location.host(), location.repository(), top.digest),
        "registry": location.host(),
        "repository": location.repository(),
        "identifier": identifier,
        "manifestList": index,
        "manifest": parse(&manifest.bytes, "manifest").map_err(FactError::Failed)?,
        "configData": parse(&config, "config").map_err(FactError::Failed)?,
    }))
}

fn is_shown_platform(child: &Value) -> bool {
    let part = |field: &str| {
        child
            .get("platform")
            .and_then(|platform| platform.get(field))
            .and_then(Value::as_str)
    };
    (part("os"), part("architecture")) == (Some(PLATFORM.0), Some(PLATFORM.1))
}

fn parse(bytes: &[u8], what: &str) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|cause| format!("failed to decode {what}: {cause}"))
}

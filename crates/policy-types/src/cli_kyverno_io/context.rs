//! `Context`: objects and images that expressions can look up.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Objects and images that exist for a run.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Context {
    /// What it says.
    pub spec: ContextSpec,
}

/// Objects and images.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct ContextSpec {
    /// Objects.
    pub resources: Vec<Map<String, Value>>,
    /// Images.
    pub images: Vec<ImageData>,
}

/// What a registry would tell of an image.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageData {
    /// The image as a resource names it.
    pub image: String,
    /// The image with its digest.
    pub resolved_image: String,
    /// Registry.
    pub registry: String,
    /// Repository.
    pub repository: String,
    /// Tag.
    pub tag: String,
    /// Digest.
    pub digest: String,
    /// Index of a multi-platform image; null if absent.
    pub image_index: Value,
    /// Manifest; null if absent.
    pub manifest: Value,
    /// Configuration; null if absent.
    pub config: Value,
}

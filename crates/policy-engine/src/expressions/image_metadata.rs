//! `image.getMetadata`: manifest and configuration of an image, in the shape that Kyverno's library gives.

use image_trust::RegistryAccess;
use policy_cel::{Answer, Value};
use serde_json::{Value as Json, json};

use super::questions::failed;
use super::world::World;
use crate::facts::{Fact, FactRequest};

/// The metadata, read with what a policy without credentials of its own may use.
pub(super) fn answer<'v>(world: &World<'v>, image: &str) -> Result<Answer<'v>, Answer<'v>> {
    of_image(world, image, RegistryAccess::default())
}

/// The metadata of `image` as `image.getMetadata` shows it; the registry is reached with `access`.
///
/// # Errors
/// [`Answer::Pending`] after noting the question; [`Answer::Failed`] in Kyverno's words.
pub fn of_image<'v>(
    world: &World<'v>,
    image: &str,
    access: RegistryAccess,
) -> Result<Answer<'v>, Answer<'v>> {
    let wanted = FactRequest::ImageMetadata {
        asker: world.asker().clone(),
        reference: image.to_owned(),
        access,
    };
    match world.view().ask(&wanted) {
        None => Err(Answer::Pending),
        Some(Ok(Fact::Json(found))) => Ok(Answer::Ready(Value::from_decoded(shown(found)))),
        Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => Err(failed(
            "failed to get image data: the answer is no JSON".to_owned(),
        )),
        Some(Err(error)) => Err(failed(format!("failed to get image data: {}", error.cause()))),
    }
}

/// The answer of the loader, which has the shape of classic context entries, in that of the library.
fn shown(found: &Json) -> Json {
    let text = |field: &str| found.get(field).and_then(Json::as_str).unwrap_or_default();
    let part = |field: &str| found.get(field).cloned().unwrap_or(Json::Null);
    let (tag, _) = text("identifier")
        .split_once('@')
        .unwrap_or((text("identifier"), ""));
    let tag = if tag.contains(':') { "" } else { tag };
    let (_, digest) = text("resolvedImage").split_once('@').unwrap_or_default();
    json!({
        "image": text("image"),
        "resolvedImage": text("resolvedImage"),
        "registry": text("registry"),
        "repository": text("repository"),
        "identifier": text("identifier"),
        "tag": tag,
        "digest": digest,
        "imageIndex": part("manifestList"),
        "manifest": part("manifest"),
        "config": part("configData"),
    })
}

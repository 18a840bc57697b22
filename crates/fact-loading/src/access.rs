//! How a registry is reached for one image, and by whose credential: what `auth explain` shows.
//!
//! Out: names of sources, kinds of credentials, user names. Never: a password or token.

use image_reference::{DefaultRegistry, ImageReference};
use oci_registry::{ManifestName, Registry as _, Resource, SourceAnswer, Way};

use crate::images::{Errand, Images};

/// What was found about reaching one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReport {
    /// The image, its name made whole.
    pub image: String,
    /// The registry that the name means.
    pub registry: String,
    /// Where and how it is asked.
    pub way: Way,
    /// What each source of credentials said, in the order they are asked; the first that has something is offered first.
    pub sources: Vec<SourceAnswer>,
    /// The image's digest, or why the registry did not tell it.
    pub answer: Result<String, String>,
}

/// Asks the registry for the image's digest, and every source for its credential.
pub(crate) async fn explain(
    images: &Images,
    errand: Errand<'_>,
    image: &str,
) -> Result<AccessReport, String> {
    let reference =
        ImageReference::parse(image, &DefaultRegistry::default()).map_err(|cause| cause.to_string())?;
    let location = reference.location().map_err(|cause| cause.to_string())?;
    let call = images.call(errand).await;
    let registry = images.registry();
    let answer = match reference.digest() {
        Some(digest) => {
            let name = ManifestName::Digest(digest.clone());
            let manifest = registry.manifest(&call, &location, &name).await;
            manifest.map(|manifest| manifest.digest.clone())
        }
        None => {
            let tag = reference.tag().unwrap_or("latest");
            registry.resolve(&call, &location, tag).await
        }
    };
    let way = registry.way_to(&location);
    let resource = Resource {
        host: &way.host,
        repository: &way.repository,
    };
    let sources = call.access.keychain.explain(resource, errand.deadline).await;
    Ok(AccessReport {
        image: reference.canonical(),
        registry: location.host().to_owned(),
        way,
        sources,
        answer: answer
            .map(|digest| digest.to_string())
            .map_err(|cause| cause.to_string()),
    })
}

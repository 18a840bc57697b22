//! What a registry would tell of images, from a `Context` file (`spec.images`): asked before any registry is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use image_reference::{DefaultRegistry, ImageReference};
use policy_engine::{Fact, FactError, FactRequest, FactSource};
use policy_types::cli_kyverno_io::context::ImageData;
use serde_json::{Value, json};

/// Metadata of images, by the reference that policies ask with.
#[derive(Debug, Default)]
pub(crate) struct GivenImages(BTreeMap<String, Arc<Value>>);

impl GivenImages {
    /// What the file gives.
    pub(crate) fn of(images: Vec<ImageData>) -> Self {
        let by_reference = images
            .into_iter()
            .map(|image| (image.image.clone(), Arc::new(shown(image))));
        Self(by_reference.collect())
    }

    /// `source`, asked for what the file does not give.
    pub(crate) fn before<S>(&self, source: S) -> GivenFirst<'_, S> {
        GivenFirst { given: self, source }
    }

    fn answer(&self, question: &FactRequest) -> Option<Fact> {
        // Whoever signed an image is never taken from a file: signatures are read where they are.
        let FactRequest::ImageMetadata { reference, .. } = question else {
            return None;
        };
        let found = self.0.get(reference)?;
        Some(Fact::Json(Arc::clone(found)))
    }
}

/// The image as `context[].imageRegistry` shows it; what the file leaves out is read from the reference.
fn shown(given: ImageData) -> Value {
    let parsed = ImageReference::parse(&given.image, &DefaultRegistry::default()).ok();
    let location = parsed.as_ref().and_then(|image| image.location().ok());
    let or_else = |text: String, read: Option<String>| match text.as_str() {
        "" => read.unwrap_or_default(),
        _ => text,
    };
    let registry = or_else(
        given.registry,
        location.as_ref().map(|place| place.host().to_string()),
    );
    let repository = or_else(
        given.repository,
        location.as_ref().map(|place| place.repository().to_string()),
    );
    let of_reference = parsed
        .as_ref()
        .and_then(|image| image.tag())
        .map(ToOwned::to_owned);
    let tag = or_else(given.tag, of_reference);
    let of_reference = parsed
        .as_ref()
        .and_then(|image| image.digest())
        .map(ToString::to_string);
    let digest = or_else(given.digest, of_reference);
    let identifier = match (tag.as_str(), digest.as_str()) {
        ("", digest) => digest.to_owned(),
        (tag, "") => tag.to_owned(),
        (tag, digest) if given.image.contains('@') => format!("{tag}@{digest}"),
        (tag, _) => tag.to_owned(),
    };
    let resolved = (!digest.is_empty()).then(|| format!("{registry}/{repository}@{digest}"));
    json!({
        "image": given.image,
        "resolvedImage": or_else(given.resolved_image, resolved),
        "registry": registry,
        "repository": repository,
        "identifier": identifier,
        "manifestList": given.image_index,
        "manifest": given.manifest,
        "configData": given.config,
    })
}

/// Answers from the file where it has them, else from `source`.
#[derive(Debug)]
pub(crate) struct GivenFirst<'g, S> {
    given: &'g GivenImages,
    source: S,
}

impl<S: FactSource + Sync> FactSource for GivenFirst<'_, S> {
    async fn load(&self, wanted: &BTreeSet<FactRequest>) -> Vec<(FactRequest, Result<Fact, FactError>)> {
        let mut answers = Vec::new();
        let mut others = BTreeSet::new();
        for question in wanted {
            match self.given.answer(question) {
                Some(fact) => answers.push((question.clone(), Ok(fact))),
                None => {
                    others.insert(question.clone());
                }
            }
        }
        if !others.is_empty() {
            answers.extend(self.source.load(&others).await);
        }
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_file_leaves_out_is_read_from_the_reference() {
        let digest = format!("sha256:{}", "0".repeat(64));
        let found = shown(ImageData {
            image: "nginx:1.25".to_owned(),
            digest: digest.clone(),
            config: json!({"config": {"User": "1000"}}),
            ..ImageData::default()
        });
        assert_eq!(found["repository"], "library/nginx");
        assert_eq!(found["identifier"], "1.25");
        assert!(
            found["resolvedImage"]
                .as_str()
                .unwrap()
                .ends_with(&format!("/library/nginx@{digest}"))
        );
        assert_eq!(found["configData"]["config"]["User"], "1000");
    }
}

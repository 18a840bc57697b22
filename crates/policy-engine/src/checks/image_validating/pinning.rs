//! `mutateDigest`: tags become digests in the mutating call; nothing is verified there.
//!
//! In: the images of the known places. Out: a digest to write for each that has none, or why one can't be had: an image that can't be
//! resolved does not cost the others their digest, and is an error of the policy. Spec: cel-policies §1.7.

use image_trust::RegistryAccess;

use super::extraction::MeantImages;
use crate::checks::images::ImagePin;
use crate::facts::{Asker, FactRequest, FactView, Halt};

/// Whose digests are asked for.
pub(super) struct Pinning<'p> {
    pub(super) facts: &'p FactView<'p>,
    pub(super) asker: &'p Asker,
    pub(super) access: &'p RegistryAccess,
}

impl Pinning<'_> {
    /// The digests to write, and what went wrong.
    ///
    /// # Errors
    /// [`Halt::Pending`] alone, after every digest that is missing was asked for.
    pub(super) fn pins(&self, images: &MeantImages) -> Result<(Vec<ImagePin>, Vec<String>), Halt> {
        let mut pins = Vec::new();
        let mut failures = Vec::new();
        let mut pending = false;
        for image in images.iter() {
            let Some(pointer) = &image.pointer else { continue };
            let failed = |cause: &str| format!("failed to resolve digest for image {}: {cause}", image.text);
            let reference = match &image.reference {
                Ok(reference) if reference.digest().is_some() => continue,
                Ok(reference) => reference,
                Err(cause) => {
                    failures.push(failed(cause));
                    continue;
                }
            };
            let question = FactRequest::ImageDigest {
                asker: self.asker.clone(),
                image: reference.canonical(),
                access: self.access.clone(),
            };
            match self.facts.digest(&question) {
                None => pending = true,
                Some(Ok(digest)) => pins.push(ImagePin {
                    pointer: pointer.clone(),
                    image: reference.clone().with_digest(digest.clone()).pinned(),
                }),
                Some(Err(cause)) => failures.push(failed(cause)),
            }
        }
        if pending {
            Err(Halt::Pending)
        } else {
            Ok((pins, failures))
        }
    }
}

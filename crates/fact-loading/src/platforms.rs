//! Images for several platforms: what of them must be signed.
//!
//! An index names its manifests by digest, so a signature over the index proves each of them: that is what Kyverno asks
//! for, and what a node pulls is always one of them. [`Platforms::Each`] asks for more: a signature that meets the demand
//! on every manifest too, so that one may also be deployed by its own digest.

use image_reference::Digest;
use image_trust::{ImageFindings, ReasonCode, Refusal};
use oci_registry::{Descriptor, Document};

/// Platforms judged of one image at most.
const MOST_PLATFORMS: usize = 32;
/// The annotation by which builders mark attestations that it puts into an index as if they were a platform.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";

/// What of an image for several platforms must be signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Platforms {
    /// The index, which proves the manifests that it names.
    #[default]
    ByIndex,
    /// The index and each manifest that it names.
    Each,
}

/// The manifests of an index; none of an image that is no index.
pub(crate) fn of(document: &Document) -> Result<Vec<Digest>, Refusal> {
    let Document::Index(index) = document else {
        return Ok(Vec::new());
    };
    let is_platform = |child: &&Descriptor| !child.annotations.contains_key(REFERENCE_TYPE);
    let found: Vec<Digest> = index
        .manifests
        .iter()
        .filter(is_platform)
        .map(|child| child.digest.clone())
        .collect();
    if found.len() > MOST_PLATFORMS {
        let message = format!(
            "the image has {} platforms; at most {MOST_PLATFORMS} are judged",
            found.len()
        );
        return Err(Refusal::new(ReasonCode::LimitExceeded, message));
    }
    Ok(found)
}

/// Lets refusals of one platform refuse the whole image, saying which platform it was.
pub(crate) fn hold(whole: &mut ImageFindings, digest: &Digest, platform: ImageFindings) {
    let findings = platform
        .signers
        .into_iter()
        .chain(platform.attestations.into_iter().flatten());
    let all = whole
        .signers
        .iter_mut()
        .chain(whole.attestations.iter_mut().flatten());
    for (finding, of_platform) in all.zip(findings) {
        if let (true, Err(mut refusal)) = (finding.is_ok(), of_platform) {
            refusal.message = format!("platform {digest}: {}", refusal.message);
            *finding = Err(refusal);
        }
    }
}

//! Why evidence could not be gathered, or not all of it.
//!
//! Each error is a reason code and a text; where Kyverno has a text for it, that one.

use image_reference::LocationError;
use image_trust::{ReasonCode, Refusal};
use oci_registry::{RegistryError, RegistryErrorKind};

use crate::limits;

/// Why (some) evidence is missing
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// No registry can hold the image, or the repository that a policy names for signatures
    #[error(transparent)]
    Location(#[from] LocationError),
    /// The image's tag does not exist
    #[error("image tag not found: {0}")]
    ImageNotFound(RegistryError),
    /// The registry did not answer, or not acceptably
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// More referrers of one kind than are read
    #[error(
        "failed to fetch referrers: too many referrers found, max limit is {}",
        limits::MAX_REFERRERS_OF_ONE_KIND
    )]
    TooManyReferrers,
    /// More layers than are read
    #[error("`{tag}` has {layers} layers, max limit is {}", limits::MAX_LAYERS)]
    TooManyLayers {
        /// The tag
        tag: String,
        /// How many there are
        layers: usize,
    },
    /// One artifact is larger than is read
    #[error("{what} has {size_bytes} bytes, max limit is {}", limits::MAX_ARTIFACT_BYTES)]
    TooLarge {
        /// The artifact
        what: String,
        /// Its size as announced
        size_bytes: u64,
    },
    /// All artifacts together are larger than is read
    #[error(
        "evidence about one image is larger than {} bytes",
        limits::MAX_EVIDENCE_BYTES
    )]
    TooMuch,
}

impl EvidenceError {
    /// The reason code a refusal gives for it.
    #[must_use]
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::Location(_) => ReasonCode::BadReference,
            Self::ImageNotFound(_) => ReasonCode::ImageNotFound,
            Self::Registry(error) => code_of(error.kind()),
            Self::TooManyReferrers | Self::TooManyLayers { .. } | Self::TooLarge { .. } | Self::TooMuch => {
                ReasonCode::LimitExceeded
            }
        }
    }

    /// Whether the network itself failed, which Kyverno reports as an error and not as a failed rule.
    #[must_use]
    pub fn is_network(&self) -> bool {
        match self {
            Self::Registry(error) | Self::ImageNotFound(error) => error.kind().is_network(),
            Self::Location(_)
            | Self::TooManyReferrers
            | Self::TooManyLayers { .. }
            | Self::TooLarge { .. }
            | Self::TooMuch => false,
        }
    }

    /// The refusal that this error is to every demand.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.code(), self.to_string())
    }
}

fn code_of(kind: RegistryErrorKind) -> ReasonCode {
    match kind {
        RegistryErrorKind::Unauthorized | RegistryErrorKind::Forbidden | RegistryErrorKind::Credentials => {
            ReasonCode::RegistryAuth
        }
        RegistryErrorKind::RateLimited => ReasonCode::RegistryRateLimited,
        RegistryErrorKind::Timeout => ReasonCode::RegistryTimeout,
        RegistryErrorKind::Unavailable
        | RegistryErrorKind::Unreachable
        | RegistryErrorKind::Interrupted
        | RegistryErrorKind::Tls => ReasonCode::RegistryUnreachable,
        // What the registry lists and then does not have: that the image is missing is told apart before.
        // A token server or redirect that no honest registry names is no failure of the network either.
        RegistryErrorKind::NotFound
        | RegistryErrorKind::DigestMismatch
        | RegistryErrorKind::Protocol
        | RegistryErrorKind::Blocked => ReasonCode::RegistryProtocol,
        RegistryErrorKind::TooLarge => ReasonCode::LimitExceeded,
        RegistryErrorKind::Offline => ReasonCode::Offline,
    }
}

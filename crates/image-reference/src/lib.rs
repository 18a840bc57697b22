//! Image references: parse, normalise, print; digests that know their algorithm.
//!
//! In: the text of a container's `image` field and the configured [`DefaultRegistry`].
//! Out: an [`ImageReference`], its canonical text, and the [`RepositoryLocation`] a registry client asks.
//! Never: the network, or a guess: what does not parse is an error that names the text.
//!
//!     "nginx" ─▶ docker.io / nginx : latest ─▶ "docker.io/nginx:latest" ─▶ index.docker.io library/nginx
//!
//! Behaviour: Kyverno 1.19 `pkg/utils/image/infos.go` over the grammar of github.com/distribution/reference;
//! the location is what go-containerregistry makes of the canonical text.
#![deny(clippy::arithmetic_side_effects)]

mod digest;
mod grammar;
mod default_registry;
mod reference;
mod location;

pub use default_registry::{DefaultRegistry, DefaultRegistryError};
pub use digest::{Digest, DigestAlgorithm, DigestError};
pub use grammar::is_tag;
pub use location::{DOCKER_HUB_HOST, LocationError, RepositoryLocation};
pub use reference::{ImageReference, ReferenceError, ReferenceFault};

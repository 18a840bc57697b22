//! A registry client for the OCI distribution API: narrow, bounded, and careful with credentials.
//!
//! In: questions about a repository, on somebody's behalf and until a deadline ([`Call`]). Out: digests, manifests,
//! referrers and blobs, their digests recomputed, or a [`RegistryError`] that says what kind of failure it was.
//! Never: a verdict, a push, a credential at a host it was not configured for, or a wait without an end.
//!
//!     Registry ─▶ client ─▶ courier ─▶ tokens ─▶ transport ─▶ the network
//!                              └─▶ retry · coalesce · host memory
//!
//! Source: OCI distribution-spec 1.1; docker's token and credential conventions; texts of go-containerregistry.
#![deny(clippy::arithmetic_side_effects)]

mod limits;
mod error;
mod deadline;
mod credentials;
mod call;
mod addresses;
mod challenge;
mod endpoint;
mod host_memory;
mod coalesce;
mod connections;
mod transport;
mod retry;
mod tokens;
mod courier;
mod document;
mod registry;
mod client;

pub use call::{Access, Call};
pub use client::{RegistryClient, RegistryClientOptions, Way};
pub use connections::{HostCertificates, TransportError};
pub use credentials::{
    Cloud, Credential, CredentialHelper, CredentialSource, DockerConfig, DockerConfigError,
    ExplicitCredential, Identity, Keychain, Resource, Secret, SourceAnswer,
};
pub use deadline::{Deadline, RequestCount};
pub use document::{Descriptor, Document, ImageIndex, ImageManifest};
pub use endpoint::{ManifestName, MirrorError, Mirrors};
pub use error::{RegistryError, RegistryErrorKind};
pub use limits::{MAX_MANIFEST_BYTES, MAX_REFERRERS};
pub use registry::{FetchedManifest, Registry};
pub use tokens::TrustedRealms;

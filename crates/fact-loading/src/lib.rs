//! Answers the engine's questions: images, keys, services, the cluster.
//!
//! In: [`policy_engine::FactRequest`]s and a deadline. Out: a fact or a failure for each, all of a round at once.
//! Never: a verdict; a credential at a host it was not named for; an answer after the deadline.
//!
//!     FactRequest ─▶ loader ─┬▶ images ─▶ keys, image-evidence, revocation, image-verification
//!                            ├▶ services
//!                            └▶ cluster (a real one, files, or none)

mod clock;
mod environment;
mod files;
mod addresses;
mod http;
mod cloud;
mod key_services;
mod tenancy;
mod cluster;
mod keys;
mod logins;
mod keychains;
mod services;
mod revocation;
mod trust;
mod trust_roots;
mod platforms;
mod memory;
mod verdicts;
mod refusals;
mod images;
mod image_metadata;
mod access;
mod options;
mod operator_trust;
mod loader;

pub use access::AccessReport;
pub use cluster::{Cluster, ClusterFuture, NoCluster};
pub use environment::Environment;
pub use http::HttpSetupError;
pub use image_trust::RevocationCheck;
pub use loader::{Loader, RequestLoader};
pub use memory::Memory;
pub use oci_registry::{HostCertificates, SourceAnswer, Way};
pub use operator_trust::trust_material;
pub use options::{LoaderOptions, SetupError, TufOptions};
pub use platforms::Platforms;
pub use tenancy::Tenancy;

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
mod keychains;
mod services;
mod revocation;
mod images;
mod image_metadata;
mod options;
mod loader;

pub use cluster::{Cluster, ClusterFuture, NoCluster};
pub use environment::Environment;
pub use http::HttpSetupError;
pub use loader::{Loader, RequestLoader};
pub use options::{LoaderOptions, SetupError};
pub use tenancy::Tenancy;

//! A registry in the process, throw-away keys, certificates and logs: what the demo and the tests sign with.
//!
//! In: times and names. Out: evidence that real verifiers accept, laid out in a registry as cosign lays it out.
//! Never a judge: nothing here decides whether anything is signed. Keys are random and die with the process.
//!
//!     SigningKey ─▶ Layer │ Bundle ─▶ Repository ─▶ Content ─▶ Registry ─▶ HTTP on loopback
//!
//! Where it comes from: what cosign 3.1.3 and notation put into a registry, byte for byte where digests depend on it.

pub mod error;
pub mod instant;
pub mod service;
pub mod pem;
pub mod oci;
pub mod content;
pub mod layout;
pub mod registry;
pub mod keys;
pub mod oidc;
pub mod x509;
pub mod revocation;
pub mod simple_signing;
pub mod statement;
pub mod dsse;
pub mod bundle;
pub mod layer;
pub mod repository;
pub mod authority;
pub mod matrix;
pub mod notary;

pub use authority::Authority;
pub use content::Content;
pub use error::RehearsalError;
pub use keys::{Algorithm, SigningKey};
pub use registry::Registry;
pub use repository::Repository;

//! Throw-away stand-ins for everybody who vouches for a signature: certificate authority, certificate log,
//! transparency logs of both versions, timestamp authority; and keyless signing with them.
//!
//! In: identities and times. Out: certificates, log entries and timestamps that verifiers accept under
//! [`Authority::trusted_root`] or under the single keys and certificates given here.
//!
//!     Identity ─▶ Fulcio(+ CertificateLog) ─▶ Credential ─▶ Rekor ─▶ Layer │ Bundle
//!                                                         └▶ TimestampAuthority

mod certificate_log;
mod certificate_log_service;
mod fulcio;
mod signer;
mod merkle;
mod note;
mod entry;
mod rekor;
mod rekor_tiles;
mod timestamp;
mod keyless;
mod trusted_root;

pub use certificate_log::CertificateLog;
pub use certificate_log_service::CertificateLogService;
pub use entry::{Recorded, dsse_body, hashedrekord_body, hashedrekord_v2_body, intoto_body};
pub use fulcio::{AlternativeName, Credential, Fulcio, Identity, LeafOptions, Sct};
pub use keyless::{Authority, EntryKind, LogVersion};
pub use merkle::Tree;
pub use rekor::Rekor;
pub use rekor_tiles::RekorTiles;
pub use signer::Signer;
pub use timestamp::TimestampAuthority;

//! The client against registries that answer badly, on loopback.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

mod server;
mod lies;
mod limits;
mod authentication;
mod referrers;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use image_reference::{Digest, RepositoryLocation};
use vouchsafe_oci_registry as oci_registry;

use oci_registry::{
    Access, Call, Credential, Deadline, ExplicitCredential, Keychain, RegistryClient, RegistryClientOptions,
    Secret,
};

/// A manifest that every well-behaved answer can carry
pub(crate) const MANIFEST: &str = concat!(
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"x","#,
    r#""digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0},"layers":[]}"#
);

pub(crate) fn client() -> RegistryClient {
    RegistryClient::new(RegistryClientOptions::default()).unwrap()
}

pub(crate) fn call() -> Call {
    Call::new(Access::default(), Deadline::after(Duration::from_secs(10)))
}

pub(crate) fn call_with(host: &str, credential: Credential) -> Call {
    let keychain = Keychain::new(vec![Arc::new(ExplicitCredential::new(host, credential))]);
    Call {
        access: Access {
            keychain,
            allow_insecure: false,
        },
        ..call()
    }
}

pub(crate) fn password(username: &str) -> Credential {
    Credential::Password {
        username: username.to_owned(),
        password: Secret::new("hunter2"),
    }
}

pub(crate) fn repository(host: &str) -> RepositoryLocation {
    RepositoryLocation::parse(&format!("{host}/acme/api")).unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::sha256_of(text.as_bytes())
}

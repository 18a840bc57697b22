//! Public keys out of key management services: Vault and its kin, AWS KMS, Google Cloud KMS, Azure Key Vault.
//!
//! In: a URI as cosign and Kyverno write it. Out: the public key, PEM; signatures are then verified here. Never: a
//! signature or a verification by the service; a credential at a host that only a policy names.
//!
//! Tested against local servers that answer as the services document it (`tests/it/key_services`), not against the
//! services themselves. Source of the URIs: sigstore/sigstore `pkg/signature/kms/*/client.go`.

mod public_key;
mod reference;
mod vault;
mod amazon;
mod google;
mod azure;

use crate::addresses::Loopback;
use crate::cloud::Clouds;
use crate::http::{Authorities, Http, Word};

use reference::KeyReference;

/// The services. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct KeyServices {
    clouds: Clouds,
    loopback: Loopback,
    vault: vault::Vault,
}

impl KeyServices {
    /// Services as the clouds' environment names them; nothing is asked before a key is.
    pub(crate) fn new(clouds: Clouds, loopback: Loopback) -> Self {
        Self {
            vault: vault::Vault::new(clouds.means.clone()),
            clouds,
            loopback,
        }
    }

    /// Whether a reference is one to a key management service.
    pub(crate) fn are_meant_by(reference: &str) -> bool {
        KeyReference::SCHEMES
            .iter()
            .any(|scheme| reference.starts_with(scheme))
    }

    /// The public key behind `reference`, PEM.
    pub(crate) async fn public_key(&self, reference: &str) -> Result<String, String> {
        match KeyReference::parse(reference)? {
            KeyReference::Vault { key } => self.vault.public_key(key).await,
            KeyReference::Amazon(key) => {
                let place = key
                    .endpoint
                    .map(|host| Place::of(host, self.loopback))
                    .transpose()?;
                amazon::public_key(&self.clouds.amazon, &key, place.as_ref()).await
            }
            KeyReference::Google(key) => google::public_key(&self.clouds, &key).await,
            KeyReference::Azure(key) => {
                let place = Place::of(key.vault, self.loopback)?;
                azure::public_key(&self.clouds, &key, &place).await
            }
        }
    }
}

/// A host that a policy names, and how it is called: as every address of a policy, by HTTPS, but by HTTP on this machine,
/// where that may be called at all.
#[derive(Debug)]
struct Place {
    http: Http,
    url: String,
    is_here: bool,
}

impl Place {
    fn of(host: &str, loopback: Loopback) -> Result<Self, String> {
        let https = format!("https://{host}");
        let url = url::Url::parse(&https).map_err(|cause| format!("`{host}` is no host: {cause}"))?;
        let is_bare = url.username().is_empty()
            && url.password().is_none()
            && url.path() == "/"
            && url.query().is_none();
        if !is_bare {
            return Err(format!("`{host}` is no host"));
        }
        loopback.check_url(&url)?;
        let is_here = match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        };
        let is_here = is_here && loopback == Loopback::Allowed;
        Ok(Self {
            http: Http::new(Word::Entrusted(loopback), Authorities::System)
                .map_err(|cause| cause.to_string())?,
            url: if is_here { format!("http://{host}") } else { https },
            is_here,
        })
    }
}

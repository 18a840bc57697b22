//! Keys of Azure Key Vault and Managed HSM: `GET {vault}/keys/{name}/{version}`.

use super::reference::AzureKey;
use super::{Place, public_key};
use crate::cloud::{Ask, Clouds, NationalCloud, ask_json, header};

/// Version of the API asked for.
const API_VERSION: &str = "7.4";
/// Where vaults are. A token for vaults goes to no other host: the host is a policy's word, the token is not.
const DOMAINS: [&str; 6] = [
    "vault.azure.net",
    "vault.azure.cn",
    "vault.usgovcloudapi.net",
    "managedhsm.azure.net",
    "managedhsm.azure.cn",
    "managedhsm.usgovcloudapi.net",
];

/// The public key, PEM.
pub(super) async fn public_key(clouds: &Clouds, key: &AzureKey<'_>, place: &Place) -> Result<String, String> {
    let domain = match domain(key.vault) {
        Some(domain) => domain,
        None if place.is_here => "vault.azure.net",
        None => {
            return Err(format!(
                "`{}` is no vault of Azure: expected a host under one of {}",
                key.vault,
                DOMAINS.join(", ")
            ));
        }
    };
    let resource = format!("https://{domain}");
    let token = clouds
        .azure
        .token(&resource, NationalCloud::of_host(domain))
        .await?;
    let url = format!(
        "{}/keys/{}/{}?api-version={API_VERSION}",
        place.url,
        key.key,
        key.version.unwrap_or_default()
    );
    let headers = [header("authorization", &format!("Bearer {}", token.expose()))];
    let ask = Ask {
        url: &url,
        headers: &headers,
        body: None,
    };
    let answer = ask_json(&place.http, ask).await?;
    answer.get("key").and_then(public_key::of_jwk).ok_or_else(|| {
        format!(
            "{}: the answer holds no public key of a kind that signs",
            place.url
        )
    })
}

/// The domain that `host` is a vault of.
fn domain(host: &str) -> Option<&'static str> {
    let host = host.to_ascii_lowercase();
    DOMAINS.into_iter().find(|domain| {
        host.strip_suffix(domain)
            .and_then(|rest| rest.strip_suffix('.'))
            .is_some_and(|name| !name.is_empty() && !name.contains(['.', ':', '@']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy that names a host of its author's would be handed a token for every vault this process may read.
    #[test]
    fn a_token_for_vaults_goes_to_no_host_that_only_a_policy_names() {
        for host in [
            "acme.vault.azure.net",
            "ACME.vault.azure.cn",
            "x.managedhsm.azure.net",
        ] {
            assert!(domain(host).is_some(), "{host}");
        }
        for host in [
            "evil.example",
            "vault.azure.net",
            ".vault.azure.net",
            "evilvault.azure.net",
            "acme.vault.azure.net.evil.example",
            "acme.vault.azure.net:8443",
            "evil.example#.vault.azure.net",
            "u@acme.vault.azure.net",
        ] {
            assert_eq!(domain(host), None, "{host}");
        }
    }
}

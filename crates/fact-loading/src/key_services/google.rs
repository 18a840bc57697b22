//! Keys of Google Cloud KMS: `getPublicKey` of one version of a crypto key.

use serde_json::Value;

use super::reference::GoogleKey;
use crate::cloud::{Ask, Clouds, header};

/// Where the service is, unless `CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS` says otherwise, as for gcloud.
const SERVICE: &str = "https://cloudkms.googleapis.com/";

/// The public key, PEM.
pub(super) async fn public_key(clouds: &Clouds, key: &GoogleKey<'_>) -> Result<String, String> {
    let environment = clouds.means.environment();
    let service = environment
        .get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS")
        .unwrap_or(SERVICE);
    let service = format!("{}/v1", service.trim_end_matches('/'));
    let token = clouds.google.token().await?;
    let headers = [header("authorization", &format!("Bearer {}", token.expose()))];
    let version = match key.version {
        Some(version) => version.to_owned(),
        None => greatest_enabled(clouds, &service, key.key, &headers).await?,
    };
    let name = format!("{}/cryptoKeyVersions/{version}", key.key);
    let url = format!("{service}/{name}/publicKey");
    let answer = get(clouds, &url, &headers).await?;
    // The service says which key it answers about.
    if answer
        .get("name")
        .and_then(Value::as_str)
        .is_some_and(|told| told != name)
    {
        return Err(format!("{url}: the answer is about another key"));
    }
    let pem = answer.get("pem").and_then(Value::as_str);
    pem.map(str::to_owned)
        .ok_or_else(|| format!("{url}: the answer holds no public key"))
}

/// The greatest version that is enabled, by number.
async fn greatest_enabled(
    clouds: &Clouds,
    service: &str,
    key: &str,
    headers: &[(String, String)],
) -> Result<String, String> {
    let url = format!("{service}/{key}/cryptoKeyVersions?filter=state%3DENABLED&pageSize=1000");
    let answer = get(clouds, &url, headers).await?;
    let versions = answer.get("cryptoKeyVersions").and_then(Value::as_array);
    let numbers = versions.into_iter().flatten().filter_map(|version| {
        let is_enabled = version.get("state").and_then(Value::as_str) == Some("ENABLED");
        let name = version
            .get("name")
            .and_then(Value::as_str)
            .filter(|_| is_enabled)?;
        name.rsplit_once('/')?.1.parse::<u64>().ok()
    });
    numbers
        .max()
        .map(|version| version.to_string())
        .ok_or_else(|| format!("`{key}` has no version that is enabled"))
}

async fn get(clouds: &Clouds, url: &str, headers: &[(String, String)]) -> Result<Value, String> {
    let ask = Ask {
        url,
        headers,
        body: None,
    };
    clouds.means.json(ask).await
}

//! Keys of AWS KMS: `GetPublicKey`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::reference::AmazonKey;
use super::{Place, public_key};
use crate::cloud::{Amazon, AwsCall};

/// The public key, PEM.
pub(super) async fn public_key(
    amazon: &Amazon,
    key: &AmazonKey<'_>,
    place: Option<&Place>,
) -> Result<String, String> {
    let own = match key.region.or(key.endpoint.and_then(region_of_host)) {
        Some(region) => Some(region.to_owned()),
        None => amazon.region().await?,
    };
    let region = own.ok_or("the key's region is unknown: write the key's ARN, or set AWS_REGION")?;
    let region = region.as_str();
    let endpoint = match place {
        Some(place) => place.url.clone(),
        None => amazon.endpoint("kms", "kms", region),
    };
    let body = json!({ "KeyId": key.id });
    let call = AwsCall {
        service: "kms",
        region,
        endpoint: &endpoint,
        by: place.map(|place| &place.http),
        target: "TrentService.GetPublicKey",
        body: &body,
    };
    let answer = amazon.call(call).await?;
    if answer.get("KeyUsage").and_then(Value::as_str) != Some("SIGN_VERIFY") {
        return Err(format!("`{}` is no key that signs", key.id));
    }
    answer
        .get("PublicKey")
        .and_then(Value::as_str)
        .and_then(|text| STANDARD.decode(text).ok())
        .map(|spki| public_key::pem(&spki))
        .ok_or_else(|| format!("{endpoint}: the answer holds no public key"))
}

/// `kms.eu-west-3.amazonaws.com` says its region.
fn region_of_host(host: &str) -> Option<&str> {
    let mut labels = host.split('.');
    let (service, region, domain) = (labels.next()?, labels.next()?, labels.next()?);
    (matches!(service, "kms" | "kms-fips") && domain == "amazonaws").then_some(region)
}

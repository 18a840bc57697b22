//! ECR: `GetAuthorizationToken`, of the region that the host names.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use oci_registry::{Credential, Secret};
use serde_json::{Value, json};

use crate::cloud::{Amazon, AwsCall, Timed};

/// A login at a registry whose host is ECR's, private or public.
pub(super) async fn log_in(amazon: &Amazon, host: &str) -> Result<Timed<Credential>, String> {
    let labels: Vec<&str> = host.split('.').collect();
    let (service, region, name, target) = match labels.as_slice() {
        [_, "dkr", "ecr", region, ..] => (
            "ecr",
            *region,
            "api.ecr",
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        ),
        [_, "dkr", "ecr-fips", region, ..] => (
            "ecr",
            *region,
            "ecr-fips",
            "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
        ),
        // All of it is in one region.
        _ => (
            "ecr-public",
            "us-east-1",
            "api.ecr-public",
            "SpencerFrontendService.GetAuthorizationToken",
        ),
    };
    let endpoint = amazon.endpoint(service, name, region);
    let call = AwsCall {
        service,
        region,
        endpoint: &endpoint,
        by: None,
        target,
        body: &json!({}),
    };
    let answer = amazon.call(call).await?;
    let data = answer.get("authorizationData");
    let data = data.and_then(|data| data.get(0).or(Some(data)));
    let missing = || format!("{endpoint}: the answer holds no token");
    let token = data
        .and_then(|data| data.get("authorizationToken"))
        .and_then(Value::as_str)
        .and_then(|token| STANDARD.decode(token).ok())
        .and_then(|token| String::from_utf8(token).ok())
        .ok_or_else(missing)?;
    let (username, password) = token.split_once(':').ok_or_else(missing)?;
    let credential = Credential::Password {
        username: username.to_owned(),
        password: Secret::new(password),
    };
    let end = data
        .and_then(|data| data.get("expiresAt"))
        .and_then(Value::as_f64);
    let end = end.and_then(|seconds| Timestamp::from_second(seconds as i64).ok());
    Ok(match end {
        Some(end) => Timed::until(credential, end),
        None => Timed::seconds(credential, 600),
    })
}

//! Signed calls to AWS's JSON services.

use serde_json::Value;

use super::amazon_identity::{self, AwsCredentials};
use super::amazon_profile::Profile;
use super::means::{self, Ask, Means, header};
use super::sigv4::{self, Signable};
use super::wallet::Wallet;
use crate::clock;
use crate::http::Http;

/// AWS. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Amazon {
    means: Means,
    credentials: Wallet<AwsCredentials>,
}

/// A call: `service` by its name in signatures, `target` by its header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AwsCall<'c> {
    pub(crate) service: &'c str,
    pub(crate) region: &'c str,
    /// Where, as a URL without a path.
    pub(crate) endpoint: &'c str,
    /// The client to call by, where a policy names the endpoint.
    pub(crate) by: Option<&'c Http>,
    pub(crate) target: &'c str,
    pub(crate) body: &'c Value,
}

impl Amazon {
    pub(crate) fn new(means: Means) -> Self {
        Self {
            means,
            credentials: Wallet::default(),
        }
    }

    /// The region that the environment names, or the profile.
    ///
    /// # Errors
    /// A sentence, where the profile can't be read.
    pub(crate) async fn region(&self) -> Result<Option<String>, String> {
        let environment = self.means.environment();
        if let Some(region) = environment.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]) {
            return Ok(Some(region.to_owned()));
        }
        let profile = Profile::of(environment).await?;
        Ok(profile.and_then(|profile| profile.get("region").map(str::to_owned)))
    }

    /// Where a service is: as the operator says (`AWS_ENDPOINT_URL_KMS`, `AWS_ENDPOINT_URL`), or at AWS, where its host
    /// begins with `name`.
    pub(crate) fn endpoint(&self, service: &str, name: &str, region: &str) -> String {
        let own = format!(
            "AWS_ENDPOINT_URL_{}",
            service.to_ascii_uppercase().replace('-', "_")
        );
        let told = self.means.environment().first(&[&own, "AWS_ENDPOINT_URL"]);
        told.map_or_else(
            || {
                let end = if region.starts_with("cn-") {
                    "amazonaws.com.cn"
                } else {
                    "amazonaws.com"
                };
                format!("https://{name}.{region}.{end}")
            },
            |told| told.trim_end_matches('/').to_owned(),
        )
    }

    /// The answer to `call`.
    pub(crate) async fn call(&self, call: AwsCall<'_>) -> Result<Value, String> {
        let sts = self.endpoint("sts", "sts", call.region);
        let find = amazon_identity::find(&self.means, &sts);
        let credentials = self.credentials.get(call.region, find).await?;
        let url = url::Url::parse(call.endpoint)
            .map_err(|cause| format!("`{}` is no URL: {cause}", call.endpoint))?;
        let body = call.body.to_string();
        let headers = [
            header("content-type", "application/x-amz-json-1.1"),
            header("x-amz-target", call.target),
        ];
        let request = Signable {
            host: url.authority(),
            region: call.region,
            service: call.service,
            headers: &headers,
            body: &body,
        };
        let mut headers = sigv4::sign(request, &credentials, clock::now());
        // The client writes it by itself.
        headers.retain(|(name, _)| name != "content-type");
        let ask = Ask {
            url: url.as_str(),
            headers: &headers,
            body: Some(("application/x-amz-json-1.1", &body)),
        };
        match call.by {
            Some(http) => means::json(http, ask).await,
            None => self.means.json(ask).await,
        }
    }
}

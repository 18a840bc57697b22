//! Tokens of Azure.
//!
//! In order, as Azure Identity looks: workload identity (`AZURE_FEDERATED_TOKEN_FILE`), a client's secret
//! (`AZURE_CLIENT_SECRET`), the machine's managed identity.

use oci_registry::Secret;
use serde_json::Value;

use super::means::{Ask, FORM, Means, form, header, text};
use super::wallet::{Timed, Wallet};
use crate::files;

/// Largest token file, in bytes.
const MOST_TOKEN_BYTES: usize = 64 * 1024;

/// Azure. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Azure {
    means: Means,
    tokens: Wallet<Secret>,
}

/// One of Azure's clouds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NationalCloud {
    /// The public one
    Public,
    /// US government
    UsGovernment,
    /// China
    China,
}

impl NationalCloud {
    /// The cloud a host belongs to.
    pub(crate) fn of_host(host: &str) -> Self {
        if host.ends_with(".us")
            || host.ends_with(".usgovcloudapi.net")
            || host.ends_with(".usgovcloudapi.us")
        {
            Self::UsGovernment
        } else if host.ends_with(".cn") {
            Self::China
        } else {
            Self::Public
        }
    }

    fn authority(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGovernment => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

impl Azure {
    pub(crate) fn new(means: Means) -> Self {
        Self {
            means,
            tokens: Wallet::default(),
        }
    }

    /// A bearer token for `resource` (`https://vault.azure.net`) in `cloud`.
    pub(crate) async fn token(&self, resource: &str, cloud: NationalCloud) -> Result<Secret, String> {
        self.tokens.get(resource, self.find(resource, cloud)).await
    }

    async fn find(&self, resource: &str, cloud: NationalCloud) -> Result<Timed<Secret>, String> {
        let environment = self.means.environment();
        if let Some(file) = environment.get("AZURE_FEDERATED_TOKEN_FILE") {
            let statement = files::read_text(file, MOST_TOKEN_BYTES).await?;
            let proof = [
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", statement.as_str()),
            ];
            return self.of_client(resource, cloud, &proof).await;
        }
        if let Some(secret) = environment.get("AZURE_CLIENT_SECRET") {
            return self
                .of_client(resource, cloud, &[("client_secret", secret)])
                .await;
        }
        self.of_machine(resource).await.map_err(|cause| {
            format!("no Azure credentials: no workload identity and no client secret in the environment, and the machine's identity can't be had: {cause}")
        })
    }

    async fn of_client(
        &self,
        resource: &str,
        cloud: NationalCloud,
        proof: &[(&str, &str)],
    ) -> Result<Timed<Secret>, String> {
        let environment = self.means.environment();
        let authority = environment
            .get("AZURE_AUTHORITY_HOST")
            .unwrap_or(cloud.authority());
        let tenant = environment.demand("AZURE_TENANT_ID")?;
        if !tenant
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        {
            return Err("`AZURE_TENANT_ID` is no tenant".to_owned());
        }
        let url = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
        let scope = format!("{resource}/.default");
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", environment.demand("AZURE_CLIENT_ID")?),
            ("scope", scope.as_str()),
        ];
        fields.extend_from_slice(proof);
        let body = form(&fields);
        let ask = Ask {
            url: &url,
            headers: &[],
            body: Some((FORM, &body)),
        };
        bearer(&self.means.json(ask).await?, &url)
    }

    async fn of_machine(&self, resource: &str) -> Result<Timed<Secret>, String> {
        let environment = self.means.environment();
        let base = environment.get("AZURE_POD_IDENTITY_AUTHORITY_HOST");
        let base = base.unwrap_or("http://169.254.169.254").trim_end_matches('/');
        let mut fields = vec![("api-version", "2018-02-01"), ("resource", resource)];
        if let Some(client) = environment.get("AZURE_CLIENT_ID") {
            fields.push(("client_id", client));
        }
        let url = format!("{base}/metadata/identity/oauth2/token?{}", form(&fields));
        let answer = self
            .means
            .metadata_json(&url, &[header("metadata", "true")])
            .await?;
        bearer(&answer, base)
    }
}

fn bearer(answer: &Value, whose: &str) -> Result<Timed<Secret>, String> {
    let token = Secret::new(text(answer, "/access_token", whose)?);
    Ok(Timed::as_answered(token, answer))
}

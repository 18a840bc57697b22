//! Keys of Vault's transit engine, and of its fork's.
//!
//! The address is the operator's (`VAULT_ADDR`); a policy names a key of it and nothing else. The token is `VAULT_TOKEN`,
//! or what a login with the pod's service account gives (`VAULT_ROLE`, mount `VAULT_KUBERNETES_AUTH_PATH`), or the file
//! `~/.vault-token`. Of a key's versions the latest counts, as cosign has it.

use oci_registry::Secret;
use serde_json::{Value, json};

use super::public_key;
use crate::cloud::{Means, Timed, Wallet};
use crate::files;
use crate::http::{Authorities, Http, HttpCall, Word};

/// Largest answer, in bytes: a key with many versions.
const MOST_ANSWER_BYTES: usize = 1024 * 1024;
/// Largest token or certificate file, in bytes.
const MOST_FILE_BYTES: usize = 256 * 1024;
/// Where a pod finds its service account's token.
const SERVICE_ACCOUNT_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// Vault. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Vault {
    means: Means,
    tokens: Wallet<Secret>,
    clients: Wallet<Http>,
}

impl Vault {
    pub(super) fn new(means: Means) -> Self {
        Self {
            means,
            tokens: Wallet::default(),
            clients: Wallet::default(),
        }
    }

    /// The latest version of the public key `key`, PEM.
    pub(super) async fn public_key(&self, key: &str) -> Result<String, String> {
        let environment = self.means.environment();
        let address = self.address()?;
        let engine = environment.get("TRANSIT_SECRET_ENGINE_PATH").unwrap_or("transit");
        let url = format!("{address}/v1/{}/keys/{key}", engine.trim_matches('/'));
        let token = self.tokens.get(&address, self.token(&address)).await?;
        let answer = self.ask(&url, Some(&token), None).await?;
        let incomplete = || format!("{url}: the answer holds no public key");
        let data = answer.get("data").ok_or_else(incomplete)?;
        let latest = data
            .get("latest_version")
            .and_then(Value::as_u64)
            .ok_or_else(incomplete)?;
        let version = data
            .get("keys")
            .and_then(|keys| keys.get(latest.to_string()))
            .ok_or_else(incomplete)?;
        let text = version
            .get("public_key")
            .and_then(Value::as_str)
            .ok_or_else(incomplete)?;
        if version.get("name").and_then(Value::as_str) == Some("ed25519") {
            return public_key::of_ed25519(text).ok_or_else(incomplete);
        }
        Ok(text.to_owned())
    }

    fn address(&self) -> Result<String, String> {
        let told = self.means.environment().first(&["VAULT_ADDR", "BAO_ADDR"]);
        told.map(|address| address.trim_end_matches('/').to_owned())
            .ok_or_else(|| "VAULT_ADDR or BAO_ADDR is not set".to_owned())
    }

    async fn token(&self, address: &str) -> Result<Timed<Secret>, String> {
        let environment = self.means.environment();
        if let Some(token) = environment.first(&["VAULT_TOKEN", "BAO_TOKEN"]) {
            return Ok(Timed::long(Secret::new(token)));
        }
        if let Some(role) = environment.get("VAULT_ROLE") {
            return self.log_in(address, role).await;
        }
        let Some(file) = environment.in_home(".vault-token") else {
            return Err("neither VAULT_TOKEN nor VAULT_ROLE is set".to_owned());
        };
        let token = files::read_text(file, MOST_FILE_BYTES).await;
        token
            .map(|token| Timed::long(Secret::new(&token)))
            .map_err(|cause| format!("neither VAULT_TOKEN nor VAULT_ROLE is set, and {cause}"))
    }

    /// Logs in with the pod's service account.
    async fn log_in(&self, address: &str, role: &str) -> Result<Timed<Secret>, String> {
        let environment = self.means.environment();
        let mount = environment
            .get("VAULT_KUBERNETES_AUTH_PATH")
            .unwrap_or("kubernetes");
        let file = environment
            .get("VAULT_KUBERNETES_TOKEN_FILE")
            .unwrap_or(SERVICE_ACCOUNT_TOKEN);
        let statement = files::read_text(file, MOST_FILE_BYTES).await?;
        let url = format!("{address}/v1/auth/{}/login", mount.trim_matches('/'));
        let body = json!({ "role": role, "jwt": statement }).to_string();
        let answer = self.ask(&url, None, Some(&body)).await?;
        let token = answer.pointer("/auth/client_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| format!("{url}: the answer holds no token"))?;
        let seconds = answer.pointer("/auth/lease_duration").and_then(Value::as_u64);
        Ok(Timed::seconds(Secret::new(token), seconds.unwrap_or(300)))
    }

    async fn ask(&self, url: &str, token: Option<&Secret>, body: Option<&str>) -> Result<Value, String> {
        let mut headers = vec![("x-vault-request".to_owned(), "true".to_owned())];
        if let Some(token) = token {
            headers.push(("x-vault-token".to_owned(), token.expose().to_owned()));
        }
        let namespace = self
            .means
            .environment()
            .first(&["VAULT_NAMESPACE", "BAO_NAMESPACE"]);
        if let Some(namespace) = namespace {
            headers.push(("x-vault-namespace".to_owned(), namespace.to_owned()));
        }
        let call = HttpCall {
            method: if body.is_some() { "POST" } else { "GET" },
            body,
            ..HttpCall::get(url, &headers, MOST_ANSWER_BYTES)
        };
        let client = self.clients.get("", self.client()).await?;
        let (status, answer) = client.call(&call).await?;
        if status != 200 {
            return Err(match status {
                403 => format!("{url}: HTTP 403: permission denied"),
                404 => format!("{url}: HTTP 404: there is no such key"),
                status => format!("{url}: HTTP {status}"),
            });
        }
        serde_json::from_slice(&answer).map_err(|_| format!("{url}: the answer is no JSON"))
    }

    /// A client that trusts the system's authorities and those of `VAULT_CACERT`.
    async fn client(&self) -> Result<Timed<Http>, String> {
        let made = match self.means.environment().first(&["VAULT_CACERT", "BAO_CACERT"]) {
            None => return self.means.operator().cloned().map(Timed::long),
            Some(file) => {
                let pem = files::read_text(file, MOST_FILE_BYTES).await?;
                Http::new(Word::Operator, Authorities::And(&pem))
            }
        };
        made.map(Timed::long).map_err(|cause| cause.to_string())
    }
}

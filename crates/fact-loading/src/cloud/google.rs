//! Tokens of Google Cloud.
//!
//! In order: the file that `GOOGLE_APPLICATION_CREDENTIALS` names (a service account's key, workload identity federation, or
//! a user of gcloud), the file that `gcloud auth application-default login` writes, then the metadata service, which is also
//! what workload identity of GKE answers by.

use std::path::PathBuf;

use oci_registry::Secret;
use serde_json::{Value, json};

use super::json_web_token;
use super::means::{Ask, FORM, Means, form, header, text};
use super::wallet::{Timed, Wallet};
use crate::{clock, files};

/// What tokens are asked for; roles narrow it.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// Who exchanges tokens where a file names nobody.
const TOKEN_SERVER: &str = "https://oauth2.googleapis.com/token";
/// Largest credentials file, in bytes.
const MOST_FILE_BYTES: usize = 64 * 1024;
/// How long a service account's own statement is good, in seconds.
const STATEMENT_SECONDS: i64 = 600;

/// Google Cloud. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Google {
    means: Means,
    tokens: Wallet<Secret>,
}

impl Google {
    pub(crate) fn new(means: Means) -> Self {
        Self {
            means,
            tokens: Wallet::default(),
        }
    }

    /// A bearer token.
    pub(crate) async fn token(&self) -> Result<Secret, String> {
        self.tokens.get(SCOPE, self.find()).await
    }

    async fn find(&self) -> Result<Timed<Secret>, String> {
        let Some(file) = self.file().await else {
            return self.of_machine().await;
        };
        let file = file.as_str();
        let bytes = files::read(file, MOST_FILE_BYTES).await?;
        let credentials: Value =
            serde_json::from_slice(&bytes).map_err(|_| format!("file `{file}` is no JSON"))?;
        match text(&credentials, "/type", file)? {
            "service_account" => self.of_service_account(&credentials, file).await,
            "external_account" => self.of_federation(&credentials, file).await,
            "authorized_user" => self.of_user(&credentials, file).await,
            other => Err(format!(
                "file `{file}`: credentials of type `{other}` are not supported: expected service_account, external_account or authorized_user"
            )),
        }
    }

    /// The file of credentials: the one named, or gcloud's if there is one.
    async fn file(&self) -> Option<String> {
        let environment = self.means.environment();
        if let Some(file) = environment.get("GOOGLE_APPLICATION_CREDENTIALS") {
            return Some(file.to_owned());
        }
        let folder = environment.get("CLOUDSDK_CONFIG").map(PathBuf::from);
        let path = folder
            .or_else(|| environment.in_home(".config/gcloud"))?
            .join("application_default_credentials.json");
        // A file that can't be looked at is tried to be read, which says why; the machine's identity is not a second guess.
        let is_there = tokio::fs::try_exists(&path).await.unwrap_or(true);
        is_there.then(|| path.to_str().map(str::to_owned)).flatten()
    }

    /// A user of gcloud: their lasting token is exchanged for one that ends.
    async fn of_user(&self, credentials: &Value, file: &str) -> Result<Timed<Secret>, String> {
        let server = credentials.get("token_uri").and_then(Value::as_str);
        let server = server.unwrap_or(TOKEN_SERVER);
        let body = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", text(credentials, "/client_id", file)?),
            ("client_secret", text(credentials, "/client_secret", file)?),
            ("refresh_token", text(credentials, "/refresh_token", file)?),
        ]);
        let ask = Ask {
            url: server,
            headers: &[],
            body: Some((FORM, &body)),
        };
        bearer(&self.means.json(ask).await?, server)
    }

    async fn of_machine(&self) -> Result<Timed<Secret>, String> {
        let host = self.means.environment().get("GCE_METADATA_HOST");
        let host = host.unwrap_or("metadata.google.internal");
        let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
        let answer = self
            .means
            .metadata_json(&url, &[header("metadata-flavor", "Google")])
            .await
            .map_err(|cause| {
                format!("no Google credentials: `GOOGLE_APPLICATION_CREDENTIALS` is not set, gcloud has no login, and the metadata service can't be asked: {cause}")
            })?;
        bearer(&answer, &url)
    }

    async fn of_service_account(&self, credentials: &Value, file: &str) -> Result<Timed<Secret>, String> {
        let server = credentials.get("token_uri").and_then(Value::as_str);
        let server = server.unwrap_or(TOKEN_SERVER);
        let now = clock::now().as_second();
        let claims = json!({
            "iss": text(credentials, "/client_email", file)?,
            "scope": SCOPE,
            "aud": server,
            "iat": now,
            "exp": now.saturating_add(STATEMENT_SECONDS),
        });
        let key_id = credentials
            .get("private_key_id")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let statement = json_web_token::sign(&claims, key_id, text(credentials, "/private_key", file)?)?;
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &statement),
        ]);
        let ask = Ask {
            url: server,
            headers: &[],
            body: Some((FORM, &body)),
        };
        bearer(&self.means.json(ask).await?, server)
    }

    /// Workload identity federation: another issuer's token is exchanged, and perhaps stands in for a service account.
    async fn of_federation(&self, credentials: &Value, file: &str) -> Result<Timed<Secret>, String> {
        let subject = self.subject_token(credentials, file).await?;
        let server = text(credentials, "/token_url", file)?;
        let body = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            (
                "requested_token_type",
                "urn:ietf:params:oauth:token-type:access_token",
            ),
            ("audience", text(credentials, "/audience", file)?),
            ("scope", SCOPE),
            ("subject_token", &subject),
            (
                "subject_token_type",
                text(credentials, "/subject_token_type", file)?,
            ),
        ]);
        let ask = Ask {
            url: server,
            headers: &[],
            body: Some((FORM, &body)),
        };
        let federated = bearer(&self.means.json(ask).await?, server)?;
        let Some(url) = credentials
            .get("service_account_impersonation_url")
            .and_then(Value::as_str)
        else {
            return Ok(federated);
        };
        let body = json!({ "scope": [SCOPE] }).to_string();
        let headers = [header(
            "authorization",
            &format!("Bearer {}", federated.value.expose()),
        )];
        let ask = Ask {
            url,
            headers: &headers,
            body: Some(("application/json", &body)),
        };
        let answer = self.means.json(ask).await?;
        let token = Secret::new(text(&answer, "/accessToken", url)?);
        let end = text(&answer, "/expireTime", url)?.parse();
        Ok(end.map_or_else(
            |_| Timed::seconds(token.clone(), 300),
            |end| Timed::until(token.clone(), end),
        ))
    }

    async fn subject_token(&self, credentials: &Value, file: &str) -> Result<String, String> {
        let path = credentials
            .pointer("/credential_source/file")
            .and_then(Value::as_str)
            .ok_or_else(|| format!("file `{file}`: only a `credential_source` with `file` is supported"))?;
        let token = files::read_text(path, MOST_FILE_BYTES).await?;
        let format = credentials.pointer("/credential_source/format");
        let field = format
            .filter(|format| format.get("type").and_then(Value::as_str) == Some("json"))
            .and_then(|format| format.get("subject_token_field_name"))
            .and_then(Value::as_str);
        match field {
            None => Ok(token),
            Some(field) => {
                let document: Value =
                    serde_json::from_str(&token).map_err(|_| format!("file `{path}` is no JSON"))?;
                let token = document.get(field).and_then(Value::as_str);
                token
                    .map(str::to_owned)
                    .ok_or_else(|| format!("file `{path}` holds no `{field}`"))
            }
        }
    }
}

fn bearer(answer: &Value, whose: &str) -> Result<Timed<Secret>, String> {
    let token = Secret::new(text(answer, "/access_token", whose)?);
    Ok(Timed::as_answered(token, answer))
}

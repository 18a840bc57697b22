//! External `docker-credential-…` programs.
//!
//! In: a server's key on the program's standard input. Out: `{"Username":…,"Secret":…}` from its standard output.
//! Never: a shell, a path from a configuration, an unbounded wait or read.
//! Source: github.com/docker/docker-credential-helpers.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::Credential;
use super::secret::Secret;
use crate::deadline::Deadline;
use crate::error::{RegistryError, RegistryErrorKind, quoted};
use crate::limits;

/// User name by which a helper says that its secret is a refresh token
const TOKEN_USERNAME: &str = "<token>";

/// What a helper says when it has nothing for a server
const NOT_FOUND: &str = "credentials not found";

/// Servers whose answers one helper remembers; more are asked anew
const MAX_REMEMBERED: usize = 256;

type Memory = HashMap<String, (Instant, Option<Credential>)>;

/// One credential helper, by the name after `docker-credential-`
#[derive(Debug, Clone)]
pub struct CredentialHelper {
    program: String,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    username: String,
    #[serde(default)]
    secret: String,
}

impl CredentialHelper {
    /// The helper `docker-credential-<name>`; none if `name` is not a plain word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let is_plain = !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        is_plain.then(|| Self {
            program: format!("docker-credential-{name}"),
            memory: Arc::default(),
        })
    }

    /// What the helper knows about `server`; an answer is believed for five minutes.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Credentials`] when the program is missing, fails, hangs or answers nonsense.
    pub async fn get(&self, server: &str, deadline: Deadline) -> Result<Option<Credential>, RegistryError> {
        if let Some(remembered) = self.remembered(server) {
            return Ok(remembered);
        }
        let deadline = deadline.within(limits::CREDENTIAL_HELPER_TIMEOUT);
        let answer = match tokio::time::timeout_at(deadline.instant().into(), self.run(server)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(self.failed("did not answer in time")),
        };
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MAX_REMEMBERED {
            memory.clear();
        }
        memory.insert(server.to_owned(), (Instant::now(), answer.clone()));
        Ok(answer)
    }

    fn remembered(&self, server: &str) -> Option<Option<Credential>> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, answer) = memory.get(server)?;
        (since.elapsed() < limits::CREDENTIAL_HELPER_MEMORY).then(|| answer.clone())
    }

    async fn run(&self, server: &str) -> Result<Option<Credential>, RegistryError> {
        let mut child = tokio::process::Command::new(&self.program)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| self.failed(&format!("could not be started: {error}")))?;
        if let Some(mut input) = child.stdin.take() {
            // A helper that does not read its input may have closed it: its answer will tell.
            if let Err(error) = input.write_all(format!("{server}\n").as_bytes()).await {
                tracing::debug!(program = %self.program, %error, "credential helper did not read its input");
            }
        }
        let mut output = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout
                .take(limits::MAX_CREDENTIAL_HELPER_BYTES)
                .read_to_end(&mut output)
                .await
                .map_err(|error| self.failed(&error.to_string()))?;
        }
        let status = child
            .wait()
            .await
            .map_err(|error| self.failed(&error.to_string()))?;
        self.read(status.success(), &output)
    }

    fn read(&self, succeeded: bool, output: &[u8]) -> Result<Option<Credential>, RegistryError> {
        let text = String::from_utf8_lossy(output);
        if !succeeded {
            // docker's helpers word it in several ways around this core.
            return if text.contains(NOT_FOUND) {
                Ok(None)
            } else {
                Err(self.failed(&quoted(text.trim())))
            };
        }
        let answer: Answer = serde_json::from_slice(output).map_err(|_| self.failed("answered no JSON"))?;
        Ok(match answer.username.as_str() {
            _ if answer.secret.is_empty() => None,
            TOKEN_USERNAME => Some(Credential::IdentityToken(Secret::new(&answer.secret))),
            _ => Some(Credential::Password {
                username: answer.username,
                password: Secret::new(&answer.secret),
            }),
        })
    }

    fn failed(&self, why: &str) -> RegistryError {
        RegistryError::new(
            RegistryErrorKind::Credentials,
            format!("credential helper `{}`: {why}", self.program),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_helper_s_answers_are_told_apart() {
        let helper = CredentialHelper::named("pass").unwrap();
        let read = |succeeded, text: &str| helper.read(succeeded, text.as_bytes());
        assert_eq!(
            read(true, r#"{"ServerURL":"x","Username":"u","Secret":"s"}"#).unwrap(),
            Some(Credential::Password {
                username: "u".into(),
                password: Secret::new("s")
            })
        );
        assert_eq!(
            read(true, r#"{"Username":"<token>","Secret":"s"}"#).unwrap(),
            Some(Credential::IdentityToken(Secret::new("s")))
        );
        assert_eq!(
            read(false, "credentials not found in native keychain").unwrap(),
            None
        );
        assert_eq!(
            read(false, "vault is sealed").unwrap_err().kind(),
            RegistryErrorKind::Credentials
        );
        assert!(read(true, "hunter2").is_err_and(|error| !error.to_string().contains("hunter2")));
    }

    #[tokio::test]
    async fn a_missing_helper_is_an_error_and_not_anonymity() {
        let helper = CredentialHelper::named("vouchsafe-does-not-exist").unwrap();
        let error = helper
            .get("ghcr.io", Deadline::after(Duration::from_secs(5)))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), RegistryErrorKind::Credentials);
    }

    fn script(folder: &tempfile::TempDir, text: &str) -> CredentialHelper {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join("docker-credential-x");
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        CredentialHelper {
            program: path.to_str().unwrap().to_owned(),
            memory: Arc::default(),
        }
    }

    #[tokio::test]
    async fn a_helper_is_asked_by_its_input_and_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"read server; echo "{\"Username\":\"$1 $server\",\"Secret\":\"s\"}"; rm "$0""#;
        let helper = script(&folder, text);
        let deadline = Deadline::after(Duration::from_secs(5));
        let expected = Some(Credential::Password {
            username: "get ghcr.io".into(),
            password: Secret::new("s"),
        });
        assert_eq!(helper.get("ghcr.io", deadline).await.unwrap(), expected);
        assert_eq!(
            helper.get("ghcr.io", deadline).await.unwrap(),
            expected,
            "the program is gone by now"
        );
    }

    #[tokio::test]
    async fn a_helper_that_hangs_or_never_ends_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["sleep 600", "yes", "cat /dev/zero"] {
            let deadline = Deadline::after(Duration::from_millis(300));
            let error = script(&folder, text).get("ghcr.io", deadline).await.unwrap_err();
            assert_eq!(error.kind(), RegistryErrorKind::Credentials, "{text}");
        }
    }
}

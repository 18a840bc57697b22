//! Changes to objects: each says what it builds on, so that no two writers undo each other unseen.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Call, Client};
use crate::error::ClusterError;

/// How a patch is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// JSON merge patch (RFC 7396).
    Merge,
    /// JSON patch (RFC 6902); a `test` operation is a precondition.
    Json,
    /// Server-side apply, taking over fields of others; the path names the field manager.
    Apply,
}

impl PatchKind {
    fn media_type(self) -> &'static str {
        match self {
            Self::Merge => "application/merge-patch+json",
            Self::Json => "application/json-patch+json",
            // JSON is YAML.
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

/// What an object must still be to be deleted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Preconditions<'p> {
    /// `metadata.uid`
    pub uid: Option<&'p str>,
    /// `metadata.resourceVersion`
    pub resource_version: Option<&'p str>,
}

impl Client {
    /// Creates `object` in the collection at `path` (with its query); gives it as stored.
    ///
    /// # Errors
    /// [`ClusterError::AlreadyExists`], and as [`Client::get`].
    pub async fn create(&self, path: &str, object: &Value) -> Result<Value, ClusterError> {
        self.post(path, &object.to_string()).await
    }

    /// Replaces the object at `path` by `object`; gives it as stored. With `metadata.resourceVersion` set only if nobody
    /// changed it since.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] where somebody did, and as [`Client::get`].
    pub async fn update(&self, path: &str, object: &Value) -> Result<Value, ClusterError> {
        self.write(Method::PUT, path, "application/json", object).await
    }

    /// Patches the object at `path`; gives it as stored.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] where a precondition in the patch does not hold, and as [`Client::get`].
    pub async fn patch(&self, path: &str, kind: PatchKind, patch: &Value) -> Result<Value, ClusterError> {
        self.write(Method::PATCH, path, kind.media_type(), patch).await
    }

    /// Deletes the object at `path` if it is still what `only_if` says. That it is gone already is no error.
    ///
    /// # Errors
    /// [`ClusterError::Conflict`] where it is another by now, and as [`Client::get`].
    pub async fn delete(&self, path: &str, only_if: Preconditions<'_>) -> Result<(), ClusterError> {
        let mut conditions = serde_json::Map::new();
        let named = [
            ("uid", only_if.uid),
            ("resourceVersion", only_if.resource_version),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                conditions.insert(name.to_owned(), value.into());
            }
        }
        let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": conditions});
        match self
            .write(Method::DELETE, path, "application/json", &options)
            .await
        {
            Ok(_) | Err(ClusterError::NotFound { .. }) => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    async fn write(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: &Value,
    ) -> Result<Value, ClusterError> {
        let body = body.to_string();
        let call = Call {
            method,
            body: Some(&body),
            content_type,
            ..Call::get(path)
        };
        Ok(self.exchange(call).await?.0)
    }
}

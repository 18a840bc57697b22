//! What happens to objects from one state of the cluster on: one event a line, until the server ends it.
//!
//! Behaviour: client-go `tools/watch`; events are `ADDED`, `MODIFIED`, `DELETED`, `BOOKMARK` and `ERROR`.

use reqwest::Response;
use serde_json::Value;

use crate::client::{Call, Client};
use crate::error::{ClusterError, quoted};
use crate::limits::{MOST_EVENT_BYTES, SHORTEST_WATCH, WATCH_MARGIN};
use crate::list::{Subject, complete};

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// The object is there, new or changed.
    Applied(Value),
    /// The object is gone; its last state.
    Deleted(Value),
    /// Nothing happened up to this version.
    Bookmark {
        /// `metadata.resourceVersion` to go on from.
        resource_version: String,
    },
}

/// A watch under way.
#[derive(Debug)]
pub struct Watch {
    response: Response,
    /// What was received and not yet read as events.
    buffer: Vec<u8>,
    /// Up to where `buffer` was searched for the end of a line.
    searched: usize,
    path: String,
    api_version: String,
    kind: String,
}

impl Watch {
    /// Watches `subject` from `resource_version` on.
    ///
    /// # Errors
    /// [`ClusterError::Gone`] where the server no longer knows that version; others as [`Client::get`].
    pub async fn begin(
        client: &Client,
        subject: &Subject,
        resource_version: &str,
    ) -> Result<Self, ClusterError> {
        let lasting = crate::backoff::jittered(SHORTEST_WATCH, SHORTEST_WATCH);
        let (path, accept) = subject.watch_path(resource_version, lasting.as_secs());
        let call = Call {
            accept,
            timeout: lasting.saturating_add(WATCH_MARGIN),
            ..Call::get(&path)
        };
        let response = client.open(&call).await?;
        Ok(Self {
            response,
            buffer: Vec::new(),
            searched: 0,
            path,
            api_version: subject.kind.api_version(),
            kind: subject.kind.kind.clone(),
        })
    }

    /// The next event; none where the server ended the watch.
    ///
    /// # Errors
    /// [`ClusterError::Gone`] where events were lost; an event that is too large or can't be read.
    pub async fn next(&mut self) -> Result<Option<WatchEvent>, ClusterError> {
        loop {
            if let Some(line) = self.line() {
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return self.event(&line).map(Some);
            }
            if self.buffer.len() > MOST_EVENT_BYTES {
                let fault = format!("an event is larger than {MOST_EVENT_BYTES} bytes");
                return Err(ClusterError::malformed(&quoted(&self.path), fault));
            }
            let part = self.response.chunk().await;
            match part.map_err(|cause| Call::get(&self.path).unreachable(&cause))? {
                Some(part) => self.buffer.extend_from_slice(&part),
                None => return Ok(None),
            }
        }
    }

    /// Takes one whole line out of the buffer.
    fn line(&mut self) -> Option<Vec<u8>> {
        let rest = self.buffer.get(self.searched..).unwrap_or_default();
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return None;
        };
        let after = self.searched.saturating_add(end).saturating_add(1);
        let rest = self.buffer.split_off(after.min(self.buffer.len()));
        self.searched = 0;
        Some(std::mem::replace(&mut self.buffer, rest))
    }

    fn event(&self, line: &[u8]) -> Result<WatchEvent, ClusterError> {
        let malformed = |fault: String| ClusterError::malformed(&quoted(&self.path), fault);
        let mut event: Value =
            serde_json::from_slice(line).map_err(|cause| malformed(format!("no event: {cause}")))?;
        let mut object = event.get_mut("object").map(Value::take).unwrap_or_default();
        let happened = event.get("type").and_then(Value::as_str).unwrap_or_default();
        match happened {
            "ERROR" => return Err(refusal(&object, &self.path)),
            "BOOKMARK" => {
                let version = object.pointer("/metadata/resourceVersion");
                let version = version.and_then(Value::as_str).unwrap_or_default();
                return Ok(WatchEvent::Bookmark {
                    resource_version: version.to_owned(),
                });
            }
            _ => {}
        }
        if !object.is_object() {
            return Err(malformed("an event without an object".to_owned()));
        }
        complete(&mut object, &self.api_version, &self.kind);
        match happened {
            "ADDED" | "MODIFIED" => Ok(WatchEvent::Applied(object)),
            "DELETED" => Ok(WatchEvent::Deleted(object)),
            other => Err(malformed(format!("unknown event `{}`", quoted(other)))),
        }
    }
}

/// What an `ERROR` event says.
fn refusal(status: &Value, path: &str) -> ClusterError {
    let message = status.get("message").and_then(Value::as_str).unwrap_or_default();
    let code = status.get("code").and_then(Value::as_u64).unwrap_or_default();
    let reason = status.get("reason").and_then(Value::as_str).unwrap_or_default();
    if code == 410 || matches!(reason, "Expired" | "Gone") {
        return ClusterError::Gone {
            message: quoted(message),
        };
    }
    ClusterError::Refused {
        method: "GET",
        path: quoted(path),
        status: u16::try_from(code).unwrap_or_default(),
        message: quoted(message),
    }
}

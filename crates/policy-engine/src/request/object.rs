//! A request made of an object alone: for scans and the command line.

use std::sync::Arc;

use serde_json::Value;

use super::{GivenValues, GroupVersionKind, Operation, Origin, Request, Stage, User};

impl Request {
    /// A request to create `object`, as a scan or the command line asks it.
    ///
    /// `at_ns` is the time of judging in nanoseconds since the Unix epoch. Without a user; set [`Request::user`] where
    /// there is one.
    #[must_use]
    pub fn from_object(object: Arc<Value>, origin: Origin, at_ns: i128) -> Self {
        let text = |pointer: &str| -> Arc<str> {
            object
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into()
        };
        let kind = GroupVersionKind::new(&text("/apiVersion"), &text("/kind"));
        Self {
            uid: "".into(),
            resource: "".into(),
            envelope: None,
            subresource: "".into(),
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            kind,
            operation: Operation::Create,
            object: Some(object),
            old_object: None,
            user: None,
            dry_run: false,
            options: None,
            at_ns,
            random_seed: 0,
            is_payload: false,
            origin,
            stage: Stage::Whole,
            targets: Arc::new([]),
            given: Arc::new(GivenValues::default()),
        }
    }

    /// A request about JSON that is no object of Kubernetes: it has no kind, and only policies over any JSON speak of it.
    #[must_use]
    pub fn from_payload(payload: Arc<Value>, origin: Origin, at_ns: i128) -> Self {
        Self {
            is_payload: true,
            kind: GroupVersionKind::default(),
            name: "".into(),
            namespace: "".into(),
            ..Self::from_object(payload, origin, at_ns)
        }
    }

    /// The same request under another operation, shaped as the API server would: an update has the object as its own
    /// old one, a deletion has only the old one.
    #[must_use]
    pub fn under_operation(&self, operation: Operation) -> Self {
        let object = self.subject().cloned();
        let (object, old_object) = match operation {
            Operation::Create | Operation::Connect => (object, None),
            Operation::Update => (object.clone(), self.old_object.clone().or(object)),
            Operation::Delete => (None, object),
        };
        Self {
            operation,
            object,
            old_object,
            ..self.clone()
        }
    }

    /// The same request made by `user`.
    #[must_use]
    pub fn by(&self, user: User) -> Self {
        Self {
            user: Some(Arc::new(user)),
            ..self.clone()
        }
    }
}

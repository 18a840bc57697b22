//! What is kept of a policy object between its watch event and its compiling.

use std::hash::{DefaultHasher, Hash, Hasher};

use manifest::Document;
use serde_json::Value;

/// An annotation in which kubectl keeps the whole object a second time.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Fields of `metadata` that no policy's meaning depends on.
const BOOKKEEPING: [&str; 6] = [
    "resourceVersion",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "ownerReferences",
    "finalizers",
];

/// A policy, exception or global context entry as the API server has it.
#[derive(Debug, Clone)]
pub(crate) struct PolicyObject {
    /// `metadata.uid`
    pub(crate) uid: String,
    /// `metadata.generation`
    pub(crate) generation: i64,
    /// `status`, as it was last seen, as JSON text.
    status: Box<str>,
    /// Equal for objects that mean the same, whatever their status.
    pub(crate) fingerprint: u64,
    /// The object without status and bookkeeping, as JSON text: a fraction of what it takes as a value.
    packed: Box<str>,
}

impl PolicyObject {
    /// What is kept of `object`.
    pub(crate) fn of(mut object: Value) -> Option<Self> {
        let status = object.as_object_mut()?.remove("status").unwrap_or_default();
        let metadata = object.get_mut("metadata").and_then(Value::as_object_mut)?;
        let uid = metadata.remove("uid");
        let generation = metadata.remove("generation").and_then(|value| value.as_i64());
        for field in BOOKKEEPING {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
        let uid = uid
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let packed: Box<str> = object.to_string().into();
        let mut fingerprint = DefaultHasher::new();
        (&packed, &uid).hash(&mut fingerprint);
        Some(Self {
            uid,
            generation: generation.unwrap_or_default(),
            status: status.to_string().into(),
            fingerprint: fingerprint.finish(),
            packed,
        })
    }

    /// `status`, as it was last seen; null where there was none.
    pub(crate) fn status(&self) -> Value {
        serde_json::from_str(&self.status).unwrap_or_default()
    }

    /// Equal for equal statuses.
    pub(crate) fn status_fingerprint(&self) -> u64 {
        let mut fingerprint = DefaultHasher::new();
        self.status.hash(&mut fingerprint);
        fingerprint.finish()
    }

    /// The object as a document that can be loaded; `source` names it in messages.
    pub(crate) fn document(&self, source: &str) -> Document {
        // What was written by `to_string` is read again.
        let value = serde_json::from_str(&self.packed).unwrap_or_default();
        Document::without_text(value, source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(spec: u32, status: &str, version: &str) -> PolicyObject {
        PolicyObject::of(json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
            "metadata": {"name": "a", "uid": "u", "generation": 3, "resourceVersion": version,
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "keep": "me"}},
            "spec": {"rules": [spec]}, "status": {"ready": status}}))
        .unwrap()
    }

    #[test]
    fn a_change_of_status_is_no_change_of_the_policy() {
        assert_eq!(object(1, "a", "5").fingerprint, object(1, "b", "6").fingerprint);
        assert_ne!(object(1, "a", "5").fingerprint, object(2, "a", "5").fingerprint);
        assert_eq!(object(1, "b", "6").status()["ready"], "b");
    }

    #[test]
    fn the_document_is_the_object_without_bookkeeping() {
        let document = object(1, "a", "5").document("a");
        assert_eq!(document.kind(), "ClusterPolicy");
        assert_eq!(
            document.value["metadata"],
            json!({"name": "a", "annotations": {"keep": "me"}})
        );
        assert!(document.value.get("status").is_none());
    }
}

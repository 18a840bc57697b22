//! Pods as tests make them.

use serde_json::{Value, json};

/// A Pod of one container of `image`.
pub(super) fn of(namespace: &str, name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"containers": [{"name": "main", "image": image}]},
    })
}

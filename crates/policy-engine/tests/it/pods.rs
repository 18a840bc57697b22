//! Objects that the tests judge.

use serde_json::{Value, json};

/// A Pod with one container for each image.
pub(crate) fn pod(namespace: &str, images: &[&str]) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "web", "namespace": namespace },
        "spec": { "containers": containers(images) },
    })
}

/// A Deployment of such a Pod.
pub(crate) fn deployment(namespace: &str, images: &[&str]) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "web", "namespace": namespace },
        "spec": { "template": { "spec": { "containers": containers(images) } } },
    })
}

fn containers(images: &[&str]) -> Vec<Value> {
    let numbered = images.iter().enumerate();
    numbered
        .map(|(number, image)| json!({ "name": format!("c{number}"), "image": image }))
        .collect()
}

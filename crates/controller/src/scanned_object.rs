//! An object as a scan judges it: what runs instead of what was asked for, without what no policy reads.
//!
//! In: an object of a list or a watch. Out: the object to judge and a hash of it. A tag says what was asked for; what runs
//! is the digest that the kubelet wrote into the Pod's status, and that is what signatures are looked up for.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Lists of containers, and where their statuses stand.
const CONTAINERS: [(&str, &str); 3] = [
    ("containers", "containerStatuses"),
    ("initContainers", "initContainerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// The object as it is judged.
pub(crate) fn judged(mut object: Value) -> Value {
    if object.get("kind").and_then(Value::as_str) == Some("Pod")
        && object.get("apiVersion") == Some(&"v1".into())
    {
        pin_running_images(&mut object);
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(LAST_APPLIED);
        }
    }
    object
}

/// A number that is another where anything is another that a policy usually reads: all but the status and the server's
/// bookkeeping, as Kyverno's hash of resources. Good within this process.
pub(crate) fn content(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Some(fields) = object.as_object() {
        for (name, value) in fields {
            match name.as_str() {
                "status" => {}
                "metadata" => {
                    for kept in ["labels", "annotations", "deletionTimestamp", "ownerReferences"] {
                        hash(value.get(kept).unwrap_or(&Value::Null), &mut hasher);
                    }
                }
                _ => {
                    name.hash(&mut hasher);
                    hash(value, &mut hasher);
                }
            }
        }
    }
    hasher.finish()
}

fn hash(value: &Value, hasher: &mut DefaultHasher) {
    value.to_string().hash(hasher);
}

/// Names each image by the digest that runs, where the status tells it and the specification does not.
fn pin_running_images(pod: &mut Value) {
    for (list, statuses) in CONTAINERS {
        let told = pod
            .pointer(&format!("/status/{statuses}"))
            .and_then(Value::as_array);
        let running: Vec<(String, String)> = told.into_iter().flatten().filter_map(running_digest).collect();
        let containers = pod
            .pointer_mut(&format!("/spec/{list}"))
            .and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str).unwrap_or_default();
            let digest = running
                .iter()
                .find(|(running, _)| running == name)
                .map(|(_, digest)| digest.clone());
            if let (Some(digest), Some(Value::String(image))) = (digest, container.get_mut("image"))
                && !image.contains('@')
            {
                image.push('@');
                image.push_str(&digest);
            }
        }
    }
}

/// A container's name and the digest of its image: what stands behind `@` in `imageID`. Without `@` it is the digest of a
/// configuration, which no registry knows a manifest by.
fn running_digest(status: &Value) -> Option<(String, String)> {
    let text = |key: &str| status.get(key).and_then(Value::as_str);
    let (_, digest) = text("imageID")?.rsplit_once('@')?;
    let hex = digest.strip_prefix("sha256:")?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| Some((text("name")?.to_owned(), digest.to_owned())))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(image: &str, image_id: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "web", "resourceVersion": "7", "annotations": {LAST_APPLIED: "{}"}},
            "spec": {"containers": [{"name": "main", "image": image}]},
            "status": {"containerStatuses": [{"name": "main", "imageID": image_id}]}})
    }

    fn image(pod: Value) -> String {
        judged(pod)["spec"]["containers"][0]["image"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_running_image_is_judged_by_the_digest_that_runs() {
        let digest = format!("sha256:{}", "a".repeat(64));
        assert_eq!(
            image(pod("acme/web:1", &format!("docker.io/acme/web@{digest}"))),
            format!("acme/web:1@{digest}")
        );
        let pinned = format!("acme/web@sha256:{}", "b".repeat(64));
        assert_eq!(
            image(pod(&pinned, &format!("docker.io/acme/web@{digest}"))),
            pinned
        );
    }

    #[test]
    fn an_image_that_does_not_run_yet_or_has_no_repository_digest_is_judged_by_its_tag() {
        for unknown in [
            "",
            "sha256:abc",
            &format!("sha256:{}", "a".repeat(64)),
            "x@sha256:short",
        ] {
            assert_eq!(image(pod("acme/web:1", unknown)), "acme/web:1", "{unknown}");
        }
    }

    #[test]
    fn a_status_or_version_that_changes_is_no_change_and_a_new_digest_is() {
        let digest = |letter: &str| format!("acme/web@sha256:{}", letter.repeat(64));
        let of = |pod: Value| content(&judged(pod));
        let mut same = pod("acme/web:1", &digest("a"));
        same["metadata"]["resourceVersion"] = "8".into();
        same["status"]["phase"] = "Running".into();
        assert_eq!(of(pod("acme/web:1", &digest("a"))), of(same));
        assert_ne!(
            of(pod("acme/web:1", &digest("a"))),
            of(pod("acme/web:1", &digest("b")))
        );
    }

    #[test]
    fn what_was_last_applied_is_not_kept() {
        assert_eq!(judged(pod("a", ""))["metadata"]["annotations"], json!({}));
    }
}

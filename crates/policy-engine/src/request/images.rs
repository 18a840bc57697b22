//! The images of an object, each with the JSON pointer it stands at.
//!
//! In: an object of a known kind, or custom extractors. Out: every image, an unparsable one included: it is a finding,
//! not a reason to see none. Never: drops an image because of its neighbour (Kyverno does; docs/compat.md#images).
//!
//! Behaviour: Kyverno 1.19 `pkg/utils/api/image.go`, image volumes added.

use std::sync::Arc;

use image_reference::{DefaultRegistry, ImageReference, ReferenceError};
use image_trust::RegistryAccess;
use serde_json::Value;

/// Images one object may hold at most; more is an error, as no Pod of that size can run.
pub const MOST_IMAGES: usize = 1_000;

/// Group under which image volumes are reported; the `images` variable does not show it.
pub const VOLUMES: &str = "volumes";

/// One image of an object.
#[derive(Debug, Clone)]
pub struct ImageAt {
    /// `containers`, `initContainers`, `ephemeralContainers`, `volumes`, or the extractor's group name.
    pub group: Arc<str>,
    /// Container name, or the extractor's key, or the pointer.
    pub key: String,
    /// Text as it stands in the object.
    pub text: String,
    /// JSON pointer (RFC 6901) of the text.
    pub pointer: String,
    /// What the text means, or why it means nothing.
    pub reference: Result<ImageReference, ReferenceError>,
}

/// Where the Pod specification of a kind stands, as path segments; `None` for kinds without one.
#[must_use]
pub fn pod_spec_path(kind: &str) -> Option<&'static [&'static str]> {
    match kind {
        "Pod" => Some(&["spec"]),
        "DaemonSet" | "Deployment" | "ReplicaSet" | "ReplicationController" | "StatefulSet" | "Job" => {
            Some(&["spec", "template", "spec"])
        }
        "CronJob" => Some(&["spec", "jobTemplate", "spec", "template", "spec"]),
        _ => None,
    }
}

/// The images of a Pod, a controller or a CronJob, in the order they stand; none for other kinds.
#[must_use]
pub fn of_pod_kinds(object: &Value, kind: &str, registry: &DefaultRegistry) -> Vec<ImageAt> {
    let Some(path) = pod_spec_path(kind) else {
        return Vec::new();
    };
    let Some(spec) = path.iter().try_fold(object, |at, key| at.get(key)) else {
        return Vec::new();
    };
    let prefix = path.iter().fold(String::new(), |prefix, key| prefix + "/" + key);
    let mut images = Vec::new();
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        let group: Arc<str> = list.into();
        for (index, container) in items(spec, list).enumerate() {
            let text = container.get("image").and_then(Value::as_str).unwrap_or_default();
            let pointer = format!("{prefix}/{list}/{index}/image");
            let key = container
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or(&pointer)
                .to_owned();
            images.extend(image_at(&group, key, text, pointer, registry));
        }
    }
    let group: Arc<str> = VOLUMES.into();
    for (index, volume) in items(spec, "volumes").enumerate() {
        let text = volume
            .pointer("/image/reference")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let pointer = format!("{prefix}/volumes/{index}/image/reference");
        let key = volume
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or(&pointer)
            .to_owned();
        images.extend(image_at(&group, key, text, pointer, registry));
    }
    images
}

/// Where the secrets are that a Pod's images are pulled with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullSecrets {
    /// Those that the Pod or template names, in order, as `namespace/name`.
    pub named: Vec<String>,
    /// ServiceAccount, `namespace/name`, whose secrets stand in where a template names none.
    pub service_account: Option<String>,
}

impl PullSecrets {
    /// Whether there are none, wherever.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.service_account.is_none()
    }

    /// `access` by these secrets.
    #[must_use]
    pub fn added_to(&self, access: &RegistryAccess) -> RegistryAccess {
        RegistryAccess {
            pull_secrets: self.named.clone(),
            service_account: self.service_account.clone(),
            ..access.clone()
        }
    }
}

/// The account of Pods that name none.
const DEFAULT_SERVICE_ACCOUNT: &str = "default";

/// The pull secrets of an object in `namespace`; none for kinds without a Pod.
///
/// The API server writes the secrets of its ServiceAccount into a Pod that names none
/// (Kubernetes 1.35 `plugin/pkg/admission/serviceaccount`), before any webhook sees it; a template is left as it is, so
/// that its account is asked for.
#[must_use]
pub fn pull_secrets(object: &Value, kind: &str, namespace: &str) -> PullSecrets {
    let spec = pod_spec_path(kind).and_then(|path| path.iter().try_fold(object, |at, key| at.get(key)));
    let Some(spec) = spec else {
        return PullSecrets::default();
    };
    let named: Vec<String> = items(spec, "imagePullSecrets")
        .filter_map(|secret| secret.get("name").and_then(Value::as_str))
        .map(|name| format!("{namespace}/{name}"))
        .collect();
    let names_none = items(spec, "imagePullSecrets").next().is_none();
    // The older field is read where the newer is empty.
    let account = ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .filter_map(|field| spec.get(field).and_then(Value::as_str))
        .find(|name| !name.is_empty())
        .unwrap_or(DEFAULT_SERVICE_ACCOUNT);
    let is_asked_for = names_none && kind != "Pod" && !namespace.is_empty();
    PullSecrets {
        named,
        service_account: is_asked_for.then(|| format!("{namespace}/{account}")),
    }
}

/// One image; a blank text is no image, as a container may come without one.
pub(crate) fn image_at(
    group: &Arc<str>,
    key: String,
    text: &str,
    pointer: String,
    registry: &DefaultRegistry,
) -> Option<ImageAt> {
    if text.trim().is_empty() {
        return None;
    }
    let reference = ImageReference::parse(text, registry);
    Some(ImageAt {
        group: Arc::clone(group),
        key,
        text: text.to_owned(),
        pointer,
        reference,
    })
}

fn items<'v>(spec: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> {
    spec.get(list).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_unparsable_sibling_hides_no_image() {
        let pod = json!({"spec": {"containers": [
            {"name": "a", "image": "docker.io/Foo"}, {"name": "b", "image": "nginx"}]}});
        let images = of_pod_kinds(&pod, "Pod", &DefaultRegistry::default());
        assert_eq!(images.len(), 2);
        assert!(images[0].reference.is_err());
        assert_eq!(
            images[1].reference.as_ref().unwrap().canonical(),
            "docker.io/nginx:latest"
        );
    }

    #[test]
    fn a_template_without_pull_secrets_has_those_of_its_service_account() {
        let deployment = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
        let of = |spec: Value| pull_secrets(&deployment(spec), "Deployment", "shop");
        let account = |spec: Value| of(spec).service_account.unwrap_or_default();
        assert_eq!(account(json!({})), "shop/default");
        assert_eq!(account(json!({"imagePullSecrets": []})), "shop/default");
        assert_eq!(
            account(json!({"serviceAccountName": "ci", "serviceAccount": "old"})),
            "shop/ci"
        );
        assert_eq!(
            account(json!({"serviceAccountName": "", "serviceAccount": "old"})),
            "shop/old"
        );
        let own = of(json!({"serviceAccountName": "ci", "imagePullSecrets": [{"name": "pull"}]}));
        assert_eq!(
            (own.named, own.service_account),
            (vec!["shop/pull".to_owned()], None)
        );
        let job =
            json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": {"serviceAccountName": "ci"}}}}}});
        assert_eq!(
            pull_secrets(&job, "CronJob", "shop").service_account.as_deref(),
            Some("shop/ci")
        );
    }

    #[test]
    fn a_pod_has_the_pull_secrets_that_the_api_server_wrote_into_it_and_no_others() {
        let pod = json!({"spec": {"serviceAccountName": "ci"}});
        assert!(pull_secrets(&pod, "Pod", "shop").is_empty());
        assert!(pull_secrets(&json!({"spec": {}}), "ConfigMap", "shop").is_empty());
    }

    #[test]
    fn init_ephemeral_and_volume_images_are_images() {
        let spec = json!({"initContainers": [{"name": "i", "image": "a"}], "ephemeralContainers": [{"name": "e", "image": "b"}],
            "volumes": [{"name": "v", "image": {"reference": "c"}}, {"name": "w", "emptyDir": {}}]});
        let job = json!({"spec": {"jobTemplate": {"spec": {"template": {"spec": spec}}}}});
        let pointers: Vec<_> = of_pod_kinds(&job, "CronJob", &DefaultRegistry::default())
            .into_iter()
            .map(|i| i.pointer)
            .collect();
        assert_eq!(
            pointers,
            [
                "/spec/jobTemplate/spec/template/spec/initContainers/0/image",
                "/spec/jobTemplate/spec/template/spec/ephemeralContainers/0/image",
                "/spec/jobTemplate/spec/template/spec/volumes/0/image/reference"
            ]
        );
    }
}

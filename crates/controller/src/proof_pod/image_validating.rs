//! The match of an `ImageValidatingPolicy`, as far as a Pod can be made for it.

use serde_json::{Value, json};

/// Whether `policy` (a document) is an `ImageValidatingPolicy`, of a namespace or not.
pub(super) fn is_one(policy: &Value) -> bool {
    let kind = policy.get("kind").and_then(Value::as_str);
    kind.is_some_and(|kind| kind.ends_with("ImageValidatingPolicy"))
}

/// Whether what it finds refuses requests: without `validationActions` it does.
pub(super) fn denies(policy: &Value) -> bool {
    let actions = strings(policy, "/spec/validationActions");
    let asked = policy.pointer("/spec/evaluation/admission/enabled");
    (actions.is_empty() || actions.contains(&"Deny")) && asked != Some(&Value::Bool(false))
}

/// Labels with which a Pod meets the policy's match.
pub(super) fn labels_to_match(policy: &Value) -> Result<Value, String> {
    let spec = |field: &str| {
        policy
            .pointer(&format!("/spec/{field}"))
            .filter(|value| says_something(value))
    };
    if spec("evaluation/mode").and_then(Value::as_str) == Some("JSON") {
        return Err("the policy judges JSON that is no object of Kubernetes".to_owned());
    }
    let narrowed = [
        "matchConditions",
        "matchConstraints/namespaceSelector",
        "matchConstraints/excludeResourceRules",
    ];
    if let Some(field) = narrowed.into_iter().find(|field| spec(field).is_some()) {
        let field = field.replace('/', ".");
        return Err(format!("the policy matches by `{field}`"));
    }
    let rules = spec("matchConstraints/resourceRules").and_then(Value::as_array);
    if !rules.into_iter().flatten().any(means_new_pods) {
        return Err("the policy does not speak of Pods that are created".to_owned());
    }
    let Some(selector) = spec("matchConstraints/objectSelector") else {
        return Ok(json!({}));
    };
    if selector.get("matchExpressions").is_some_and(says_something) {
        return Err("the policy matches by expressions over labels".to_owned());
    }
    Ok(selector.get("matchLabels").cloned().unwrap_or_else(|| json!({})))
}

/// The policy's first pattern of images that one can be made of: wildcards alone.
pub(super) fn pattern(policy: &Value) -> Option<&str> {
    let references = policy
        .pointer("/spec/matchImageReferences")
        .and_then(Value::as_array);
    let references = references.map(Vec::as_slice).unwrap_or_default();
    if references.is_empty() {
        return Some("*");
    }
    let mut globs = references
        .iter()
        .filter_map(|reference| reference.get("glob")?.as_str());
    globs.find(|glob| !glob.contains(['[', ']', '{', '}', '!', '\\']))
}

fn means_new_pods(rule: &Value) -> bool {
    let has = |field: &str, wanted: &str| {
        let listed = strings(rule, &format!("/{field}"));
        listed.contains(&wanted) || listed.contains(&"*")
    };
    let is_by_name = rule.get("resourceNames").is_some_and(says_something);
    !is_by_name
        && has("apiGroups", "")
        && has("apiVersions", "v1")
        && has("resources", "pods")
        && has("operations", "CREATE")
}

/// Defaults of the API server are empty objects, which select everything.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(says_something),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

fn strings<'v>(holder: &'v Value, pointer: &str) -> Vec<&'v str> {
    let listed = holder.pointer(pointer).and_then(Value::as_array);
    listed.into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use crate::proof_pod::{Trial, enforces_images, trial};
    use serde_json::{Value, json};

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    fn policy(more: &Value) -> Value {
        let mut spec = json!({"validationActions": ["Deny"], "matchConstraints": {
            "namespaceSelector": {}, "objectSelector": {"matchLabels": {"a": "b"}}, "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]}]}});
        for (field, value) in more.as_object().unwrap() {
            spec[field] = value.clone();
        }
        json!({"kind": "ImageValidatingPolicy", "metadata": {"name": "p"}, "spec": spec})
    }

    fn tried(more: &Value) -> Result<Trial, String> {
        trial(&policy(more), "proofs", None, DIGEST)
    }

    #[test]
    fn the_pod_meets_the_constraints_and_its_image_the_first_glob() {
        let references =
            json!([{"expression": "true"}, {"glob": "ghcr.io/{a,b}/*"}, {"glob": "ghcr.io/acme/*"}]);
        let found = tried(&json!({"matchImageReferences": references})).unwrap();
        assert_eq!(found.image, format!("ghcr.io/acme/vouchsafe-proof@{DIGEST}"));
        assert_eq!(found.pod["metadata"]["labels"], json!({"a": "b"}));
        assert_eq!(
            tried(&json!({})).unwrap().image,
            format!("vouchsafe-proof@{DIGEST}")
        );
    }

    #[test]
    fn what_a_pod_cannot_surely_be_made_for_is_said() {
        let rules = |rule: &Value| json!({"matchConstraints": {"resourceRules": [rule]}});
        let deployments = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"], "operations": ["*"]});
        let named = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["*"], "resourceNames": ["x"]});
        for (more, expected) in [
            (
                json!({"matchConditions": [{"name": "a", "expression": "false"}]}),
                "`matchConditions`",
            ),
            (json!({"evaluation": {"mode": "JSON"}}), "JSON"),
            (
                json!({"matchImageReferences": [{"expression": "true"}]}),
                "no pattern",
            ),
            (rules(&deployments), "does not speak of Pods"),
            (rules(&named), "does not speak of Pods"),
            (
                json!({"matchConstraints": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}),
                "namespaceSelector",
            ),
        ] {
            let why = tried(&more).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn one_that_only_audits_has_nothing_to_prove() {
        assert!(enforces_images(&policy(&json!({}))));
        assert!(!enforces_images(&policy(
            &json!({"validationActions": ["Audit"]})
        )));
        let unasked = json!({"evaluation": {"admission": {"enabled": false}}});
        assert!(!enforces_images(&policy(&unasked)));
    }

    #[test]
    fn one_without_actions_refuses_and_is_to_be_proven() {
        for unsaid in [json!([]), Value::Null] {
            assert!(enforces_images(&policy(&json!({"validationActions": unsaid}))));
        }
    }
}

//! A Pod that an image policy must refuse: with an image that nobody signed, in the one namespace where Pods may be tried.
//!
//! Pure. Gives the reason where the policy's match can't be met by such a Pod, or not surely.

mod image_validating;

use policy_engine::request::GroupVersionKind;
use policy_engine::selection::KindSelector;
use scalars::wildcard;
use serde_json::{Value, json};

/// What stands where a pattern has a wildcard.
const FILLER: &str = "vouchsafe-proof";

/// A rule that is to be proven, and the Pod that it must refuse.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trial {
    /// Name of the rule; empty where the policy has none.
    pub(crate) rule: String,
    /// Names of all image rules of the policy that enforce.
    pub(crate) rules: Vec<String>,
    /// The image.
    pub(crate) image: String,
    /// The Pod.
    pub(crate) pod: Value,
}

/// Whether `policy` (a document) has an image rule that enforces: what a proof is asked of.
pub(crate) fn enforces_images(policy: &Value) -> bool {
    if image_validating::is_one(policy) {
        return image_validating::denies(policy);
    }
    image_rules(policy).next().is_some()
}

/// The trial of `policy` in `namespace`, with `image` where one is known that is not signed, else with the policy's first
/// pattern and `digest` (`sha256:…`).
///
/// # Errors
/// The sentence that says why there is none.
pub(crate) fn trial(
    policy: &Value,
    namespace: &str,
    image: Option<&str>,
    digest: &str,
) -> Result<Trial, String> {
    let own = policy.pointer("/metadata/namespace").and_then(Value::as_str);
    if let Some(own) = own.filter(|own| *own != namespace) {
        return Err(format!("the policy speaks of namespace `{own}` alone"));
    }
    if image_validating::is_one(policy) {
        let labels = image_validating::labels_to_match(policy)?;
        let image = image.map(ToOwned::to_owned);
        let image = image.or_else(|| filled(image_validating::pattern(policy)?, digest));
        let image = image.ok_or("no pattern of the policy can be made an image of")?;
        return Ok(Trial {
            rule: String::new(),
            rules: Vec::new(),
            pod: pod(namespace, &labels, &image),
            image,
        });
    }
    let mut why = "no rule checks images and enforces".to_owned();
    for rule in image_rules(policy) {
        let labels = match labels_to_match(rule, namespace) {
            Ok(labels) => labels,
            Err(cause) => {
                why = cause;
                continue;
            }
        };
        let Some(image) = image.map(ToOwned::to_owned).or_else(|| example(rule, digest)) else {
            "no pattern of the policy can be made an image of".clone_into(&mut why);
            continue;
        };
        return Ok(Trial {
            rule: name(rule),
            rules: image_rules(policy).map(name).collect(),
            pod: pod(namespace, &labels, &image),
            image,
        });
    }
    Err(why)
}

fn name(rule: &Value) -> String {
    let name = rule.get("name").and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn pod(namespace: &str, labels: &Value, image: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"generateName": "vouchsafe-proof-", "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"name": "proof", "image": image}]},
    })
}

fn image_rules(policy: &Value) -> impl Iterator<Item = &Value> {
    let spec = policy.get("spec");
    let whole = spec.and_then(|spec| spec.get("validationFailureAction")?.as_str());
    let whole = whole.is_some_and(|action| action.eq_ignore_ascii_case("enforce"));
    let rules = spec.and_then(|spec| spec.get("rules")?.as_array());
    rules.into_iter().flatten().filter(move |rule| {
        let entries = rule.get("verifyImages").and_then(Value::as_array);
        let actions: Vec<&str> = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.get("failureAction")?.as_str())
            .collect();
        let own = actions
            .iter()
            .any(|action| action.eq_ignore_ascii_case("enforce"));
        entries.is_some_and(|entries| !entries.is_empty()) && (own || (whole && actions.is_empty()))
    })
}

/// Labels with which a Pod in `namespace` meets the rule's match.
fn labels_to_match(rule: &Value, namespace: &str) -> Result<Value, String> {
    let block = rule.get("match").unwrap_or(&Value::Null);
    let lists = [("any", block.get("any")), ("all", block.get("all"))];
    let listed = lists
        .into_iter()
        .find_map(|(name, list)| Some((name, list?.as_array()?)));
    let filters: Vec<&Value> = match listed {
        Some(("all", filters)) if filters.len() > 1 => {
            return Err("the rule matches by several filters at once".to_owned());
        }
        Some((_, filters)) => filters.iter().collect(),
        None => vec![block],
    };
    let mut why = "the rule matches nothing".to_owned();
    for filter in filters {
        match labels_for(filter, namespace) {
            Ok(labels) => return Ok(labels),
            Err(cause) => why = cause,
        }
    }
    Err(why)
}

fn labels_for(filter: &Value, namespace: &str) -> Result<Value, String> {
    let resources = filter.get("resources").unwrap_or(&Value::Null);
    let strings = |field: &str| -> Vec<&str> {
        let listed = resources.get(field).and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let pod = GroupVersionKind::new("v1", "Pod");
    let means_pods = |kind: &&str| KindSelector::parse(kind).matches(&pod, "");
    if !strings("kinds").iter().any(means_pods) {
        return Err("the rule does not speak of Pods".to_owned());
    }
    let narrowed = ["name", "names", "annotations", "namespaceSelector"];
    let by_users = ["subjects", "roles", "clusterRoles"];
    let is_set = |at: &Value, field: &str| at.get(field).is_some_and(|value| !value.is_null());
    let asks = narrowed
        .iter()
        .find(|field| is_set(resources, field))
        .or_else(|| by_users.iter().find(|field| is_set(filter, field)));
    if let Some(field) = asks {
        return Err(format!("the rule matches by `{field}`"));
    }
    let namespaces = strings("namespaces");
    if !namespaces.is_empty()
        && !namespaces
            .iter()
            .any(|pattern| wildcard::matches(pattern, namespace))
    {
        return Err(format!("the rule does not speak of namespace `{namespace}`"));
    }
    let operations = strings("operations");
    if !operations.is_empty() && !operations.contains(&"CREATE") {
        return Err("the rule does not speak of what is created".to_owned());
    }
    let selector = resources.get("selector").unwrap_or(&Value::Null);
    if is_set(selector, "matchExpressions") {
        return Err("the rule matches by expressions over labels".to_owned());
    }
    let labels = selector.get("matchLabels").cloned().unwrap_or_else(|| json!({}));
    let has_wildcard = |(key, value): (&String, &Value)| {
        wildcard::has_wildcard(key) || value.as_str().is_some_and(wildcard::has_wildcard)
    };
    if labels.as_object().into_iter().flatten().any(has_wildcard) {
        return Err("the rule matches by patterns over labels".to_owned());
    }
    Ok(labels)
}

/// An image that the rule's first pattern means, with `digest`.
fn example(rule: &Value, digest: &str) -> Option<String> {
    let entries = rule.get("verifyImages").and_then(Value::as_array)?;
    let pattern = entries.iter().find_map(|entry| {
        let listed = entry.get("imageReferences").and_then(Value::as_array);
        let first = listed.and_then(|listed| listed.first()?.as_str());
        first.or_else(|| entry.get("image")?.as_str())
    })?;
    filled(pattern, digest)
}

/// An image that `pattern` means, with `digest`.
fn filled(pattern: &str, digest: &str) -> Option<String> {
    let name = pattern.split('@').next().unwrap_or_default();
    let mut filled = String::new();
    let mut last = None;
    for character in name.chars() {
        match character {
            '*' if last == Some('*') => {}
            '*' => filled.push_str(FILLER),
            '?' => filled.push('x'),
            plain => filled.push(plain),
        }
        last = Some(character);
    }
    (!filled.is_empty()).then(|| format!("{filled}@{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    fn policy(resources: &Value, entry: &Value) -> Value {
        json!({"kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"validationFailureAction": "Enforce",
            "rules": [{"name": "signed", "match": {"any": [{"resources": resources}]}, "verifyImages": [entry]}]}})
    }

    fn tried(resources: &Value, entry: &Value) -> Result<Trial, String> {
        trial(&policy(resources, entry), "proofs", None, DIGEST)
    }

    #[test]
    fn the_pod_meets_the_match_and_its_image_the_first_pattern() {
        let resources =
            json!({"kinds": ["Pod"], "namespaces": ["pro*"], "selector": {"matchLabels": {"a": "b"}}});
        let found = tried(&resources, &json!({"imageReferences": ["ghcr.io/acme/*", "x/*"]})).unwrap();
        assert_eq!(found.image, format!("ghcr.io/acme/vouchsafe-proof@{DIGEST}"));
        assert_eq!(found.pod["metadata"]["labels"]["a"], "b");
        assert_eq!(found.rule, "signed");
        let known = trial(
            &policy(&resources, &json!({"imageReferences": ["*"]})),
            "proofs",
            Some("r/unsigned:1"),
            DIGEST,
        );
        assert_eq!(known.unwrap().image, "r/unsigned:1");
    }

    #[test]
    fn what_a_pod_cannot_be_made_for_is_said() {
        let entry = json!({"imageReferences": ["*"]});
        for (resources, expected) in [
            (json!({"kinds": ["Deployment"]}), "does not speak of Pods"),
            (json!({"kinds": ["Pod"], "names": ["a"]}), "matches by `names`"),
            (
                json!({"kinds": ["Pod"], "namespaces": ["prod"]}),
                "namespace `proofs`",
            ),
            (
                json!({"kinds": ["Pod"], "namespaceSelector": {"matchLabels": {"a": "b"}}}),
                "`namespaceSelector`",
            ),
            (json!({"kinds": ["Pod"], "operations": ["DELETE"]}), "created"),
        ] {
            let why = tried(&resources, &entry).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }

    #[test]
    fn a_policy_that_only_audits_has_nothing_to_prove() {
        let pods = json!({"kinds": ["Pod"]});
        assert!(enforces_images(&policy(
            &pods,
            &json!({"imageReferences": ["*"]})
        )));
        assert!(!enforces_images(&policy(
            &pods,
            &json!({"imageReferences": ["*"], "failureAction": "Audit"})
        )));
    }
}

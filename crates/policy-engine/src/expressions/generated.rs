//! Policies for Pod controllers, written by the engine from a policy for Pods in Common Expression Language.
//!
//! In: the `spec` of a policy. Out: at most two more: one for what has a Pod template, one for `CronJob`s. The rewriting is
//! textual, as Kyverno's is, messages included: policies depend on that. `(object != null ? object : oldObject).spec` is
//! not rewritten, and a policy that says so looks for Pods in vain; `lint` could tell.
//!
//! Behaviour: Kyverno 1.19 `pkg/cel/autogen`.

use serde_json::{Map, Value, json};

/// A field path that stays that of the controller itself.
const PROTECTED: &str = ".namespace";

/// A generated specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// `defaults` or `cronjobs`.
    pub name: &'static str,
    /// The controllers it is for: group, version, resource and kind of each, as Kyverno's status lists them.
    pub targets: Value,
    /// The specification.
    pub spec: Value,
}

/// A controller: plural name, group and kind.
type Controller = (&'static str, &'static str, &'static str);

const DEFAULTS: [Controller; 5] = [
    ("daemonsets", "apps", "DaemonSet"),
    ("deployments", "apps", "Deployment"),
    ("replicasets", "apps", "ReplicaSet"),
    ("statefulsets", "apps", "StatefulSet"),
    ("jobs", "batch", "Job"),
];
const CRON_JOBS: [Controller; 1] = [("cronjobs", "batch", "CronJob")];

/// The specifications to add to `spec`; none where it is not eligible or turned the feature off.
#[must_use]
pub fn from_pods(spec: &Value) -> Vec<Generated> {
    let Some(rule) = pod_rule(spec.get("matchConstraints").unwrap_or(&Value::Null)) else {
        return Vec::new();
    };
    let wanted = spec
        .pointer("/autogen/podControllers/controllers")
        .and_then(Value::as_array);
    let wants = |name: &str| wanted.is_none_or(|listed| listed.iter().any(|one| one == name));
    let variants: [(&str, &[Controller], &str); 2] = [
        ("cronjobs", &CRON_JOBS, "spec.jobTemplate.spec.template"),
        ("defaults", &DEFAULTS, "spec.template"),
    ];
    let generated = variants.into_iter().filter_map(|(name, controllers, template)| {
        let chosen: Vec<Controller> = controllers
            .iter()
            .copied()
            .filter(|(name, _, _)| wants(name))
            .collect();
        let constraints = constraints(spec, rule, &chosen)?;
        let mut spec = spec.clone();
        spec.as_object_mut()?
            .insert("matchConstraints".to_owned(), constraints);
        let targets = chosen.iter().map(
            |(name, group, kind)| json!({"group": group, "version": "v1", "resource": name, "kind": kind}),
        );
        Some(Generated {
            name,
            targets: targets.collect(),
            spec: rewritten(spec, template),
        })
    });
    generated.collect()
}

/// The one rule of constraints that speak of Pods and nothing else.
fn pod_rule(constraints: &Value) -> Option<&Value> {
    let list = |holder: &'_ Value, field: &str| -> Vec<String> {
        let listed = holder.get(field).and_then(Value::as_array);
        let texts = listed.into_iter().flatten().filter_map(Value::as_str);
        texts.map(ToOwned::to_owned).collect()
    };
    let is_empty = |value: Option<&Value>| {
        value.is_none_or(|value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            Value::Null => true,
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        })
    };
    let selector = constraints.get("objectSelector");
    let selects = ["matchLabels", "matchExpressions"]
        .iter()
        .any(|field| !is_empty(selector.and_then(|selector| selector.get(field))));
    let [rule] = constraints.get("resourceRules")?.as_array()?.as_slice() else {
        return None;
    };
    let is_of_pods = list(rule, "apiGroups") == [""]
        && list(rule, "apiVersions") == ["v1"]
        && list(rule, "resources") == ["pods"]
        && list(rule, "resourceNames").is_empty();
    (is_of_pods && !selects && is_empty(constraints.get("excludeResourceRules"))).then_some(rule)
}

/// Constraints that speak of controllers: operations and the selector of namespaces are kept.
fn constraints(spec: &Value, rule: &Value, controllers: &[Controller]) -> Option<Value> {
    let operations = rule
        .get("operations")
        .filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))?;
    let mut groups: Vec<&str> = controllers.iter().map(|(_, group, _)| *group).collect();
    groups.sort_unstable();
    groups.dedup();
    let rules: Vec<Value> = groups
        .into_iter()
        .map(|group| {
            let own = controllers.iter().filter(|(_, of, _)| *of == group);
            let mut names: Vec<&str> = own.map(|(name, _, _)| *name).collect();
            names.sort_unstable();
            json!({"apiGroups": [group], "apiVersions": ["v1"], "resources": names, "operations": operations})
        })
        .collect();
    if rules.is_empty() {
        return None;
    }
    let mut constraints = json!({"resourceRules": rules});
    if let (Some(selector), Some(fields)) = (
        spec.pointer("/matchConstraints/namespaceSelector"),
        constraints.as_object_mut(),
    ) {
        fields.insert("namespaceSelector".to_owned(), selector.clone());
    }
    Some(constraints)
}

/// Every text of `value`, keys included, with the paths of a Pod moved into the template of a controller.
fn rewritten(value: Value, template: &str) -> Value {
    match value {
        Value::String(text) => Value::String(moved(text, template)),
        Value::Array(items) => items.into_iter().map(|item| rewritten(item, template)).collect(),
        Value::Object(fields) => {
            let moved = fields
                .into_iter()
                .map(|(key, value)| (moved(key, template), rewritten(value, template)));
            Value::Object(moved.collect::<Map<String, Value>>())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

fn moved(text: String, template: &str) -> String {
    ["spec", "metadata"].into_iter().fold(text, |text, field| {
        ["object.", "oldObject."].into_iter().fold(text, |text, object| {
            replaced(
                &text,
                &format!("{object}{field}"),
                &format!("{object}{template}.{field}"),
            )
        })
    })
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(from) {
        out.push_str(before);
        out.push_str(if is_protected(after) { from } else { to });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Whether what follows is the namespace, which a template does not have.
fn is_protected(after: &str) -> bool {
    after
        .strip_prefix(PROTECTED)
        .is_some_and(|next| !next.starts_with(|letter: char| letter == '_' || letter.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(more: &Value) -> Value {
        let mut spec = json!({
            "matchConstraints": {"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}]},
            "validations": [{"expression": "object.spec.x && object.metadata.namespace == 'a' && object.metadata.namespaceX == oldObject.spec"}]});
        if let (Some(fields), Some(more)) = (spec.as_object_mut(), more.as_object()) {
            fields.extend(more.clone());
        }
        spec
    }

    #[test]
    fn paths_of_a_pod_move_into_the_template_but_for_the_namespace() {
        let generated = from_pods(&pods(&json!({})));
        assert_eq!(generated.len(), 2);
        assert_eq!(
            generated[1].spec["validations"][0]["expression"],
            "object.spec.template.spec.x && object.metadata.namespace == 'a' && \
             object.spec.template.metadata.namespaceX == oldObject.spec.template.spec"
        );
        let cron = generated[0].spec["validations"][0]["expression"]
            .as_str()
            .unwrap();
        assert!(cron.starts_with("object.spec.jobTemplate.spec.template.spec.x"));
    }

    #[test]
    fn controllers_are_matched_by_group() {
        let generated = from_pods(&pods(
            &json!({"autogen": {"podControllers": {"controllers": ["jobs", "deployments"]}}}),
        ));
        assert_eq!(generated.len(), 1);
        let rules = &generated[0].spec["matchConstraints"]["resourceRules"];
        assert_eq!(rules[0]["resources"], json!(["deployments"]));
        assert_eq!(rules[1]["resources"], json!(["jobs"]));
        assert_eq!(rules[1]["operations"], json!(["CREATE"]));
    }

    #[test]
    fn a_policy_that_speaks_of_more_than_pods_is_left_alone() {
        let mut named = pods(&json!({}));
        named["matchConstraints"]["resourceRules"][0]["resourceNames"] = json!(["p"]);
        assert!(from_pods(&named).is_empty());
        let mut more = pods(&json!({}));
        more["matchConstraints"]["resourceRules"][0]["resources"] = json!(["pods", "services"]);
        assert!(from_pods(&more).is_empty());
        assert!(
            from_pods(&pods(
                &json!({"autogen": {"podControllers": {"controllers": []}}})
            ))
            .is_empty()
        );
    }
}

//! Rules for Pod controllers, written by the engine from rules for Pods.
//!
//! In: a policy's rules as JSON and its annotations. Out: the rules that Kyverno would add, as JSON, ready to compile.
//! Works on the JSON because Kyverno's rewrite of `request.object.spec` is a text replacement in the serialized rule, and
//! policies depend on that.
//!
//! Behaviour: Kyverno 1.19 `pkg/autogen/v1`; spec: engine-and-cli §7.

use serde_json::{Map, Value, json};

/// Annotation that names the controllers to write rules for.
pub const CONTROLLERS_ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";

/// Longest name of a generated rule, in bytes.
const LONGEST_RULE_NAME: usize = 63;

/// Controllers that share one generated rule, with the form their kind is matched in.
const CONTROLLERS: [(&str, &str); 6] = [
    ("DaemonSet", "apps/v1/DaemonSet"),
    ("Deployment", "apps/v1/Deployment"),
    ("Job", "batch/v1/Job"),
    ("ReplicaSet", "apps/v1/ReplicaSet"),
    ("ReplicationController", "v1/ReplicationController"),
    ("StatefulSet", "apps/v1/StatefulSet"),
];
const CRON_JOB: (&str, &str) = ("CronJob", "batch/v1/CronJob");

/// A generated rule and the index of the written rule it came from.
#[derive(Debug)]
pub(crate) struct GeneratedRule {
    pub(crate) rule: Value,
    pub(crate) from: usize,
}

/// The rules to add to `rules`; empty where the policy is not eligible or turned the feature off.
pub(crate) fn generate(rules: &[Value], annotations: Option<&Value>) -> Vec<GeneratedRule> {
    if !is_eligible(rules) {
        return Vec::new();
    }
    let wanted = annotations
        .and_then(|a| a.get(CONTROLLERS_ANNOTATION))
        .and_then(Value::as_str);
    let wants = |controller: &str| wanted.is_none_or(|list| list.split(',').any(|name| name == controller));
    let kinds: Vec<&str> = CONTROLLERS
        .iter()
        .filter(|(kind, _)| wants(kind))
        .map(|(_, selector)| *selector)
        .collect();
    let mut generated = Vec::new();
    for (from, rule) in rules.iter().enumerate() {
        if !rule_is_eligible(rule) {
            continue;
        }
        if !kinds.is_empty() {
            let rewritten = rewrite(rule, "autogen", "template", &kinds, only_where_pods);
            generated.extend(rewritten.map(|rule| GeneratedRule {
                rule: move_paths(rule, "template"),
                from,
            }));
        }
        if wants(CRON_JOB.0) {
            let rewritten =
                rewrite(rule, "autogen", "template", &[CRON_JOB.1], only_where_pods).and_then(|inner| {
                    rewrite(
                        &named(inner, rule),
                        "autogen-cronjob",
                        "jobTemplate",
                        &[CRON_JOB.1],
                        everywhere,
                    )
                });
            generated.extend(rewritten.map(|rule| GeneratedRule {
                rule: move_paths(rule, "jobTemplate.spec.template"),
                from,
            }));
        }
    }
    generated
}

/// Whether every rule of the policy allows rules to be generated from it.
fn is_eligible(rules: &[Value]) -> bool {
    let mut needed = false;
    for rule in rules {
        let json_patch = |at: &Value| {
            at.get("patchesJson6902")
                .and_then(Value::as_str)
                .is_some_and(|p| !p.is_empty())
        };
        let mutate = rule.get("mutate");
        let foreach = mutate.and_then(|m| m.get("foreach")).and_then(Value::as_array);
        if rule.get("generate").is_some()
            || mutate.is_some_and(json_patch)
            || foreach.is_some_and(|blocks| blocks.iter().any(json_patch))
        {
            return false;
        }
        for resources in ["match", "exclude"]
            .iter()
            .filter_map(|block| rule.get(block))
            .flat_map(resource_filters)
        {
            let kinds = strings(resources, "kinds");
            let narrowed = ["name", "names", "selector", "annotations"]
                .iter()
                .any(|field| resources.get(field).is_some_and(|value| !is_blank(value)));
            if narrowed || (kinds.len() > 1 && kinds.iter().any(|kind| is_pod(kind))) {
                return false;
            }
            let literal = |kind: &&str| {
                *kind == "Pod" || *kind == CRON_JOB.0 || CONTROLLERS.iter().any(|(name, _)| name == kind)
            };
            needed |= kinds.iter().any(literal);
        }
    }
    needed
}

/// Whether a rule itself speaks of Pods, and excludes them if it excludes kinds.
fn rule_is_eligible(rule: &Value) -> bool {
    let name = rule.get("name").and_then(Value::as_str).unwrap_or_default();
    let kinds_of = |block: &str| -> Vec<&str> {
        rule.get(block)
            .into_iter()
            .flat_map(resource_filters)
            .flat_map(|filter| strings(filter, "kinds"))
            .collect()
    };
    let excluded = kinds_of("exclude");
    !name.starts_with("autogen-")
        && kinds_of("match").iter().any(|kind| is_pod(kind))
        && (excluded.is_empty() || excluded.iter().any(|kind| is_pod(kind)))
}

/// The `resources` of a match or exclude block: flat, `any` and `all`.
fn resource_filters(block: &Value) -> Vec<&Value> {
    let listed = ["any", "all"]
        .iter()
        .filter_map(|list| block.get(list)?.as_array())
        .flatten();
    listed
        .chain(std::iter::once(block))
        .filter_map(|filter| filter.get("resources"))
        .collect()
}

fn strings<'v>(at: &'v Value, list: &str) -> Vec<&'v str> {
    at.get(list)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty)
}

/// Whether a kind selector names Pods in any spelling (`Pod`, `v1/Pod`, `*/Pod`).
fn is_pod(selector: &str) -> bool {
    crate::selection::KindSelector::parse(selector).names_kind("Pod")
}

fn only_where_pods(kinds: &[&str]) -> bool {
    kinds.iter().any(|kind| is_pod(kind))
}

fn everywhere(_: &[&str]) -> bool {
    true
}

/// Gives `rule` the name of `original`: the second wrapping names it anew.
fn named(mut rule: Value, original: &Value) -> Value {
    if let (Some(rule), Some(name)) = (rule.as_object_mut(), original.get("name")) {
        rule.insert("name".to_owned(), name.clone());
    }
    rule
}

/// `rule` for the controllers in `kinds`, its body wrapped in `spec.<template>`; `None` for bodies that can't be wrapped.
fn rewrite(
    rule: &Value,
    prefix: &str,
    template: &str,
    kinds: &[&str],
    which: fn(&[&str]) -> bool,
) -> Option<Value> {
    let written = rule.as_object()?;
    let mut out = Map::new();
    let name = written.get("name").and_then(Value::as_str).unwrap_or_default();
    out.insert("name".to_owned(), generated_name(prefix, name).into());
    for (field, value) in written {
        match field.as_str() {
            "name" | "imageExtractors" | "validate" | "mutate" => {}
            "match" => {
                out.insert(field.clone(), with_kinds(value, kinds, which, true));
            }
            "exclude" => {
                out.insert(field.clone(), with_kinds(value, kinds, which, false));
            }
            _ => {
                out.insert(field.clone(), value.clone());
            }
        }
    }
    if let Some(mutate) = written.get("mutate") {
        out.insert("mutate".to_owned(), wrap_mutation(mutate, template)?);
    } else if let Some(validate) = written.get("validate") {
        out.insert("validate".to_owned(), wrap_validation(validate, template)?);
    } else if !written.contains_key("verifyImages") {
        return None;
    }
    Some(Value::Object(out))
}

fn generated_name(prefix: &str, name: &str) -> String {
    let mut generated = format!("{prefix}-{name}");
    let cut = (0..=LONGEST_RULE_NAME.min(generated.len()))
        .rev()
        .find(|at| generated.is_char_boundary(*at));
    generated.truncate(cut.unwrap_or(0));
    generated
}

/// A match or exclude block about `kinds`: in `any` and `all` where `which` says so, else in the flat form.
fn with_kinds(block: &Value, kinds: &[&str], which: fn(&[&str]) -> bool, flat_always: bool) -> Value {
    let mut block = block.clone();
    let replace = |resources: &mut Map<String, Value>| {
        resources.insert("kinds".to_owned(), json!(kinds));
    };
    for list in ["any", "all"] {
        let Some(filters) = block
            .get_mut(list)
            .and_then(Value::as_array_mut)
            .filter(|filters| !filters.is_empty())
        else {
            continue;
        };
        for filter in filters.iter_mut().filter_map(Value::as_object_mut) {
            let chosen = filter
                .get("resources")
                .is_some_and(|resources| which(&strings(resources, "kinds")));
            let everywhere = which(&[]);
            if (chosen || everywhere)
                && let Some(resources) = filter
                    .entry("resources")
                    .or_insert_with(|| json!({}))
                    .as_object_mut()
            {
                replace(resources);
            }
        }
        return block;
    }
    let had_kinds = block
        .get("resources")
        .is_some_and(|resources| !strings(resources, "kinds").is_empty());
    if (had_kinds || flat_always)
        && let Some(resources) = block.as_object_mut().and_then(|block| {
            block
                .entry("resources")
                .or_insert_with(|| json!({}))
                .as_object_mut()
        })
    {
        replace(resources);
    }
    block
}

fn wrap(pattern: &Value, template: &str) -> Value {
    json!({"spec": {template: pattern}})
}

fn wrap_mutation(mutate: &Value, template: &str) -> Option<Value> {
    if let Some(patch) = mutate.get("patchStrategicMerge").filter(|patch| !patch.is_null()) {
        return Some(json!({"patchStrategicMerge": wrap(patch, template)}));
    }
    let blocks = mutate
        .get("foreach")?
        .as_array()
        .filter(|blocks| !blocks.is_empty())?;
    let wrapped = blocks.iter().map(|block| {
        let mut out = Map::new();
        for field in ["list", "context", "preconditions"] {
            out.extend(block.get(field).map(|value| (field.to_owned(), value.clone())));
        }
        let patch = block.get("patchStrategicMerge").unwrap_or(&Value::Null);
        out.insert("patchStrategicMerge".to_owned(), wrap(patch, template));
        Value::Object(out)
    });
    Some(json!({"foreach": wrapped.collect::<Vec<_>>()}))
}

fn wrap_validation(validate: &Value, template: &str) -> Option<Value> {
    let body = ["pattern", "deny", "podSecurity", "anyPattern", "foreach", "cel"]
        .into_iter()
        .find_map(|body| {
            validate
                .get(body)
                .filter(|value| !value.is_null())
                .map(|value| (body, value))
        });
    let (body, value) = body?;
    let mut out = Map::new();
    for field in [
        "failureAction",
        "failureActionOverrides",
        "allowExistingViolations",
    ] {
        out.extend(validate.get(field).map(|value| (field.to_owned(), value.clone())));
    }
    if let Some(message) = validate.get("message").and_then(Value::as_str) {
        let shift = if template == "template" {
            "spec/template"
        } else {
            "spec/jobTemplate/spec/template"
        };
        out.insert(
            "message".to_owned(),
            shift_references(message, body, shift).into(),
        );
    }
    let wrapped = match body {
        "pattern" => wrap(value, template),
        "anyPattern" => value
            .as_array()?
            .iter()
            .map(|pattern| wrap(pattern, template))
            .collect(),
        _ => value.clone(),
    };
    out.insert(body.to_owned(), wrapped);
    Some(Value::Object(out))
}

/// Lets `$(./../pattern/spec/x)` in a message point into the wrapped pattern.
fn shift_references(message: &str, body: &str, shift: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find("$(") {
        let (before, reference) = rest.split_at(start);
        let end = reference
            .find(')')
            .map_or(reference.len(), |end| end.saturating_add(1));
        let (reference, after) = reference.split_at(end);
        out.push_str(before);
        out.push_str(&reference.replacen(body, &format!("{body}/{shift}"), 1));
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Kyverno's text replacement over the serialized rule, string by string. Common Expression Language calls the object
/// `object`, all else `request.object`.
fn move_paths(rule: Value, template: &str) -> Value {
    let is_cel = rule.pointer("/validate/cel").is_some_and(|cel| !cel.is_null());
    let root = if is_cel { "" } else { "request." };
    let moves = ["spec", "metadata"].map(|field| {
        ["object", "oldObject"].map(|object| {
            let from = format!("{root}{object}.{field}");
            let to = format!("{root}{object}.spec.{template}.{field}");
            (from, to)
        })
    });
    let moved = |text: String| -> String {
        if !text.contains(root) {
            return text;
        }
        moves
            .iter()
            .flatten()
            .fold(text, |text, (from, to)| text.replace(from, to))
    };
    move_strings(rule, &moved)
}

fn move_strings(value: Value, moved: &impl Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(moved(text)),
        Value::Array(items) => items.into_iter().map(|item| move_strings(item, moved)).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (moved(key), move_strings(value, moved)))
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

#[cfg(test)]
mod tests;

//! PolicyExceptions for what fails (`--generate-exceptions`): each names one rule on one resource.

use policy_reports::{ReportedResult, Row};
use scalars::duration::GoDuration;
use serde_json::{Value, json};

use crate::output::report::OutputFormat;
use crate::output::rows::Rows;
use crate::output::yaml;

const TTL_LABEL: &str = "cleanup.kyverno.io/ttl";
const GENERATED: &str = "autogen-";
const GENERATED_FOR_CRON_JOBS: &str = "autogen-cronjob-";

/// An exception for each failure among `rows`, as documents.
pub(super) fn written(rows: &Rows, life: GoDuration, format: OutputFormat) -> String {
    let failed = rows.iter().filter(|row| row.result == ReportedResult::Fail);
    let documents = failed.map(|row| {
        let exception = exception(&row.to_row(), life);
        let text = if format == OutputFormat::Json {
            exception.to_string()
        } else {
            yaml::to_yaml(&exception)
        };
        format!("---\n{text}\n")
    });
    documents.collect()
}

fn exception(row: &Row, life: GoDuration) -> Value {
    let resource = &row.resource;
    let (kinds, names, rules) = excused(row);
    let parts = [&row.policy, &row.rule, &resource.namespace, &resource.name].map(String::as_str);
    let mut metadata = json!({"name": parts.join("-").replace('/', "-")});
    if let (true, Some(fields)) = (life > GoDuration(0), metadata.as_object_mut()) {
        fields.insert("labels".to_owned(), json!({TTL_LABEL: life.to_string()}));
    }
    let mut spec = json!({
        "match": {"all": [{"resources": {"kinds": kinds, "names": names, "namespaces": [resource.namespace]}}]},
        "exceptions": [{"policyName": row.policy, "ruleNames": rules}],
    });
    if let (Some(controls), Some(fields)) = (pod_security(row), spec.as_object_mut()) {
        fields.insert("podSecurity".to_owned(), controls);
    }
    json!({"apiVersion": "kyverno.io/v2beta1", "kind": "PolicyException", "metadata": metadata, "spec": spec})
}

/// Kinds, names and rules. A failure of a rule generated for a controller excuses the Pods that it makes, too.
fn excused(row: &Row) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (kind, name, rule) = (&row.resource.kind, &row.resource.name, &row.rule);
    let (mut kinds, mut names, mut rules) = (vec![kind.clone()], vec![name.clone()], vec![rule.clone()]);
    let written = if kind == "CronJob" {
        rule.strip_prefix(GENERATED_FOR_CRON_JOBS)
    } else {
        rule.strip_prefix(GENERATED)
    };
    if let Some(written) = written {
        if kind == "CronJob" {
            kinds.push("Job".to_owned());
            rules.push(format!("{GENERATED}{written}"));
        }
        kinds.push("Pod".to_owned());
        rules.push(written.to_owned());
        names.push(format!("{name}-*"));
    }
    (kinds, names, rules)
}

/// The controls that failed, so that the exception excuses no others.
fn pod_security(row: &Row) -> Option<Value> {
    let controls: Vec<Value> = serde_json::from_str(row.properties.get("controlsJSON")?).ok()?;
    let excused = controls.iter().filter_map(|control| {
        let mut excused = json!({"controlName": control.get("Name")?});
        let images = control.get("Images").and_then(Value::as_array);
        if let (Some(images), Some(fields)) = (images, excused.as_object_mut()) {
            let any_tag = images
                .iter()
                .filter_map(Value::as_str)
                .flat_map(any_tag)
                .collect();
            fields.insert("images".to_owned(), any_tag);
        }
        Some(excused)
    });
    Some(excused.collect())
}

/// Every tag and digest of the image, by its full name and as Pods write it: images of Pod security are matched as they
/// are written, which for those of Docker Hub is mostly without the registry.
fn any_tag(image: &str) -> Vec<Value> {
    let name_starts = image.rfind('/').map_or(0, |slash| slash.saturating_add(1));
    let digest = image.find('@');
    let tag = image
        .char_indices()
        .find(|(at, letter)| *at > name_starts && *letter == ':')
        .map(|(at, _)| at);
    let end = [digest, tag].into_iter().flatten().min();
    let repository = end.and_then(|end| image.get(..end)).unwrap_or(image);
    let short = repository.strip_prefix("docker.io/");
    let names = [Some(repository), short].into_iter().flatten();
    names.map(|name| Value::from(format!("{name}*"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy_reports::ObjectReference;

    fn row(kind: &str, rule: &str) -> Row {
        Row {
            source: "kyverno",
            policy: "no-latest".to_owned(),
            rule: rule.to_owned(),
            result: ReportedResult::Fail,
            message: String::new(),
            scored: true,
            category: None,
            severity: None,
            seconds: 0,
            resource: ObjectReference {
                kind: kind.to_owned(),
                namespace: "shop".to_owned(),
                name: "web".to_owned(),
                ..ObjectReference::default()
            },
            properties: std::collections::BTreeMap::new(),
            policy_namespace: None,
        }
    }

    #[test]
    fn an_exception_names_one_rule_on_one_resource() {
        let exception = exception(&row("Pod", "tag"), GoDuration(3_600_000_000_000));
        assert_eq!(exception["metadata"]["name"], "no-latest-tag-shop-web");
        assert_eq!(exception["metadata"]["labels"][TTL_LABEL], "1h0m0s");
        assert_eq!(
            exception["spec"]["exceptions"][0],
            json!({"policyName": "no-latest", "ruleNames": ["tag"]})
        );
        let resources = &exception["spec"]["match"]["all"][0]["resources"];
        assert_eq!(
            *resources,
            json!({"kinds": ["Pod"], "names": ["web"], "namespaces": ["shop"]})
        );
    }

    #[test]
    fn an_exception_for_a_controller_excuses_the_pods_it_makes() {
        let (kinds, names, rules) = excused(&row("CronJob", "autogen-cronjob-tag"));
        assert_eq!(kinds, ["CronJob", "Job", "Pod"]);
        assert_eq!(names, ["web", "web-*"]);
        assert_eq!(rules, ["autogen-cronjob-tag", "autogen-tag", "tag"]);
    }

    #[test]
    fn an_image_is_excused_whatever_its_tag() {
        assert_eq!(any_tag("localhost:5000/app:1"), ["localhost:5000/app*"]);
        assert_eq!(
            any_tag("docker.io/nginx@sha256:00"),
            ["docker.io/nginx*", "nginx*"]
        );
    }
}

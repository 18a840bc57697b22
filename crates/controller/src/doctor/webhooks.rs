//! Webhooks that refuse because nobody answers: ours and everybody else's.

use cluster::{Client, ClusterError, ServedKind};
use serde_json::Value;

use super::{DoctorOptions, Finding};
use crate::identity::{MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION, core_kind};

/// What is wrong with webhooks of the cluster.
pub(super) async fn findings(client: &Client, options: &DoctorOptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut count = 0_usize;
    let kinds = [
        (
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
        ),
        ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations"),
    ];
    for (kind, plural) in kinds {
        let kind = ServedKind::known("admissionregistration.k8s.io", "v1", kind, plural, false);
        match cluster::list(client, &kind, cluster::ListOptions::default()).await {
            Ok(configurations) => {
                for configuration in &configurations {
                    count = count.saturating_add(1);
                    findings.extend(of_configuration(client, options, configuration).await);
                }
            }
            Err(cause) => {
                let what = format!("{plural} can't be listed: {cause}");
                findings.push(Finding::doubtful(
                    what,
                    "ask with a kubeconfig that may read them",
                ));
            }
        }
    }
    findings.push(Finding::good(format!(
        "{count} webhook configurations were looked at"
    )));
    findings
}

async fn of_configuration(client: &Client, options: &DoctorOptions, configuration: &Value) -> Vec<Finding> {
    let name = text(configuration, "/metadata/name");
    let is_ours = [MUTATING_CONFIGURATION, VALIDATING_CONFIGURATION].contains(&name);
    let mut findings = Vec::new();
    let webhooks = configuration.get("webhooks").and_then(Value::as_array);
    for webhook in webhooks.into_iter().flatten() {
        let entry = text(webhook, "/name");
        if is_ours && !exempts(webhook, &options.namespace) {
            let namespace = &options.namespace;
            let what = format!("`{entry}` is called about our own namespace `{namespace}`");
            let fix = "let a replica write it anew; `--namespace` must be the namespace it runs in";
            findings.push(Finding::bad(what, fix));
        }
        if text(webhook, "/failurePolicy") == "Ignore" {
            continue;
        }
        let (namespace, service) = (
            text(webhook, "/clientConfig/service/namespace"),
            text(webhook, "/clientConfig/service/name"),
        );
        if service.is_empty() {
            let url = text(webhook, "/clientConfig/url");
            findings.push(Finding::good(format!(
                "`{entry}` of `{name}` is called by URL: {url}"
            )));
            continue;
        }
        if let Some(why) = unanswered(client, namespace, service).await {
            let what = format!("`{entry}` of `{name}` refuses all that it is called about: {why}");
            let fix = format!(
                "start the Pods behind `{namespace}/{service}`, or delete the configuration `{name}`"
            );
            findings.push(Finding::bad(what, fix));
        }
    }
    findings
}

/// Whether nothing in `namespace` is called about.
fn exempts(webhook: &Value, namespace: &str) -> bool {
    let expressions = webhook
        .pointer("/namespaceSelector/matchExpressions")
        .and_then(Value::as_array);
    expressions.into_iter().flatten().any(|expression| {
        let values = expression.get("values").and_then(Value::as_array);
        text(expression, "/key") == "kubernetes.io/metadata.name"
            && text(expression, "/operator") == "NotIn"
            && values
                .into_iter()
                .flatten()
                .any(|value| value.as_str() == Some(namespace))
    })
}

/// Why nobody answers behind a service; none where somebody does.
async fn unanswered(client: &Client, namespace: &str, service: &str) -> Option<String> {
    let path = core_kind("Service", "services").object_path(namespace, service);
    match client.get(&path).await {
        Ok(_) => {}
        Err(ClusterError::NotFound { .. }) => {
            return Some(format!("Service `{namespace}/{service}` is not there"));
        }
        Err(cause) => return Some(format!("Service `{namespace}/{service}` can't be read: {cause}")),
    }
    let slices = ServedKind::known("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
    let path = format!(
        "{}?labelSelector=kubernetes.io%2Fservice-name%3D{service}",
        slices.list_path(Some(namespace))
    );
    let slices = match client.get(&path).await {
        Ok(slices) => slices,
        Err(cause) => {
            return Some(format!(
                "endpoints of `{namespace}/{service}` can't be read: {cause}"
            ));
        }
    };
    let items = slices.get("items").and_then(Value::as_array);
    let endpoints = items
        .into_iter()
        .flatten()
        .filter_map(|slice| slice.get("endpoints")?.as_array())
        .flatten();
    let is_ready =
        |endpoint: &Value| endpoint.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false);
    let ready = endpoints.filter(|endpoint| is_ready(endpoint)).count();
    (ready == 0).then(|| format!("no endpoint of Service `{namespace}/{service}` is ready"))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_exemption_is_read_where_it_stands() {
        let webhook = json!({"namespaceSelector": {"matchExpressions": [
            {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": ["vouchsafe"]}]}});
        assert!(exempts(&webhook, "vouchsafe"));
        assert!(!exempts(&webhook, "shop"));
        assert!(!exempts(&json!({}), "vouchsafe"));
    }
}

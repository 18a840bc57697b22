//! Whether the controller's service account may do what it has to.

use cluster::Client;
use serde_json::{Value, json};

use super::{DoctorOptions, Finding};
use crate::identity::{
    CERTIFICATES_SECRET, MUTATING_CONFIGURATION, POLICY_CONFIGURATION, STATUS_LEASE, VALIDATING_CONFIGURATION,
};

/// One thing that must be allowed: verb, group, resource, name, and whether it is asked in our namespace alone.
struct Need {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    name: &'static str,
    in_own: bool,
}

const fn need(
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    name: &'static str,
    in_own: bool,
) -> Need {
    Need {
        verb,
        group,
        resource,
        name,
        in_own,
    }
}

const REGISTRATION: &str = "admissionregistration.k8s.io";

const NEEDS: [Need; 24] = [
    need("watch", "kyverno.io", "clusterpolicies", "", false),
    need("watch", "kyverno.io", "policies", "", false),
    need("watch", "kyverno.io", "globalcontextentries", "", false),
    need("watch", "policies.kyverno.io", "validatingpolicies", "", false),
    need(
        "watch",
        "policies.kyverno.io",
        "imagevalidatingpolicies",
        "",
        false,
    ),
    need("patch", "kyverno.io", "clusterpolicies/status", "", false),
    need("patch", "kyverno.io", "policies/status", "", false),
    need(
        "patch",
        "policies.kyverno.io",
        "validatingpolicies/status",
        "",
        false,
    ),
    need(
        "patch",
        "policies.kyverno.io",
        "imagevalidatingpolicies/status",
        "",
        false,
    ),
    need("watch", "", "namespaces", "", false),
    need("watch", "rbac.authorization.k8s.io", "rolebindings", "", false),
    need(
        "watch",
        "rbac.authorization.k8s.io",
        "clusterrolebindings",
        "",
        false,
    ),
    need(
        "watch",
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        "",
        false,
    ),
    need(
        "create",
        REGISTRATION,
        "validatingwebhookconfigurations",
        "",
        false,
    ),
    need("create", REGISTRATION, "mutatingwebhookconfigurations", "", false),
    need(
        "update",
        REGISTRATION,
        "validatingwebhookconfigurations",
        VALIDATING_CONFIGURATION,
        false,
    ),
    need(
        "update",
        REGISTRATION,
        "validatingwebhookconfigurations",
        POLICY_CONFIGURATION,
        false,
    ),
    need(
        "update",
        REGISTRATION,
        "mutatingwebhookconfigurations",
        MUTATING_CONFIGURATION,
        false,
    ),
    need("create", "", "events", "", false),
    need("create", "", "secrets", "", true),
    need("update", "", "secrets", CERTIFICATES_SECRET, true),
    need("create", "coordination.k8s.io", "leases", "", true),
    need("update", "coordination.k8s.io", "leases", STATUS_LEASE, true),
    need("list", "", "configmaps", "", true),
];

impl Need {
    fn attributes(&self, options: &DoctorOptions) -> Value {
        let (resource, subresource) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        json!({
            "verb": self.verb,
            "group": self.group,
            "resource": resource,
            "subresource": subresource,
            // The settings are followed by name.
            "name": if resource == "configmaps" { &options.config_map } else { self.name },
            "namespace": if self.in_own { &options.namespace } else { "" },
        })
    }

    fn shown(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        let name = if self.name.is_empty() {
            String::new()
        } else {
            format!(" `{}`", self.name)
        };
        format!("{} {}{dot}{}{name}", self.verb, self.resource, self.group)
    }
}

/// What the service account may not do.
pub(super) async fn findings(client: &Client, options: &DoctorOptions) -> Vec<Finding> {
    let (namespace, account) = (&options.namespace, &options.service_account);
    let user = format!("system:serviceaccount:{namespace}:{account}");
    let groups = json!([
        "system:serviceaccounts",
        format!("system:serviceaccounts:{namespace}"),
        "system:authenticated"
    ]);
    let mut findings = Vec::new();
    for need in &NEEDS {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": groups, "resourceAttributes": need.attributes(options)},
        });
        let path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
        match client.create(path, &review).await {
            Ok(answer) => {
                let is_allowed = answer.pointer("/status/allowed").and_then(Value::as_bool);
                if is_allowed != Some(true) {
                    let what = format!("`{user}` may not {}", need.shown());
                    findings.push(Finding::bad(
                        what,
                        "grant it: the chart's ClusterRole and Role list every permission",
                    ));
                }
            }
            Err(cause) => {
                let what = format!("permissions of `{user}` can't be asked for: {cause}");
                findings.push(Finding::doubtful(
                    what,
                    "ask with a kubeconfig that may create SubjectAccessReviews",
                ));
                return findings;
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::good(format!("`{user}` may do what it has to")));
    }
    findings
}

//! What keeps a cluster from being protected, or from working at all: looked at from outside, each finding with its fix.
//!
//! In: a client, usually an admin's. Out: [`Finding`]s in the order in which they are to be fixed. Reads alone; what may not
//! be read is a finding, never an all-clear.

mod certificate;
mod permissions;
mod webhooks;

use cluster::{Client, ClusterError, ServedResources};
use jiff::Timestamp;
use policy_engine::policy::PolicyKind;
use serde_json::{Value, json};

use crate::clock;
use crate::policy_id::{KINDS, served};

/// Seconds by which our clock and the API server's may differ: certificates, Leases and tokens are judged by them.
const MOST_SKEW_SECONDS: i64 = 30;

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub grade: Grade,
    /// What was looked at, and what is so.
    pub what: String,
    /// What to do; empty where nothing is to be done.
    pub fix: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Good,
    /// Works, but look at it.
    Doubtful,
    /// Something does not work.
    Bad,
}

/// Where our controller runs, and as whom.
#[derive(Debug, Clone)]
pub struct DoctorOptions {
    /// Namespace of the controller.
    pub namespace: String,
    /// Its service account.
    pub service_account: String,
    /// The ConfigMap with its settings.
    pub config_map: String,
}

impl Finding {
    fn good(what: impl Into<String>) -> Self {
        Self {
            grade: Grade::Good,
            what: what.into(),
            fix: String::new(),
        }
    }

    fn doubtful(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Doubtful,
            what: what.into(),
            fix: fix.into(),
        }
    }

    fn bad(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            grade: Grade::Bad,
            what: what.into(),
            fix: fix.into(),
        }
    }
}

/// Looks at everything.
pub async fn examine(client: &Client, options: &DoctorOptions) -> Vec<Finding> {
    let mut findings = Vec::new();
    match client.get("/version").await {
        Ok(version) => {
            let version = version
                .get("gitVersion")
                .and_then(Value::as_str)
                .unwrap_or("unknown");
            findings.push(Finding::good(format!(
                "the API server answers, version {version}"
            )));
        }
        Err(cause) => {
            let what = format!("the API server does not answer: {cause}");
            findings.push(Finding::bad(
                what,
                "check the kubeconfig, the network and the server itself",
            ));
            return findings;
        }
    }
    findings.push(clocks(client).await);
    findings.extend(kinds(client).await);
    findings.extend(permissions::findings(client, options).await);
    findings.extend(certificate::findings(client, options).await);
    findings.extend(webhooks::findings(client, options).await);
    findings.extend(policies(client).await);
    findings
}

/// Whether the clocks agree.
async fn clocks(client: &Client) -> Finding {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let answer = client
        .create("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review)
        .await;
    let theirs = answer.as_ref().ok().and_then(|review| {
        let written = review.pointer("/metadata/creationTimestamp")?.as_str()?;
        written.parse::<Timestamp>().ok()
    });
    let Some(theirs) = theirs else {
        let why = answer
            .err()
            .map_or_else(|| "it tells no time".to_owned(), |cause| cause.to_string());
        let what = format!("the API server's clock can't be read: {why}");
        return Finding::doubtful(what, "compare the clocks of nodes by hand");
    };
    let skew = clock::now().as_second().saturating_sub(theirs.as_second());
    if skew.abs() > MOST_SKEW_SECONDS {
        let what = format!("this machine's clock is {skew} s ahead of the API server's");
        return Finding::bad(
            what,
            "set both by NTP: certificates, tokens and signatures are judged by the time",
        );
    }
    Finding::good("the clocks agree")
}

/// Whether the kinds of policies are served.
async fn kinds(client: &Client) -> Vec<Finding> {
    let resources = match ServedResources::of(client).await {
        Ok(resources) => resources,
        Err(cause) => {
            let what = format!("what the API server serves can't be read: {cause}");
            return vec![Finding::bad(what, "Kubernetes 1.30 or later is needed")];
        }
    };
    let is_served = |kind: PolicyKind| {
        let kind = served(kind);
        resources
            .kind_of(&kind.group, &kind.version, &kind.plural)
            .is_some()
    };
    let (there, missing): (Vec<_>, Vec<_>) = KINDS.into_iter().partition(|kind| is_served(*kind));
    let mut findings: Vec<Finding> = missing
        .into_iter()
        .map(|kind| {
            let what = format!("the kind {} is not served", kind.name());
            if kind.is_classic() {
                Finding::bad(what, "install the custom resource definitions of `kyverno.io`: without them no replica is ready")
            } else {
                Finding::doubtful(what, "install the custom resource definitions of `policies.kyverno.io` to use it")
            }
        })
        .collect();
    findings.push(Finding::good(format!(
        "{} kinds of policies are served",
        there.len()
    )));
    findings
}

/// Policies that are not in force.
async fn policies(client: &Client) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut ready = 0_usize;
    for kind in KINDS.into_iter().map(served) {
        let objects = match cluster::list(client, &kind, cluster::ListOptions::default()).await {
            Ok(objects) => objects,
            Err(ClusterError::NotFound { .. }) => continue,
            Err(cause) => {
                let what = format!("{} can't be listed: {cause}", kind.plural);
                findings.push(Finding::bad(what, "ask with a kubeconfig that may read policies"));
                continue;
            }
        };
        for object in objects {
            let text = |pointer: &str| {
                object
                    .pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
            let slash = if namespace.is_empty() { "" } else { "/" };
            let name = format!("{} `{namespace}{slash}{name}`", kind.kind);
            match unready(&object) {
                None => ready = ready.saturating_add(1),
                Some(why) => findings.push(Finding::bad(
                    format!("{name} is not ready: {why}"),
                    "correct the policy, or the controller that should write its status",
                )),
            }
        }
    }
    findings.push(Finding::good(format!("{ready} policies are ready")));
    findings
}

/// Why a policy is not ready; none where it is.
fn unready(policy: &Value) -> Option<String> {
    let conditions = ["/status/conditions", "/status/conditionStatus/conditions"];
    let listed = conditions
        .iter()
        .find_map(|pointer| policy.pointer(pointer)?.as_array());
    let is_ready = |condition: &&Value| condition.get("type").and_then(Value::as_str) == Some("Ready");
    let ready = listed.into_iter().flatten().find(is_ready);
    let Some(ready) = ready else {
        let told = policy
            .pointer("/status/conditionStatus/ready")
            .and_then(Value::as_bool);
        return (told != Some(true)).then(|| "it has no status: no controller has looked at it".to_owned());
    };
    let text = |field: &str| ready.get(field).and_then(Value::as_str).unwrap_or_default();
    (text("status") != "True").then(|| text("message").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_nobody_looked_at_is_not_ready() {
        assert!(unready(&json!({})).is_some());
        let faulty =
            json!({"status": {"conditions": [{"type": "Ready", "status": "False", "message": "why"}]}});
        assert_eq!(unready(&faulty).as_deref(), Some("why"));
        let good = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        assert_eq!(unready(&good), None);
        assert_eq!(
            unready(&json!({"status": {"conditionStatus": {"ready": true}}})),
            None
        );
    }
}

//! Finds the Pod in an object: a Pod itself, or the template of a workload.
//!
//! Where we differ from Kyverno 1.19: the annotations of a `CronJob`'s Pods are those of its Pod template (Kyverno reads
//! those of the Job template, so that an unconfined profile annotated on the Pods goes unseen), and paths of a Pod's own
//! metadata are not written as `spec.template.metadata`.

use serde_json::Value;

use crate::pod::{Malformed, Pod, check_metadata};

/// The Pod an object is or makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// What the standards look at
    pub pod: Pod,
    /// Where its metadata and spec stand in the object: empty for a Pod, else `spec.template` or
    /// `spec.jobTemplate.spec.template`
    pub template: &'static str,
}

/// An object the standards cannot be applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAWorkload {
    /// Of a kind that has no Pod
    #[error("could not find correct resource type")]
    Kind(String),
    /// A field of the object has the wrong type
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl Workload {
    /// Reads the Pod out of an object by its kind: Pod, `DaemonSet`, `Deployment`, `Job`, `StatefulSet`, `ReplicaSet`,
    /// `ReplicationController`, `CronJob`.
    ///
    /// # Errors
    /// [`NotAWorkload`] for other kinds, and for objects with fields of the wrong type.
    pub fn read(object: &Value) -> Result<Self, NotAWorkload> {
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let template = match kind {
            "Pod" => "",
            "DaemonSet" | "Deployment" | "Job" | "StatefulSet" | "ReplicaSet" | "ReplicationController" => {
                "spec.template"
            }
            "CronJob" => "spec.jobTemplate.spec.template",
            _ => return Err(NotAWorkload::Kind(kind.to_owned())),
        };
        check_metadata(object.get("metadata").unwrap_or(&Value::Null))?;
        let mut at = object;
        let mut path = String::new();
        for step in template.split('.').filter(|step| !step.is_empty()) {
            path = if path.is_empty() {
                step.to_owned()
            } else {
                format!("{path}.{step}")
            };
            at = at.get(step).unwrap_or(&Value::Null);
            if !at.is_object() && !at.is_null() {
                return Err(Malformed {
                    path,
                    expected: "a map",
                }
                .into());
            }
        }
        let part = |name: &str| at.get(name).unwrap_or(&Value::Null);
        let pod = Pod::read(part("metadata"), part("spec")).map_err(|malformed| match template {
            "" => malformed,
            template => Malformed {
                path: format!("{template}.{}", malformed.path),
                ..malformed
            },
        })?;
        Ok(Self { pod, template })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_pod_is_found_in_every_workload() {
        let pod = json!({"metadata": {"annotations": {"a": "b"}}, "spec": {"hostPID": true}});
        let mut objects = vec![(
            json!({"kind": "Pod", "metadata": pod["metadata"], "spec": pod["spec"]}),
            "",
        )];
        for kind in [
            "DaemonSet",
            "Deployment",
            "Job",
            "StatefulSet",
            "ReplicaSet",
            "ReplicationController",
        ] {
            objects.push((json!({"kind": kind, "spec": {"template": pod}}), "spec.template"));
        }
        let job = json!({"spec": {"template": pod}});
        objects.push((
            json!({"kind": "CronJob", "spec": {"jobTemplate": job}}),
            "spec.jobTemplate.spec.template",
        ));
        for (object, template) in objects {
            let workload = Workload::read(&object).unwrap();
            assert!(workload.pod.host_pid, "{object}");
            assert_eq!(
                workload.pod.annotations.get("a").map(String::as_str),
                Some("b"),
                "{object}"
            );
            assert_eq!(workload.template, template);
        }
    }

    #[test]
    fn other_kinds_and_broken_templates_are_errors() {
        assert_eq!(
            Workload::read(&json!({"kind": "Service"})),
            Err(NotAWorkload::Kind("Service".into()))
        );
        assert!(Workload::read(&json!([])).is_err());
        let broken = json!({"kind": "Job", "spec": {"template": "x"}});
        assert_eq!(
            Workload::read(&broken).unwrap_err().to_string(),
            "spec.template must be a map"
        );
        let inside = json!({"kind": "Job", "spec": {"template": {"spec": {"hostPID": "x"}}}});
        assert_eq!(
            Workload::read(&inside).unwrap_err().to_string(),
            "spec.template.spec.hostPID must be a boolean"
        );
    }
}

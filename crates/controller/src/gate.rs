//! What stands before the engine in a cluster: settings that exempt, roles of users, kinds of subresources.

use std::sync::{Arc, PoisonError, RwLock};

use admission_server::{Gate, Passage, PolicyCheck};
use cluster::ServedResources;
use policy_engine::request::Stage;
use policy_engine::{Decision, PolicySet, Request};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::admitted_rows::{AdmittedQueue, admitted};
use crate::events::{Violation, violations};
use crate::policy_check;
use crate::roles::Bindings;
use crate::settings::Settings;

/// What the gate knows of the cluster; replaced as a whole.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) settings: Arc<Settings>,
    pub(crate) resources: Arc<ServedResources>,
    /// Bindings, where a policy or setting names roles.
    pub(crate) bindings: Option<Bindings>,
}

/// The gate.
#[derive(Debug)]
pub(crate) struct ClusterGate {
    known: RwLock<Known>,
    told: mpsc::Sender<Violation>,
    /// Where results of admissions go that no scan would find; none: they are not reported.
    reported: Option<AdmittedQueue>,
}

impl ClusterGate {
    /// A gate that knows nothing yet, tells violations to `told`, and to `reported` what no scan would find.
    pub(crate) fn new(told: mpsc::Sender<Violation>, reported: Option<AdmittedQueue>) -> Self {
        Self {
            known: RwLock::default(),
            told,
            reported,
        }
    }

    /// Sends what no scan would find to be reported; where too much waits already, it is not.
    fn report(&self, stage: Stage, asked: &PolicySet, request: &Request, decision: &Decision) {
        let Some(reported) = &self.reported else { return };
        if let Some(admitted) = admitted(stage, asked, request, decision) {
            reported.put(admitted);
        }
    }

    /// From now on `known` is what is known.
    pub(crate) fn learn(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }
}

impl Gate for ClusterGate {
    fn pass(&self, request: &Request) -> Passage {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut request = request.clone();
        // `pods/exec` is reviewed as a PodExecOptions; policies call it by the kind of what it belongs to.
        if !request.subresource.is_empty() {
            let resource = request.envelope.as_ref().map(|envelope| {
                let text = |pointer: &str| envelope.pointer(pointer).and_then(Value::as_str);
                (
                    text("/resource/group"),
                    text("/resource/version"),
                    text("/resource/resource"),
                )
            });
            if let Some((group, Some(version), Some(resource))) = resource {
                let group = group.unwrap_or_default();
                if let Some(kind) = known.resources.kind_of(group, version, resource) {
                    request.kind.group = group.into();
                    request.kind.version = version.into();
                    request.kind.kind = kind.into();
                }
            }
        }
        if let (Some(bindings), Some(user)) = (&known.bindings, &request.user) {
            request.user = Some(Arc::new(bindings.complete(user, &request.namespace)));
        }
        let roles_known = known.bindings.as_ref().is_some_and(Bindings::is_synced);
        if known.settings.filters(&request) || known.settings.excludes(&request, roles_known) {
            return Passage::Admitted;
        }
        Passage::Judged(Box::new(request))
    }

    fn decided(&self, stage: Stage, asked: &PolicySet, request: &Request, decision: &Decision) {
        self.report(stage, asked, request, decision);
        let settings = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner).settings);
        for violation in violations(stage, request, decision, &settings.success_events) {
            // Events are news, not records: where there are too many, the rest is dropped; first what exceptions excused.
            let is_half_full = self.told.capacity() < self.told.max_capacity() / 2;
            if violation.is_minor() && is_half_full {
                return;
            }
            if self.told.try_send(violation).is_err() {
                return;
            }
        }
    }

    fn check_policy(&self, policy: &Value) -> PolicyCheck {
        policy_check::check(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cluster::ServedResource;
    use policy_engine::request::Stage;
    use serde_json::json;

    #[test]
    fn a_subresource_is_called_by_the_kind_it_belongs_to() {
        let review = json!({"apiVersion": "admission.k8s.io/v1", "request": {
            "uid": "u", "operation": "CONNECT", "kind": {"group": "", "version": "v1", "kind": "PodExecOptions"},
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "subResource": "exec",
            "object": {"kind": "PodExecOptions"}}});
        let body = serde_json::to_vec(&review).unwrap();
        let request = Request::from_admission_review(&body, Stage::Validate, 0).unwrap();
        let gate = ClusterGate::new(mpsc::channel(1).0, None);
        let pods = ServedResource {
            group: String::new(),
            version: "v1".to_owned(),
            resource: "pods".to_owned(),
            subresource: String::new(),
            kind: "Pod".to_owned(),
            is_namespaced: true,
            is_preferred: true,
        };
        gate.learn(Known {
            resources: Arc::new([pods].into_iter().collect()),
            ..Known::default()
        });
        let Passage::Judged(completed) = gate.pass(&request) else {
            panic!("nothing exempts this request")
        };
        assert_eq!(&*completed.kind.kind, "Pod");
        assert_eq!(&*completed.subresource, "exec");
    }
}

//! The policies that scans judge by, told when they are others than before.
//!
//! A watch of policies also tells of their statuses, which we write ourselves: a scan that began anew at each would never
//! end.

use std::sync::Arc;

use admission_server::PlacedPolicies;
use policy_engine::{Engine, PolicySet};
use tokio::sync::watch;

/// Tells scans which policies are in force.
#[derive(Debug)]
pub(crate) struct ScanPolicies(watch::Sender<Option<Engine>>);

impl ScanPolicies {
    /// Nothing is in force yet.
    pub(crate) fn new() -> (Self, watch::Receiver<Option<Engine>>) {
        let (tell, told) = watch::channel(None);
        (Self(tell), told)
    }

    /// From now on `placed` are in force.
    pub(crate) fn tell(&self, placed: &PlacedPolicies) {
        let policies = placed
            .policies
            .iter()
            .map(|(policy, _)| Arc::clone(policy))
            .collect();
        let set = PolicySet::new(policies, placed.exceptions.clone());
        self.0.send_if_modified(|told| {
            let is_new = told
                .as_ref()
                .is_none_or(|engine| *engine.options() != placed.engine || !is_same(engine.policies(), &set));
            if is_new {
                *told = Some(Engine::new(set, placed.engine.clone()));
            }
            is_new
        });
    }
}

/// Whether both hold the very same compiled policies and exceptions: what did not change is not compiled anew.
fn is_same(before: &PolicySet, now: &PolicySet) -> bool {
    same_all(before.policies(), now.policies()) && same_all(before.exceptions(), now.exceptions())
}

fn same_all<T>(before: &[Arc<T>], now: &[Arc<T>]) -> bool {
    before.len() == now.len()
        && before
            .iter()
            .zip(now)
            .all(|(before, now)| Arc::ptr_eq(before, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy_engine::LoadedPolicies;

    fn placed(policy: &str) -> PlacedPolicies {
        let loaded = LoadedPolicies::load(manifest::read(policy.as_bytes(), "policy.yaml").unwrap());
        assert!(loaded.faults.is_empty());
        let policies = loaded.policies.into_iter();
        PlacedPolicies {
            policies: policies
                .map(|policy| (policy, admission_server::Placement::Fail))
                .collect(),
            ..PlacedPolicies::default()
        }
    }

    /// A scan's verdict is admission's: what short image names mean counts for both.
    #[test]
    fn the_same_policies_under_another_default_registry_are_news() {
        let (policies, mut told) = ScanPolicies::new();
        let mut set = PlacedPolicies::default();
        policies.tell(&set);
        told.mark_unchanged();
        policies.tell(&set);
        assert!(!told.has_changed().unwrap());
        set.engine.default_registry =
            image_reference::DefaultRegistry::new("registry.example", true).unwrap();
        policies.tell(&set);
        let engine = told.borrow_and_update().clone().unwrap();
        assert_eq!(*engine.options(), set.engine);
    }

    #[test]
    fn the_same_policies_told_again_are_no_news() {
        const POLICY: &str = "{apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: p}, spec: {rules: [{name: r, \
                              match: {any: [{resources: {kinds: [Pod]}}]}, validate: {pattern: {spec: {a: b}}}}]}}";
        let (policies, mut told) = ScanPolicies::new();
        let set = placed(POLICY);
        policies.tell(&set);
        assert!(told.has_changed().unwrap() && told.borrow_and_update().is_some());
        policies.tell(&set);
        assert!(!told.has_changed().unwrap());
        policies.tell(&placed(POLICY));
        assert!(told.has_changed().unwrap());
    }
}

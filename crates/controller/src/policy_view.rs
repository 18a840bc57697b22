//! All policies of the cluster as one replica sees them at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use admission_server::{PlacedPolicies, Placement};

use crate::policy_id::PolicyId;
use crate::policy_object::PolicyObject;
use crate::prepared::Prepared;
use crate::settings::Settings;

/// One policy.
#[derive(Debug, Clone)]
pub(crate) struct SeenPolicy {
    pub(crate) object: Arc<PolicyObject>,
    pub(crate) prepared: Arc<Prepared>,
    /// Why it is not judged by although it has no fault: something it needs is not known.
    pub(crate) lacks: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyView {
    /// Policies by kind and name.
    pub(crate) policies: BTreeMap<PolicyId, SeenPolicy>,
    pub(crate) settings: Arc<Settings>,
    /// Equal for views that differ in statuses alone.
    pub(crate) revision: u64,
}

impl SeenPolicy {
    /// Whether requests are judged by it.
    pub(crate) fn is_in_force(&self) -> bool {
        self.prepared.policy.is_some() && self.lacks.is_none()
    }

    /// Why it does not do all that it says, one line each.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let prepared = &self.prepared;
        let all = prepared.faults.iter().chain(&prepared.unsupported).cloned();
        all.chain(self.lacks.clone()).collect()
    }
}

impl PolicyView {
    /// The policies that requests are judged by.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (&PolicyId, &SeenPolicy)> {
        self.policies.iter().filter(|(_, seen)| seen.is_in_force())
    }

    /// Policies, placed, without exceptions.
    pub(crate) fn placed(&self) -> PlacedPolicies {
        let placed = self.in_force().filter_map(|(id, seen)| {
            let policy = seen.prepared.policy.as_ref()?;
            let demand = &seen.prepared.demand;
            let place = match (demand.is_alone, demand.fails) {
                (true, _) => Placement::Alone(id.path().into()),
                (false, true) => Placement::Fail,
                (false, false) => Placement::Ignore,
            };
            Some((Arc::clone(policy), place))
        });
        PlacedPolicies {
            policies: placed.collect(),
            engine: policy_engine::EngineOptions {
                default_registry: self.settings.default_registry.clone(),
            },
            ..PlacedPolicies::default()
        }
    }

    /// Names, as in paths, of the policies with a webhook of their own.
    pub(crate) fn alone(&self) -> impl Iterator<Item = String> {
        let alone = self.in_force().filter(|(_, seen)| seen.prepared.demand.is_alone);
        alone.map(|(id, _)| id.path())
    }
}

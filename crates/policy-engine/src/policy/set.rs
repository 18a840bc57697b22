//! All policies and exceptions of an engine, indexed by the kinds they speak of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compiled::CompiledPolicy;
use super::exception::CompiledException;

/// Compiled policies in the order they were given. Immutable.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Arc<CompiledPolicy>>,
    exceptions: Vec<Arc<CompiledException>>,
    /// Places of rules by the exact kind they name; `(policy, rule)`.
    by_kind: BTreeMap<String, Vec<(usize, usize)>>,
    /// Places of rules whose kinds hold wildcards, or are left open.
    of_any_kind: Vec<(usize, usize)>,
    reads_managed_fields: bool,
}

impl PolicySet {
    /// A set of `policies`, judged in this order, with `exceptions`.
    #[must_use]
    pub fn new(policies: Vec<Arc<CompiledPolicy>>, exceptions: Vec<Arc<CompiledException>>) -> Self {
        let mut by_kind: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
        let mut of_any_kind = Vec::new();
        for (at, policy) in policies.iter().enumerate() {
            for (rule_at, rule) in policy.rules.iter().enumerate() {
                let kinds = rule.selector.matched().kinds();
                let exact: Option<Vec<&str>> = kinds.and_then(|kinds| {
                    kinds
                        .into_iter()
                        .map(crate::selection::KindSelector::exact_kind)
                        .collect()
                });
                match exact {
                    None => of_any_kind.push((at, rule_at)),
                    Some(kinds) => {
                        for kind in kinds {
                            let places = by_kind.entry(kind.to_owned()).or_default();
                            if places.last() != Some(&(at, rule_at)) {
                                places.push((at, rule_at));
                            }
                        }
                    }
                }
            }
        }
        Self {
            // What exceptions read is not looked into.
            reads_managed_fields: !exceptions.is_empty()
                || policies.iter().any(|policy| policy.reads_managed_fields),
            policies,
            exceptions,
            by_kind,
            of_any_kind,
        }
    }

    /// The policies, in order.
    #[must_use]
    pub fn policies(&self) -> &[Arc<CompiledPolicy>] {
        &self.policies
    }

    /// The exceptions, in order.
    #[must_use]
    pub fn exceptions(&self) -> &[Arc<CompiledException>] {
        &self.exceptions
    }

    /// Rules that may speak about objects of `kind`: policies in order, each with the places of its rules in order.
    #[must_use]
    pub fn candidates(&self, kind: &str) -> Vec<(&Arc<CompiledPolicy>, Vec<usize>)> {
        let named = self.by_kind.get(kind).map(Vec::as_slice).unwrap_or_default();
        let mut places: Vec<(usize, usize)> = named.iter().chain(&self.of_any_kind).copied().collect();
        places.sort_unstable();
        places.dedup();
        let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
        for (at, rule_at) in places {
            match found.last_mut() {
                Some((last, rules)) if *last == at => rules.push(rule_at),
                Some(_) | None => found.push((at, vec![rule_at])),
            }
        }
        found
            .into_iter()
            .filter_map(|(at, rules)| Some((self.policies.get(at)?, rules)))
            .collect()
    }

    /// The policies that `keep` chooses, with the same exceptions.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&CompiledPolicy) -> bool) -> Self {
        let policies = self
            .policies
            .iter()
            .filter(|policy| keep(policy))
            .cloned()
            .collect();
        Self::new(policies, self.exceptions.clone())
    }

    /// Whether any policy or exception may look at `metadata.managedFields` of an object; where none does, a reader may
    /// leave it out.
    #[must_use]
    pub fn reads_managed_fields(&self) -> bool {
        self.reads_managed_fields
    }

    /// How many rules there are, generated ones included.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.policies.iter().map(|policy| policy.rules.len()).sum()
    }
}

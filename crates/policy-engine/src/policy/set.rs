//! All policies and exceptions of an engine, indexed by the kinds they speak of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::binding::CompiledBinding;
use super::compiled::CompiledPolicy;
use super::exception::CompiledException;
use crate::request::Request;
use crate::selection::{KindSelector, Reach};

/// Compiled policies in the order they were given. Immutable.
#[derive(Debug, Default)]
pub struct PolicySet {
    policies: Vec<Arc<CompiledPolicy>>,
    exceptions: Vec<Arc<CompiledException>>,
    bindings: Vec<Arc<CompiledBinding>>,
    /// Places of rules by the exact kind they name.
    by_kind: Places,
    /// Places of rules by the plural name of the resource they name.
    by_resource: Places,
    /// Places of rules whose kinds hold wildcards, or are left open.
    of_any_kind: Vec<(usize, usize)>,
    reads_managed_fields: bool,
}

/// Places of rules, `(policy, rule)`, by a name.
type Places = BTreeMap<String, Vec<(usize, usize)>>;

impl PolicySet {
    /// A set of `policies`, judged in this order, with `exceptions`.
    #[must_use]
    pub fn new(policies: Vec<Arc<CompiledPolicy>>, exceptions: Vec<Arc<CompiledException>>) -> Self {
        let (mut by_kind, mut by_resource) = (Places::new(), Places::new());
        let mut of_any_kind = Vec::new();
        let rules = policies.iter().enumerate().flat_map(|(at, policy)| {
            policy
                .rules
                .iter()
                .enumerate()
                .map(move |(rule_at, rule)| ((at, rule_at), rule))
        });
        for (place, rule) in rules {
            match rule.selector.reach() {
                Reach::Anything => of_any_kind.push(place),
                Reach::Resources(names) => names
                    .into_iter()
                    .for_each(|name| enter(&mut by_resource, name, place)),
                Reach::Kinds(kinds) => match kinds
                    .into_iter()
                    .map(KindSelector::exact_kind)
                    .collect::<Option<Vec<_>>>()
                {
                    None => of_any_kind.push(place),
                    Some(kinds) => kinds
                        .into_iter()
                        .for_each(|kind| enter(&mut by_kind, kind, place)),
                },
            }
        }
        Self {
            reads_managed_fields: exceptions.iter().any(|exception| exception.reads_managed_fields)
                || policies.iter().any(|policy| policy.reads_managed_fields),
            policies,
            exceptions,
            bindings: Vec::new(),
            by_kind,
            by_resource,
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

    /// The bindings of admission policies, in order.
    #[must_use]
    pub fn bindings(&self) -> &[Arc<CompiledBinding>] {
        &self.bindings
    }

    /// The same set, in which `bindings` say where admission policies apply. A policy that none binds applies everywhere.
    #[must_use]
    pub fn with_bindings(mut self, bindings: Vec<Arc<CompiledBinding>>) -> Self {
        self.bindings = bindings;
        self
    }

    /// Rules that may speak about `request`: policies in order, each with the places of its rules in order.
    #[must_use]
    pub fn candidates(&self, request: &Request) -> Vec<(&Arc<CompiledPolicy>, Vec<usize>)> {
        fn named<'p>(places: &'p Places, name: &str) -> &'p [(usize, usize)] {
            places.get(name).map(Vec::as_slice).unwrap_or_default()
        }
        let of_kind = named(&self.by_kind, &request.kind.kind);
        let of_resource = named(&self.by_resource, &request.resource_name());
        let mut places: Vec<(usize, usize)> = of_kind
            .iter()
            .chain(of_resource)
            .chain(&self.of_any_kind)
            .copied()
            .collect();
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
        Self::new(policies, self.exceptions.clone()).with_bindings(self.bindings.clone())
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

fn enter(places: &mut Places, name: &str, place: (usize, usize)) {
    let places = places.entry(name.to_owned()).or_default();
    if places.last() != Some(&place) {
        places.push(place);
    }
}

//! One policy under lint: its document, its wire type, its compiled form.

use manifest::{Document, FieldPath};
use policy_engine::policy::{CompiledPolicy, RuleOrigin};
use policy_types::kyverno_io::filters::MatchResources;
use policy_types::kyverno_io::policy::Policy;
use policy_types::kyverno_io::rule::Rule;

use crate::kubernetes::{Kind, Named, named};

/// A policy.
#[derive(Debug)]
pub(crate) struct Source<'p> {
    pub(crate) policy: &'p Policy,
    pub(crate) compiled: &'p CompiledPolicy,
    pub(crate) document: &'p Document,
}

/// Path of the policy's `spec`.
pub(crate) fn spec() -> FieldPath {
    FieldPath::root().key("spec")
}

/// Path of a filter, as [`MatchResources::filters`] tells its place below `match` or `exclude`.
pub(crate) fn filter_path(block: &FieldPath, place: Option<(&'static str, usize)>) -> FieldPath {
    place.map_or_else(|| block.clone(), |(list, index)| block.key(list).index(index))
}

impl Source<'_> {
    /// The rules, each with its path.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (&Rule, FieldPath)> {
        let rules = spec().key("rules");
        self.policy
            .spec
            .rules
            .iter()
            .enumerate()
            .map(move |(index, rule)| (rule, rules.index(index)))
    }

    /// Whether the author wrote the field at `path`, rather than a default that loading filled in.
    ///
    /// A key never starts where the key around it starts, and a field that is not in the text has the place of what is
    /// around it.
    pub(crate) fn is_written(&self, path: &FieldPath) -> bool {
        let places = &self.document.places;
        let Some(parent) = path.parent().filter(|_| !places.text().is_empty()) else {
            return false;
        };
        places.of_key(path) != places.of_key(&parent)
    }

    /// Whether rules for Pod controllers were generated from the rule.
    pub(crate) fn is_extended(&self, rule: &Rule) -> bool {
        self.compiled.rules.iter().any(|compiled| match &compiled.origin {
            RuleOrigin::Written => false,
            RuleOrigin::Generated { from } => **from == *rule.name,
        })
    }
}

/// The kinds of Kubernetes that a block names one by one; selectors with wildcards and custom resources are left out.
pub(crate) fn kinds_of(block: &MatchResources) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for selector in block
        .kinds()
        .filter(|selector| !scalars::wildcard::has_wildcard(selector_kind(selector)))
    {
        if let Named::Known(known) = named(selector) {
            kinds.extend(
                known
                    .into_iter()
                    .filter(|kind| !kinds.contains(kind))
                    .collect::<Vec<_>>(),
            );
        }
    }
    kinds
}

/// The last part of a selector: the kind, or a subresource.
fn selector_kind(selector: &str) -> &str {
    selector.rsplit('/').next().unwrap_or(selector)
}

//! Values that files give instead of the world (`cli.kyverno.io` Values, `--set`).

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Values for one resource under every policy, keyed as the Values file writes them.
///
/// Keys are dotted paths (`request.object.spec.x`, `foo.data.bar`); each is merged into the context of the rule that runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenValues {
    /// For every policy: global values, then `--set`.
    pub for_all: Map<String, Value>,
    /// For one policy and this resource, by policy name.
    pub for_policy: BTreeMap<String, Map<String, Value>>,
    /// For one rule of one policy, by policy and rule name (written name, no `autogen-` prefix).
    pub for_rule: BTreeMap<(String, String), Map<String, Value>>,
    /// `foreachValues` of one rule: only the first of each list is used, as Kyverno does.
    pub for_each: BTreeMap<(String, String), Map<String, Value>>,
}

impl GivenValues {
    /// Whether no file gave anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.for_all.is_empty()
            && self.for_policy.is_empty()
            && self.for_rule.is_empty()
            && self.for_each.is_empty()
    }
}

//! Whether a failing rule blocks: rule, override and policy, in Kyverno's order (engine-and-cli §8.1).

use std::collections::BTreeMap;

use scalars::wildcard;
use serde_json::Value;

use crate::compile_error::CompileError;
use crate::outcome::FailureAction;
use crate::selection::LabelSelector;

/// The actions one policy or rule sets.
#[derive(Debug, Clone, Default)]
pub struct Actions {
    /// Overrides by namespace, first match wins.
    pub overrides: Vec<ActionOverride>,
    /// The action without an override.
    pub action: Option<FailureAction>,
}

/// An action for some namespaces.
#[derive(Debug, Clone)]
pub struct ActionOverride {
    action: FailureAction,
    namespaces: Vec<String>,
    selector: Option<LabelSelector>,
}

/// What `validationActions` of a policy in Common Expression Language or of a binding come to; none are `[Deny]`.
pub(super) fn validation_action(spec: &Value) -> FailureAction {
    let listed = spec.get("validationActions").and_then(Value::as_array);
    if listed.is_none_or(Vec::is_empty) || has_validation_action(spec, "Deny") {
        FailureAction::Enforce
    } else {
        FailureAction::Audit
    }
}

/// Whether `validationActions` list `action`.
pub(super) fn has_validation_action(spec: &Value, action: &str) -> bool {
    let listed = spec.get("validationActions").and_then(Value::as_array);
    listed.into_iter().flatten().any(|one| one == action)
}

impl Actions {
    /// Compiles the action under `action_field` and the overrides under `overrides_field`.
    ///
    /// # Errors
    /// A selector that can't be judged.
    pub fn compile(
        holder: &Value,
        action_field: &str,
        overrides_field: &str,
    ) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut overrides = Vec::new();
        let listed = holder.get(overrides_field).and_then(Value::as_array);
        for (index, written) in listed.into_iter().flatten().enumerate() {
            let selector = written
                .get("namespaceSelector")
                .filter(|selector| !selector.is_null());
            let selector = selector.map(LabelSelector::compile).transpose().map_err(|error| {
                errors.push(error.under(&format!("{overrides_field}[{index}].namespaceSelector")));
            });
            let namespaces = written.get("namespaces").and_then(Value::as_array);
            overrides.push(ActionOverride {
                action: FailureAction::parse(
                    written.get("action").and_then(Value::as_str).unwrap_or_default(),
                ),
                namespaces: namespaces
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str)
                    .map(ToOwned::to_owned)
                    .collect(),
                selector: selector.unwrap_or_default(),
            });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let action = holder
            .get(action_field)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty());
        Ok(Self {
            overrides,
            action: action.map(FailureAction::parse),
        })
    }

    /// Whether an override selects by labels of the namespace.
    #[must_use]
    pub fn needs_namespace_labels(&self) -> bool {
        self.overrides.iter().any(|one| one.selector.is_some())
    }

    /// The action of the first override that means this namespace.
    #[must_use]
    pub fn overridden(&self, namespace: &str, labels: &BTreeMap<&str, &str>) -> Option<FailureAction> {
        self.overrides
            .iter()
            .find(|one| one.means(namespace, labels))
            .map(|one| one.action)
    }
}

impl ActionOverride {
    fn means(&self, namespace: &str, labels: &BTreeMap<&str, &str>) -> bool {
        let named = self
            .namespaces
            .iter()
            .any(|pattern| wildcard::matches(pattern, namespace));
        match (&self.selector, self.namespaces.is_empty()) {
            (None, true) => true,
            (None, false) => named,
            (Some(selector), true) => selector.matches(labels),
            (Some(selector), false) => named && selector.matches(labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_override_that_means_the_namespace_wins() {
        let spec = json!({"validationFailureAction": "audit", "validationFailureActionOverrides": [
            {"action": "Audit", "namespaces": ["dev*"]}, {"action": "enforce", "namespaces": ["*"], "namespaceSelector": {"matchLabels": {"env": "prod"}}}]});
        let actions = Actions::compile(
            &spec,
            "validationFailureAction",
            "validationFailureActionOverrides",
        )
        .unwrap();
        let labels = BTreeMap::from([("env", "prod")]);
        assert_eq!(actions.overridden("dev-1", &labels), Some(FailureAction::Audit));
        assert_eq!(actions.overridden("shop", &labels), Some(FailureAction::Enforce));
        assert_eq!(actions.overridden("shop", &BTreeMap::new()), None);
        assert_eq!(actions.action, Some(FailureAction::Audit));
    }
}

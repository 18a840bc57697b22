//! The cluster's settings, as Kyverno's ConfigMap writes them: what nobody judges, whom nobody judges, and a few words on
//! webhooks and images.
//!
//! In: the `data` of the ConfigMap. Out: [`Settings`], and a line for each setting that can't be read; the others count.
//! Never: a setting that can't be read and exempts something.
//!
//! Behaviour: Kyverno 1.19 `pkg/config`; spec: engine-and-cli §1.5.

use std::collections::BTreeSet;

use image_reference::DefaultRegistry;
use policy_engine::Request;
use policy_engine::selection::KindSelector;
use scalars::wildcard;
use serde_json::{Map, Value};

use crate::limits::MOST_SETTING_BYTES;

/// What the cluster's owner set for all policies.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    filters: Vec<ResourceFilter>,
    groups: Exclusions,
    user_names: Exclusions,
    roles: Exclusions,
    cluster_roles: Exclusions,
    /// Registry that short image names mean.
    pub(crate) default_registry: DefaultRegistry,
    /// Which passes are told of by events.
    pub(crate) success_events: SuccessEvents,
    /// Selectors, conditions, labels and annotations of our webhooks.
    pub(crate) webhooks: WebhookSettings,
}

/// Which passes are told of by events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum SuccessEvents {
    /// None.
    #[default]
    None,
    /// Those with one of these actions, as `Resource Passed`; all, where none is named.
    Of(BTreeSet<String>),
}

/// What the settings say of webhooks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WebhookSettings {
    /// `namespaceSelector.matchExpressions` and `matchLabels` (as expressions), beside ours.
    pub(crate) namespace_expressions: Vec<Value>,
    /// `objectSelector`, as written.
    pub(crate) object_selector: Option<Value>,
    /// `matchConditions`, before those of policies.
    pub(crate) match_conditions: Vec<Value>,
    /// Annotations of the configurations.
    pub(crate) annotations: Map<String, Value>,
    /// Labels of the configurations.
    pub(crate) labels: Map<String, Value>,
}

/// Objects that no policy judges: `[Kind,namespace,name]`.
#[derive(Debug, Clone)]
struct ResourceFilter {
    kind: KindSelector,
    namespace: String,
    name: String,
}

/// Who is not judged, and who is all the same.
#[derive(Debug, Clone, Default)]
struct Exclusions {
    excluded: Vec<String>,
    included: Vec<String>,
}

impl Exclusions {
    /// Reads `a,b*,!c`.
    fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for part in text.split(',').map(str::trim) {
            let (list, pattern) = match part.strip_prefix('!') {
                Some(pattern) => (&mut found.included, pattern.trim()),
                None => (&mut found.excluded, part),
            };
            if !pattern.is_empty() {
                list.push(pattern.to_owned());
            }
        }
        found
    }

    fn is_empty(&self) -> bool {
        self.excluded.is_empty() && self.included.is_empty()
    }
}

fn any_matches(patterns: &[String], found: &[&str]) -> bool {
    patterns
        .iter()
        .any(|pattern| found.iter().any(|one| wildcard::matches(pattern, one)))
}

impl Settings {
    /// Reads the `data` of the ConfigMap; what can't be read is told, one line each.
    #[must_use]
    pub fn parse(data: &Value) -> (Self, Vec<String>) {
        let mut settings = Self::default();
        let mut faults = Vec::new();
        let all = data.as_object().into_iter().flatten();
        let is_long = |value: &Value| value.as_str().is_some_and(|text| text.len() > MOST_SETTING_BYTES);
        faults.extend(
            all.filter(|(_, value)| is_long(value))
                .map(|(name, _)| format!("{name}: longer than {MOST_SETTING_BYTES} bytes")),
        );
        let text = |name: &str| {
            let value = data.get(name).filter(|value| !is_long(value));
            value.and_then(Value::as_str).unwrap_or_default()
        };
        settings.filters = parse_filters(text("resourceFilters"));
        settings.groups = Exclusions::parse(text("excludeGroups"));
        settings.user_names = Exclusions::parse(text("excludeUsernames"));
        settings.roles = Exclusions::parse(text("excludeRoles"));
        settings.cluster_roles = Exclusions::parse(text("excludeClusterRoles"));
        let registry = match text("defaultRegistry") {
            "" => "docker.io",
            named => named,
        };
        let is_shown = text("enableDefaultRegistryMutation") != "false";
        match DefaultRegistry::new(registry, is_shown) {
            Ok(registry) => settings.default_registry = registry,
            Err(cause) => faults.push(format!("defaultRegistry: {cause}")),
        }
        if text("generateSuccessEvents") == "true" {
            let actions = text("successEventActions").split(',').map(str::trim);
            let named = actions.filter(|action| !action.is_empty());
            settings.success_events = SuccessEvents::Of(named.map(ToOwned::to_owned).collect());
        }
        settings.webhooks = parse_webhooks(&text, &mut faults);
        faults.extend(unread(&text));
        (settings, faults)
    }

    /// Whether the names of a user's roles are asked for.
    #[must_use]
    pub(crate) fn names_roles(&self) -> bool {
        !self.roles.is_empty() || !self.cluster_roles.is_empty()
    }

    /// Whether nobody judges the object of `request`.
    #[must_use]
    pub(crate) fn filters(&self, request: &Request) -> bool {
        let is_namespace = request.kind.group.is_empty()
            && &*request.kind.version == "v1"
            && &*request.kind.kind == "Namespace";
        self.filters.iter().any(|filter| {
            filter.kind.matches(&request.kind, &request.subresource)
                && ((wildcard::matches(&filter.namespace, &request.namespace)
                    && wildcard::matches(&filter.name, &request.name))
                    || (is_namespace && wildcard::matches(&filter.namespace, &request.name)))
        })
    }

    /// Whether nobody judges what the user of `request` does. Roles count as far as they stand in the request; where they are
    /// not known and could include the user, nobody is excluded.
    #[must_use]
    pub(crate) fn excludes(&self, request: &Request, roles_known: bool) -> bool {
        let roles_include = [&self.roles, &self.cluster_roles]
            .iter()
            .any(|list| !list.included.is_empty());
        if roles_include && !roles_known {
            return false;
        }
        let Some(user) = &request.user else {
            return false;
        };
        let name = user
            .info
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let groups = user.info.get("groups").and_then(Value::as_array);
        let groups: Vec<&str> = groups.into_iter().flatten().filter_map(Value::as_str).collect();
        let roles: Vec<&str> = user.roles.iter().map(String::as_str).collect();
        let cluster_roles: Vec<&str> = user.cluster_roles.iter().map(String::as_str).collect();
        let asked = [
            (&self.user_names, &[name][..]),
            (&self.groups, &groups),
            (&self.roles, &roles),
            (&self.cluster_roles, &cluster_roles),
        ];
        let is_included = asked
            .iter()
            .any(|(list, found)| any_matches(&list.included, found));
        !is_included
            && asked
                .iter()
                .any(|(list, found)| any_matches(&list.excluded, found))
    }
}

/// Settings of Kyverno's that ask for something else than is done here.
fn unread<'t>(text: &impl Fn(&str) -> &'t str) -> Vec<String> {
    let mut told = Vec::new();
    if !matches!(text("maxContextSize"), "" | "2Mi" | "2097152") {
        told.push(
            "maxContextSize: context entries of one rule may have 2Mi together, whatever is set".to_owned(),
        );
    }
    told
}

/// Every `[kind,namespace,name]` of a text; what stands between is not looked at, nor is a bracket that is never closed: it
/// would exempt more than was meant. Parts that are left out match all, as in Kyverno.
fn parse_filters(text: &str) -> Vec<ResourceFilter> {
    let bracketed = text
        .split('[')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(']')?.0));
    let filters = bracketed.filter_map(|inner| {
        let mut parts = inner.split(',').map(str::trim);
        let kind = parts.next().filter(|kind| !kind.is_empty())?;
        let mut next = || {
            let part = parts.next().unwrap_or_default();
            if part.is_empty() {
                "*".to_owned()
            } else {
                part.to_owned()
            }
        };
        Some(ResourceFilter {
            kind: KindSelector::parse(kind),
            namespace: next(),
            name: next(),
        })
    });
    filters.collect()
}

fn parse_webhooks<'t>(text: &impl Fn(&str) -> &'t str, faults: &mut Vec<String>) -> WebhookSettings {
    let mut json = |name: &str| match text(name) {
        "" => Value::Null,
        written => serde_json::from_str(written).unwrap_or_else(|cause| {
            faults.push(format!("{name}: {cause}"));
            Value::Null
        }),
    };
    let webhooks = json("webhooks");
    // Older charts wrote a list with one element.
    let webhooks = webhooks.get(0).unwrap_or(&webhooks).clone();
    let selector = webhooks.get("namespaceSelector");
    let expressions = selector.and_then(|selector| selector.get("matchExpressions")?.as_array());
    let labels = selector.and_then(|selector| selector.get("matchLabels")?.as_object());
    let labels = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| serde_json::json!({"key": key, "operator": "In", "values": [value]}));
    let map = |value: Value| match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    WebhookSettings {
        namespace_expressions: expressions.into_iter().flatten().cloned().chain(labels).collect(),
        object_selector: webhooks
            .get("objectSelector")
            .filter(|selector| selector.is_object())
            .cloned(),
        match_conditions: json("matchConditions").as_array().cloned().unwrap_or_default(),
        annotations: map(json("webhookAnnotations")),
        labels: map(json("webhookLabels")),
    }
}

#[cfg(test)]
mod tests;

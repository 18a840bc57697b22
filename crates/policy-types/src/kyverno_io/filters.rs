//! `match` and `exclude`: which resources, and whose requests.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `match` or `exclude` of a rule: `any`, `all`, or one filter written flat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct MatchResources {
    /// At least one filter must hold.
    pub any: Option<Vec<ResourceFilter>>,
    /// Every filter must hold.
    pub all: Option<Vec<ResourceFilter>>,
    /// The older flat form.
    #[serde(flatten)]
    pub flat: ResourceFilter,
}

/// One filter: everything it names must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceFilter {
    /// What is told of the resource.
    pub resources: ResourceDescription,
    /// Users, groups and service accounts; one must make the request.
    pub subjects: Vec<Subject>,
    /// Roles as `namespace:name`; the user must hold one.
    pub roles: Vec<String>,
    /// Cluster roles; the user must hold one.
    pub cluster_roles: Vec<String>,
}

/// What a filter tells of the resource. Attributes are joined by AND, entries of a list by OR.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResourceDescription {
    /// Kinds as `Kind`, `version/Kind`, `group/version/Kind`, each with `/subresource`, with wildcards.
    pub kinds: Vec<String>,
    /// Name, with wildcards. Not together with `names`.
    pub name: String,
    /// Names, with wildcards.
    pub names: Vec<String>,
    /// Namespaces, with wildcards.
    pub namespaces: Vec<String>,
    /// Annotations, keys and values with wildcards; all must be found.
    pub annotations: BTreeMap<String, String>,
    /// Labels of the resource.
    pub selector: Option<LabelSelector>,
    /// Labels of the resource's namespace.
    pub namespace_selector: Option<LabelSelector>,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`.
    pub operations: Vec<String>,
}

/// Kubernetes' label selector; keys and values of `matchLabels` may hold wildcards here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be there.
    pub match_labels: BTreeMap<String, String>,
    /// Requirements that must hold.
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// One requirement of a label selector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: String,
    /// Values for `In` and `NotIn`.
    pub values: Vec<String>,
}

/// A user, a group or a service account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Name, with wildcards.
    pub name: String,
    /// Namespace of a service account.
    pub namespace: String,
    /// API group of the subject's kind; not looked at.
    pub api_group: String,
}

impl MatchResources {
    /// Every filter with the place it stands at below `match` or `exclude`: `any[0]`, `all[1]`, or nothing if flat.
    pub fn filters(&self) -> impl Iterator<Item = (Option<(&'static str, usize)>, &ResourceFilter)> {
        let any = self
            .any
            .iter()
            .flatten()
            .enumerate()
            .map(|(index, filter)| (Some(("any", index)), filter));
        let all = self
            .all
            .iter()
            .flatten()
            .enumerate()
            .map(|(index, filter)| (Some(("all", index)), filter));
        any.chain(all).chain(std::iter::once((None, &self.flat)))
    }

    /// Kinds named anywhere in it.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        self.filters()
            .flat_map(|(_, filter)| &filter.resources.kinds)
            .map(String::as_str)
    }

    /// Whether `any` or `all` names a filter.
    #[must_use]
    pub fn has_blocks(&self) -> bool {
        let named = |filters: &Option<Vec<ResourceFilter>>| {
            filters.as_ref().is_some_and(|filters| !filters.is_empty())
        };
        named(&self.any) || named(&self.all)
    }
}

impl ResourceFilter {
    /// Whether the filter asks who makes the request.
    #[must_use]
    pub fn asks_for_user(&self) -> bool {
        !(self.subjects.is_empty() && self.roles.is_empty() && self.cluster_roles.is_empty())
    }
}

impl ResourceDescription {
    /// Whether nothing is told.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

//! Kubernetes' `matchConstraints`: resource rules, what they exclude, selectors of namespaces and objects.
//!
//! In: a [`Request`], a compiled `MatchResources`, the namespace's labels. Out: [`Selection`]. Speaks of resources by
//! their plural names, as admission does, where Kyverno's classic rules speak of kinds. `matchPolicy` has its effect in
//! the API server, which converts an object before it asks.
//!
//! Behaviour: Kubernetes 1.36 `apiserver/pkg/admission/plugin/webhook/predicates`; Kyverno 1.19 `pkg/cel/matching`.

use std::collections::BTreeMap;

use scalars::wildcard;
use serde_json::Value;

use super::block::Selection;
use super::labels::{LabelSelector, string_map};
use crate::compile_error::CompileError;
use crate::facts::{Fact, FactError, FactRequest, FactView};
use crate::request::{Operation, Request};

/// A compiled `MatchResources`.
#[derive(Debug, Clone, Default)]
pub struct MatchConstraints {
    rules: Vec<ResourceRule>,
    excluded: Vec<ResourceRule>,
    namespaces: Option<LabelSelector>,
    objects: Option<LabelSelector>,
}

/// Operations on resources; every part must hold, elements of a part are alternatives.
#[derive(Debug, Clone, Default)]
struct ResourceRule {
    groups: Vec<String>,
    versions: Vec<String>,
    /// Plural name and subresource
    resources: Vec<(String, String)>,
    /// None: any
    operations: Option<Vec<Operation>>,
    scope: Scope,
    names: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Scope {
    #[default]
    Any,
    Cluster,
    Namespaced,
}

impl MatchConstraints {
    /// Compiles a `MatchResources` of the Kubernetes API; null is one that matches everything.
    ///
    /// # Errors
    /// Every selector and operation that can't be judged.
    pub fn compile(written: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let mut rules = |field: &str| -> Vec<ResourceRule> {
            let listed = written.get(field).and_then(Value::as_array);
            let compiled = listed.into_iter().flatten().enumerate().map(|(index, rule)| {
                ResourceRule::compile(rule).map_err(|error| error.under(&format!("{field}[{index}]")))
            });
            compiled
                .filter_map(|rule| rule.map_err(|error| errors.push(error)).ok())
                .collect()
        };
        let (rules, excluded) = (rules("resourceRules"), rules("excludeResourceRules"));
        let mut selector = |field: &str| {
            let value = written.get(field).filter(|value| !value.is_null())?;
            let compiled = plain_labels(value).and_then(|()| LabelSelector::compile(value));
            compiled.map_err(|error| errors.push(error.under(field))).ok()
        };
        let (namespaces, objects) = (selector("namespaceSelector"), selector("objectSelector"));
        if errors.is_empty() {
            Ok(Self {
                rules,
                excluded,
                namespaces,
                objects,
            })
        } else {
            Err(errors)
        }
    }

    /// Whether they speak about `request`.
    #[must_use]
    pub fn select(&self, request: &Request, view: &FactView<'_>) -> Selection {
        let target = Target::of(request);
        // Rules first: most policies end here, and no fact is asked for one that could not match anyway.
        let matched = self.rules.iter().position(|rule| rule.matches(&target));
        if (matched.is_none() && !self.rules.is_empty())
            || !self.selects_object(request)
            || self.excluded.iter().any(|rule| rule.matches(&target))
        {
            return Selection::NotSelected;
        }
        match self.selects_namespace(&target, view) {
            Ok(true) => Selection::Selected {
                clause: matched.map_or_else(
                    || "matchConstraints".to_owned(),
                    |at| format!("matchConstraints.resourceRules[{at}]"),
                ),
            },
            Ok(false) => Selection::NotSelected,
            Err(unknown) => unknown,
        }
    }

    /// Plural names of the resources that are spoken of; `None` where a rule leaves them open.
    #[must_use]
    pub fn resources(&self) -> Option<Vec<&str>> {
        let mut names = Vec::new();
        for rule in &self.rules {
            for (resource, _) in &rule.resources {
                if resource == "*" {
                    return None;
                }
                names.push(resource.as_str());
            }
        }
        (!self.rules.is_empty()).then_some(names)
    }

    /// Groups, versions and plural names that are spoken of, without subresources: what a scan lists. Empty: everything.
    pub fn listed(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.rules.iter().flat_map(|rule| {
            let groups = rule.groups.iter().map(String::as_str);
            groups.flat_map(move |group| {
                let versions = rule.versions.iter().map(String::as_str);
                versions.flat_map(move |version| {
                    let plain = rule
                        .resources
                        .iter()
                        .filter(|(_, subresource)| subresource.is_empty());
                    plain.map(move |(resource, _)| (group, version, resource.as_str()))
                })
            })
        })
    }

    fn selects_object(&self, request: &Request) -> bool {
        let Some(selector) = &self.objects else {
            return true;
        };
        let matches = |object: &Value| selector.matches(&string_map(object.pointer("/metadata/labels")));
        let objects = [request.object.as_deref(), request.old_object.as_deref()];
        selector.is_empty() || objects.into_iter().flatten().any(matches)
    }

    fn selects_namespace(&self, target: &Target<'_>, view: &FactView<'_>) -> Result<bool, Selection> {
        let Some(selector) = self.namespaces.as_ref().filter(|selector| !selector.is_empty()) else {
            return Ok(true);
        };
        let request = target.request;
        if target.is_namespace() {
            let labels = request
                .object
                .as_deref()
                .and_then(|object| object.pointer("/metadata/labels"));
            let is_stored = matches!(request.operation, Operation::Create | Operation::Update);
            if is_stored && target.subresource.is_empty() {
                return Ok(selector.matches(&string_map(labels)));
            }
        } else if target.namespace.is_empty() {
            return Ok(true);
        }
        let name = if target.namespace.is_empty() {
            target.name()
        } else {
            target.namespace
        };
        let failed = |cause: &str| Selection::Unjudgeable {
            cause: format!("failed to get labels of namespace `{name}`: {cause}"),
        };
        match view.ask(&FactRequest::NamespaceLabels {
            name: name.to_owned(),
        }) {
            None => Err(Selection::Pending),
            Some(Ok(Fact::Json(labels))) => Ok(selector.matches(&string_map(Some(labels)))),
            // The label that every namespace has
            Some(Err(FactError::NoLoader(_))) => {
                Ok(selector.matches(&BTreeMap::from([("kubernetes.io/metadata.name", name)])))
            }
            Some(Ok(Fact::Findings(_) | Fact::Digest(_))) => Err(failed("no JSON")),
            Some(Err(error)) => Err(failed(error.cause())),
        }
    }
}

/// Kubernetes has no wildcards in labels, which [`LabelSelector`] reads as Kyverno's classic rules do.
fn plain_labels(selector: &Value) -> Result<(), CompileError> {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        if let Some(odd) = [key.as_str(), value]
            .into_iter()
            .find(|text| wildcard::has_wildcard(text))
        {
            let message = format!("`{odd}` is no label: wildcards have no meaning here");
            return Err(CompileError::new("matchLabels", message));
        }
    }
    Ok(())
}

/// What rules of resources look at.
struct Target<'r> {
    request: &'r Request,
    group: &'r str,
    version: &'r str,
    resource: std::borrow::Cow<'r, str>,
    subresource: &'r str,
    namespace: &'r str,
}

impl<'r> Target<'r> {
    fn of(request: &'r Request) -> Self {
        let sent = |field: &str| {
            let resource = request.envelope.as_deref()?.get("resource")?;
            resource.get(field)?.as_str()
        };
        Self {
            request,
            group: sent("group").unwrap_or(&request.kind.group),
            version: sent("version").unwrap_or(&request.kind.version),
            resource: request.resource_name(),
            subresource: &request.subresource,
            namespace: &request.namespace,
        }
    }

    fn is_namespace(&self) -> bool {
        self.group.is_empty() && self.version == "v1" && self.resource == "namespaces"
    }

    fn name(&self) -> &'r str {
        let of_object = || {
            let object = self.request.subject()?;
            object.pointer("/metadata/name")?.as_str()
        };
        Some(&*self.request.name)
            .filter(|name| !name.is_empty())
            .or_else(of_object)
            .unwrap_or_default()
    }
}

impl ResourceRule {
    fn compile(rule: &Value) -> Result<Self, CompileError> {
        let strings = |field: &str| -> Vec<String> {
            let listed = rule.get(field).and_then(Value::as_array);
            let texts = listed.into_iter().flatten().filter_map(Value::as_str);
            texts.map(ToOwned::to_owned).collect()
        };
        let resources = strings("resources").into_iter().map(|written| {
            let (resource, subresource) = written.split_once('/').unwrap_or((&written, ""));
            (resource.to_owned(), subresource.to_owned())
        });
        let mut operations = Some(Vec::new());
        for (index, text) in strings("operations").into_iter().enumerate() {
            if text == "*" {
                operations = None;
                continue;
            }
            let operation = Operation::parse(&text).ok_or_else(|| {
                CompileError::new(
                    format!("operations[{index}]"),
                    format!("unknown operation `{text}`: expected CREATE, UPDATE, DELETE, CONNECT or *"),
                )
            })?;
            if let Some(operations) = &mut operations {
                operations.push(operation);
            }
        }
        Ok(Self {
            groups: strings("apiGroups"),
            versions: strings("apiVersions"),
            resources: resources.collect(),
            operations,
            scope: match rule.get("scope").and_then(Value::as_str) {
                Some("Cluster") => Scope::Cluster,
                Some("Namespaced") => Scope::Namespaced,
                Some(_) | None => Scope::Any,
            },
            names: strings("resourceNames"),
        })
    }

    fn matches(&self, target: &Target<'_>) -> bool {
        let one_of = |wanted: &[String], found: &str| wanted.iter().any(|one| one == "*" || one == found);
        let is_of_namespace = !target.is_namespace() && !target.namespace.is_empty();
        let in_scope = match self.scope {
            Scope::Any => true,
            Scope::Namespaced => is_of_namespace,
            Scope::Cluster => !is_of_namespace,
        };
        let operation = target.request.operation;
        in_scope
            && self
                .operations
                .as_ref()
                .is_none_or(|operations| operations.contains(&operation))
            && one_of(&self.groups, target.group)
            && one_of(&self.versions, target.version)
            && self.resources.iter().any(|(resource, subresource)| {
                (resource == "*" || *resource == target.resource)
                    && (subresource == "*" || subresource == target.subresource)
            })
            && self.names_match(target)
    }

    /// By name; where the API server will make the name, by what it will begin with.
    fn names_match(&self, target: &Target<'_>) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let name = target.name();
        if !name.is_empty() {
            return self.names.iter().any(|listed| listed == name);
        }
        let object = target.request.object.as_deref();
        let stem = object
            .and_then(|object| object.pointer("/metadata/generateName")?.as_str())
            .unwrap_or_default();
        self.names.iter().any(|listed| stem.starts_with(listed.as_str()))
    }
}

#[cfg(test)]
mod tests;

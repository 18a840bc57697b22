//! One resource filter: all attributes present must hold, lists inside them are alternatives.

use std::collections::BTreeMap;

use scalars::wildcard;
use serde_json::Value;

use super::kinds::KindSelector;
use super::labels::{LabelSelector, string_map};
use super::subjects::Subject;
use crate::compile_error::CompileError;
use crate::request::{Operation, Request, User};

/// A compiled filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    kinds: Vec<KindSelector>,
    names: Vec<String>,
    namespaces: Vec<String>,
    annotations: Vec<(String, String)>,
    selector: Option<LabelSelector>,
    namespace_selector: Option<LabelSelector>,
    operations: Vec<Operation>,
    users: UserFilter,
    is_empty_description: bool,
}

#[derive(Debug, Clone, Default)]
struct UserFilter {
    roles: Vec<String>,
    cluster_roles: Vec<String>,
    subjects: Vec<Subject>,
}

/// How the user part of a filter is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserRule {
    /// In `match`: dropped where the request has no user at all.
    DroppedWithoutUser,
    /// In `exclude` and exceptions: never met without a user.
    Kept,
}

impl Filter {
    /// Compiles `{resources, subjects, roles, clusterRoles}`.
    ///
    /// # Errors
    /// Every selector or operation that can't be judged.
    pub fn compile(filter: &Value) -> Result<Self, Vec<CompileError>> {
        let mut errors = Vec::new();
        let none = Value::Null;
        let resources = filter.get("resources").unwrap_or(&none);
        let mut selector = |field: &str| {
            let value = resources.get(field).filter(|value| !value.is_null())?;
            let compiled = LabelSelector::compile(value);
            compiled
                .map_err(|error| errors.push(error.under(&format!("resources.{field}"))))
                .ok()
        };
        let (label_selector, namespace_selector) = (selector("selector"), selector("namespaceSelector"));
        let mut operations = Vec::new();
        for (index, text) in strings(resources, "operations").into_iter().enumerate() {
            match Operation::parse(&text) {
                Some(operation) => operations.push(operation),
                None => errors.push(CompileError::new(
                    format!("resources.operations[{index}]"),
                    format!("unknown operation `{text}`: expected CREATE, UPDATE, DELETE or CONNECT"),
                )),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let subjects = filter.get("subjects").and_then(Value::as_array);
        let single = resources
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let names = single
            .map(ToOwned::to_owned)
            .into_iter()
            .chain(strings(resources, "names"))
            .collect();
        let annotations = string_map(resources.get("annotations"));
        Ok(Self {
            kinds: strings(resources, "kinds")
                .iter()
                .map(|kind| KindSelector::parse(kind))
                .collect(),
            names,
            namespaces: strings(resources, "namespaces"),
            annotations: annotations
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            selector: label_selector,
            namespace_selector,
            operations,
            users: UserFilter {
                roles: strings(filter, "roles"),
                cluster_roles: strings(filter, "clusterRoles"),
                subjects: subjects
                    .into_iter()
                    .flatten()
                    .filter_map(Subject::compile)
                    .collect(),
            },
            is_empty_description: resources
                .as_object()
                .is_none_or(|fields| fields.values().all(is_blank)),
        })
    }

    /// The kinds the filter names; empty: any.
    #[must_use]
    pub fn kinds(&self) -> &[KindSelector] {
        &self.kinds
    }

    /// Whether judging the filter needs the labels of the request's namespace.
    pub(super) fn needs_namespace_labels(&self) -> bool {
        self.namespace_selector.is_some()
    }

    /// Whether the filter says anything, seen from a request with or without a user.
    fn is_empty(&self, users_count: bool) -> bool {
        self.is_empty_description && (!users_count || self.users.is_empty())
    }

    /// Whether the request meets the filter. `ignore_operations` is for exceptions, which have none.
    pub(super) fn matches(
        &self,
        request: &Request,
        object: &Value,
        namespace_labels: &BTreeMap<&str, &str>,
        users: UserRule,
        ignore_operations: bool,
    ) -> bool {
        let users_count = users == UserRule::Kept || request.user.is_some();
        if self.is_empty(users_count) {
            return false;
        }
        (ignore_operations || self.operations.is_empty() || self.operations.contains(&request.operation))
            && (self.kinds.is_empty()
                || self
                    .kinds
                    .iter()
                    .any(|k| k.matches(&request.kind, &request.subresource)))
            && self.resource_matches(object, namespace_labels)
            && (!users_count || self.users.matches(request.user.as_deref()))
    }

    fn resource_matches(&self, object: &Value, namespace_labels: &BTreeMap<&str, &str>) -> bool {
        let metadata = |field: &str| object.get("metadata").and_then(|metadata| metadata.get(field));
        let text = |field: &str| metadata(field).and_then(Value::as_str).unwrap_or_default();
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let is_namespace = kind == "Namespace";
        let name = if text("name").is_empty() {
            text("generateName")
        } else {
            text("name")
        };
        let namespace = if is_namespace {
            text("name")
        } else {
            text("namespace")
        };
        let any = |patterns: &[String], found: &str| {
            patterns.is_empty() || patterns.iter().any(|pattern| wildcard::matches(pattern, found))
        };
        any(&self.names, name)
            && any(&self.namespaces, namespace)
            && self.annotations_match(metadata("annotations"))
            && self
                .selector
                .as_ref()
                .is_none_or(|selector| selector.matches(&string_map(metadata("labels"))))
            && self.namespace_selector.as_ref().is_none_or(|selector| {
                !is_namespace && (kind.is_empty() || selector.matches(namespace_labels))
            })
    }

    fn annotations_match(&self, annotations: Option<&Value>) -> bool {
        if self.annotations.is_empty() {
            return true;
        }
        let found = string_map(annotations);
        self.annotations.iter().all(|(key, value)| {
            found
                .iter()
                .any(|(k, v)| wildcard::matches(key, k) && wildcard::matches(value, v))
        })
    }
}

impl UserFilter {
    fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.cluster_roles.is_empty() && self.subjects.is_empty()
    }

    fn matches(&self, user: Option<&User>) -> bool {
        if self.is_empty() {
            return true;
        }
        let Some(user) = user else { return false };
        let meets = |wanted: &[String], found: &[String]| {
            wanted.is_empty() || wanted.iter().any(|w| found.contains(w))
        };
        meets(&self.roles, &user.roles)
            && meets(&self.cluster_roles, &user.cluster_roles)
            && (self.subjects.is_empty() || self.subjects.iter().any(|subject| subject.is(user)))
    }
}

fn strings(at: &Value, field: &str) -> Vec<String> {
    let listed = at.get(field).and_then(Value::as_array);
    listed
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(ToOwned::to_owned)
        .collect()
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

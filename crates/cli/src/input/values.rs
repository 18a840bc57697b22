//! Values that files give instead of a cluster (`--values-file`, `--set`). Spec: engine-and-cli §9.2.

use std::collections::BTreeMap;

use policy_engine::Request;
use policy_engine::request::{GivenValues, GroupVersionKind};
use policy_types::cli_kyverno_io::values::{ApiResource, Values, ValuesSpec};
use policy_types::load_cli::CliKind;
use serde_json::{Map, Value, json};

use super::files::read_file;
use crate::input_error::InputError;

/// A values file and `--set` pairs.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValuesInput {
    spec: ValuesSpec,
    set: Map<String, Value>,
}

/// Loads the one document of a file of the command line's kinds.
pub(crate) fn load_one<K: CliKind>(bytes: &[u8], path: &str) -> Result<K, InputError> {
    let told = |faults: Vec<String>| InputError::Malformed(faults.join("\n"));
    let documents = manifest::read(bytes, path)
        .map_err(|faults| told(faults.iter().map(ToString::to_string).collect()))?;
    let document = documents
        .into_iter()
        .next()
        .ok_or_else(|| InputError::Malformed(format!("`{path}` is empty")))?;
    let loaded = policy_types::load_cli::<K>(document);
    loaded
        .map(|loaded| loaded.object)
        .map_err(|faults| told(faults.iter().map(ToString::to_string).collect()))
}

impl ValuesInput {
    /// Values written in place.
    pub(crate) fn of(spec: ValuesSpec) -> Self {
        Self {
            spec,
            set: Map::new(),
        }
    }

    /// Loads `file` if there is one and reads `pairs` as `key=value`.
    ///
    /// # Errors
    /// [`InputError`] with every fault.
    pub(crate) fn load(file: Option<&str>, pairs: &[String]) -> Result<Self, InputError> {
        let spec = match file {
            Some(path) => load_one::<Values>(&read_file(path)?, path)?.spec,
            None => ValuesSpec::default(),
        };
        let mut set = Map::new();
        for pair in pairs.iter().flat_map(|pairs| pairs.split(',')) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| InputError::Malformed(format!("`--set {pair}`: expected key=value")))?;
            set.insert(key.trim().to_owned(), value.trim().into());
        }
        Ok(Self { spec, set })
    }

    /// The values for one resource, under every policy.
    pub(crate) fn for_resource(&self, name: &str) -> GivenValues {
        let mut for_all = self.spec.global_values.clone();
        for_all.extend(self.set.clone());
        let mut given = GivenValues {
            for_all,
            ..GivenValues::default()
        };
        for policy in &self.spec.policies {
            for resource in policy.resources.iter().filter(|resource| resource.name == name) {
                given
                    .for_policy
                    .entry(policy.name.clone())
                    .or_default()
                    .extend(resource.values.clone());
            }
            for rule in &policy.rules {
                let key = (policy.name.clone(), rule.name.clone());
                if !rule.values.is_empty() {
                    given
                        .for_rule
                        .entry(key.clone())
                        .or_default()
                        .extend(rule.values.clone());
                }
                if !rule.foreach_values.is_empty() {
                    let listed = rule
                        .foreach_values
                        .iter()
                        .map(|(path, values)| (path.clone(), Value::from(values.clone())));
                    given.for_each.entry(key).or_default().extend(listed);
                }
            }
        }
        given
    }

    /// The operation that values set for a resource, for all or under some policy.
    pub(crate) fn operation_for(&self, policy: &str, resource: &str) -> Option<String> {
        let of = |values: &Map<String, Value>| {
            values
                .get("request.operation")
                .and_then(Value::as_str)
                .map(ToOwned::to_owned)
        };
        let policies = self.spec.policies.iter().filter(|entry| entry.name == policy);
        let mut listed = policies
            .flat_map(|entry| &entry.resources)
            .filter(|entry| entry.name == resource);
        of(&self.set)
            .or_else(|| listed.find_map(|entry| of(&entry.values)))
            .or_else(|| of(&self.spec.global_values))
    }

    /// Namespaces as files tell of them, by name.
    pub(crate) fn namespaces(&self) -> BTreeMap<String, Value> {
        let listed = self.spec.namespace_selector.iter().map(|entry| {
            let object = json!({
                "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": entry.name, "labels": entry.labels}
            });
            (entry.name.clone(), object)
        });
        let objects = self.spec.namespaces.iter().filter_map(|namespace| {
            let name = namespace.pointer("/metadata/name")?.as_str()?.to_owned();
            Some((name, namespace.clone()))
        });
        listed.chain(objects).collect()
    }

    /// Places a request about an object of a subresource's kind (`Scale`) at its parent (`Deployment/scale`), as the API
    /// server asks it.
    pub(crate) fn place_subresource(&self, request: &mut Request) {
        let is_of = |kind: &GroupVersionKind, resource: &ApiResource| {
            *kind.group == *resource.group
                && *kind.version == *resource.version
                && *kind.kind == *resource.kind
        };
        let Some(found) = self
            .spec
            .subresources
            .iter()
            .find(|entry| is_of(&request.kind, &entry.subresource))
        else {
            return;
        };
        let parent = &found.parent_resource;
        let name = found
            .subresource
            .name
            .split_once('/')
            .map_or("", |(_, subresource)| subresource);
        request.subresource = name.into();
        request.kind = GroupVersionKind {
            group: parent.group.as_str().into(),
            version: parent.version.as_str().into(),
            kind: parent.kind.as_str().into(),
        };
    }
}

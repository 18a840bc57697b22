//! Resources to judge, as the API server would have them: in a namespace, without nulls where it stores none.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::files::{files_of, read_file};
use super::kinds;
use crate::input_error::InputError;

/// One resource.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) object: Arc<Value>,
    /// The file it was read from, as it was named; empty where it stands in no file of its own.
    pub(crate) source: Arc<str>,
}

impl Resource {
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `namespace/Kind/name`, as `apply` prints it.
    pub(crate) fn shown(&self) -> String {
        let parts = [
            self.text("/metadata/namespace"),
            self.text("/kind"),
            self.text("/metadata/name"),
        ];
        if parts[0].is_empty() {
            format!("{}/{}", parts[1], parts[2])
        } else {
            parts.join("/")
        }
    }
}

/// Loads everything under `paths`; the same object given twice counts once.
///
/// # Errors
/// [`InputError`] with every fault of every file.
pub(crate) fn load_resources(paths: &[String]) -> Result<Vec<Resource>, InputError> {
    let mut values = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        for file in files_of(path, false)? {
            let source: Arc<str> = file.as_str().into();
            match manifest::read_many(&read_file(&file)?, &file) {
                Ok(read) => values.extend(read.into_iter().map(|value| (value, Arc::clone(&source)))),
                Err(errors) => faults.extend(errors.iter().map(ToString::to_string)),
            }
        }
    }
    if !faults.is_empty() {
        return Err(InputError::Malformed(faults.join("\n")));
    }
    Ok(distinct(values))
}

/// The resources among `values`, lists unpacked, each object once.
pub(crate) fn resources_of(values: Vec<Value>) -> Vec<Resource> {
    let nowhere: Arc<str> = "".into();
    distinct(
        values
            .into_iter()
            .map(|value| (value, Arc::clone(&nowhere)))
            .collect(),
    )
}

fn distinct(values: Vec<(Value, Arc<str>)>) -> Vec<Resource> {
    let mut seen = BTreeSet::new();
    let mut resources = Vec::new();
    let unpacked = values.into_iter().flat_map(|(value, source)| {
        let objects = manifest::unpack_list(value).into_iter();
        objects.map(move |object| (object, Arc::clone(&source)))
    });
    for (mut object, source) in unpacked {
        if !object.is_object() {
            continue;
        }
        settle(&mut object);
        let resource = Resource {
            object: Arc::new(object),
            source,
        };
        let group = resource
            .text("/apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group);
        let name = resource.text("/metadata/name");
        let identity = [
            group,
            resource.text("/kind"),
            resource.text("/metadata/namespace"),
            name,
        ]
        .map(ToOwned::to_owned);
        if name.is_empty() || seen.insert(identity) {
            resources.push(resource);
        }
    }
    resources
}

/// Gives the object what the API server would give it before it asks a webhook.
fn settle(object: &mut Value) {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let namespaced = kinds::is_namespaced(text("apiVersion"), text("kind"));
    if let Some(fields) = object.as_object_mut() {
        let metadata = fields
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(metadata) = metadata.as_object_mut()
            && namespaced
            && metadata
                .get("namespace")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .is_empty()
        {
            metadata.insert("namespace".to_owned(), "default".into());
        }
    }
    fill_empty_maps(object);
}

/// Fields that are maps and stand there as null become empty maps, as Kyverno's command line has it.
fn fill_empty_maps(value: &mut Value) {
    const MAPS: [&str; 6] = [
        "annotations",
        "labels",
        "matchLabels",
        "nodeSelector",
        "data",
        "stringData",
    ];
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields.iter_mut() {
                if inner.is_null() && MAPS.contains(&key.as_str()) {
                    *inner = Value::Object(Map::new());
                } else {
                    fill_empty_maps(inner);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fill_empty_maps),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_namespaced_object_stands_in_default_unless_it_says_otherwise() {
        let resources = resources_of(vec![
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}),
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}),
        ]);
        assert_eq!(resources[0].shown(), "default/Pod/p");
        assert_eq!(resources[1].shown(), "Node/n");
    }

    #[test]
    fn the_same_object_counts_once_and_generated_names_are_never_the_same() {
        let pod = json!({"kind": "Pod", "metadata": {"name": "p"}});
        let unnamed = json!({"kind": "Pod", "metadata": {"generateName": "p-"}});
        assert_eq!(
            resources_of(vec![pod.clone(), pod, unnamed.clone(), unnamed]).len(),
            3
        );
    }
}

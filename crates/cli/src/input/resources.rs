//! Resources to judge, as the API server would have them: in a namespace, without nulls where it stores none.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::files::{files_of, read_file};
use super::kinds;
use super::packed::PackedValue;
use crate::input_error::InputError;

/// One resource.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) object: Arc<Value>,
    /// The file of a payload, which is no object of Kubernetes; none for objects.
    pub(crate) payload: Option<Arc<str>>,
}

/// A resource that waits: its object in few bytes, its name at hand.
#[derive(Debug)]
pub(crate) struct StoredResource {
    object: PackedValue,
    pub(crate) api_version: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    /// The file it was read from, as it was named; empty where it stands in no file of its own.
    pub(crate) source: Arc<str>,
    /// The line of the file at which its document starts, counted from 1.
    pub(crate) line: u32,
    /// As [`Resource::payload`].
    payload: Option<Arc<str>>,
}

impl Resource {
    pub(crate) fn text(&self, pointer: &str) -> &str {
        text_at(&self.object, pointer)
    }

    /// Its name; of a payload that of its file.
    pub(crate) fn name(&self) -> &str {
        match &self.payload {
            Some(file) => file,
            None => self.text("/metadata/name"),
        }
    }

    /// `namespace/Kind/name`, as `apply` prints it.
    pub(crate) fn shown(&self) -> String {
        if let Some(file) = &self.payload {
            return file.to_string();
        }
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

impl StoredResource {
    /// Stores `object`, which stands in `source` at `line`.
    pub(crate) fn of(object: &Value, source: Arc<str>, line: u32) -> Self {
        Self {
            object: PackedValue::of(object),
            api_version: text_at(object, "/apiVersion").into(),
            kind: text_at(object, "/kind").into(),
            namespace: text_at(object, "/metadata/namespace").into(),
            name: text_at(object, "/metadata/name").into(),
            source,
            line,
            payload: None,
        }
    }

    /// The resource as it was stored.
    pub(crate) fn resource(&self) -> Resource {
        Resource {
            object: Arc::new(self.object()),
            payload: self.payload.clone(),
        }
    }

    /// Its object.
    pub(crate) fn object(&self) -> Value {
        self.object.unpack()
    }

    /// What makes two resources the same one.
    fn identity(&self) -> [&str; 4] {
        let group = self.api_version.split_once('/').map_or("", |(group, _)| group);
        [group, &self.kind, &self.namespace, &self.name]
    }
}

fn text_at<'v>(object: &'v Value, pointer: &str) -> &'v str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Loads everything under `paths`; the same object given twice counts once.
///
/// # Errors
/// As [`load_stored`].
pub(crate) fn load_resources(paths: &[String]) -> Result<Vec<Resource>, InputError> {
    let stored = load_stored(paths)?;
    Ok(stored.iter().map(|stored| stored.resource()).collect())
}

/// Loads everything under `paths` to wait for its turn; the same object given twice counts once.
///
/// # Errors
/// [`InputError`] with every fault of every file.
pub(crate) fn load_stored(paths: &[String]) -> Result<Vec<Arc<StoredResource>>, InputError> {
    let mut stored = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        for file in files_of(path, false)? {
            let source: Arc<str> = file.as_str().into();
            let store = |object: Value, line: u32| settled(object, &source, line).ok_or(line);
            match manifest::read_objects(&read_file(&file)?, &file, store) {
                Ok(read) => {
                    for object in read {
                        match object {
                            Ok(object) => stored.push(object),
                            Err(line) => faults.push(format!("{file}:{line}: no object: expected a mapping")),
                        }
                    }
                }
                Err(errors) => faults.extend(errors.iter().map(ToString::to_string)),
            }
        }
    }
    if !faults.is_empty() {
        return Err(InputError::Malformed(faults.join("\n")));
    }
    Ok(distinct(stored))
}

/// Loads JSON payloads, which are no objects of Kubernetes, one from each document.
///
/// # Errors
/// [`InputError`] with every fault of every file.
pub(crate) fn load_payloads(paths: &[String]) -> Result<Vec<Arc<StoredResource>>, InputError> {
    let mut payloads = Vec::new();
    let mut faults = Vec::new();
    for path in paths {
        let name = Path::new(path).file_name().map(|name| name.to_string_lossy());
        let name: Arc<str> = name.as_deref().unwrap_or(path).into();
        let source: Arc<str> = path.as_str().into();
        match manifest::read(&read_file(path)?, path) {
            Ok(documents) => payloads.extend(documents.into_iter().map(|document| {
                let payload = Some(Arc::clone(&name));
                Arc::new(StoredResource {
                    payload,
                    ..StoredResource::of(&document.value, Arc::clone(&source), 1)
                })
            })),
            Err(errors) => faults.extend(errors.iter().map(ToString::to_string)),
        }
    }
    if faults.is_empty() {
        Ok(payloads)
    } else {
        Err(InputError::Malformed(faults.join("\n")))
    }
}

/// The resources among `values`, lists unpacked, each object once.
pub(crate) fn resources_of(values: Vec<Value>) -> Vec<Arc<StoredResource>> {
    let nowhere: Arc<str> = "".into();
    let objects = values.into_iter().flat_map(manifest::unpack_list);
    let stored = objects.filter_map(|object| settled(object, &nowhere, 1));
    distinct(stored.collect())
}

/// The object as the API server would have it, stored; none for what is no object.
fn settled(mut object: Value, source: &Arc<str>, line: u32) -> Option<StoredResource> {
    if !object.is_object() {
        return None;
    }
    settle(&mut object);
    Some(StoredResource::of(&object, Arc::clone(source), line))
}

fn distinct(stored: Vec<StoredResource>) -> Vec<Arc<StoredResource>> {
    let mut seen = HashSet::new();
    let is_first: Vec<bool> = stored
        .iter()
        .map(|resource| resource.name.is_empty() || seen.insert(resource.identity()))
        .collect();
    let kept = stored.into_iter().zip(is_first).filter(|(_, is_first)| *is_first);
    kept.map(|(resource, _)| Arc::new(resource)).collect()
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
        assert_eq!(resources[0].resource().shown(), "default/Pod/p");
        assert_eq!(resources[1].resource().shown(), "Node/n");
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

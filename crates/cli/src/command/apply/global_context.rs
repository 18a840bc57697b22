//! Contents of the global context, from GlobalContextEntry documents and the objects that stand in for a cluster.
//!
//! An entry that can't be filled is left out: a rule that asks for it then hears that it has no loader.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy_engine::LoadedPolicies;
use policy_types::Loaded;
use policy_types::kyverno_io::global_context_entry::GlobalContextEntry;
use serde_json::Value;

use crate::command::jp::evaluate_text;
use crate::input::{InputError, ObjectStore, StoredResource};

const KIND: &str = "GlobalContextEntry";

/// Takes the entries out of `resources`: they are no objects to judge.
///
/// # Errors
/// [`InputError`] with every fault of every entry.
pub(super) fn taken_out_of(
    resources: &mut Vec<Arc<StoredResource>>,
) -> Result<Vec<Loaded<GlobalContextEntry>>, InputError> {
    let is_entry = |resource: &Arc<StoredResource>| {
        &*resource.kind == KIND && resource.api_version.starts_with("kyverno.io/")
    };
    if !resources.iter().any(is_entry) {
        return Ok(Vec::new());
    }
    let (entries, others): (Vec<_>, Vec<_>) = resources.drain(..).partition(is_entry);
    *resources = others;
    let documents = entries
        .iter()
        .map(|entry| manifest::Document::without_text(entry.object(), &entry.source));
    let loaded = LoadedPolicies::load(documents);
    if loaded.faults.is_empty() {
        return Ok(loaded.global_context_entries);
    }
    let faults: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
    Err(InputError::Malformed(faults.join("\n")))
}

/// What the entries hold, by name and by `name.projection`.
pub(super) fn contents(
    entries: &[Loaded<GlobalContextEntry>],
    objects: &ObjectStore,
) -> BTreeMap<String, Value> {
    let mut contents = BTreeMap::new();
    for entry in entries.iter().map(|entry| &entry.object) {
        let Some(data) = data(entry, objects) else {
            continue;
        };
        let name = &entry.metadata.name;
        for projection in &entry.spec.projections {
            if let Ok(part) = evaluate_text(&projection.jmes_path, &data) {
                contents.insert(format!("{name}.{}", projection.name), part);
            }
        }
        contents.insert(name.clone(), data);
    }
    contents
}

fn data(entry: &GlobalContextEntry, objects: &ObjectStore) -> Option<Value> {
    if let Some(kind) = &entry.spec.kubernetes_resource {
        let root = if kind.group.is_empty() {
            format!("/api/{}", kind.version)
        } else {
            format!("/apis/{}/{}", kind.group, kind.version)
        };
        let place = if kind.namespace.is_empty() {
            kind.resource.clone()
        } else {
            format!("namespaces/{}/{}", kind.namespace, kind.resource)
        };
        let list = objects.get(&format!("{root}/{place}")).ok()?;
        return list.get("items").cloned();
    }
    let call = &entry.spec.api_call.as_ref()?.call;
    if call.url_path.is_empty() || call.method == "POST" {
        return None;
    }
    objects.get(&call.url_path).ok()
}

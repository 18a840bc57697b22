//! What a GlobalContextEntry holds, fetched from the cluster.

use policy_types::kyverno_io::global_context_entry::{GlobalContextEntry, GlobalContextEntrySpec};
use serde_json::{Map, Value};

use crate::discovery::ServedKind;

/// What is to be fetched for an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// All objects of a kind, as an array.
    Objects {
        /// The kind; only its group, version and plural are known.
        kind: ServedKind,
        /// One namespace, or all.
        namespace: Option<String>,
    },
    /// The answer to a call.
    Call {
        /// Path and query.
        path: String,
        /// JSON body of a `POST`.
        body: Option<String>,
    },
}

/// The entry and projection that `name` means among `entries`; names of entries may hold dots themselves.
pub(crate) fn named<'e, 'n>(
    entries: &'e [GlobalContextEntry],
    name: &'n str,
) -> Option<(&'e GlobalContextEntry, Option<&'n str>)> {
    let find = |wanted: &str| entries.iter().find(|entry| entry.metadata.name == wanted);
    if let Some(entry) = find(name) {
        return Some((entry, None));
    }
    let (entry, projection) = name.rsplit_once('.')?;
    Some((find(entry)?, Some(projection)))
}

/// Where the data of an entry comes from.
///
/// # Errors
/// The sentence that says why it comes from nowhere.
pub(crate) fn source(spec: &GlobalContextEntrySpec) -> Result<Source, String> {
    if let Some(kind) = &spec.kubernetes_resource {
        return Ok(Source::Objects {
            kind: ServedKind {
                group: kind.group.clone(),
                version: kind.version.clone(),
                kind: String::new(),
                plural: kind.resource.clone(),
                is_namespaced: !kind.namespace.is_empty(),
            },
            namespace: Some(kind.namespace.clone()).filter(|name| !name.is_empty()),
        });
    }
    let call = spec
        .api_call
        .as_ref()
        .map(|call| &call.call)
        .ok_or("names neither kubernetesResource nor apiCall")?;
    if call.url_path.is_empty() {
        return Err("calls a service, which is not supported for global context entries".to_owned());
    }
    let body = (call.method == "POST").then(|| {
        let fields = call
            .data
            .iter()
            .map(|field| (field.key.clone(), field.value.clone()));
        Value::Object(fields.collect::<Map<String, Value>>()).to_string()
    });
    Ok(Source::Call {
        path: call.url_path.clone(),
        body,
    })
}

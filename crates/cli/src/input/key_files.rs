//! Files of public keys that policies name and that can't be read: told before a registry is asked for anything.
//!
//! A rule that needs such a key gives an error when it is judged; this only says it earlier, with the line.

use manifest::{Document, FieldPath};
use serde_json::Value;

const FIELD: &str = "publicKeys";

/// One line for each file that is named and can't be read.
pub(crate) fn unreadable_key_files(policies: &[Document]) -> Vec<String> {
    let mut told = Vec::new();
    for policy in policies {
        let spec = FieldPath::root().key("spec");
        if let Some(value) = policy.value.get("spec") {
            look(value, &spec, policy, &mut told);
        }
    }
    told
}

/// As deep as the document, whose reader has bounded it.
fn look(value: &Value, path: &FieldPath, policy: &Document, told: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match inner.as_str().filter(|_| key == FIELD) {
                    Some(reference) => told.extend(fault(reference, &path.key(key), policy)),
                    None => look(inner, &path.key(key), policy, told),
                }
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                look(inner, &path.index(index), policy, told);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fault(reference: &str, path: &FieldPath, policy: &Document) -> Option<String> {
    let reference = reference.trim();
    let is_file = !reference.is_empty()
        && !reference.starts_with("-----BEGIN")
        && !reference.contains("://")
        && !reference.contains("{{");
    if !is_file {
        return None;
    }
    let cause = std::fs::File::open(reference).err()?;
    let place = match &*policy.source {
        "" => String::new(),
        source => format!("{source}:{}: {path}: ", policy.place(path)),
    };
    Some(format!("{place}key file `{reference}` can't be read: {cause}"))
}

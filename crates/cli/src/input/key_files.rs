//! Public keys of policies that can't be used: told before a registry is asked for anything.
//!
//! A rule that needs such a key gives an error when it is judged; this only says it earlier, with the line. Keys that
//! stand in the policy are looked at, and files that it names.

use std::fs::File;
use std::io::Read as _;

use manifest::{Document, FieldPath};
use serde_json::Value;

/// The field that may name a file.
const FIELD: &str = "publicKeys";
/// How a key begins that stands in the policy, whatever its field is called.
const PEM: &str = "-----BEGIN PUBLIC KEY-----";

/// Bytes of a key file that are read: keys of the longest kind take a hundredth.
const MOST_FILE_BYTES: u64 = 256 * 1_024;

/// One line for each key that can't be used.
pub(crate) fn unusable_keys(policies: &[Document]) -> Vec<String> {
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
                let path = path.key(key);
                match inner.as_str() {
                    Some(text) => told.extend(fault(key, text.trim(), &path, policy)),
                    None => look(inner, &path, policy, told),
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

fn fault(field: &str, text: &str, path: &FieldPath, policy: &Document) -> Option<String> {
    let is_variable = text.contains("{{");
    let names_file =
        field == FIELD && !text.is_empty() && !text.starts_with("-----") && !text.contains("://");
    let fault = if is_variable {
        return None;
    } else if text.starts_with(PEM) {
        image_verification::public_key_fault(text).map(|why| format!("a key that can't be used: {why}"))
    } else if names_file {
        match read(text) {
            Ok(key) => image_verification::public_key_fault(&key)
                .map(|why| format!("key file `{text}` can't be used: {why}")),
            Err(cause) => Some(format!("key file `{text}` can't be read: {cause}")),
        }
    } else {
        None
    };
    let place = match &*policy.source {
        "" => String::new(),
        source => format!("{source}:{}: {path}: ", policy.place(path)),
    };
    Some(format!("{place}{}", fault?))
}

fn read(file: &str) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(file)?
        .take(MOST_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}

//! Lists: objects whose `items` are the objects that are meant.

use serde_json::{Map, Value};

/// The items of a `v1` `List`, or of any kind whose name ends in `List`; any other value as the only item.
///
/// Items of a `PodList` need not carry kind and version: they are given the list's own.
#[must_use]
pub fn unpack_list(mut value: Value) -> Vec<Value> {
    match value.as_object_mut() {
        Some(fields) if is_list_object(fields) => unpack_fields(fields),
        _ => vec![value],
    }
}

/// Whether [`unpack_list`] takes the value apart.
pub(crate) fn is_list(value: &Value) -> bool {
    value.as_object().is_some_and(is_list_object)
}

/// Whether objects of this kind are lists.
pub(crate) fn is_list_kind(kind: &str) -> bool {
    kind.ends_with("List")
}

fn is_list_object(fields: &Map<String, Value>) -> bool {
    let named_list = fields
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(is_list_kind);
    named_list && matches!(fields.get("items"), Some(Value::Array(_) | Value::Null))
}

fn unpack_fields(fields: &mut Map<String, Value>) -> Vec<Value> {
    let version = fields.remove("apiVersion");
    let heritage = Heritage::of(fields.get("kind"), version);
    let mut items = match fields.remove("items") {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    items.iter_mut().for_each(|item| heritage.give(item));
    items
}

/// What items have from their list where they don't say it themselves.
pub(crate) struct Heritage {
    kind: String,
    api_version: Option<Value>,
}

impl Heritage {
    /// Of a list's own kind and version. A plain `List` gives nothing.
    pub(crate) fn of(kind: Option<&Value>, api_version: Option<Value>) -> Self {
        let kind = kind.and_then(Value::as_str).unwrap_or_default();
        Self {
            kind: kind.strip_suffix("List").unwrap_or_default().to_owned(),
            api_version,
        }
    }

    /// Gives it to an item.
    pub(crate) fn give(&self, item: &mut Value) {
        let Some(fields) = item.as_object_mut().filter(|_| !self.kind.is_empty()) else {
            return;
        };
        fields
            .entry("kind")
            .or_insert_with(|| Value::String(self.kind.clone()));
        if let Some(version) = &self.api_version {
            fields.entry("apiVersion").or_insert_with(|| version.clone());
        }
    }
}

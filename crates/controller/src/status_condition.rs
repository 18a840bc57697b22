//! One condition of a status, and how it takes its place among the others.

use serde_json::{Value, json};

use crate::clock;
use crate::limits::MOST_MESSAGE_CHARS;

/// A condition without its time.
#[derive(Debug)]
pub(crate) struct Condition {
    kind: &'static str,
    is_true: bool,
    reason: &'static str,
    message: String,
}

impl Condition {
    pub(crate) fn new(kind: &'static str, is_true: bool, reason: &'static str, message: String) -> Self {
        Self {
            kind,
            is_true,
            reason,
            message,
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let message: String = self.message.chars().take(MOST_MESSAGE_CHARS).collect();
        let status = if self.is_true { "True" } else { "False" };
        json!({"type": self.kind, "status": status, "reason": self.reason, "message": message})
    }
}

pub(crate) fn put(object: &mut Value, field: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// `there` with `wanted` in it: others are kept, and its own time where its status is the same.
pub(crate) fn with_condition(there: Option<&Value>, mut wanted: Value, generation: i64) -> Value {
    let conditions = there.and_then(Value::as_array);
    let own = wanted.get("type").cloned();
    let is_own = |condition: &&Value| condition.get("type") == own.as_ref();
    let last = conditions.into_iter().flatten().find(is_own);
    let is_same = |field: &str| last.and_then(|last| last.get(field)) == wanted.get(field);
    let says_the_same = ["status", "reason", "message"].into_iter().all(is_same);
    let changed_at = match last.and_then(|last| last.get("lastTransitionTime")) {
        Some(before) if is_same("status") => before.clone(),
        Some(_) | None => clock::kubernetes_time(clock::now()).into(),
    };
    // What was observed is told anew only where something else is, or every edit would be written twice.
    let observed = match last.and_then(|last| last.get("observedGeneration")) {
        Some(before) if says_the_same => before.clone(),
        Some(_) | None => generation.into(),
    };
    put(&mut wanted, "lastTransitionTime", changed_at);
    put(&mut wanted, "observedGeneration", observed);
    // Each stays where it stood: an order that changes would be a change.
    let mut all: Vec<Value> = conditions.cloned().unwrap_or_default();
    match all.iter_mut().find(|one| one.get("type") == own.as_ref()) {
        Some(place) => *place = wanted,
        None => all.push(wanted),
    }
    Value::Array(all)
}

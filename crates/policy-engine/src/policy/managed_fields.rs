//! Whether a policy may look at `metadata.managedFields` of the object it judges.
//!
//! The API server sends the bookkeeping of server-side apply with every object. It is often half of the bytes and more than
//! half of the values, and hardly a policy reads it, so a reader may leave it out where no policy can tell.
//!
//! In: a policy document as written. Out: `false` only where that is certain; whatever the text does not tell is `true`,
//! which costs time and nothing else.

use jmespath::Expression;
use scalars::wildcard;
use serde_json::Value;

use crate::context::anchor::Anchor;
use crate::context::placeholders;

const FIELD: &str = "managedFields";
/// How JSON, YAML and the expression languages begin a character that is spelled by its number: it could spell anything.
const ESCAPES: [&str; 3] = ["\\u", "\\U", "\\x"];
/// Where it stands in what expressions of classic policies see.
const PLACES: [[&str; 4]; 2] = [
    ["request", "object", "metadata", FIELD],
    ["request", "oldObject", "metadata", FIELD],
];

/// Whether `document`, a policy or an exception, may look at the managed fields of an object.
pub(super) fn may_be_read_by(document: &Value) -> bool {
    let mut open: Vec<(&str, &Value)> = document
        .get("spec")
        .map(|spec| ("spec", spec))
        .into_iter()
        .collect();
    while let Some((key, value)) = open.pop() {
        match value {
            Value::Object(members) => {
                if members.iter().any(|(key, value)| key_reaches(key, value)) {
                    return true;
                }
                open.extend(members.iter().map(|(key, value)| (key.as_str(), value)));
            }
            Value::Array(items) => open.extend(items.iter().map(|item| (key, item))),
            Value::String(text) if text_reaches(key, text) => return true,
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    false
}

/// A key of a pattern or a patch that means the field, or all of the metadata around it.
fn key_reaches(key: &str, value: &Value) -> bool {
    let name = Anchor::name_of(key);
    let means =
        |field: &str| name == field || (wildcard::has_wildcard(name) && wildcard::matches(name, field));
    means(FIELD)
        || (means("metadata") && !(name == "metadata" && value.is_object()))
        // `$patch` and its kin speak of everything beside them.
        || name.starts_with('$')
        // What a variable makes of it is known when it is judged.
        || key.contains("{{")
        || text_reaches("", key)
}

fn text_reaches(key: &str, text: &str) -> bool {
    text.contains(FIELD)
        || ESCAPES.iter().any(|escape| text.contains(escape))
        // A reference may climb to all of the object.
        || text.contains("$(")
        || pointer_reaches(text)
        || placeholders_reach(text)
        || match key {
            "jmesPath" | "list" => !text.contains("{{") && expression_reaches(text),
            "path" => path_reaches(text),
            _ => key.ends_with("xpression") && cel_reaches(text),
        }
}

/// A JSON pointer to all of the metadata.
fn pointer_reaches(text: &str) -> bool {
    text.match_indices("/metadata").any(|(at, found)| {
        let rest = text.get(at + found.len()..).unwrap_or_default();
        !rest.starts_with('/')
    })
}

/// A path of image extractors, in which `*` stands for every field and empty steps for nothing.
fn path_reaches(text: &str) -> bool {
    let mut steps = text.split('/').filter(|step| !step.is_empty());
    match steps.next() {
        Some("*") => true,
        Some("metadata") => steps.next().is_none_or(|step| step == "*"),
        Some(_) | None => false,
    }
}

fn placeholders_reach(text: &str) -> bool {
    let mut rest = text.to_owned();
    for span in placeholders::variables(text).into_iter().rev() {
        let (expression, _) = placeholders::expression_of(text.get(span.clone()).unwrap_or_default());
        if expression_reaches(&expression) {
            return true;
        }
        rest.replace_range(span, "");
    }
    // A variable within a variable is written when its value is known.
    rest.contains("{{")
}

fn expression_reaches(text: &str) -> bool {
    Expression::compile(text).map_or(true, |expression| {
        PLACES.iter().any(|place| expression.may_look_at(place))
    })
}

/// CEL: every `object`, `oldObject` and `request`, wherever the word stands, must go on to a field that leaves the managed
/// fields aside. Optional fields, indexes, macros and other calls may take all of what they are applied to.
fn cel_reaches(text: &str) -> bool {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = word_at(rest);
        let after = rest.get(word.len()..).unwrap_or_default();
        let takes_whole = match word {
            "object" | "oldObject" => object_is_taken_whole(after),
            // Which of the fields goes on is seen where the text comes to that.
            "request" => field_after(after).is_none(),
            _ => false,
        };
        if takes_whole {
            return true;
        }
        rest = if word.is_empty() {
            rest.get(first.len_utf8()..).unwrap_or_default()
        } else {
            after
        };
    }
    false
}

fn object_is_taken_whole(after: &str) -> bool {
    match field_after(after) {
        Some(("metadata", after)) => field_after(after).is_none(),
        Some(_) => false,
        None => true,
    }
}

/// `.name…` as the name and what follows it; none where the name is that of a call, or where a comment hides it.
fn field_after(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('.')?;
    let word = word_at(rest);
    let after = rest.get(word.len()..)?;
    let may_be_called = after.trim_start().starts_with(['(', '/']);
    (!word.is_empty() && !may_be_called).then_some((word, after))
}

fn word_at(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    text.get(..end.unwrap_or(text.len())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_by(rule: &Value) -> bool {
        may_be_read_by(&json!({"spec": {"rules": [rule]}}))
    }

    #[test]
    fn policies_that_name_what_they_read_leave_the_managed_fields_aside() {
        let written = [
            json!({"validate": {"message": "The object needs a label", "pattern": {"metadata": {"labels": {"=(app)": "?*"}},
                "spec": {"=(volumes)": [{"X(hostPath)": "null"}]}}}}),
            json!({"validate": {"deny": {"conditions": {"any": [{"key": "{{ request.object.metadata.labels.app || '' }}",
                "operator": "Equals", "value": "{{ request.operation }}"}]}}}}),
            json!({"validate": {"foreach": [{"list": "request.object.spec.containers", "pattern": {"image": "*:v1"}}]}}),
            json!({"validate": {"cel": {"expressions": [{"expression":
                "object.spec.containers.all(c, c.image != '') && has(object.metadata.labels) && request.operation == 'CREATE'"}]}}}),
            json!({"mutate": {"patchesJson6902": "- op: add\n  path: /metadata/labels/a\n  value: b"}}),
            json!({"verifyImages": [{"imageReferences": ["ghcr.io/acme/*"], "attestors": [{"entries": []}]}]}),
        ];
        for rule in &written {
            assert!(!read_by(rule), "{rule}");
        }
    }

    #[test]
    fn whatever_might_show_the_managed_fields_counts_as_reading_them() {
        let written = [
            json!({"validate": {"pattern": {"metadata": {"managedFields": "null"}}}}),
            json!({"validate": {"pattern": {"metadata": {"m*": "?*"}}}}),
            json!({"validate": {"pattern": {"=(metadata)": "?*"}}}),
            json!({"validate": {"pattern": {"*": "?*"}}}),
            json!({"validate": {"message": "{{ request.object }}"}}),
            json!({"validate": {"message": "{{ to_string(request.oldObject.metadata) }}"}}),
            json!({"validate": {"message": "{{ {{ request.object.spec.x }} }}"}}),
            json!({"validate": {"message": "{{ request.object.metadata.\"\\u006danagedFields\" }}"}}),
            json!({"validate": {"foreach": [{"list": "request.object.metadata.*"}]}}),
            json!({"context": [{"name": "all", "variable": {"jmesPath": "request.object"}}]}),
            json!({"validate": {"pattern": {"spec": {"a": "$(/metadata)"}}}}),
            json!({"validate": {"pattern": {"spec": {"a": "$(./../../)"}}}}),
            json!({"validate": {"pattern": {"{{ join('', ['meta', 'data']) }}": "?*"}}}),
            json!({"mutate": {"patchesJson6902": "- op: remove\n  path: \"\\x2fmetadata\""}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object == oldObject"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.metadata['x' + 'y'] == 1"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "request.object.?metadata.hasValue()"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"messageExpression": "string(request)"}]}}}),
            json!({"mutate": {"patchesJson6902": "- op: replace\n  path: /metadata\n  value: {}"}}),
            json!({"mutate": {"patchStrategicMerge": {"metadata": {"$patch": "replace"}}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.metadata.exists(k, k.startsWith('managed'))"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.metadata.size () == 3"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.all(k, v, k != 'metadata' || size(v) == 3)"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "request.all(k, v, k != 'object' || v == 1)"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.metadata.map // keys\n (k, k) == []"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "size(.object) == 1 || 'a' in.request"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.metadata.?uid.hasValue()"}]}}}),
            json!({"validate": {"cel": {"expressions": [{"expression": "object.`metadata`.exists(k, true)"}]}}}),
            json!({"imageExtractors": {"Task": [{"path": "/*/images"}]}}),
            json!({"imageExtractors": {"Task": [{"path": "*/images"}]}}),
            json!({"imageExtractors": {"Task": [{"path": "//metadata//*/images"}]}}),
        ];
        for rule in &written {
            assert!(read_by(rule), "{rule}");
        }
    }
}

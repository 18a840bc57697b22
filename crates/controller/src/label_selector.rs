//! Label selectors as people write them (`a=b,c!=d,e in (f,g),h,!i`), as webhooks take them.

use serde_json::{Value, json};

/// The `LabelSelector` that `text` means; text that means none selects everything, as the API server refuses it elsewhere.
pub(crate) fn label_selector(text: &str) -> Value {
    let mut expressions = Vec::new();
    for requirement in requirements(text) {
        match expression(requirement) {
            Some(expression) => expressions.push(expression),
            None => return json!({}),
        }
    }
    if expressions.is_empty() {
        json!({})
    } else {
        json!({"matchExpressions": expressions})
    }
}

/// The parts between commas that stand in no brackets.
fn requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    let is_end = |character: char| {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    text.split(is_end)
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

fn expression(requirement: &str) -> Option<Value> {
    let made = |key: &str, operator: &str, values: Vec<&str>| {
        let key = key.trim();
        let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_./".contains(character);
        let mut expression = json!({"key": key, "operator": operator});
        if let (false, Some(fields)) = (values.is_empty(), expression.as_object_mut()) {
            fields.insert("values".to_owned(), values.into());
        }
        (!key.is_empty() && key.chars().all(is_plain)).then_some(expression)
    };
    if let Some((before, rest)) = requirement.split_once('(') {
        let values = rest.strip_suffix(')')?.split(',').map(str::trim).collect();
        let before = before.trim();
        return match before.strip_suffix(" notin") {
            Some(key) => made(key, "NotIn", values),
            None => made(before.strip_suffix(" in")?, "In", values),
        };
    }
    if let Some((key, value)) = requirement.split_once("!=") {
        return made(key, "NotIn", vec![value.trim()]);
    }
    if let Some((key, value)) = requirement.split_once('=') {
        return made(key, "In", vec![value.trim_start_matches('=').trim()]);
    }
    match requirement.strip_prefix('!') {
        Some(key) => made(key, "DoesNotExist", Vec::new()),
        None => made(requirement, "Exists", Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_requirement_is_understood() {
        let selector = label_selector("a=b, c!=d,e in (f, g),h notin (i),j,!k,l==m");
        assert_eq!(
            selector["matchExpressions"],
            json!([
                {"key": "a", "operator": "In", "values": ["b"]},
                {"key": "c", "operator": "NotIn", "values": ["d"]},
                {"key": "e", "operator": "In", "values": ["f", "g"]},
                {"key": "h", "operator": "NotIn", "values": ["i"]},
                {"key": "j", "operator": "Exists"},
                {"key": "k", "operator": "DoesNotExist"},
                {"key": "l", "operator": "In", "values": ["m"]},
            ])
        );
        assert_eq!(label_selector(""), json!({}));
        assert_eq!(label_selector("a in b)"), json!({}));
    }
}

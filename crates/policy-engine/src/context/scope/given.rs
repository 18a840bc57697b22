//! What files give for one rule, as one tree.
//!
//! In: dotted paths with their values. Out: maps within maps.
//!
//! Behaviour: Kyverno 1.19 cmd/cli/kubectl-kyverno/variables, pkg/engine/context (`AddVariable`).

use serde_json::{Map, Value};

use super::layers::merge_maps;
use crate::request::GivenValues;

/// What files give for one rule, dotted paths unfolded: for all, then for the policy, then for the rule.
pub(super) fn tree(given: &GivenValues, policy: &str, rule: &str) -> Map<String, Value> {
    let mut tree = Map::new();
    if given.is_empty() {
        return tree;
    }
    let of_rule = (policy.to_owned(), rule.to_owned());
    let first = |value: &Value| match value.as_array() {
        Some(items) => items.first().cloned().unwrap_or(Value::Null),
        None => value.clone(),
    };
    let plain = [
        Some(&given.for_all),
        given.for_policy.get(policy),
        given.for_rule.get(&of_rule),
    ];
    let plain = plain
        .into_iter()
        .flatten()
        .flatten()
        .map(|(path, value)| (path, value.clone()));
    let looped = given
        .for_each
        .get(&of_rule)
        .into_iter()
        .flatten()
        .map(|(path, value)| (path, first(value)));
    for (path, value) in plain.chain(looped) {
        let nested = dotted(path)
            .into_iter()
            .rev()
            .fold(value, |value, key| Value::from_iter([(key, value)]));
        if let Value::Object(nested) = nested {
            merge_maps(&nested, &mut tree);
        }
    }
    tree
}

/// The elements of a dotted path; in double quotes a dot is a dot.
fn dotted(path: &str) -> Vec<String> {
    let mut elements = vec![String::new()];
    let mut quoted = false;
    for character in path.chars() {
        match character {
            '"' => quoted = !quoted,
            '.' if !quoted => elements.push(String::new()),
            plain => {
                if let Some(last) = elements.last_mut() {
                    last.push(plain);
                }
            }
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dot_in_quotes_is_part_of_a_key() {
        assert_eq!(dotted("a.b"), ["a", "b"]);
        assert_eq!(dotted(r#"a."b.c/d".e"#), ["a", "b.c/d", "e"]);
        assert_eq!(dotted("a"), ["a"]);
    }
}

//! Whether a mutated object is the one a test expects.
//!
//! `test` compares after normalisation, as Kyverno does: what is null or empty counts as absent, labels under
//! `generate.kyverno.io/` are ignored, and `app.kubernetes.io/managed-by` counts as `kyverno` where it is not set.
//!
//! Behaviour: Kyverno 1.19 cmd/cli/kubectl-kyverno/resource (tidy, labels, compare).

use serde_json::{Map, Value, json};

use crate::nesting::{self, TooDeep};

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const GENERATE_LABELS: &str = "generate.kyverno.io/";

/// Whether `actual` and `expected` are the same object once normalised.
///
/// # Errors
/// [`TooDeep`] when either is nested too deep.
pub fn equal_after_normalisation(actual: &Value, expected: &Value) -> Result<bool, TooDeep> {
    nesting::check(actual)?;
    nesting::check(expected)?;
    Ok(normalised(actual) == normalised(expected))
}

fn normalised(object: &Value) -> Value {
    let mut object = object.clone();
    set_labels(&mut object);
    without_empty(&object).unwrap_or_else(|| Value::Object(Map::new()))
}

fn set_labels(object: &mut Value) {
    let Value::Object(fields) = object else { return };
    let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
    let Value::Object(metadata) = metadata else { return };
    let mut labels = Map::from_iter([(MANAGED_BY.to_owned(), json!("kyverno"))]);
    if let Some(Value::Object(present)) = metadata.get("labels") {
        let kept = present
            .iter()
            .filter(|(key, _)| !key.starts_with(GENERATE_LABELS));
        labels.extend(kept.map(|(key, value)| (key.clone(), value.clone())));
    }
    metadata.insert("labels".to_owned(), Value::Object(labels));
}

/// The value without nulls, empty maps and empty lists; nothing when nothing is left. Numbers are compared as numbers.
fn without_empty(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(map) => {
            let kept: Map<_, _> = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), without_empty(value)?)))
                .collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(list) => {
            let kept: Vec<_> = list.iter().filter_map(without_empty).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::Number(number) => Some(whole_number(number.as_f64()).unwrap_or_else(|| value.clone())),
        Value::Bool(_) | Value::String(_) => Some(value.clone()),
    }
}

/// `2.0` and `2` are one number in JSON; Go prints both as `2` before it compares.
fn whole_number(number: Option<f64>) -> Option<Value> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number.filter(|number| number.fract() == 0.0 && number.abs() < EXACT)?;
    format!("{number:.0}").parse::<i64>().ok().map(Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_null_values_count_as_absent() {
        let actual = json!({"metadata": {"name": "a", "annotations": {}}, "spec": {"x": null, "y": [{}, 1]}});
        let expected = json!({"metadata": {"name": "a"}, "spec": {"y": [1]}});
        assert!(equal_after_normalisation(&actual, &expected).unwrap());
    }

    #[test]
    fn labels_kyverno_sets_itself_are_ignored_but_others_are_not() {
        let plain = json!({"metadata": {"name": "a"}});
        let marked = json!({"metadata": {"name": "a", "labels": {"generate.kyverno.io/x": "y", MANAGED_BY: "kyverno"}}});
        let other = json!({"metadata": {"name": "a", "labels": {"app": "x"}}});
        let managed = json!({"metadata": {"name": "a", "labels": {MANAGED_BY: "helm"}}});
        assert!(equal_after_normalisation(&plain, &marked).unwrap());
        assert!(!equal_after_normalisation(&plain, &other).unwrap());
        assert!(!equal_after_normalisation(&plain, &managed).unwrap());
    }

    #[test]
    fn the_order_of_a_list_and_the_type_of_a_scalar_matter() {
        let of = |value: Value| json!({"metadata": {"name": "a"}, "spec": value});
        assert!(!equal_after_normalisation(&of(json!([1, 2])), &of(json!([2, 1]))).unwrap());
        assert!(!equal_after_normalisation(&of(json!("2")), &of(json!(2))).unwrap());
        assert!(equal_after_normalisation(&of(json!(2.0)), &of(json!(2))).unwrap());
    }
}

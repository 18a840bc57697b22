//! Label selectors, with Kyverno's wildcards in `matchLabels`.

use std::collections::BTreeMap;

use scalars::wildcard;
use serde_json::Value;

use crate::compile_error::CompileError;

/// A compiled label selector; all parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelSelector {
    labels: Vec<(String, String)>,
    expressions: Vec<Expression>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Expression {
    key: String,
    operator: Operator,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Compiles a `LabelSelector` of the Kubernetes API.
    ///
    /// # Errors
    /// An operator or a count of values that Kubernetes refuses: it is refused at load, not when first asked.
    pub fn compile(selector: &Value) -> Result<Self, CompileError> {
        let labels = selector.get("matchLabels").and_then(Value::as_object);
        let labels = labels
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), text_of(value)))
            .collect();
        let listed = selector.get("matchExpressions").and_then(Value::as_array);
        let expressions = listed
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, expression)| {
                Expression::compile(expression)
                    .map_err(|error| error.under(&format!("matchExpressions[{index}]")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { labels, expressions })
    }

    /// Whether there is nothing to meet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.expressions.is_empty()
    }

    /// Whether `labels` meet the selector. An empty selector is met by anything.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        self.labels
            .iter()
            .all(|(key, value)| label_matches(key, value, labels))
            && self
                .expressions
                .iter()
                .all(|expression| expression.matches(labels))
    }
}

/// A pair without wildcards must be there; one with wildcards must match some pair.
fn label_matches(key: &str, value: &str, labels: &BTreeMap<&str, &str>) -> bool {
    if !wildcard::has_wildcard(key) && !wildcard::has_wildcard(value) {
        return labels.get(key) == Some(&value);
    }
    labels
        .iter()
        .any(|(k, v)| wildcard::matches(key, k) && wildcard::matches(value, v))
}

impl Expression {
    fn compile(expression: &Value) -> Result<Self, CompileError> {
        let field = |name: &str| {
            expression
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let values: Vec<String> = expression
            .get("values")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(text_of)
            .collect();
        let operator = match &*field("operator") {
            "In" => Operator::In,
            "NotIn" => Operator::NotIn,
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => {
                let message =
                    format!("unknown operator `{other}`: expected In, NotIn, Exists or DoesNotExist");
                return Err(CompileError::new("operator", message));
            }
        };
        match operator {
            Operator::In | Operator::NotIn if values.is_empty() => Err(CompileError::new(
                "values",
                "expected at least one value for In and NotIn",
            )),
            Operator::Exists | Operator::DoesNotExist if !values.is_empty() => Err(CompileError::new(
                "values",
                "expected no value for Exists and DoesNotExist",
            )),
            Operator::In | Operator::NotIn | Operator::Exists | Operator::DoesNotExist => Ok(Self {
                key: field("key"),
                operator,
                values,
            }),
        }
    }

    fn matches(&self, labels: &BTreeMap<&str, &str>) -> bool {
        let found = labels.get(&*self.key);
        let listed = || found.is_some_and(|found| self.values.iter().any(|value| value == found));
        match self.operator {
            Operator::In => listed(),
            Operator::NotIn => !listed(),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
        }
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A map of strings as it stands in an object: labels, annotations.
#[must_use]
pub(crate) fn string_map(map: Option<&Value>) -> BTreeMap<&str, &str> {
    let fields = map.and_then(Value::as_object);
    fields
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((&**key, value.as_str()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(selector: &Value, labels: &[(&str, &str)]) -> bool {
        LabelSelector::compile(selector)
            .unwrap()
            .matches(&labels.iter().copied().collect())
    }

    #[test]
    fn an_empty_selector_is_met_by_anything() {
        assert!(matches(&json!({}), &[]));
    }

    #[test]
    fn wildcards_in_match_labels_need_some_pair() {
        assert!(matches(
            &json!({"matchLabels": {"app*": "*"}}),
            &[("app.kubernetes.io/name", "x")]
        ));
        assert!(!matches(
            &json!({"matchLabels": {"app*": "?*"}}),
            &[("other", "x")]
        ));
        assert!(!matches(&json!({"matchLabels": {"a": "x"}}), &[("a", "y")]));
    }

    #[test]
    fn not_in_is_met_by_an_absent_label() {
        let selector = json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["dev"]}]});
        assert!(matches(&selector, &[]));
        assert!(!matches(&selector, &[("env", "dev")]));
    }

    #[test]
    fn an_unknown_operator_is_refused_when_compiled() {
        let selector = json!({"matchExpressions": [{"key": "env", "operator": "in", "values": ["dev"]}]});
        assert_eq!(
            LabelSelector::compile(&selector).unwrap_err().path,
            "matchExpressions[0].operator"
        );
    }
}

//! Reads typed fields out of JSON, remembering where they stand.

use std::collections::BTreeMap;

use serde_json::Value;

/// A field that has another type than the Pod API gives it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} must be {expected}")]
pub struct Malformed {
    /// Where, as Kubernetes writes field paths
    pub path: String,
    /// What should be there, with its article
    pub expected: &'static str,
}

/// A place in a JSON value; null and missing are one.
#[derive(Debug)]
pub(super) struct At<'a> {
    value: &'a Value,
    /// The author's key, for values of maps that have such keys
    key: &'a str,
    path: String,
}

impl<'a> At<'a> {
    pub(super) fn new(value: &'a Value, path: &str) -> Self {
        Self {
            value,
            key: "",
            path: path.to_owned(),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn is_absent(&self) -> bool {
        self.value.is_null()
    }

    pub(super) fn field(&self, name: &str) -> Result<Self, Malformed> {
        let value = match self.value {
            Value::Null => &Value::Null,
            Value::Object(fields) => fields.get(name).unwrap_or(&Value::Null),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(self.must_be("a map"));
            }
        };
        Ok(At {
            value,
            key: "",
            path: format!("{}.{name}", self.path),
        })
    }

    pub(super) fn elements(&self) -> Result<Vec<Self>, Malformed> {
        let of = |(index, value)| At {
            value,
            key: "",
            path: format!("{}[{index}]", self.path),
        };
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Array(list) => Ok(list.iter().enumerate().map(of).collect()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                Err(self.must_be("a list"))
            }
        }
    }

    pub(super) fn flag(&self) -> Result<Option<bool>, Malformed> {
        self.absent_or(self.value.as_bool(), "a boolean")
    }

    pub(super) fn text(&self) -> Result<Option<String>, Malformed> {
        self.absent_or(self.value.as_str().map(str::to_owned), "a string")
    }

    pub(super) fn integer(&self) -> Result<Option<i64>, Malformed> {
        let whole = |number: &f64| number.fract() == 0.0 && number.abs() < 1e15;
        let from_float = || format!("{:.0}", self.value.as_f64().filter(whole)?).parse().ok();
        self.absent_or(self.value.as_i64().or_else(from_float), "an integer")
    }

    pub(super) fn texts(&self) -> Result<Vec<String>, Malformed> {
        self.elements()?
            .iter()
            .map(|element| Ok(element.text()?.unwrap_or_default()))
            .collect()
    }

    pub(super) fn texts_by_key(&self) -> Result<BTreeMap<String, String>, Malformed> {
        let values = self.values()?;
        let texts = values
            .iter()
            .map(|at| Ok((at.key.to_owned(), at.text()?.unwrap_or_default())));
        texts.collect()
    }

    /// The values of a map whose keys are the author's.
    pub(super) fn values(&self) -> Result<Vec<Self>, Malformed> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Object(fields) => {
                let of = |(key, value): (&'a String, &'a Value)| At {
                    value,
                    key,
                    path: format!("{}[{key}]", self.path),
                };
                Ok(fields.iter().map(of).collect())
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(self.must_be("a map"))
            }
        }
    }

    pub(super) fn text_or_number(&self) -> Result<(), Malformed> {
        let is_either = self.value.is_string() || self.value.is_number();
        self.absent_or(is_either.then_some(()), "a string or a number")
            .map(drop)
    }

    /// The names of the fields that are set.
    pub(super) fn present_fields(&self) -> Result<Vec<String>, Malformed> {
        match self.value {
            Value::Null => Ok(Vec::new()),
            Value::Object(fields) => Ok(fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, _)| name.clone())
                .collect()),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(self.must_be("a map"))
            }
        }
    }

    fn absent_or<T>(&self, read: Option<T>, expected: &'static str) -> Result<Option<T>, Malformed> {
        if read.is_none() && !self.is_absent() {
            Err(self.must_be(expected))
        } else {
            Ok(read)
        }
    }

    fn must_be(&self, expected: &'static str) -> Malformed {
        Malformed {
            path: self.path.clone(),
            expected,
        }
    }
}

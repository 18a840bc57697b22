//! Semantic versions as values: `semver('1.2.3')`.
//!
//! Strict unless asked to normalise (`semver('v1.2', true)`); order ignores build metadata. Source: Kubernetes
//! `apiserver/pkg/cel/library/semverlib.go`.

use std::any::Any;
use std::cmp::Ordering;

use scalars::semver_range::parse_version;

use super::arguments::{opaque, string, value};
use super::quantities::order;
use crate::declaration::{Declared, function};
use crate::error::EvalError;
use crate::value::{Opaque, Value};

pub(crate) const FUNCTIONS: &[Declared] = &[
    function("semver", "(string) -> kubernetes.Semver", |_, a| {
        parse(string(a, 0)?, false)
            .map(Value::opaque)
            .map_err(EvalError::failed)
    }),
    function("semver", "(string, bool) -> kubernetes.Semver", |_, a| {
        parse(string(a, 0)?, normalise(a)?)
            .map(Value::opaque)
            .map_err(EvalError::failed)
    }),
    function("isSemver", "(string) -> bool", |_, a| {
        Ok(Value::Bool(parse(string(a, 0)?, false).is_ok()))
    }),
    function("isSemver", "(string, bool) -> bool", |_, a| {
        Ok(Value::Bool(parse(string(a, 0)?, normalise(a)?).is_ok()))
    }),
    function(
        "isGreaterThan",
        "kubernetes.Semver.(kubernetes.Semver) -> bool",
        |_, a| Ok(Value::Bool(compared(a)?.is_gt())),
    ),
    function(
        "isLessThan",
        "kubernetes.Semver.(kubernetes.Semver) -> bool",
        |_, a| Ok(Value::Bool(compared(a)?.is_lt())),
    ),
    function(
        "compareTo",
        "kubernetes.Semver.(kubernetes.Semver) -> int",
        |_, a| Ok(order(compared(a)?)),
    ),
    function("major", "kubernetes.Semver.() -> int", |_, a| {
        Ok(number(opaque::<Version>(a, 0)?.0.major))
    }),
    function("minor", "kubernetes.Semver.() -> int", |_, a| {
        Ok(number(opaque::<Version>(a, 0)?.0.minor))
    }),
    function("patch", "kubernetes.Semver.() -> int", |_, a| {
        Ok(number(opaque::<Version>(a, 0)?.0.patch))
    }),
];

#[derive(Debug)]
struct Version(semver::Version);

impl Opaque for Version {
    fn type_name(&self) -> &str {
        "kubernetes.Semver"
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other
            .downcast::<Self>()
            .is_some_and(|other| self.0.cmp_precedence(&other.0).is_eq())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn to_json(&self) -> Option<serde_json::Value> {
        Some(self.0.to_string().into())
    }
}

fn number<'v>(part: u64) -> Value<'v> {
    Value::Int(i64::try_from(part).unwrap_or(i64::MAX))
}

fn normalise(arguments: &[Value<'_>]) -> Result<bool, EvalError> {
    value(arguments, 1)?
        .as_bool()
        .ok_or_else(EvalError::no_such_overload)
}

fn compared(arguments: &[Value<'_>]) -> Result<Ordering, EvalError> {
    Ok(opaque::<Version>(arguments, 0)?
        .0
        .cmp_precedence(&opaque::<Version>(arguments, 1)?.0))
}

fn parse(text: &str, normalise: bool) -> Result<Version, String> {
    let text = if normalise {
        normalised(text)?
    } else {
        text.to_owned()
    };
    parse_version(&text)
        .map(Version)
        .map_err(|error| error.to_string())
}

/// Without `v`, with minor and patch, without leading zeros
fn normalised(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeros).collect();
    if parts.len() < 3 {
        if parts.last().is_some_and(|last| last.contains(['+', '-'])) {
            return Err(String::from(
                "short version cannot contain PreRelease/Build meta data",
            ));
        }
        parts.resize(3, String::from("0"));
    }
    Ok(parts.join("."))
}

fn without_zeros(part: &str) -> String {
    if part.len() <= 1 {
        return part.to_owned();
    }
    let stripped = part.trim_start_matches('0');
    if stripped.starts_with(|first: char| first.is_ascii_digit()) {
        stripped.to_owned()
    } else {
        format!("0{stripped}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_strictly_unless_it_may_be_normalised() {
        assert!(parse("v1.2.3", false).is_err());
        assert_eq!(parse("v01.02", true).unwrap().0.to_string(), "1.2.0");
        assert_eq!(parse("1.2.00-rc.1", true).unwrap().0.to_string(), "1.2.0-rc.1");
        assert!(parse("1.2-rc", true).is_err());
    }
}

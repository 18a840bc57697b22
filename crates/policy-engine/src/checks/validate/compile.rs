//! `validate` and `validate.foreach` compiled, all faults at once.

use serde_json::Value;

use super::super::conditions::Conditions;
use super::super::foreach::ForEach;
use super::super::message::Message;
use super::super::pattern::Pattern;
use super::super::pod_security::PodSecurity;
use super::{Body, ValidateRule};
use crate::compile_error::CompileError;
use crate::context::{ContextEntries, JsonPath, Query, Template};

/// Loops within loops.
pub const MAX_LOOP_NESTING: usize = 8;
const BODIES: [&str; 7] = [
    "deny",
    "pattern",
    "anyPattern",
    "foreach",
    "podSecurity",
    "cel",
    "manifests",
];

type Faults = Vec<CompileError>;

pub(super) fn rule(validate: &Value) -> Result<ValidateRule, Faults> {
    let written = validate
        .get("message")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let template = Template::of_text(&written).map_err(|faults| under(faults, "message"));
    let body = body(validate, &BODIES, 0);
    match (template, body) {
        (Ok(template), Ok(body)) => Ok(ValidateRule {
            message: Message { written, template },
            body,
            // the CRD's default
            allow_existing_violations: validate
                .get("allowExistingViolations")
                .and_then(Value::as_bool)
                .unwrap_or(true),
        }),
        (template, body) => Err(template
            .err()
            .into_iter()
            .flatten()
            .chain(body.err().into_iter().flatten())
            .collect()),
    }
}

fn body(holder: &Value, allowed: &[&str], nesting: usize) -> Result<Body, Faults> {
    let present = |field: &&&str| holder.get(**field).is_some_and(|value| !value.is_null());
    let mut declared = allowed.iter().filter(present);
    let (Some(field), None) = (declared.next(), declared.next()) else {
        let expected = allowed.join(", ");
        return Err(vec![CompileError::new(
            "",
            format!("exactly one of {expected} is required"),
        )]);
    };
    let value = holder.get(*field).unwrap_or(&Value::Null);
    let compiled = match *field {
        "deny" => Conditions::compile(value.get("conditions").unwrap_or(&Value::Null))
            .map(Body::Deny)
            .map_err(|faults| under(faults, "conditions")),
        "pattern" => Pattern::compile(value, &JsonPath::root()).map(Body::Pattern),
        "anyPattern" => each(value, |index, item| {
            Pattern::compile(item, &JsonPath::root().index(index))
        })
        .map(Body::AnyPattern),
        "foreach" if nesting >= MAX_LOOP_NESTING => Err(vec![CompileError::new(
            "",
            format!("loops nest deeper than {MAX_LOOP_NESTING} levels"),
        )]),
        "foreach" => each(value, |_, item| each_loop(item, nesting)).map(Body::ForEach),
        "podSecurity" => PodSecurity::compile(value).map(Body::PodSecurity),
        other => Err(vec![CompileError::new(
            "",
            format!("`{other}` is not judged by this engine's classic checks"),
        )]),
    };
    compiled.map_err(|faults| under(faults, field))
}

fn each_loop(item: &Value, nesting: usize) -> Result<ForEach, Faults> {
    let mut faults = Vec::new();
    let list = item.get("list").and_then(Value::as_str).unwrap_or_default();
    let list = Query::compile(list)
        .map_err(|why| faults.push(CompileError::new("list", why)))
        .ok();
    let entries = ContextEntries::compile(item.get("context").unwrap_or(&Value::Null));
    let entries = keep(entries, "context", &mut faults);
    let preconditions = item
        .get("preconditions")
        .filter(|value| !value.is_null())
        .map(Conditions::compile);
    let preconditions = match preconditions {
        Some(compiled) => keep(compiled, "preconditions", &mut faults).map(Some),
        None => Some(None),
    };
    let body = keep(
        body(item, &["deny", "pattern", "anyPattern", "foreach"], nesting + 1),
        "",
        &mut faults,
    );
    match (list, entries, preconditions, body) {
        (Some(list), Some(entries), Some(preconditions), Some(body)) if faults.is_empty() => Ok(ForEach {
            list,
            entries,
            preconditions,
            element_scope: item.get("elementScope").and_then(Value::as_bool),
            body,
        }),
        _ => Err(faults),
    }
}

fn each<T>(list: &Value, compile: impl Fn(usize, &Value) -> Result<T, Faults>) -> Result<Vec<T>, Faults> {
    let Value::Array(items) = list else {
        return Err(vec![CompileError::new("", "expected a list")]);
    };
    let mut compiled = Vec::with_capacity(items.len());
    let mut faults = Vec::new();
    for (index, item) in items.iter().enumerate() {
        compiled.extend(keep(compile(index, item), &format!("[{index}]"), &mut faults));
    }
    if faults.is_empty() {
        Ok(compiled)
    } else {
        Err(faults)
    }
}

fn keep<T>(compiled: Result<T, Faults>, field: &str, faults: &mut Faults) -> Option<T> {
    compiled.map_err(|inner| faults.extend(under(inner, field))).ok()
}

fn under(faults: Faults, field: &str) -> Faults {
    if field.is_empty() {
        return faults;
    }
    faults.into_iter().map(|fault| fault.under(field)).collect()
}

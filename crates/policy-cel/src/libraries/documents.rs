//! Kyverno's `json.marshal`, `json.unmarshal` and `yaml.parse`.
//!
//! JSON numbers are doubles, as Go reads them into `any`; YAML's are what they look like. Source: Kyverno 1.19
//! `sdk/extensions/cel/libs/{json,yaml}`.

use serde_json::Value as Json;

use super::arguments::{string, value};
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::Value;

/// Bytes that a byte of a document may become: a value of one digit takes a few dozen
const BYTES_PER_BYTE: usize = 24;

pub(crate) const JSON: &[Declared] = &[
    walking("unmarshal", "json.Json.(dyn) -> dyn", |context, a| {
        let text = string(a, 1)?;
        pay(context, text)?;
        let json: Json = serde_json::from_str(text).map_err(|error| EvalError::failed(error.to_string()))?;
        Ok(Value::from(json))
    }),
    walking("marshal", "json.Json.(dyn) -> string", |context, a| {
        let text = value(a, 1)?.to_json()?.to_string();
        // Walking the value cost as much as writing it.
        context.spend((text.len() as u64).div_ceil(10))?;
        context.string(text)
    }),
];

pub(crate) const YAML: &[Declared] = &[walking("parse", "yaml.Yaml.(string) -> dyn", |context, a| {
    let text = string(a, 1)?;
    pay(context, text)?;
    let json = manifest::read_value(text).map_err(|error| EvalError::failed(error.to_string()))?;
    Ok(Value::from(json))
})];

fn pay(context: &mut Context<'_, '_>, text: &str) -> Result<(), EvalError> {
    context.meter.allocate(text.len().saturating_mul(BYTES_PER_BYTE))
}

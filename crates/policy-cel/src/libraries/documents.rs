//! Kyverno's `json.marshal`, `json.unmarshal` and `yaml.parse`.
//!
//! Numbers are doubles, as Go reads them into `any`; text is written as Go writes it, `<`, `>` and `&` escaped. Source: Kyverno 1.19
//! `sdk/extensions/cel/libs/{json,yaml}`.

use serde_json::Value as Json;

use super::arguments::{string, value};
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::{EvalError, Limit};
use crate::value::Value;

/// Bytes that a byte of a document may become: a value of one digit takes a few dozen
const BYTES_PER_BYTE: usize = 24;

/// Bytes that a byte of text may become in JSON: a control character takes six
const ESCAPED_BYTES: usize = 6;

pub(crate) const JSON: &[Declared] = &[
    walking("unmarshal", "json.Json.(dyn) -> dyn", |context, a| {
        let text = string(a, 1)?;
        pay(context, text)?;
        let json: Json = serde_json::from_str(text).map_err(|error| unread(&error))?;
        Ok(Value::from_decoded(json))
    }),
    walking("marshal", "json.Json.(dyn) -> string", |context, a| {
        let value = value(a, 1)?;
        context.write_out(value, ESCAPED_BYTES)?;
        Ok(Value::string(as_go_writes(&value.to_json()?.to_string())))
    }),
];

pub(crate) const YAML: &[Declared] = &[walking("parse", "yaml.Yaml.(string) -> dyn", |context, a| {
    let text = string(a, 1)?;
    pay(context, text)?;
    let json = manifest::read_value(text).map_err(|error| EvalError::failed(error.to_string()))?;
    Ok(Value::from_decoded(json))
})];

/// Why JSON can't be read. Nesting is bounded at less than Go's 10,000 levels: a bound of ours.
fn unread(error: &serde_json::Error) -> EvalError {
    let why = error.to_string();
    if why.starts_with("recursion limit exceeded") {
        return EvalError::limit(Limit::Depth);
    }
    EvalError::failed(why)
}

fn pay(context: &mut Context<'_, '_>, text: &str) -> Result<(), EvalError> {
    context.meter.allocate(text.len().saturating_mul(BYTES_PER_BYTE))
}

/// Go escapes what could end a script element; outside strings JSON has none of these characters.
fn as_go_writes(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)))
            }
            other => out.push(other),
        }
    }
    out
}

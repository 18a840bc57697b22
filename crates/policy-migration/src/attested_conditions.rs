//! Conditions over what was attested, as expressions over the payload.
//!
//! Said are comparisons of one field of the predicate with plain values, and the age of a time: what scan policies ask.
//! Anything else in JMESPath is refused.

use scalars::duration::GoDuration;
use scalars::quantity::Quantity;
use scalars::wildcard::has_wildcard;
use serde_json::Value;

use crate::cel_text::{has_member, member, quoted, quoted_list, wildcard};
use crate::document_value::{list, text};
use crate::formula::Formula;
use crate::translation::{Said, Unsaid};

/// The conditions of `attestation`, which stands at `path`, on `predicate`.
///
/// # Errors
/// The first condition that can't be said.
pub(crate) fn conditions(attestation: &Value, path: &str, predicate: &str) -> Said<Formula> {
    let (mut all, mut there) = (Vec::new(), Vec::new());
    for (index, block) in list(attestation, "conditions").iter().enumerate() {
        for name in ["any", "all"] {
            let Some(written) = block.get(name).and_then(Value::as_array) else {
                continue;
            };
            let at = format!("{path}.conditions[{index}].{name}");
            let said = written
                .iter()
                .enumerate()
                .map(|(index, one)| condition(one, &format!("{at}[{index}]"), predicate, &mut there))
                .collect::<Said<Vec<_>>>()?;
            all.push(if name == "any" {
                Formula::any(said)
            } else {
                Formula::all(said)
            });
        }
    }
    // A field that is nowhere fails them all, whichever condition reads it.
    Ok(Formula::all(there).and(Formula::all(all)))
}

/// One condition; what must be there for it to be judged goes to `there`.
fn condition(written: &Value, path: &str, predicate: &str, there: &mut Vec<Formula>) -> Said<Formula> {
    let key = text(written, "key").trim();
    let inner = key
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .map(str::trim);
    let unsaid = || {
        Unsaid::new(
            format!("{path}.key"),
            "only fields of the predicate and their age can be said",
        )
    };
    let inner = inner.ok_or_else(unsaid)?;
    let operator = text(written, "operator").to_ascii_lowercase();
    let value = written.get("value").unwrap_or(&Value::Null);
    if let Some(place) = age_of(inner) {
        let field = field(&place, predicate, there).ok_or_else(unsaid)?;
        let age = format!("time.now() - timestamp({field})");
        let limit = value
            .as_str()
            .filter(|text| GoDuration::parse(text).is_ok() && *text != "0");
        let symbol = ordering(&operator);
        let (Some(limit), Some(symbol)) = (limit, symbol) else {
            return Err(Unsaid::new(path, "an age is compared with a duration"));
        };
        return Ok(Formula::test(format!(
            "{age} {symbol} duration({})",
            quoted(limit)
        )));
    }
    let field = field(inner, predicate, there).ok_or_else(unsaid)?;
    compared(&field, &operator, value).ok_or_else(|| {
        Unsaid::new(
            path,
            "this operator and value can't be said of every value the field may have",
        )
    })
}

fn compared(field: &str, operator: &str, value: &Value) -> Option<Formula> {
    let is_plain = |text: &str| GoDuration::parse(text).is_err() && Quantity::parse(text).is_err();
    match (operator, value) {
        ("equals" | "equal", Value::String(text)) if is_plain(text) => Some(if has_wildcard(text) {
            Formula::test(format!("type({field}) == string")).and(wildcard(field, text))
        } else {
            Formula::test(format!("{field} == {}", quoted(text)))
        }),
        ("notequals" | "notequal", Value::String(_)) => compared(field, "equals", value).map(Formula::not),
        ("equals" | "equal", Value::Bool(_)) => Some(Formula::test(format!("{field} == {value}"))),
        ("notequals" | "notequal", Value::Bool(_)) => Some(Formula::test(format!("{field} != {value}"))),
        ("equals" | "equal", Value::Number(number)) if number.is_i64() => {
            Some(Formula::test(format!("{field} == {value}")))
        }
        ("notequals" | "notequal", Value::Number(number)) if number.is_i64() => {
            Some(Formula::test(format!("{field} != {value}")))
        }
        (_, Value::Number(number)) if number.is_i64() => {
            ordering(operator).map(|symbol| Formula::test(format!("{field} {symbol} {value}")))
        }
        (_, Value::Array(items)) => {
            let texts: Vec<&str> = items.iter().map(Value::as_str).collect::<Option<_>>()?;
            if texts.iter().any(|text| has_wildcard(text)) {
                return None;
            }
            let (macro_name, test) = match operator {
                "anyin" => ("exists", ""),
                "allin" => ("all", ""),
                "anynotin" => ("exists", "!"),
                "allnotin" => ("all", "!"),
                _ => return None,
            };
            let is_in = format!("string(v) in {}", quoted_list(texts));
            let is_in = if test.is_empty() {
                is_in
            } else {
                format!("!({is_in})")
            };
            Some(Formula::test(format!(
                "dyn([{field}].flatten()).{macro_name}(v, {is_in})"
            )))
        }
        _ => None,
    }
}

fn ordering(operator: &str) -> Option<&'static str> {
    match operator {
        "lessthan" => Some("<"),
        "lessthanorequals" => Some("<="),
        "greaterthan" => Some(">"),
        "greaterthanorequals" => Some(">="),
        _ => None,
    }
}

/// `metadata.scanFinishedOn` of `time_since('', '{{ metadata.scanFinishedOn }}', '')`.
fn age_of(expression: &str) -> Option<String> {
    let arguments = expression.strip_prefix("time_since(")?.strip_suffix(')')?;
    let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
    let [layout, at, until] = parts.as_slice() else {
        return None;
    };
    let is_empty = |text: &str| matches!(text, "''" | "``" | "\"\"");
    if !is_empty(layout) || !is_empty(until) {
        return None;
    }
    let inner = at.trim_matches('\'').trim();
    let inner = inner.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    Some(inner.unwrap_or(at).trim().to_owned())
}

/// A path of plain names, as a field of `predicate`; every step goes to `there`.
fn field(path: &str, predicate: &str, there: &mut Vec<Formula>) -> Option<String> {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    let names: Vec<&str> = path.split('.').map(str::trim).collect();
    if !names.iter().all(|name| is_name(name)) {
        return None;
    }
    let mut place = predicate.to_owned();
    for name in names {
        there.push(has_member(&place, name));
        place = member(&place, name);
    }
    Some(place)
}

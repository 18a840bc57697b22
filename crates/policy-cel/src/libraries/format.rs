//! `string.format`: `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X`.
//!
//! Two styles exist. Kubernetes and Kyverno have cel-go's first, which writes lists and maps as CEL literals and numbers with the
//! English locale; the specification's own came later and writes everything plainly. Sources: cel-go `ext/formatting.go`, `formatting_v2.go`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

mod clauses;

pub(crate) use clauses::{Clause, Piece, next};

use clauses::DEFAULT_PRECISION;

use super::arguments::{list, string};
use super::conversions::shortest;
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::{List, Map, Value, int_as_double, text_of_duration, text_of_timestamp, uint_as_double};

type Result<T> = std::result::Result<T, EvalError>;

/// As strings version 2 writes
pub(crate) const LITERAL: &[Declared] = &[walking("format", "string.(list(dyn)) -> string", |context, a| {
    format(context, string(a, 0)?, list(a, 1)?, Style::Literal)
})];

/// As strings version 4 writes
pub(crate) const PLAIN: &[Declared] = &[walking("format", "string.(list(dyn)) -> string", |context, a| {
    format(context, string(a, 0)?, list(a, 1)?, Style::Plain)
})];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Literal,
    Plain,
}

/// Bytes that a byte of text may become: a control character in a quoted string takes four
const QUOTED_BYTES: usize = 4;

fn format<'v>(
    context: &mut Context<'_, 'v>,
    text: &str,
    values: &List<'v>,
    style: Style,
) -> Result<Value<'v>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut index = 0_usize;
    while let Some(piece) = next(&mut rest) {
        let clause = match piece {
            Ok(Piece::Text(text)) => {
                out.push_str(text);
                continue;
            }
            Ok(Piece::Clause(clause)) => Ok(clause),
            Err(why) => Err(why),
        };
        let Some(value) = values.get(index) else {
            return Err(EvalError::failed(format!("index {index} out of range")));
        };
        index = index.saturating_add(1);
        context.write_out(&value, QUOTED_BYTES)?;
        if let Ok(Clause::Fixed(decimals) | Clause::Scientific(decimals)) = &clause {
            context.surcharge(number_surcharge(*decimals))?;
        }
        let during = |error: EvalError| EvalError::failed(format!("error during formatting: {error}"));
        write_clause(&mut out, clause.map_err(EvalError::failed)?, &value, style).map_err(during)?;
    }
    context.string(out)
}

/// What writing a number with so many decimals takes beyond its cost
fn number_surcharge(decimals: usize) -> u64 {
    (decimals as u64).saturating_mul(24).saturating_add(40)
}

fn refused(clause: Clause, value: &Value<'_>) -> EvalError {
    EvalError::failed(format!("{}, was given {}", clause.rule(), value.type_name()))
}

fn write_clause(out: &mut String, clause: Clause, value: &Value<'_>, style: Style) -> Result<()> {
    let refused = || refused(clause, value);
    match (clause, value) {
        (Clause::String, _) | (Clause::Decimal, Value::Int(_) | Value::Uint(_)) => {
            return write_value(out, value, style, true);
        }
        (Clause::Decimal, Value::Double(_)) if style == Style::Plain => {
            return write_value(out, value, style, true);
        }
        (Clause::Decimal, _) => return Err(refused()),
        (Clause::Fixed(decimals), _) => {
            out.push_str(&fixed(real(value, style).ok_or_else(refused)?, decimals, style))
        }
        (Clause::Scientific(decimals), _) => {
            out.push_str(&scientific(
                real(value, style).ok_or_else(refused)?,
                decimals,
                style,
            ));
        }
        (Clause::Binary, Value::Bool(truth)) => out.push(if *truth { '1' } else { '0' }),
        (Clause::Binary, _) => out.push_str(&based(value, 2).ok_or_else(refused)?),
        (Clause::Octal, _) => out.push_str(&based(value, 8).ok_or_else(refused)?),
        (Clause::Hexadecimal { upper }, _) => {
            let text = hexadecimal(value).ok_or_else(refused)?;
            out.push_str(&if upper { text.to_uppercase() } else { text });
        }
    }
    Ok(())
}

fn real(value: &Value<'_>, style: Style) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        Value::Int(number) if style == Style::Plain => Some(int_as_double(*number)),
        Value::Uint(number) if style == Style::Plain => Some(uint_as_double(*number)),
        Value::String(text) if style == Style::Literal => match &**text {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

fn special(number: f64, style: Style) -> Option<String> {
    let infinite = if style == Style::Plain { "Infinity" } else { "∞" };
    if number.is_nan() {
        return Some(String::from("NaN"));
    }
    number
        .is_infinite()
        .then(|| format!("{}{infinite}", if number < 0.0 { "-" } else { "" }))
}

fn fixed(number: f64, decimals: usize, style: Style) -> String {
    if let Some(text) = special(number, style) {
        return text;
    }
    let text = format!("{number:.decimals$}");
    if style == Style::Plain {
        text
    } else {
        grouped(&text)
    }
}

/// Thousands apart by commas, as the English locale has them
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut out = String::from(sign);
    for (index, character) in digits.char_indices() {
        let left = whole.saturating_sub(index);
        if index > 0 && index < whole && left.is_multiple_of(3) {
            out.push(',');
        }
        out.push(character);
    }
    out
}

fn scientific(number: f64, decimals: usize, style: Style) -> String {
    if let Some(text) = special(number, style) {
        return text;
    }
    let text = format!("{number:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits = format!("{:02}", exponent.unsigned_abs());
    if style == Style::Plain {
        return format!("{mantissa}e{}{digits}", if exponent < 0 { '-' } else { '+' });
    }
    let raised = digits.chars().map(|digit| match digit {
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => '⁰',
    });
    let sign = if exponent < 0 { "⁻" } else { "" };
    format!(
        "{mantissa}\u{202f}×\u{202f}10{sign}{}",
        raised.collect::<String>()
    )
}

fn based(value: &Value<'_>, radix: u8) -> Option<String> {
    let (sign, magnitude) = match value {
        Value::Int(number) => (if *number < 0 { "-" } else { "" }, number.unsigned_abs()),
        Value::Uint(number) => ("", *number),
        _ => return None,
    };
    Some(match radix {
        2 => format!("{sign}{magnitude:b}"),
        8 => format!("{sign}{magnitude:o}"),
        _ => format!("{sign}{magnitude:x}"),
    })
}

fn hexadecimal(value: &Value<'_>) -> Option<String> {
    match value {
        Value::String(text) => Some(hex::encode(text.as_bytes())),
        Value::Bytes(octets) => Some(hex::encode(octets)),
        _ => based(value, 16),
    }
}

/// Writes what `%s` writes; inside lists and maps the literal style quotes.
fn write_value(out: &mut String, value: &Value<'_>, style: Style, outermost: bool) -> Result<()> {
    let quote = style == Style::Literal && !outermost;
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Uint(number) => out.push_str(&number.to_string()),
        Value::Double(number) => write_double(out, *number, style, outermost),
        Value::String(text) if quote => out.push_str(&quoted(text)),
        Value::String(text) => out.push_str(text),
        Value::Bytes(octets) => {
            let Ok(text) = std::str::from_utf8(octets) else {
                return Err(EvalError::failed(
                    "invalid UTF-8 in bytes, cannot convert to string",
                ));
            };
            out.push_str(&if quote {
                format!("b{}", quoted(text))
            } else {
                text.to_owned()
            });
        }
        Value::Timestamp(at) if quote => out.push_str(&format!("timestamp(\"{}\")", text_of_timestamp(*at))),
        Value::Duration(span) if quote => out.push_str(&format!("duration(\"{}\")", text_of_duration(*span))),
        Value::Timestamp(at) => out.push_str(&text_of_timestamp(*at)),
        Value::Duration(span) => out.push_str(&text_of_duration(*span)),
        Value::Type(name) => out.push_str(name),
        Value::List(list) => write_list(out, list, style)?,
        Value::Map(map) => write_map(out, map, style)?,
        Value::Object(_) | Value::Optional(_) | Value::Opaque(_) => {
            return Err(refused(Clause::String, value));
        }
    }
    Ok(())
}

fn write_double(out: &mut String, number: f64, style: Style, outermost: bool) {
    match style {
        Style::Plain => out.push_str(&special(number, style).unwrap_or_else(|| number.to_string())),
        Style::Literal if outermost => out.push_str(&shortest(number)),
        Style::Literal if number.is_finite() => out.push_str(&format!("{number:.DEFAULT_PRECISION$}")),
        Style::Literal => out.push_str(&format!("\"{}\"", shortest(number))),
    }
}

fn write_list(out: &mut String, list: &List<'_>, style: Style) -> Result<()> {
    out.push('[');
    for (index, element) in list.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        write_value(out, &element, style, false)?;
    }
    out.push(']');
    Ok(())
}

fn write_map(out: &mut String, map: &Map<'_>, style: Style) -> Result<()> {
    let mut entries = Vec::with_capacity(map.len());
    for (key, value) in map.iter() {
        let (mut key_text, mut value_text) = (String::new(), String::new());
        write_value(&mut key_text, &key.to_value(), style, false)?;
        write_value(&mut value_text, &value, style, false)?;
        entries.push((key_text, value_text));
    }
    entries.sort_by(|left, right| left.0.cmp(&right.0));
    let colon = if style == Style::Plain { ": " } else { ":" };
    let entries: Vec<String> = entries
        .into_iter()
        .map(|(key, value)| format!("{key}{colon}{value}"))
        .collect();
    out.push('{');
    out.push_str(&entries.join(", "));
    out.push('}');
    Ok(())
}

/// Go's `%q`
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str(r"\\"),
            '\u{7}' => out.push_str(r"\a"),
            '\u{8}' => out.push_str(r"\b"),
            '\u{c}' => out.push_str(r"\f"),
            '\n' => out.push_str(r"\n"),
            '\r' => out.push_str(r"\r"),
            '\t' => out.push_str(r"\t"),
            '\u{b}' => out.push_str(r"\v"),
            control if control.is_control() => out.push_str(&format!(r"\x{:02x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Longest value, in bytes, that an error text spells
const MAX_SPELLED_BYTES: usize = 1_024;

/// A value in words, for error texts; a large one by its type
pub(crate) fn spelled(value: &Value<'_>) -> String {
    let mut text = String::new();
    let small = value.footprint(MAX_SPELLED_BYTES).is_some();
    if small && write_value(&mut text, value, Style::Plain, true).is_ok() {
        return text;
    }
    value.type_name().into_owned()
}

//! `string.format`: `%s`, `%d`, `%f`, `%e`, `%b`, `%o`, `%x`, `%X`.
//!
//! Two styles exist. Kubernetes and Kyverno have cel-go's first, which writes lists and maps as CEL literals and numbers with the
//! English locale; the specification's own came later and writes everything plainly. Sources: cel-go `ext/formatting.go`, `formatting_v2.go`.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a value of any other kind, one added later included, has no such overload"
)]

use std::fmt::Write as _;

use super::arguments::{list, string};
use super::conversions::shortest;
use crate::context::Context;
use crate::declaration::{Declared, walking};
use crate::error::EvalError;
use crate::value::{List, Map, Value, int_as_double, text_of_duration, text_of_timestamp, uint_as_double};

type Result<T> = std::result::Result<T, EvalError>;

/// Most decimals that a clause may ask for (cel-go: `maxPrecision`)
const MAX_PRECISION: usize = 100;

/// Decimals where a clause asks for none in particular
const DEFAULT_PRECISION: usize = 6;

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

fn format<'v>(
    context: &mut Context<'_, 'v>,
    text: &str,
    values: &List<'v>,
    style: Style,
) -> Result<Value<'v>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = 0_usize;
    while let Some((before, clause)) = rest.split_once('%') {
        out.push_str(before);
        if let Some(after) = clause.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let Some(value) = values.get(next) else {
            return Err(EvalError::failed(format!("index {next} out of range")));
        };
        next = next.saturating_add(1);
        let (precision, after) = precision(clause)?;
        let Some(letter) = after.chars().next() else {
            return Err(EvalError::failed("unexpected end of string"));
        };
        let during = |error: EvalError| EvalError::failed(format!("error during formatting: {error}"));
        let made = out.len();
        clause_text(&mut out, letter, &value, precision, style).map_err(during)?;
        context.meter.allocate(out.len().saturating_sub(made))?;
        rest = after.get(letter.len_utf8()..).unwrap_or("");
    }
    out.push_str(rest);
    context.string(out)
}

fn precision(clause: &str) -> Result<(Option<usize>, &str)> {
    let Some(rest) = clause.strip_prefix('.') else {
        return Ok((None, clause));
    };
    let failed = |why: String| {
        EvalError::failed(format!(
            "could not parse formatting clause: error while parsing precision: {why}"
        ))
    };
    let Some(end) = rest.find(|character: char| !character.is_ascii_digit()) else {
        return Err(failed(String::from("could not find end of precision specifier")));
    };
    let (digits, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    match digits.parse::<usize>() {
        Ok(precision) if precision <= MAX_PRECISION => Ok((Some(precision), after)),
        Ok(precision) => Err(failed(format!(
            "precision {precision} exceeds maximum allowed precision {MAX_PRECISION}"
        ))),
        Err(_) => Err(failed(format!(
            "error while converting precision to integer: {digits:?}"
        ))),
    }
}

fn clause_text(
    out: &mut String,
    letter: char,
    value: &Value<'_>,
    precision: Option<usize>,
    style: Style,
) -> Result<()> {
    let decimals = precision.unwrap_or(DEFAULT_PRECISION);
    match letter {
        's' => write_value(out, value, style, true),
        'd' => decimal(out, value, style),
        'f' => {
            let number = real(value, style)
                .ok_or_else(|| refused("fixed-point clause can only be used on doubles", value))?;
            out.push_str(&fixed(number, decimals, style));
            Ok(())
        }
        'e' => {
            let number = real(value, style)
                .ok_or_else(|| refused("scientific clause can only be used on doubles", value))?;
            out.push_str(&scientific(number, decimals, style));
            Ok(())
        }
        'b' => match value {
            Value::Bool(truth) => {
                out.push(if *truth { '1' } else { '0' });
                Ok(())
            }
            _ => based(
                out,
                value,
                2,
                "only integers and bools can be formatted as binary",
            ),
        },
        'o' => based(out, value, 8, "octal clause can only be used on integers"),
        'x' | 'X' => hexadecimal(out, value, letter == 'X'),
        other => Err(EvalError::failed(format!(
            "unrecognized formatting clause \"{other}\""
        ))),
    }
    .map_err(|error| {
        if letter_is_known(letter) {
            error
        } else {
            unparsed(&error)
        }
    })
}

fn letter_is_known(letter: char) -> bool {
    matches!(letter, 's' | 'd' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X')
}

fn unparsed(error: &EvalError) -> EvalError {
    EvalError::failed(format!("could not parse formatting clause: {error}"))
}

fn refused(rule: &str, value: &Value<'_>) -> EvalError {
    EvalError::failed(format!("{rule}, was given {}", value.type_name()))
}

fn decimal(out: &mut String, value: &Value<'_>, style: Style) -> Result<()> {
    match value {
        Value::Int(_) | Value::Uint(_) => write_value(out, value, style, true),
        Value::Double(_) if style == Style::Plain => write_value(out, value, style, true),
        _ => Err(refused("decimal clause can only be used on integers", value)),
    }
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

fn based(out: &mut String, value: &Value<'_>, radix: u8, rule: &str) -> Result<()> {
    let (negative, magnitude) = match value {
        Value::Int(number) => (*number < 0, number.unsigned_abs()),
        Value::Uint(number) => (false, *number),
        _ => return Err(refused(rule, value)),
    };
    if negative {
        out.push('-');
    }
    out.push_str(&match radix {
        2 => format!("{magnitude:b}"),
        8 => format!("{magnitude:o}"),
        _ => format!("{magnitude:x}"),
    });
    Ok(())
}

fn hexadecimal(out: &mut String, value: &Value<'_>, upper: bool) -> Result<()> {
    let mut text = String::new();
    let octets = match value {
        Value::String(octets) => octets.as_bytes(),
        Value::Bytes(octets) => octets,
        _ => {
            based(
                &mut text,
                value,
                16,
                "only integers, byte buffers, and strings can be formatted as hex",
            )?;
            &[]
        }
    };
    for octet in octets {
        // Writing to a string cannot fail.
        let _infallible = write!(text, "{octet:02x}");
    }
    out.push_str(&if upper { text.to_uppercase() } else { text });
    Ok(())
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
            let rule = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps";
            return Err(refused(rule, value));
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

/// A value in words, for error texts
pub(crate) fn spelled(value: &Value<'_>) -> String {
    let mut text = String::new();
    match write_value(&mut text, value, Style::Plain, true) {
        Ok(()) => text,
        Err(_) => value.type_name().into_owned(),
    }
}

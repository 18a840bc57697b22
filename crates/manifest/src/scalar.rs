//! What an unquoted word means in YAML 1.1 as Kubernetes reads it.
//!
//! In: the text of a scalar and its tag. Out: null, boolean, number or text.
//! Source: go-yaml v2 `resolve.go`; its JSON conversion in `sigs.k8s.io/yaml` and the integer rule of
//! `k8s.io/apimachinery/pkg/util/json` (a number that reads as a 64-bit integer is one).

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::error::ManifestFault;

/// A scalar with its YAML 1.1 type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Scalar<'a> {
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond `i64`.
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
}

/// The type of an unquoted, untagged scalar.
pub(crate) fn resolve(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    let resolved = match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => infinity(text).or_else(|| fraction(text)),
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => None,
    };
    resolved.unwrap_or(Scalar::Text(Cow::Borrowed(text)))
}

fn word(text: &str) -> Option<Scalar<'static>> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Some(Scalar::Bool(true))
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Some(Scalar::Bool(false))
        }
        "~" | "null" | "Null" | "NULL" => Some(Scalar::Null),
        _ => None,
    }
}

fn infinity(text: &str) -> Option<Scalar<'static>> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

fn number(text: &str) -> Option<Scalar<'static>> {
    if let Some(infinity) = infinity(text) {
        return Some(infinity);
    }
    let plain: Cow<'_, str> = if text.contains('_') {
        Cow::Owned(text.replace('_', ""))
    } else {
        Cow::Borrowed(text)
    };
    integer(&plain).or_else(|| if is_float(&plain) { finite(&plain) } else { None })
}

/// Go's `strconv.ParseInt(text, 0, 64)`, and `ParseUint` for what is larger.
fn integer(text: &str) -> Option<Scalar<'static>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let signed = unsigned.len() != text.len();
    let (radix, digits) = radix(unsigned);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        return 0_i64.checked_sub_unsigned(magnitude).map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(int) => Some(Scalar::Int(int)),
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Uint(magnitude)),
    }
}

fn radix(digits: &str) -> (u32, &str) {
    let prefixes = [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)];
    for (prefix, radix) in prefixes {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return (radix, rest);
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let some_digits = |part: &str| !part.is_empty() && digits(part);
    let mantissa_holds = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_holds =
        exponent.is_none_or(|exponent| some_digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    mantissa_holds && exponent_holds
}

/// A float that starts with its point; underscores may separate digits, as in Go's `strconv.ParseFloat`.
fn fraction(text: &str) -> Option<Scalar<'static>> {
    if !text.contains('_') {
        return finite(text);
    }
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let bytes = text.as_bytes();
    let separates = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| bytes.get(before));
            is_digit(before) && is_digit(bytes.get(at.saturating_add(1)))
        });
    if separates {
        finite(&text.replace('_', ""))
    } else {
        None
    }
}

/// A float that has a value; `1e999` has none and stays text, as in Go.
fn finite(text: &str) -> Option<Scalar<'static>> {
    if !is_float(text) {
        return None;
    }
    let float: f64 = text.parse().ok()?;
    float.is_finite().then_some(Scalar::Float(float))
}

/// The type of a scalar with an explicit tag. `tag` is the suffix of a `!!` tag, such as `int`.
pub(crate) fn resolve_tagged<'a>(tag: &str, text: &'a str) -> Result<Scalar<'a>, ManifestFault> {
    let mismatch = || ManifestFault::TagMismatch {
        tag: format!("!!{tag}"),
        text: text.to_owned(),
    };
    match (tag, resolve(text)) {
        ("str" | "timestamp", _) => Ok(Scalar::Text(Cow::Borrowed(text))),
        ("binary", _) => binary(text).map(|text| Scalar::Text(Cow::Owned(text))),
        ("null", null @ Scalar::Null) => Ok(null),
        ("bool", boolean @ Scalar::Bool(_)) => Ok(boolean),
        ("int", int @ (Scalar::Int(_) | Scalar::Uint(_))) => Ok(int),
        ("float", number @ (Scalar::Float(_) | Scalar::Int(_))) => Ok(number),
        ("null" | "bool" | "int" | "float", _) => Err(mismatch()),
        // Any other tag means nothing to JSON: the text is kept.
        _ => Ok(Scalar::Text(Cow::Borrowed(text))),
    }
}

/// Text of a `!!binary` scalar. Standard base64 alphabet with padding; line breaks are ignored.
fn binary(text: &str) -> Result<String, ManifestFault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut bits: u32 = 0;
    let mut count: u32 = 0;
    let mut padding: u32 = 0;
    let mut symbols: u32 = 0;
    for symbol in text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')) {
        symbols = symbols.wrapping_add(1) % 4;
        let value = match symbol {
            b'A'..=b'Z' => symbol.wrapping_sub(b'A'),
            b'a'..=b'z' => symbol.wrapping_sub(b'a').wrapping_add(26),
            b'0'..=b'9' => symbol.wrapping_sub(b'0').wrapping_add(52),
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding = padding.saturating_add(1);
                continue;
            }
            _ => return Err(ManifestFault::UnusableBinary),
        };
        if padding > 0 {
            return Err(ManifestFault::UnusableBinary);
        }
        bits = (bits << 6) | u32::from(value);
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            bytes.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    if symbols != 0 || padding > 2 {
        return Err(ManifestFault::UnusableBinary);
    }
    String::from_utf8(bytes).map_err(|_| ManifestFault::UnusableBinary)
}

impl Scalar<'_> {
    /// The JSON value; a float that is a 64-bit integer becomes one, as it does on its way through JSON text.
    ///
    /// # Errors
    /// [`ManifestFault::NotFinite`] for `.inf` and `.nan`; `text` is what the file says.
    pub(crate) fn into_value(self, text: &str) -> Result<Value, ManifestFault> {
        match self {
            Self::Null => Ok(Value::Null),
            Self::Bool(boolean) => Ok(Value::Bool(boolean)),
            Self::Int(int) => Ok(Value::from(int)),
            Self::Uint(int) => Ok(Value::from(int)),
            Self::Text(text) => Ok(Value::String(text.into_owned())),
            Self::Float(float) => match whole(float) {
                Some(int) => Ok(Value::from(int)),
                None => Number::from_f64(float)
                    .map(Value::Number)
                    .ok_or_else(|| ManifestFault::NotFinite {
                        text: text.to_owned(),
                    }),
            },
        }
    }

    /// The key JSON holds for it.
    ///
    /// # Errors
    /// [`ManifestFault::UnusableKey`] for null and for integers beyond `i64`, which Kubernetes refuses too.
    pub(crate) fn into_key(self) -> Result<String, ManifestFault> {
        match self {
            Self::Null => Err(ManifestFault::UnusableKey { found: "null" }),
            Self::Uint(_) => Err(ManifestFault::UnusableKey {
                found: "an integer beyond 64 bits",
            }),
            Self::Bool(boolean) => Ok(boolean.to_string()),
            Self::Int(int) => Ok(int.to_string()),
            Self::Float(float) => Ok(float_key(float)),
            Self::Text(text) => Ok(text.into_owned()),
        }
    }
}

/// The integer a float is, if JSON text would show it without point or exponent.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(float: f64) -> Option<i64> {
    // 2^63 is exact in f64; everything below it that is whole fits.
    let limit = 9_223_372_036_854_775_808.0_f64;
    (float.fract() == 0.0 && float >= -limit && float < limit).then_some(float as i64)
}

/// Go's `strconv.FormatFloat(float, 'g', -1, 32)`, with YAML's names for what is not finite.
#[expect(clippy::cast_possible_truncation, reason = "Go formats keys with 32 bits")]
fn float_key(float: f64) -> String {
    let float = float as f32;
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific = format!("{float:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{float}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

#[cfg(test)]
mod tests;

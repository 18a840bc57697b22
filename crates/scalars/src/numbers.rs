//! Numbers and quoted text as Go's `strconv`, `fmt` and `encoding/json` print and read them.
//!
//! In: a float64. Out: text. Patterns compare such text (`30` is `3E+01` there), arithmetic prints it, errors quote it.
//! Never rounds on its own: the shortest digits that read back are Rust's, which are Go's.
//!
//! Behaviour: Go's strconv.FormatFloat ('E', 'f', 'g'), fmt `%v` and `%f`, encoding/json, strconv.Quote.

use std::fmt::Write as _;

/// `%v` of a float64: `3`, `1e+06`, `1.5e-05`.
#[must_use]
pub fn format_v(value: f64) -> String {
    if let Some(word) = special(value) {
        return word.to_owned();
    }
    let text = scientific(value, 2);
    let exponent = text
        .split_once('e')
        .and_then(|(_, e)| e.parse::<i32>().ok())
        .unwrap_or(0);
    if (-4..6).contains(&exponent) {
        value.to_string()
    } else {
        text
    }
}

/// `%f` of a float64: always six decimals.
#[must_use]
pub fn format_f(value: f64) -> String {
    special(value).map_or_else(|| format!("{value:.6}"), str::to_owned)
}

/// The shortest `'E'` form: `3E+01`.
#[must_use]
pub fn format_e(value: f64) -> String {
    special(value).map_or_else(|| scientific(value, 2).to_uppercase(), str::to_owned)
}

/// The shortest `'f'` form after rounding to float32, which is how Kyverno turns numbers into text for
/// regular expressions and wildcards.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to float32 is the behaviour wanted"
)]
pub fn format_f32(value: f64) -> String {
    let narrow = value as f32;
    if let Some(word) = special(f64::from(narrow)) {
        return word.to_owned();
    }
    let shortest = narrow.to_string();
    // of two shortest texts that are equally near, Go takes the even one
    let decimals = shortest.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let even = format!("{narrow:.decimals$}");
    if decimals > 0 && even.parse() == Ok(narrow) {
        even
    } else {
        shortest
    }
}

/// A number as `encoding/json` prints it: `3`, `1e+21`, `1e-7`; `None` for NaN and infinities, which JSON lacks.
#[must_use]
pub fn format_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let magnitude = value.abs();
    if value != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        return Some(scientific(value, 1));
    }
    Some(value.to_string())
}

/// A float64 as `strconv.ParseFloat` reads it, out of range being `None`; hexadecimal floats are not read.
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    let value: f64 = if text.contains('_') {
        without_underscores(text)?.parse().ok()?
    } else {
        text.parse().ok()?
    };
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if value.is_nan() {
        return (unsigned.len() == text.len()).then_some(value);
    }
    let spelled_out = unsigned.starts_with(['i', 'I']);
    (value.is_finite() || spelled_out).then_some(value)
}

/// The text without its underscores, if each stands between two digits.
fn without_underscores(text: &str) -> Option<String> {
    let is_digit = |part: Option<char>| part.is_some_and(|c| c.is_ascii_digit());
    let parts: Vec<&str> = text.split('_').collect();
    let joints = parts.windows(2).all(|pair| match pair {
        [left, right] => is_digit(left.chars().last()) && is_digit(right.chars().next()),
        _ => false,
    });
    joints.then(|| parts.concat())
}

/// Text in double quotes as errors of Go's `time` package quote it: bytes beyond ASCII as `\xNN`.
#[must_use]
pub fn time_quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' => quoted.push_str("\\\""),
            b'\\' => quoted.push_str("\\\\"),
            b' '..=0x7f => quoted.push(char::from(byte)),
            // writing to a String cannot fail
            _ => write!(quoted, "\\x{byte:02x}").unwrap_or_default(),
        }
    }
    quoted.push('"');
    quoted
}

/// Text in double quotes with Go's escapes, for error texts that quote what they refuse.
#[must_use]
pub fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len().saturating_add(2));
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            control if u32::from(control) < 0x20 || u32::from(control) == 0x7f => {
                // writing to a String cannot fail
                write!(quoted, "\\x{:02x}", u32::from(control)).ok();
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

/// `d.ddde±dd`, with at least `exponent_digits` digits in the exponent.
fn scientific(value: f64, exponent_digits: usize) -> String {
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return text;
    };
    let (sign, digits) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>exponent_digits$}")
}

fn special(value: f64) -> Option<&'static str> {
    if value.is_nan() {
        Some("NaN")
    } else if value == f64::INFINITY {
        Some("+Inf")
    } else if value == f64::NEG_INFINITY {
        Some("-Inf")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_as_go_prints_them() {
        // value, %v, 'E', %f, 'f' through float32, JSON
        for (value, v, e, f, narrow, json) in [
            (3.0, "3", "3E+00", "3.000000", "3", "3"),
            (30.0, "30", "3E+01", "30.000000", "30", "30"),
            (1e5, "100000", "1E+05", "100000.000000", "100000", "100000"),
            (1e6, "1e+06", "1E+06", "1000000.000000", "1000000", "1000000"),
            (
                123_456_789.0,
                "1.23456789e+08",
                "1.23456789E+08",
                "123456789.000000",
                "123456790",
                "123456789",
            ),
            (
                1e21,
                "1e+21",
                "1E+21",
                "1000000000000000000000.000000",
                "1000000000000000000000",
                "1e+21",
            ),
            (1.5e-5, "1.5e-05", "1.5E-05", "0.000015", "0.000015", "0.000015"),
            (0.0001, "0.0001", "1E-04", "0.000100", "0.0001", "0.0001"),
            (1e-7, "1e-07", "1E-07", "0.000000", "0.0000001", "1e-7"),
            (0.0, "0", "0E+00", "0.000000", "0", "0"),
            (-1.5, "-1.5", "-1.5E+00", "-1.500000", "-1.5", "-1.5"),
        ] {
            assert_eq!(format_v(value), v);
            assert_eq!(format_e(value), e);
            assert_eq!(format_f(value), f);
            assert_eq!(format_f32(value), narrow);
            assert_eq!(format_json(value).as_deref(), Some(json));
        }
        assert_eq!(format_json(f64::NAN), None);
        assert_eq!(format_v(f64::INFINITY), "+Inf");
    }

    #[test]
    fn a_number_out_of_range_is_not_read() {
        assert_eq!(parse_float("1e400"), None);
        assert_eq!(parse_float("inf"), Some(f64::INFINITY));
        assert_eq!(parse_float("-NaN"), None);
        assert_eq!(parse_float(" 1"), None);
        assert_eq!(parse_float("1_000"), Some(1000.0));
        assert_eq!(parse_float("1_.5"), None);
        assert_eq!(format_f32(2_584_135.19), "2584135.2");
        assert_eq!(time_quote("µ\""), r#""\xc2\xb5\"""#);
        assert_eq!(parse_float(".5"), Some(0.5));
    }
}

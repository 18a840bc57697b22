//! Go durations: a signed count of nanoseconds, written `1h30m`, `1.5s`, `300ms`.
//!
//! In: text of Go's `time.ParseDuration`. Out: [`GoDuration`], ordered, printed as Go prints it.
//! Never wraps: arithmetic that leaves the 64-bit range is `None`. Days and longer units do not exist.
//!
//! Behaviour: Go's `time.ParseDuration` and `Duration.String`, error texts included.

use crate::numbers::time_quote;
use std::fmt;
use thiserror::Error;

/// Nanoseconds in one second.
const SECOND: u64 = 1_000_000_000;
/// The magnitude of the most negative duration, 2^63 ns.
const LIMIT: u64 = 1 << 63;

/// A span of time in nanoseconds, about ±292 years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GoDuration(pub i64);

/// Why a text is no duration; prints as Go's `time.ParseDuration` does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DurationError {
    /// No number where one must stand, or the whole leaves the 64-bit range
    #[error("time: invalid duration {}", time_quote(.0))]
    Invalid(String),
    /// A number without a unit
    #[error("time: missing unit in duration {}", time_quote(.0))]
    MissingUnit(String),
    /// A unit that Go does not know, such as `d`
    #[error("time: unknown unit {} in duration {}", time_quote(.unit), time_quote(.text))]
    UnknownUnit {
        /// What stands in the place of the unit
        unit: String,
        /// The whole text
        text: String,
    },
}

impl GoDuration {
    /// Reads a duration.
    ///
    /// # Errors
    /// [`DurationError`], with Go's words.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self(0));
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (nanoseconds, after) = Self::read_component(rest, text)?;
            total = total
                .checked_add(nanoseconds)
                .filter(|sum| *sum <= LIMIT)
                .ok_or_else(invalid)?;
            rest = after;
        }
        if negative {
            // 2^63 itself is in range once the sign is applied
            return Ok(Self(0i64.wrapping_sub_unsigned(total)));
        }
        i64::try_from(total).map(Self).map_err(|_| invalid())
    }

    /// One `number unit` pair at the front of `rest`: its nanoseconds, and what follows.
    fn read_component<'t>(rest: &'t str, text: &str) -> Result<(u64, &'t str), DurationError> {
        let invalid = || DurationError::Invalid(text.to_owned());
        let (whole, after_whole) = split_digits(rest);
        let (fraction, after) = match after_whole.strip_prefix('.') {
            Some(after_dot) => split_digits(after_dot),
            None => ("", after_whole),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        // 2^63 and more is wrong before its unit is looked at
        let whole = if whole.is_empty() {
            0
        } else {
            whole.parse::<u64>().map_err(|_| invalid())?
        };
        if whole > LIMIT {
            return Err(invalid());
        }
        let unit_end = after
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit_end).unwrap_or((after, ""));
        if unit.is_empty() {
            return Err(DurationError::MissingUnit(text.to_owned()));
        }
        let Some(scale) = unit_nanoseconds(unit) else {
            return Err(DurationError::UnknownUnit {
                unit: unit.to_owned(),
                text: text.to_owned(),
            });
        };
        let whole = whole
            .checked_mul(scale)
            .filter(|product| *product <= LIMIT)
            .ok_or_else(invalid)?;
        let sum = whole
            .checked_add(fraction_of(fraction, scale))
            .filter(|sum| *sum <= LIMIT);
        Ok((sum.ok_or_else(invalid)?, after))
    }

    /// The sum, or `None` outside ±2^63 ns.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` outside ±2^63 ns.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The remainder of division, with the sign of `self`; `None` for a divisor of zero.
    #[must_use]
    pub fn checked_rem(self, other: Self) -> Option<Self> {
        // the one remainder that overflows, MIN % -1, is zero
        self.0
            .checked_rem(other.0)
            .or((other.0 == -1).then_some(0))
            .map(Self)
    }

    /// The duration in seconds, as Go's `Duration.Seconds` rounds it.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "Go's Seconds() is a float64 by definition"
    )]
    pub fn seconds(self) -> f64 {
        let whole = self.0.checked_div(1_000_000_000).unwrap_or(0);
        let rest = self.0.checked_rem(1_000_000_000).unwrap_or(0);
        whole as f64 + rest as f64 / 1e9
    }

    /// The duration of `seconds`, fractions of a nanosecond dropped; `None` outside ±2^63 ns and for NaN.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked on the line before"
    )]
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let nanoseconds = seconds * 1e9;
        let bound = 9_223_372_036_854_775_808.0;
        (nanoseconds >= -bound && nanoseconds < bound).then_some(Self(nanoseconds as i64))
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let split = |unit: u64| {
            (
                magnitude.checked_div(unit).unwrap_or(0),
                magnitude.checked_rem(unit).unwrap_or(0),
            )
        };
        match magnitude {
            0 => f.write_str("0s"),
            1..=999 => write!(f, "{magnitude}ns"),
            1_000..=999_999 => write_decimal(f, split(1_000), 3, "µs"),
            1_000_000..=999_999_999 => write_decimal(f, split(1_000_000), 6, "ms"),
            _ => {
                let (seconds, fraction) = split(SECOND);
                let (minutes, seconds) = (seconds / 60, seconds % 60);
                let (hours, minutes) = (minutes / 60, minutes % 60);
                if hours > 0 {
                    write!(f, "{hours}h{minutes}m")?;
                } else if minutes > 0 {
                    write!(f, "{minutes}m")?;
                }
                write_decimal(f, (seconds, fraction), 9, "s")
            }
        }
    }
}

/// `whole.fraction unit`, the fraction of `width` digits without its trailing zeros.
fn write_decimal(f: &mut fmt::Formatter<'_>, parts: (u64, u64), width: usize, unit: &str) -> fmt::Result {
    let (whole, fraction) = parts;
    if fraction == 0 {
        return write!(f, "{whole}{unit}");
    }
    let digits = format!("{fraction:0width$}");
    write!(f, "{whole}.{}{unit}", digits.trim_end_matches('0'))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn unit_nanoseconds(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // the micro sign and the Greek letter mu
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => SECOND,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `0.digits` of a unit, in nanoseconds, in float64 as Go computes it; digits that 63 bits cannot hold are dropped.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes the fraction in float64; it is not negative and at most one unit"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0u64, 1f64);
    for digit in digits.bytes() {
        let digit = u64::from(digit.saturating_sub(b'0'));
        let next = if value > (LIMIT - 1) / 10 {
            None
        } else {
            value.checked_mul(10)
        };
        let Some(next) = next.and_then(|v| v.checked_add(digit)).filter(|v| *v <= LIMIT) else {
            break;
        };
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        match GoDuration::parse(text) {
            Ok(duration) => duration.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn durations_read_and_print_as_go_does() {
        for (text, printed) in [
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5h", "1h30m0s"),
            (".5h", "30m0s"),
            ("1.h", "1h0m0s"),
            ("1100ns", "1.1µs"),
            ("1500us", "1.5ms"),
            ("59.999999999s", "59.999999999s"),
            ("0", "0s"),
            ("-0", "0s"),
            ("-1m30s", "-1m30s"),
            ("9223372036854775807ns", "2562047h47m16.854775807s"),
            ("-9223372036854775808ns", "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(parsed(text), printed, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_duration_is_refused_in_gos_words() {
        for (text, error) in [
            ("", "time: invalid duration \"\""),
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("1", "time: missing unit in duration \"1\""),
            ("0.0", "time: missing unit in duration \"0.0\""),
            ("h", "time: invalid duration \"h\""),
            ("1h-1m", "time: unknown unit \"h-\" in duration \"1h-1m\""),
            (
                "9223372036854775808ns",
                "time: invalid duration \"9223372036854775808ns\"",
            ),
            ("99999999h", "time: invalid duration \"99999999h\""),
        ] {
            assert_eq!(parsed(text), error, "{text}");
        }
    }

    #[test]
    fn a_sum_outside_the_range_is_no_duration() {
        assert_eq!(GoDuration(i64::MAX).checked_add(GoDuration(1)), None);
        assert_eq!(
            GoDuration(i64::MIN).checked_rem(GoDuration(-1)),
            Some(GoDuration(0))
        );
        assert_eq!(GoDuration::from_seconds(1e10), None);
        assert_eq!(GoDuration::from_seconds(1.5), Some(GoDuration(1_500_000_000)));
    }

    proptest::proptest! {
        #[test]
        fn what_is_printed_is_read_back(nanoseconds in proptest::num::i64::ANY) {
            let duration = GoDuration(nanoseconds);
            // a fraction of more than 53 bits is read through float64, as Go reads it
            let read = GoDuration::parse(&duration.to_string()).map(|d| d.0.abs_diff(nanoseconds) <= 1);
            proptest::prop_assert_eq!(read, Ok(true));
        }
    }
}

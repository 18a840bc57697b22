//! Instants and spans as text, in Go's spelling.
//!
//! Timestamps are RFC 3339 with up to nine decimals, years 1 to 9999 (protobuf's range). Durations are Go's (`1h2m3.5s`), within ±292 years.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::error::EvalError;

/// First second of year 1, and last of 9999
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// Nanoseconds in a second
pub(crate) const SECOND: i64 = 1_000_000_000;

/// Seconds in the 400 years after which the calendar repeats
const CYCLE: i64 = 12_622_780_800;

/// An instant of the years 1 to 9999, to the nanosecond
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
}

impl Timestamp {
    /// The first instant of 1970
    pub const EPOCH: Self = Self {
        seconds: 0,
        nanoseconds: 0,
    };

    /// The first instant of year 1
    pub(crate) const FIRST: Self = Self {
        seconds: -62_135_596_800,
        nanoseconds: 0,
    };

    /// How far `at` is beyond the last multiple of `span` counted from here; nothing for a span that is not positive
    pub(crate) fn beyond(self, at: Self, span: i64) -> i64 {
        let since = at.total().saturating_sub(self.total());
        let beyond = since.checked_rem_euclid(i128::from(span.max(0))).unwrap_or(0);
        i64::try_from(beyond).unwrap_or(0)
    }

    /// The instant so many seconds after 1970 began, and nanoseconds (below a thousand million) after that.
    ///
    /// # Errors
    /// `timestamp overflow` outside the years 1 to 9999.
    pub fn new(seconds: i64, nanoseconds: u32) -> Result<Self, EvalError> {
        if SECONDS.contains(&seconds) && i64::from(nanoseconds) < SECOND {
            return Ok(Self { seconds, nanoseconds });
        }
        Err(EvalError::failed("timestamp overflow"))
    }

    /// Whole seconds since 1970 began, rounded down
    #[must_use]
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds after the whole second
    #[must_use]
    pub fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    fn total(self) -> i128 {
        i128::from(self.seconds)
            .saturating_mul(i128::from(SECOND))
            .saturating_add(i128::from(self.nanoseconds))
    }

    fn of_total(nanoseconds: i128) -> Result<Self, EvalError> {
        let second = i128::from(SECOND);
        let seconds = i64::try_from(nanoseconds.div_euclid(second));
        let below = u32::try_from(nanoseconds.rem_euclid(second));
        match (seconds, below) {
            (Ok(seconds), Ok(below)) => Self::new(seconds, below),
            (Err(_), _) | (_, Err(_)) => Err(EvalError::failed("timestamp overflow")),
        }
    }

    /// The instant moved by a span of nanoseconds, forward or back
    pub(crate) fn shifted(self, nanoseconds: i64, back: bool) -> Result<Self, EvalError> {
        let span = i128::from(nanoseconds);
        Self::of_total(if back {
            self.total().saturating_sub(span)
        } else {
            self.total().saturating_add(span)
        })
    }

    /// The span from `earlier`, in nanoseconds
    pub(crate) fn since(self, earlier: Self) -> Result<i64, EvalError> {
        let span = self.total().saturating_sub(earlier.total());
        i64::try_from(span).map_err(|_| EvalError::failed("integer overflow"))
    }

    /// Date and time in a zone, and the years to add to them: the calendar library stops a day short of 9999, so late years are read
    /// 400 years earlier, when every date falls on the same day of the week.
    pub(crate) fn local(self, zone: &TimeZone) -> (DateTime, i64) {
        let late = self.seconds > CYCLE.saturating_mul(10);
        let (seconds, years) = if late {
            (self.seconds.saturating_sub(CYCLE), 400)
        } else {
            (self.seconds, 0)
        };
        let below = i32::try_from(self.nanoseconds).unwrap_or(0);
        let at = jiff::Timestamp::new(seconds, below).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        (zone.to_datetime(at), years)
    }
}

/// Reads RFC 3339
pub(crate) fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let (date_time, offset) = split_offset(text)?;
    let shape = date_time.get(..19)?;
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if !separators
        .iter()
        .all(|(index, byte)| shape.as_bytes().get(*index) == Some(byte))
    {
        return None;
    }
    let field = |from: usize, to: usize| digits(shape.get(from..to)?);
    let nanoseconds = match date_time.get(19..)? {
        "" => 0,
        fraction => {
            let decimals = fraction.strip_prefix(['.', ','])?;
            let kept = decimals.get(..decimals.len().min(9))?;
            digits(decimals).or_else(|| decimals.bytes().all(|byte| byte.is_ascii_digit()).then_some(0))?;
            let missing = u32::try_from(9_usize.checked_sub(kept.len())?).ok()?;
            digits(kept)?.checked_mul(10_i64.checked_pow(missing)?)?
        }
    };
    let small = |number: i64| i8::try_from(number).ok();
    let year = field(0, 4)?;
    // As in `Timestamp::local`, late years are read 400 years earlier.
    let (year, cycle) = if year > 9_000 {
        (year.checked_sub(400)?, CYCLE)
    } else {
        (year, 0)
    };
    let date = Date::new(
        i16::try_from(year).ok()?,
        small(field(5, 7)?)?,
        small(field(8, 10)?)?,
    )
    .ok()?;
    let (hour, minute, second) = (
        small(field(11, 13)?)?,
        small(field(14, 16)?)?,
        small(field(17, 19)?)?,
    );
    let civil = date.to_datetime(jiff::civil::Time::new(hour, minute, second, 0).ok()?);
    let at = TimeZone::UTC.to_timestamp(civil).ok()?.as_second();
    let seconds = at.checked_add(cycle)?.checked_sub(offset)?;
    Timestamp::new(seconds, u32::try_from(nanoseconds).ok()?).ok()
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

/// Date and time, and the offset from UTC in seconds
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(rest) = text.strip_suffix('Z') {
        return Some((rest, 0));
    }
    let (rest, offset) = text.split_at_checked(text.len().checked_sub(6)?)?;
    Some((rest, offset_seconds(offset)?))
}

/// `+hh:mm` and `-hh:mm` in seconds
pub(crate) fn offset_seconds(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    if hours > 24 || minutes > 59 {
        return None;
    }
    hours
        .checked_mul(60)?
        .checked_add(minutes)?
        .checked_mul(60)?
        .checked_mul(sign)
}

/// Reads Go's durations: a sign, then numbers with units
pub(crate) fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.split_at_checked(1)? {
        ("-", rest) => (true, rest),
        ("+", rest) => (false, rest),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_i128;
    while !rest.is_empty() {
        let number = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, after) = rest.split_at_checked(number)?;
        let unit = after
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        total = total.checked_add(scaled(number, unit_nanoseconds(unit)?)?)?;
        rest = after;
    }
    i64::try_from(if negative { total.checked_neg()? } else { total }).ok()
}

fn unit_nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// `number` units in nanoseconds, cut to whole ones
fn scaled(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let part = |text: &str| {
        if text.is_empty() {
            Some(0_i128)
        } else {
            digits(text).map(i128::from)
        }
    };
    let kept = fraction.get(..fraction.len().min(18))?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let divisor = 10_i128.checked_pow(u32::try_from(kept.len()).ok()?)?;
    let below = part(kept)?.checked_mul(unit)?.checked_div(divisor)?;
    part(whole)?.checked_mul(unit)?.checked_add(below)
}

/// An instant as `string()` prints it
pub(crate) fn text_of_timestamp(at: Timestamp) -> String {
    let (civil, years) = at.local(&TimeZone::UTC);
    let (date, time) = (civil.date(), civil.time());
    let mut text = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        i64::from(date.year()).saturating_add(years),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    );
    push_fraction(&mut text, i64::from(time.subsec_nanosecond()));
    text.push('Z');
    text
}

/// A span as `string()` prints it
pub(crate) fn text_of_duration(nanoseconds: i64) -> String {
    let magnitude = i128::from(nanoseconds).abs();
    let second = i128::from(SECOND);
    let mut text = if nanoseconds < 0 {
        String::from("-")
    } else {
        String::new()
    };
    text.push_str(&magnitude.div_euclid(second).to_string());
    push_fraction(
        &mut text,
        i64::try_from(magnitude.rem_euclid(second)).unwrap_or(0),
    );
    text.push('s');
    text
}

fn push_fraction(text: &mut String, nanoseconds: i64) {
    if nanoseconds != 0 {
        let decimals = format!("{nanoseconds:09}");
        text.push('.');
        text.push_str(decimals.trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_in_go_and_print_in_seconds() {
        let text = |source: &str| parse_duration(source).map(text_of_duration);
        assert_eq!(text("1h2m3.5s").unwrap(), "3723.5s");
        assert_eq!(text("-1.5ms").unwrap(), "-0.0015s");
        assert_eq!(text("0").unwrap(), "0s");
        for bad in ["", "-", "1", "s", "1d", "1.s.", "320000000000s", "1h-2m"] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }

    #[test]
    fn timestamps_keep_nine_decimals_and_the_range_of_protobuf() {
        let text = |source: &str| parse_timestamp(source).map(text_of_timestamp);
        assert_eq!(
            text("2024-02-29T01:30:00.120+02:30").unwrap(),
            "2024-02-28T23:00:00.12Z"
        );
        assert_eq!(
            text("9999-12-31T23:59:59.999999999Z").unwrap(),
            "9999-12-31T23:59:59.999999999Z"
        );
        for bad in [
            "0000-01-01T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-01-01",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00",
        ] {
            assert_eq!(text(bad), None, "{bad}");
        }
    }
}

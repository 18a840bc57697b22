//! Times as Go reads and prints them: layouts written with the reference time `Mon Jan 2 15:04:05 MST 2006`.
//!
//! In: a layout and a text. Out: [`GoTime`], an instant with the offset it was written in.
//! Never: a clock, or a time-zone database: an abbreviation other than UTC is an offset of zero, as Go has it where the
//! local zone is UTC. Years are 0000 to 9999.
//!
//! Behaviour: Go's `time.Parse`, `Time.Format(RFC3339)`, `Time.Truncate`, error texts included.

mod layout;
mod fields;
mod zone;
mod read;

use crate::duration::GoDuration;
use crate::numbers::time_quote;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use std::fmt;
use thiserror::Error;

/// The layout of RFC 3339, `2006-01-02T15:04:05Z07:00`.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// Seconds from year 1 to 1970: Go counts multiples of a duration from year 1.
const YEAR_ONE_TO_UNIX_SECONDS: i128 = 62_135_596_800;
/// Nanoseconds in one second.
const SECOND: i128 = 1_000_000_000;

/// An instant and the offset from UTC it is written in. Ordered by the instant alone.
#[derive(Debug, Clone, Copy)]
pub struct GoTime {
    instant: Timestamp,
    offset: Offset,
}

/// Why a text is no time; prints as Go does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimeError {
    /// A text that does not follow the layout
    #[error("parsing time {} as {}: cannot parse {} as {}", time_quote(.text), time_quote(.layout), time_quote(.rest), time_quote(.element))]
    Mismatch {
        /// The text
        text: String,
        /// The layout
        layout: String,
        /// What is left of the text
        rest: String,
        /// The element of the layout it should match
        element: String,
    },
    /// A number that is no hour, day, …
    #[error("parsing time {}: {what} out of range", time_quote(.text))]
    OutOfRange {
        /// The text
        text: String,
        /// Which element
        what: &'static str,
    },
    /// Text after the end of the layout
    #[error("parsing time {}: extra text: {}", time_quote(.text), time_quote(.extra))]
    ExtraText {
        /// The text
        text: String,
        /// What is too much
        extra: String,
    },
    /// A day of the year that contradicts the month or the day
    #[error("parsing time {}: day-of-year does not match {what}", time_quote(.text))]
    Contradiction {
        /// The text
        text: String,
        /// `month` or `day`
        what: &'static str,
    },
    /// A result outside the years −9999 to 9999
    #[error("time is outside the years -9999 to 9999")]
    OutOfBounds,
}

impl GoTime {
    /// Reads `text` after `layout`.
    ///
    /// # Errors
    /// [`TimeError`], with Go's words.
    pub fn parse(layout: &str, text: &str) -> Result<Self, TimeError> {
        read::read(layout, text)
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// [`TimeError`], with Go's words.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimeError> {
        read::read(RFC3339, text)
    }

    /// The instant, written in UTC.
    #[must_use]
    pub fn from_timestamp(instant: Timestamp) -> Self {
        Self {
            instant,
            offset: Offset::UTC,
        }
    }

    /// The instant `seconds` after 1970, written in UTC.
    ///
    /// # Errors
    /// [`TimeError::OutOfBounds`].
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, TimeError> {
        Timestamp::from_second(seconds)
            .map(Self::from_timestamp)
            .map_err(|_| TimeError::OutOfBounds)
    }

    fn from_civil(civil: DateTime, offset: Offset) -> Result<Self, TimeError> {
        let instant = offset.to_timestamp(civil).map_err(|_| TimeError::OutOfBounds)?;
        Ok(Self { instant, offset })
    }

    fn shown_in(self, offset: Offset) -> Self {
        Self { offset, ..self }
    }

    /// The instant alone.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        self.instant
    }

    /// Date and time of day as written in the offset.
    #[must_use]
    pub fn civil(self) -> DateTime {
        self.offset.to_datetime(self.instant)
    }

    /// The same instant, written in UTC.
    #[must_use]
    pub fn utc(self) -> Self {
        Self::from_timestamp(self.instant)
    }

    /// The time `duration` later, in the same offset.
    ///
    /// # Errors
    /// [`TimeError::OutOfBounds`].
    pub fn checked_add(self, duration: GoDuration) -> Result<Self, TimeError> {
        self.shifted(i128::from(duration.0))
    }

    /// How much later `self` is than `earlier`, cut to ±2^63 ns.
    #[must_use]
    pub fn since(self, earlier: Self) -> GoDuration {
        let difference = self
            .instant
            .as_nanosecond()
            .saturating_sub(earlier.instant.as_nanosecond());
        let cut = difference.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        GoDuration(i64::try_from(cut).unwrap_or(i64::MAX))
    }

    /// The time rounded down to a multiple of `unit` since year 1; a unit of zero or less leaves it.
    ///
    /// # Errors
    /// [`TimeError::OutOfBounds`].
    pub fn truncate(self, unit: GoDuration) -> Result<Self, TimeError> {
        if unit.0 <= 0 {
            return Ok(self);
        }
        let since_year_one = YEAR_ONE_TO_UNIX_SECONDS
            .saturating_mul(SECOND)
            .saturating_add(self.instant.as_nanosecond());
        let rest = since_year_one.checked_rem_euclid(i128::from(unit.0)).unwrap_or(0);
        self.shifted(rest.saturating_neg())
    }

    fn shifted(self, nanoseconds: i128) -> Result<Self, TimeError> {
        let moved = self.instant.as_nanosecond().saturating_add(nanoseconds);
        let instant = Timestamp::from_nanosecond(moved).map_err(|_| TimeError::OutOfBounds)?;
        Ok(Self { instant, ..self })
    }
}

impl PartialEq for GoTime {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for GoTime {}

impl PartialOrd for GoTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GoTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.instant.cmp(&other.instant)
    }
}

/// RFC 3339 in whole seconds, `Z` for UTC.
impl fmt::Display for GoTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        let (year, month, day) = (civil.year(), civil.month(), civil.day());
        let sign = if year < 0 { "-" } else { "" };
        write!(f, "{sign}{:04}-{month:02}-{day:02}", year.unsigned_abs())?;
        write!(
            f,
            "T{:02}:{:02}:{:02}",
            civil.hour(),
            civil.minute(),
            civil.second()
        )?;
        let offset = self.offset.seconds();
        if offset == 0 {
            return f.write_str("Z");
        }
        let minutes = offset.unsigned_abs() / 60;
        let sign = if offset < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests;

//! Reading a text after a Go layout.

use super::fields::{Fault, name, nanoseconds, number, skip, small};
use super::layout::{Chunk, Element, next_chunk};
use super::{GoTime, TimeError, zone};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// What has been read so far; absent parts are what Go takes for them.
#[derive(Default)]
struct Parts {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    year_day: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    /// `Some(true)` for PM
    afternoon: Option<bool>,
    offset_seconds: Option<i32>,
    /// The offset a zone's name carries (`GMT+3`); Go shows the time in it without moving the instant
    named_offset_seconds: i32,
    is_utc: bool,
}

pub(super) fn read(layout: &str, text: &str) -> Result<GoTime, TimeError> {
    let mismatch = |rest: &str, element: &str| TimeError::Mismatch {
        text: text.to_owned(),
        layout: layout.to_owned(),
        rest: rest.to_owned(),
        element: element.to_owned(),
    };
    let mut parts = Parts::default();
    let (mut layout_rest, mut rest) = (layout, text);
    loop {
        let chunk = next_chunk(layout_rest);
        rest = skip(rest, chunk.prefix).map_err(|rest| mismatch(rest, chunk.prefix))?;
        let Some(element) = chunk.element else { break };
        rest = match parts.read(element, &chunk, rest) {
            Ok(after) => after,
            Err(Fault::Mismatch) => return Err(mismatch(rest, chunk.text)),
            Err(Fault::OutOfRange(what)) => {
                return Err(TimeError::OutOfRange {
                    text: text.to_owned(),
                    what,
                });
            }
        };
        layout_rest = chunk.rest;
    }
    if !rest.is_empty() {
        return Err(TimeError::ExtraText {
            text: text.to_owned(),
            extra: rest.to_owned(),
        });
    }
    parts.time(text)
}

impl Parts {
    fn read<'t>(&mut self, element: Element, chunk: &Chunk<'_>, text: &'t str) -> Result<&'t str, Fault> {
        let rest;
        match element {
            Element::LongYear => {
                (self.year, rest) = number(text, 4, 4)?;
            }
            Element::Year => {
                let (short, after) = number(text, 2, 2)?;
                self.year = short.saturating_add(if short >= 69 { 1900 } else { 2000 });
                rest = after;
            }
            Element::LongMonth | Element::Month => {
                let (index, after) = name(text, &MONTHS, element == Element::Month)?;
                self.month = i8::try_from(index).ok().and_then(|index| index.checked_add(1));
                rest = after;
            }
            Element::LongWeekday | Element::Weekday => {
                (_, rest) = name(text, &WEEKDAYS, element == Element::Weekday)?;
            }
            Element::NumericMonth { fixed } => {
                let (month, after) = small(text, fixed, 1, 12, "month")?;
                (self.month, rest) = (Some(month), after);
            }
            Element::Day { fixed, padded } => {
                let text = if padded {
                    text.strip_prefix(' ').unwrap_or(text)
                } else {
                    text
                };
                let (day, after) = small(text, fixed, 0, 99, "day")?;
                (self.day, rest) = (Some(day), after);
            }
            Element::YearDay { padded } => {
                let text = if padded {
                    text.strip_prefix("  ").or(text.strip_prefix(' ')).unwrap_or(text)
                } else {
                    text
                };
                let (day, after) = number(text, if padded { 1 } else { 3 }, 3)?;
                (self.year_day, rest) = (Some(day), after);
            }
            Element::Hour => (self.hour, rest) = small(text, false, 0, 23, "hour")?,
            Element::Hour12 { fixed } => (self.hour, rest) = small(text, fixed, 0, 12, "hour")?,
            Element::Minute { fixed } => (self.minute, rest) = small(text, fixed, 0, 59, "minute")?,
            Element::Second { fixed } => {
                let (second, after) = small(text, fixed, 0, 59, "second")?;
                self.second = second;
                let layout_has_fraction =
                    matches!(next_chunk(chunk.rest).element, Some(Element::Fraction { .. }));
                rest = if layout_has_fraction {
                    after
                } else {
                    self.optional_fraction(after)?
                };
            }
            Element::HalfDay { upper } => {
                let (pm, am) = if upper { ("PM", "AM") } else { ("pm", "am") };
                let after = text.strip_prefix(pm);
                self.afternoon = Some(after.is_some() || self.afternoon == Some(true));
                rest = after.or(text.strip_prefix(am)).ok_or(Fault::Mismatch)?;
            }
            Element::ZoneName => rest = self.zone_name(text)?,
            Element::Zone { z, form } => {
                if let Some(after) = text.strip_prefix('Z').filter(|_| z) {
                    self.is_utc = true;
                    return Ok(after);
                }
                let (offset, after) = zone::numeric_offset(text, form)?;
                (self.offset_seconds, rest) = (Some(offset), after);
            }
            Element::Fraction { digits, exact: true } => {
                let after = text.strip_prefix(['.', ',']).ok_or(Fault::Mismatch)?;
                let (fraction, after) = after.split_at_checked(digits).ok_or(Fault::Mismatch)?;
                self.nanosecond = nanoseconds(fraction)?;
                rest = after;
            }
            Element::Fraction { exact: false, .. } => rest = self.optional_fraction(text)?,
        }
        Ok(rest)
    }

    /// A fraction of a second if one stands here, whatever its length.
    fn optional_fraction<'t>(&mut self, text: &'t str) -> Result<&'t str, Fault> {
        let Some(after_point) = text.strip_prefix(['.', ',']) else {
            return Ok(text);
        };
        let rest = after_point.trim_start_matches(|c: char| c.is_ascii_digit());
        let length = after_point.len().saturating_sub(rest.len());
        let Some(digits) = after_point.get(..length).filter(|digits| !digits.is_empty()) else {
            return Ok(text);
        };
        self.nanosecond = nanoseconds(digits)?;
        Ok(rest)
    }

    fn zone_name<'t>(&mut self, text: &'t str) -> Result<&'t str, Fault> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.is_utc = true;
            return Ok(rest);
        }
        let length = zone::name_length(text).ok_or(Fault::Mismatch)?;
        let (name, rest) = text.split_at_checked(length).ok_or(Fault::Mismatch)?;
        let hours = name
            .strip_prefix("GMT")
            .and_then(|hours| hours.parse::<i32>().ok())
            .unwrap_or(0);
        self.named_offset_seconds = hours.saturating_mul(3600);
        Ok(rest)
    }

    fn time(mut self, text: &str) -> Result<GoTime, TimeError> {
        let out_of_range = |what| TimeError::OutOfRange {
            text: text.to_owned(),
            what,
        };
        match self.afternoon {
            Some(true) if self.hour < 12 => self.hour = self.hour.saturating_add(12),
            Some(false) if self.hour == 12 => self.hour = 0,
            Some(_) | None => {}
        }
        let date = match self.year_day {
            Some(day) => {
                let new_year = Date::new(self.year, 1, 1).map_err(|_| TimeError::OutOfBounds)?;
                let date = new_year
                    .with()
                    .day_of_year(day)
                    .build()
                    .map_err(|_| out_of_range("day-of-year"))?;
                let contradiction = |what| TimeError::Contradiction {
                    text: text.to_owned(),
                    what,
                };
                if self.month.is_some_and(|month| month != date.month()) {
                    return Err(contradiction("month"));
                }
                if self.day.is_some_and(|day| day != date.day()) {
                    return Err(contradiction("day"));
                }
                date
            }
            None => Date::new(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
                .map_err(|_| out_of_range("day"))?,
        };
        let clock = Time::new(self.hour, self.minute, self.second, self.nanosecond);
        let clock = clock.map_err(|_| out_of_range("hour"))?;
        let offset =
            |seconds| Offset::from_seconds(seconds).map_err(|_| out_of_range("time zone offset hour"));
        let civil = DateTime::from_parts(date, clock);
        match self.offset_seconds {
            Some(seconds) if !self.is_utc => GoTime::from_civil(civil, offset(seconds)?),
            _ if self.is_utc => GoTime::from_civil(civil, Offset::UTC),
            _ => {
                let time = GoTime::from_civil(civil, Offset::UTC)?;
                Ok(time.shown_in(offset(self.named_offset_seconds)?))
            }
        }
    }
}

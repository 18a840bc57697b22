//! Reading a text after a Go layout.

use super::layout::{Chunk, Element, ZoneForm, next_chunk};
use super::{GoTime, TimeError};
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

/// Why one element did not read.
enum Fault {
    Mismatch,
    OutOfRange(&'static str),
}

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

type Read<'t, T> = Result<(T, &'t str), Fault>;

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
                let (offset, after) = zone(text, form)?;
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
        let length = zone_name_length(text).ok_or(Fault::Mismatch)?;
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

/// Removes a literal; a run of spaces in it stands for any run of spaces. The error is what is left.
fn skip<'t>(mut text: &'t str, mut literal: &str) -> Result<&'t str, &'t str> {
    while let Some(wanted) = literal.chars().next() {
        if wanted == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(text);
            }
            literal = literal.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
            continue;
        }
        literal = literal.strip_prefix(wanted).unwrap_or("");
        text = text.strip_prefix(wanted).ok_or(text)?;
    }
    Ok(text)
}

/// A decimal number of `least` to `most` digits.
fn number(text: &str, least: usize, most: usize) -> Read<'_, i16> {
    let digits = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if digits < least {
        return Err(Fault::Mismatch);
    }
    let (digits, rest) = text.split_at_checked(digits).ok_or(Fault::Mismatch)?;
    digits
        .parse()
        .map(|value| (value, rest))
        .map_err(|_| Fault::Mismatch)
}

/// A number of one or two digits (two if `fixed`) between two bounds.
fn small<'t>(text: &'t str, fixed: bool, least: i16, most: i16, what: &'static str) -> Read<'t, i8> {
    let (value, rest) = number(text, if fixed { 2 } else { 1 }, 2)?;
    let value = Some(value).filter(|value| (least..=most).contains(value));
    let value = value
        .and_then(|value| i8::try_from(value).ok())
        .ok_or(Fault::OutOfRange(what))?;
    Ok((value, rest))
}

/// A name of the table, or its first three letters, in any case.
fn name<'t>(text: &'t str, table: &[&str], abbreviated: bool) -> Read<'t, usize> {
    for (index, full) in table.iter().enumerate() {
        let wanted = if abbreviated {
            full.get(..3).unwrap_or(full)
        } else {
            full
        };
        if let Some((found, rest)) = text.split_at_checked(wanted.len())
            && found.eq_ignore_ascii_case(wanted)
        {
            return Ok((index, rest));
        }
    }
    Err(Fault::Mismatch)
}

/// A numeric offset in seconds.
fn zone(text: &str, form: ZoneForm) -> Read<'_, i32> {
    let after_sign = text.strip_prefix(['+', '-']).ok_or(Fault::Mismatch)?;
    let (hours, rest) = number(after_sign, 2, 2)?;
    let (minutes, seconds, rest) = match form {
        ZoneForm::Short => (0, 0, rest),
        ZoneForm::Plain => number(rest, 2, 2).map(|(minutes, rest)| (minutes, 0, rest))?,
        ZoneForm::PlainSeconds => {
            let (minutes, rest) = number(rest, 2, 2)?;
            number(rest, 2, 2).map(|(seconds, rest)| (minutes, seconds, rest))?
        }
        ZoneForm::Colon => {
            let rest = rest.strip_prefix(':').ok_or(Fault::Mismatch)?;
            number(rest, 2, 2).map(|(minutes, rest)| (minutes, 0, rest))?
        }
        ZoneForm::ColonSeconds => {
            let (minutes, rest) = number(rest.strip_prefix(':').ok_or(Fault::Mismatch)?, 2, 2)?;
            let rest = rest.strip_prefix(':').ok_or(Fault::Mismatch)?;
            number(rest, 2, 2).map(|(seconds, rest)| (minutes, seconds, rest))?
        }
    };
    for (value, most, what) in [
        (seconds, 60, "time zone offset second"),
        (minutes, 60, "time zone offset minute"),
        (hours, 24, "time zone offset hour"),
    ] {
        if value > most {
            return Err(Fault::OutOfRange(what));
        }
    }
    let total = i32::from(hours).saturating_mul(3600);
    let total = total
        .saturating_add(i32::from(minutes).saturating_mul(60))
        .saturating_add(i32::from(seconds));
    Ok((
        if text.starts_with('-') {
            total.saturating_neg()
        } else {
            total
        },
        rest,
    ))
}

/// Up to nine digits of a fraction, as nanoseconds.
fn nanoseconds(digits: &str) -> Result<i32, Fault> {
    let digits = digits.get(..9).unwrap_or(digits);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::Mismatch);
    }
    format!("{digits:0<9}").parse().map_err(|_| Fault::Mismatch)
}

/// How many bytes of `text` look like the abbreviation of a time zone.
fn zone_name_length(text: &str) -> Option<usize> {
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix("GMT") {
        return Some(signed_hours_length(after).unwrap_or(0).saturating_add(3));
    }
    if text.starts_with(['+', '-']) {
        return if text.len() < 3 {
            None
        } else {
            signed_hours_length(text)
        };
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        5 if text.as_bytes().get(4) == Some(&b'T') => Some(5),
        4 if text.as_bytes().get(3) == Some(&b'T') || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of `+03` or `-11`, at most 23 hours.
fn signed_hours_length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix(['+', '-'])?;
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let hours: u64 = digits.get(..count)?.parse().ok()?;
    (hours <= 23).then(|| count.saturating_add(1))
}

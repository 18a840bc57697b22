//! Time zones in a text: numeric offsets, and abbreviations, which are judged by their looks.

use super::fields::{Fault, Read, number};
use super::layout::ZoneForm;

/// A numeric offset in seconds.
pub(super) fn numeric_offset(text: &str, form: ZoneForm) -> Read<'_, i32> {
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

/// How many bytes of `text` look like the abbreviation of a time zone.
pub(super) fn name_length(text: &str) -> Option<usize> {
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

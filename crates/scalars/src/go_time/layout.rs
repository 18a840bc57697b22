//! Go layouts cut into elements.

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    /// `1` or, fixed at two digits, `01`
    NumericMonth {
        fixed: bool,
    },
    LongWeekday,
    Weekday,
    /// `2`, `_2` (may have a space in front), `02`
    Day {
        fixed: bool,
        padded: bool,
    },
    YearDay {
        padded: bool,
    },
    Hour,
    Hour12 {
        fixed: bool,
    },
    Minute {
        fixed: bool,
    },
    Second {
        fixed: bool,
    },
    LongYear,
    Year,
    /// `PM` or `pm`
    HalfDay {
        upper: bool,
    },
    ZoneName,
    /// A numeric offset; `z` when `Z` is accepted for UTC
    Zone {
        z: bool,
        form: ZoneForm,
    },
    /// `.000`: exactly so many digits; `.999`: any number of them, or none
    Fraction {
        digits: usize,
        exact: bool,
    },
}

/// How a numeric offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ZoneForm {
    /// `-0700`
    Plain,
    /// `-070000`
    PlainSeconds,
    /// `-07`
    Short,
    /// `-07:00`
    Colon,
    /// `-07:00:00`
    ColonSeconds,
}

/// The next element of a layout with the literal text before it, its own text, and the layout after it.
pub(super) struct Chunk<'l> {
    pub(super) prefix: &'l str,
    pub(super) element: Option<Element>,
    pub(super) text: &'l str,
    pub(super) rest: &'l str,
}

/// Cuts off the next element; without one, the whole layout is literal.
pub(super) fn next_chunk(layout: &str) -> Chunk<'_> {
    for (at, _) in layout.char_indices() {
        let Some((prefix, tail)) = layout.split_at_checked(at) else {
            continue;
        };
        // `_2006` is a literal underscore before a year
        if tail.starts_with("_2006") {
            continue;
        }
        if let Some((element, length)) = element_at(tail)
            && let Some((text, rest)) = tail.split_at_checked(length)
        {
            return Chunk {
                prefix,
                element: Some(element),
                text,
                rest,
            };
        }
    }
    Chunk {
        prefix: layout,
        element: None,
        text: "",
        rest: "",
    }
}

/// The element at the very front of `tail`, with its length in bytes.
fn element_at(tail: &str) -> Option<(Element, usize)> {
    let word = |long: &str, long_element, short: &str, short_element| {
        if tail.starts_with(long) {
            return Some((long_element, long.len()));
        }
        // "Month" and "Janus" are words of their own
        let after = tail.strip_prefix(short)?;
        (!after.starts_with(|c: char| c.is_ascii_lowercase())).then_some((short_element, short.len()))
    };
    let first = tail.bytes().next()?;
    match first {
        b'J' => word("January", Element::LongMonth, "Jan", Element::Month),
        b'M' if tail.starts_with("MST") => Some((Element::ZoneName, 3)),
        b'M' => word("Monday", Element::LongWeekday, "Mon", Element::Weekday),
        b'P' if tail.starts_with("PM") => Some((Element::HalfDay { upper: true }, 2)),
        b'p' if tail.starts_with("pm") => Some((Element::HalfDay { upper: false }, 2)),
        b'-' | b'Z' => zone_at(tail),
        b'.' | b',' => fraction_at(tail),
        b'0'..=b'9' | b'_' => number_at(tail),
        _ => None,
    }
}

fn number_at(tail: &str) -> Option<(Element, usize)> {
    const NUMBERS: [(&str, Element); 16] = [
        ("01", Element::NumericMonth { fixed: true }),
        (
            "02",
            Element::Day {
                fixed: true,
                padded: false,
            },
        ),
        ("03", Element::Hour12 { fixed: true }),
        ("04", Element::Minute { fixed: true }),
        ("05", Element::Second { fixed: true }),
        ("06", Element::Year),
        ("002", Element::YearDay { padded: false }),
        ("15", Element::Hour),
        ("1", Element::NumericMonth { fixed: false }),
        ("2006", Element::LongYear),
        (
            "2",
            Element::Day {
                fixed: false,
                padded: false,
            },
        ),
        (
            "_2",
            Element::Day {
                fixed: false,
                padded: true,
            },
        ),
        ("__2", Element::YearDay { padded: true }),
        ("3", Element::Hour12 { fixed: false }),
        ("4", Element::Minute { fixed: false }),
        ("5", Element::Second { fixed: false }),
    ];
    NUMBERS
        .iter()
        .find(|(text, _)| tail.starts_with(text))
        .map(|(text, element)| (*element, text.len()))
}

fn zone_at(tail: &str) -> Option<(Element, usize)> {
    const FORMS: [(&str, ZoneForm); 5] = [
        ("070000", ZoneForm::PlainSeconds),
        ("07:00:00", ZoneForm::ColonSeconds),
        ("0700", ZoneForm::Plain),
        ("07:00", ZoneForm::Colon),
        ("07", ZoneForm::Short),
    ];
    let z = tail.starts_with('Z');
    let digits = tail.strip_prefix(['-', 'Z'])?;
    let (text, form) = FORMS.iter().find(|(text, _)| digits.starts_with(text))?;
    Some((Element::Zone { z, form: *form }, text.len().saturating_add(1)))
}

fn fraction_at(tail: &str) -> Option<(Element, usize)> {
    let digits = tail.strip_prefix(['.', ','])?;
    let digit = digits.chars().next().filter(|c| matches!(c, '0' | '9'))?;
    let rest = digits.trim_start_matches(digit);
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let count = digits.len().checked_sub(rest.len())?;
    Some((
        Element::Fraction {
            digits: count,
            exact: digit == '0',
        },
        count.saturating_add(1),
    ))
}

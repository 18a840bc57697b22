//! When an exception stops to excuse.
//!
//! In: the document of a PolicyException. Out: a time, or none. Two fields say it: `spec.expiresAt`, a time as RFC 3339
//! writes it (Kyverno has the field in its CEL exceptions), and the label `cleanup.kyverno.io/ttl`, by which Kyverno's
//! cleanup controller deletes the object: a life counted from `metadata.creationTimestamp`, a day, or a second. Of both
//! the earlier holds. Never: the clock; whoever judges says what time it is.
//!
//! Source: Kyverno 1.19 `pkg/controllers/ttl/utils.go`; durations as go-openapi's strfmt reads them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use scalars::duration::GoDuration;
use serde_json::Value;

use crate::compile_error::CompileError;

const LABEL: &str = "cleanup.kyverno.io/ttl";

/// The time, in nanoseconds since the Unix epoch.
///
/// A life of an object that was never created, as in a file, has not begun: such an exception does not expire.
///
/// # Errors
/// A time that can't be read: what was meant to end must not hold for ever.
pub(super) fn expiry_ns(document: &Value) -> Result<Option<i128>, CompileError> {
    let written = document
        .pointer("/spec/expiresAt")
        .filter(|value| !value.is_null());
    let stated = written.map(|value| {
        let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
        time.ok_or_else(|| CompileError::new("spec.expiresAt", "expected a time as RFC 3339 writes it"))
    });
    let labels = document.pointer("/metadata/labels");
    let label = labels
        .and_then(|labels| labels.get(LABEL))
        .and_then(Value::as_str);
    let created = document.pointer("/metadata/creationTimestamp");
    let created = created
        .and_then(Value::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok());
    let deleted = label.map(|text| deletion(text, created)).transpose()?.flatten();
    let times = [stated.transpose()?, deleted];
    Ok(times.into_iter().flatten().min().map(Timestamp::as_nanosecond))
}

/// When the label has the object deleted; none for a life that has not begun.
fn deletion(label: &str, created: Option<Timestamp>) -> Result<Option<Timestamp>, CompileError> {
    if let Some(life) = life(label) {
        return Ok(created.and_then(|created| created.checked_add(life).ok()));
    }
    let second = DateTime::strptime("%Y-%m-%dT%H%M%SZ", label);
    let time = second.or_else(|_| Date::strptime("%Y-%m-%d", label).map(DateTime::from));
    let time = time.and_then(|time| TimeZone::UTC.to_timestamp(time));
    time.map(Some).map_err(|_| {
        let expected = "expected a life such as `720h` or `7d`, `2026-01-31` or `2026-01-31T120000Z`";
        CompileError::new("metadata.labels", format!("{LABEL}: {expected}"))
    })
}

/// `720h`, `1h30m`, and with days and weeks `7d`, `2w`, `1d12h`.
fn life(text: &str) -> Option<SignedDuration> {
    if let Ok(GoDuration(nanos)) = GoDuration::parse(text) {
        return Some(SignedDuration::from_nanos(nanos));
    }
    let mut total = SignedDuration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let unit_at = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let (number, behind) = rest.split_at_checked(unit_at)?;
        let end = behind.find(|letter: char| !letter.is_ascii_alphabetic());
        let (unit, after) = behind.split_at_checked(end.unwrap_or(behind.len()))?;
        let seconds = number.parse::<i64>().ok()?.checked_mul(seconds_of(unit)?)?;
        total = total.checked_add(SignedDuration::from_secs(seconds))?;
        rest = after;
    }
    Some(total)
}

fn seconds_of(unit: &str) -> Option<i64> {
    match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(3_600),
        "d" | "day" | "days" => Some(86_400),
        "w" | "wk" | "week" | "weeks" => Some(604_800),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn seconds(document: &Value) -> Option<i128> {
        expiry_ns(document).unwrap().map(|ns| ns / 1_000_000_000)
    }

    #[test]
    fn the_label_counts_from_the_creation_or_names_a_time() {
        for (label, expected) in [
            ("720h", Some(720 * 3600)),
            ("7d", Some(7 * 86_400)),
            ("1d12h", Some(36 * 3600)),
            ("2w", Some(14 * 86_400)),
            ("1970-01-03", Some(2 * 86_400)),
            ("1970-01-01T000105Z", Some(65)),
        ] {
            let document =
                json!({"metadata": {"creationTimestamp": "1970-01-01T00:00:00Z", "labels": {LABEL: label}}});
            assert_eq!(seconds(&document), expected, "{label}");
        }
        assert_eq!(seconds(&json!({"metadata": {"labels": {LABEL: "720h"}}})), None);
    }

    #[test]
    fn of_two_times_the_earlier_holds() {
        let document = json!({"metadata": {"labels": {LABEL: "1970-01-02"}}, "spec": {"expiresAt": "1970-01-01T00:00:05Z"}});
        assert_eq!(seconds(&document), Some(5));
    }

    #[test]
    fn an_end_that_cant_be_read_is_no_eternity() {
        assert!(expiry_ns(&json!({"metadata": {"labels": {LABEL: "soon"}}})).is_err());
        assert!(expiry_ns(&json!({"spec": {"expiresAt": "tomorrow"}})).is_err());
        assert!(expiry_ns(&json!({"spec": {"expiresAt": 7}})).is_err());
    }
}

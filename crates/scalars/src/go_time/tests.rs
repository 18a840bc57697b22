use super::*;

fn reprinted(layout: &str, text: &str) -> String {
    match GoTime::parse(layout, text) {
        Ok(time) => time.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn times_read_after_any_go_layout() {
    for (layout, text, printed) in [
        (RFC3339, "2021-01-02T15:04:05Z", "2021-01-02T15:04:05Z"),
        (
            RFC3339,
            "2021-01-02T15:04:05.123456789012+05:30",
            "2021-01-02T15:04:05+05:30",
        ),
        (RFC3339, "2021-01-02T15:04:05+00:00", "2021-01-02T15:04:05Z"),
        (RFC3339, "2021-01-02T5:04:05Z", "2021-01-02T05:04:05Z"),
        (
            "Mon Jan _2 15:04:05 2006",
            "Sat Jan  2 15:04:05 2021",
            "2021-01-02T15:04:05Z",
        ),
        (
            "Mon, 02 Jan 2006 15:04:05 MST",
            "Sat, 02 Jan 2021 15:04:05 PST",
            "2021-01-02T15:04:05Z",
        ),
        (
            "02 Jan 06 15:04 -0700",
            "02 jan 69 15:04 -0800",
            "1969-01-02T15:04:00-08:00",
        ),
        ("3:04PM", "3:04PM", "0000-01-01T15:04:00Z"),
        ("3:04pm", "12:04am", "0000-01-01T00:04:00Z"),
        ("2006-002", "2020-366", "2020-12-31T00:00:00Z"),
        ("2006-01-02 MST", "2021-01-02 GMT+3", "2021-01-02T03:00:00+03:00"),
        ("15:04:05.000", "15:04:05.250", "0000-01-01T15:04:05Z"),
        (
            "Monday, January 2 2006",
            "SATURDAY, january 2 2021",
            "2021-01-02T00:00:00Z",
        ),
    ] {
        assert_eq!(reprinted(layout, text), printed, "{layout} {text}");
    }
}

#[test]
fn a_text_that_does_not_follow_its_layout_is_refused_in_gos_words() {
    for (layout, text, error) in [
        (
            RFC3339,
            "x",
            r#"parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006""#,
        ),
        (
            RFC3339,
            "2021-01-02",
            r#"parsing time "2021-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T""#,
        ),
        (
            RFC3339,
            "2021-13-02T15:04:05Z",
            r#"parsing time "2021-13-02T15:04:05Z": month out of range"#,
        ),
        (
            RFC3339,
            "2021-02-29T15:04:05Z",
            r#"parsing time "2021-02-29T15:04:05Z": day out of range"#,
        ),
        (
            RFC3339,
            "2021-01-02T24:04:05Z",
            r#"parsing time "2021-01-02T24:04:05Z": hour out of range"#,
        ),
        (
            "2006-01-02",
            "2021-01-02x",
            r#"parsing time "2021-01-02x": extra text: "x""#,
        ),
        (
            "2006-01-02 002",
            "2021-01-02 003",
            r#"parsing time "2021-01-02 003": day-of-year does not match day"#,
        ),
    ] {
        assert_eq!(reprinted(layout, text), error, "{layout} {text}");
    }
}

#[test]
fn times_are_moved_compared_and_truncated() {
    let time = GoTime::parse_rfc3339("2021-01-02T15:04:05+05:30").unwrap();
    let hour = GoDuration(3_600_000_000_000);
    assert_eq!(
        time.checked_add(hour).unwrap().to_string(),
        "2021-01-02T16:04:05+05:30"
    );
    assert_eq!(
        time.truncate(hour).unwrap().to_string(),
        "2021-01-02T14:30:00+05:30"
    );
    assert_eq!(time.utc().to_string(), "2021-01-02T09:34:05Z");
    assert_eq!(
        time.since(GoTime::from_unix_seconds(0).unwrap()).to_string(),
        "447105h34m5s"
    );
    let year_zero = GoTime::parse("2006", "0000").unwrap();
    assert_eq!(time.since(year_zero), GoDuration(i64::MAX));
    assert!(
        GoTime::parse("2006", "9999")
            .unwrap()
            .checked_add(GoDuration(i64::MAX))
            .is_err()
    );
}

proptest::proptest! {
    #[test]
    fn no_layout_and_no_text_make_reading_panic(layout in "[Jan Mon2006_15:04.Z079PMST-]{0,30}", text in "[JanS 0-9:.TZ+-]{0,30}") {
        GoTime::parse(&layout, &text).ok();
        GoTime::parse_rfc3339(&text).ok();
    }
}

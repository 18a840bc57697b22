use manifest::Document;
use serde_json::json;

use super::*;
use crate::schema::shape::{TEXTS, defaulted, field, required};

static INNER: Object = Object {
    unknown: Unknown::Warned,
    fields: &[field("note", Shape::Text)],
};
static OBJECT: Object = Object {
    unknown: Unknown::Refused,
    fields: &[
        required("name", Shape::Text),
        field("count", Shape::Int(1)),
        field("names", TEXTS),
        field("free", Shape::Any),
        field("inner", Shape::Object(&INNER)),
        field("level", Shape::Choice(&["low", "high"])),
        defaulted("digest", Shape::Bool, Literal::Bool(true)),
    ],
};

fn checked(value: Value, reading: Reading) -> (Value, Vec<String>, Vec<String>) {
    let mut document = Document::without_text(value, "");
    let mut report = Report::new(&document);
    check(&mut document.value, &Shape::Object(&OBJECT), reading, &mut report);
    let lines = |faults: Vec<crate::fault::Fault>| faults.iter().map(ToString::to_string).collect();
    (document.value, lines(report.faults), lines(report.warnings))
}

#[test]
fn every_fault_is_told_at_once() {
    let value = json!({"nam": 1, "count": 0, "names": ["a", 1], "inner": [], "level": "hihg"});
    let (_, faults, _) = checked(value, Reading::Exact);
    assert_eq!(
        faults,
        [
            "count: expected an integer not below 1, found 0",
            "inner: expected a mapping, found a list",
            "level: unknown value `hihg`; expected one of `low`, `high` (did you mean `high`?)",
            "nam: unknown field `nam` (did you mean `name`?)",
            "names[1]: expected text, found the number 1; quote it",
            "name: missing field `name`; expected text",
        ]
    );
}

#[test]
fn absent_and_null_fields_are_given_their_defaults() {
    let (value, faults, _) = checked(
        json!({"name": "a", "digest": null, "free": null, "names": null}),
        Reading::Exact,
    );
    assert!(faults.is_empty());
    assert_eq!(value, json!({"name": "a", "digest": true, "free": null}));
    let (value, ..) = checked(json!({"name": "a", "digest": false}), Reading::Exact);
    assert_eq!(value["digest"], json!(false));
}

#[test]
fn fields_that_kyverno_reads_over_are_warned_of() {
    let (_, faults, warnings) = checked(json!({"name": "a", "inner": {"notes": 1}}), Reading::Exact);
    assert!(faults.is_empty());
    assert_eq!(
        warnings,
        ["inner.notes: unknown field `notes` has no effect (did you mean `note`?)"]
    );
}

#[test]
fn files_of_the_command_line_are_read_by_any_case_and_numbers_become_text() {
    let (value, faults, _) = checked(json!({"NAME": 1, "Names": [true, "x"]}), Reading::Lenient);
    assert!(faults.is_empty(), "{faults:?}");
    assert_eq!(
        value,
        json!({"name": "1", "names": ["true", "x"], "digest": true})
    );
}

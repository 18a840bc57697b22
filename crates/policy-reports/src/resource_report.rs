//! The report on one object, as it stands beside it in the cluster.
//!
//! In: an object's reference and its rows. Out: a report object and the [`Fingerprint`] of its content. Times are no
//! content: what says the same as before is not written again. Never: more than [`MOST_RESULTS`] results or a message of
//! more than [`MOST_MESSAGE_CHARS`] characters; what is left out is said in the report.
//!
//! Shape: Kyverno 1.19's final reports, engine-and-cli §10.1, but for our names: [`SOURCE`] in every result, a label that says
//! whose it is, and a name that Kyverno's report on the same object does not have.

use std::cmp::Reverse;

use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::report::{ReportFormat, Summary};
use crate::row::{ADMISSION_REVIEW, ObjectReference, ReportedResult, Row};

/// `source` of everything that is ours.
pub const SOURCE: &str = "vouchsafe";
/// The label that says whose a report is; its value is [`SOURCE`].
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// The annotation that holds the [`Fingerprint`].
pub const FINGERPRINT: &str = "reports.vouchsafe.dev/content";
/// The annotation that names the policies, in order, of which results of admission stand here beside those of scans; absent
/// where there are none.
pub const ADMITTED_BY: &str = "reports.vouchsafe.dev/admitted-by";
/// The annotation that says how many results of admission found no room when they were put here; absent where all did.
pub const ADMITTED_LEFT_OUT: &str = "reports.vouchsafe.dev/admitted-left-out";
/// The annotation that says how much of what scans said was left out; absent where nothing was.
pub const LEFT_OUT: &str = "reports.vouchsafe.dev/left-out";
/// Results of one report. With messages of the greatest length they stay far below the 1.5 MiB that etcd takes.
pub const MOST_RESULTS: usize = 250;
/// Characters of one message.
pub const MOST_MESSAGE_CHARS: usize = 1_024;

/// What a report says of scans, times aside: equal for equal content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint written down in a report's `metadata`, if it is one of ours.
    #[must_use]
    pub fn of_metadata(metadata: &Value) -> Option<Self> {
        let ours = metadata
            .pointer("/labels")
            .and_then(|labels| labels.get(MANAGED_BY));
        if ours.and_then(Value::as_str) != Some(SOURCE) {
            return None;
        }
        let written = metadata
            .pointer("/annotations")
            .and_then(|all| all.get(FINGERPRINT));
        written.and_then(Value::as_str).map(|text| Self(text.to_owned()))
    }

    /// As it is written down: 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(content: &Value) -> Self {
        let digest = Sha256::digest(content.to_string().as_bytes());
        Self(digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

/// A report on one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceReport {
    /// The object to write, whole.
    pub object: Value,
    /// What it says.
    pub fingerprint: Fingerprint,
}

/// The name of our report on the object with this uid.
#[must_use]
pub fn report_name(uid: &str) -> String {
    format!("{uid}-{SOURCE}")
}

/// The report that `rows` make on `resource`. Rows of other objects must not be among them.
#[must_use]
pub fn resource_report(resource: &ObjectReference, rows: &[Row], format: ReportFormat) -> ResourceReport {
    report_beside(resource, rows, Vec::new(), format)
}

/// The same, with results of admission beside the rows of a scan, as far as these leave room. They don't count in the
/// fingerprint: a scan that says the same again has no need to read them.
#[must_use]
pub fn report_beside(
    resource: &ObjectReference,
    rows: &[Row],
    admitted: Vec<Value>,
    format: ReportFormat,
) -> ResourceReport {
    let kept = worst_first(rows);
    let scanned: Vec<Value> = kept.into_iter().map(result).collect();
    let fingerprint = Fingerprint::of(&json!([
        without_times(&scanned),
        Summary::of(rows),
        resource,
        format.api_version(),
    ]));
    let (admitted, unfit) = fitting(admitted, scanned.len());
    let mut summary = Summary::of(rows);
    admitted
        .iter()
        .filter_map(result_of)
        .for_each(|result| summary.count(result));
    let (all, left_out) = (rows.len(), rows.len().saturating_sub(scanned.len()));
    let mut annotations = json!({ FINGERPRINT: fingerprint.as_str() });
    if left_out > 0 {
        let said = format!("{left_out} of {all} results: the summary counts them");
        put(&mut annotations, LEFT_OUT, said);
    }
    tell_admitted(&mut annotations, &admitted, unfit);
    let mut results = scanned;
    if !admitted.is_empty() {
        results.extend(admitted);
        sort(&mut results);
    }
    let mut metadata = json!({
        "name": report_name(&resource.uid),
        "labels": {MANAGED_BY: SOURCE},
        "annotations": annotations,
        "ownerReferences": [{
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "name": resource.name,
            "uid": resource.uid,
        }],
    });
    if !resource.namespace.is_empty() {
        put(&mut metadata, "namespace", resource.namespace.clone());
    }
    let mut object = json!({
        "apiVersion": format.api_version(),
        "kind": format.kind(!resource.namespace.is_empty()),
        "metadata": metadata,
        "scope": resource,
        "summary": summary,
        "results": results,
    });
    if format == ReportFormat::OpenReports {
        put(&mut object, "source", SOURCE.to_owned());
    }
    ResourceReport { object, fingerprint }
}

/// Takes the results of admission out of those of a report of ours: what stays are those of scans.
#[must_use]
pub fn take_admitted(report: &mut Value) -> Vec<Value> {
    let Some(results) = report.get_mut("results").and_then(Value::as_array_mut) else {
        return Vec::new();
    };
    let is_admitted = |result: &Value| {
        result.pointer("/properties/process").and_then(Value::as_str) == Some(ADMISSION_REVIEW)
    };
    let (admitted, scanned) = std::mem::take(results).into_iter().partition(is_admitted);
    *results = scanned;
    admitted
}

/// The result of admission that `row` is, as it stands in a report on one object.
#[must_use]
pub fn admitted_result(row: &Row) -> Value {
    result(row)
}

/// Puts `admitted` in place of the results of admission in `report`, which is ours, as far as those of scans leave room; all
/// else stays as it is. The summary changes by the difference: it counts results of scans that don't stand here, too.
pub fn put_admitted(report: &mut Value, admitted: Vec<Value>) {
    let before = take_admitted(report);
    let scanned = report.get_mut("results").and_then(Value::as_array_mut);
    let mut results = scanned.map(std::mem::take).unwrap_or_default();
    let (admitted, unfit) = fitting(admitted, results.len());
    let mut summary = report
        .get("summary")
        .and_then(|summary| Summary::deserialize(summary).ok())
        .unwrap_or_default();
    before
        .iter()
        .filter_map(result_of)
        .for_each(|result| summary.uncount(result));
    admitted
        .iter()
        .filter_map(result_of)
        .for_each(|result| summary.count(result));
    if let Some(annotations) = report.pointer_mut("/metadata/annotations") {
        tell_admitted(annotations, &admitted, unfit);
    }
    results.extend(admitted);
    sort(&mut results);
    if let Some(fields) = report.as_object_mut() {
        fields.insert("results".to_owned(), results.into());
        fields.insert("summary".to_owned(), json!(summary));
    }
}

/// Those of `admitted` that there is room for beside `scanned` results, first those that matter; and how many there is none
/// for.
fn fitting(mut admitted: Vec<Value>, scanned: usize) -> (Vec<Value>, usize) {
    let room = MOST_RESULTS.saturating_sub(scanned);
    let unfit = admitted.len().saturating_sub(room);
    if unfit > 0 {
        admitted.sort_by_key(|result| Reverse(result_of(result).map(gravity)));
        admitted.truncate(room);
    }
    (admitted, unfit)
}

/// Says whose results of admission stand in the report, and how many found no room.
fn tell_admitted(annotations: &mut Value, admitted: &[Value], unfit: usize) {
    if let Some(said) = annotations.as_object_mut() {
        said.remove(ADMITTED_BY);
        said.remove(ADMITTED_LEFT_OUT);
    }
    if !admitted.is_empty() {
        put(annotations, ADMITTED_BY, policies_of(admitted));
    }
    if unfit > 0 {
        let said = format!("{unfit} results of admission: the summary does not count them");
        put(annotations, ADMITTED_LEFT_OUT, said);
    }
}

/// In Kyverno's order.
fn sort(results: &mut [Value]) {
    results.sort_by_cached_key(|result| [text(result, "policy"), text(result, "rule")]);
}

fn policies_of(results: &[Value]) -> String {
    let mut policies: Vec<String> = results.iter().map(|result| text(result, "policy")).collect();
    policies.sort();
    policies.dedup();
    policies.join(",")
}

fn text(result: &Value, field: &str) -> String {
    result
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn result_of(result: &Value) -> Option<ReportedResult> {
    ReportedResult::parse(result.get("result")?.as_str()?)
}

fn put(object: &mut Value, key: &str, text: String) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(key.to_owned(), text.into());
    }
}

/// At most [`MOST_RESULTS`] rows: where some must go, those that matter least; in Kyverno's order.
fn worst_first(rows: &[Row]) -> Vec<&Row> {
    let mut kept: Vec<&Row> = rows.iter().collect();
    if kept.len() > MOST_RESULTS {
        kept.sort_by_key(|row| Reverse(gravity(row.result)));
        kept.truncate(MOST_RESULTS);
    }
    kept.sort_by(|a, b| (&a.policy, &a.rule, a.seconds).cmp(&(&b.policy, &b.rule, b.seconds)));
    kept
}

fn gravity(result: ReportedResult) -> u8 {
    match result {
        ReportedResult::Fail => 4,
        ReportedResult::Error => 3,
        ReportedResult::Warn => 2,
        ReportedResult::Pass => 1,
        ReportedResult::Skip => 0,
    }
}

/// A row as it stands in a report on one object: the object is named once, in `scope`.
fn result(row: &Row) -> Value {
    let mut written = row.to_json();
    if let Some(fields) = written.as_object_mut() {
        fields.remove("resources");
        fields.insert("source".to_owned(), SOURCE.into());
        if let Some(Value::String(message)) = fields.get_mut("message") {
            shorten(message);
        }
        if let Some(Value::Object(properties)) = fields.get_mut("properties") {
            shorten_all(properties);
        }
    }
    written
}

fn shorten_all(properties: &mut Map<String, Value>) {
    for value in properties.values_mut() {
        if let Value::String(text) = value {
            shorten(text);
        }
    }
}

/// Cuts what is too long, and says so.
fn shorten(text: &mut String) {
    let Some((end, _)) = text.char_indices().nth(MOST_MESSAGE_CHARS) else {
        return;
    };
    let cut = text.split_off(end).chars().count();
    text.push_str(&format!("… ({cut} characters left out)"));
}

fn without_times(results: &[Value]) -> Vec<Value> {
    let timeless = results.iter().map(|result| {
        let mut result = result.clone();
        if let Some(fields) = result.as_object_mut() {
            fields.remove("timestamp");
        }
        result
    });
    timeless.collect()
}

#[cfg(test)]
mod tests;

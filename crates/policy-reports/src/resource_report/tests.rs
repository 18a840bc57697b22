use std::collections::BTreeMap;

use super::*;

fn resource() -> ObjectReference {
    ObjectReference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        uid: "7c0ffee0".to_owned(),
    }
}

fn row(policy: &str, result: ReportedResult, seconds: i64) -> Row {
    Row {
        source: "kyverno",
        policy: policy.to_owned(),
        rule: "r".to_owned(),
        result,
        message: "said".to_owned(),
        scored: true,
        category: None,
        severity: None,
        seconds,
        resource: resource(),
        properties: BTreeMap::new(),
        policy_namespace: None,
    }
}

#[test]
fn a_report_names_its_object_once_belongs_to_it_and_says_whose_it_is() {
    let rows = [
        row("b", ReportedResult::Pass, 5),
        row("a", ReportedResult::Fail, 5),
    ];
    let report = resource_report(&resource(), &rows, ReportFormat::PolicyReport).object;
    assert_eq!(report["apiVersion"], "wgpolicyk8s.io/v1alpha2");
    assert_eq!(report["kind"], "PolicyReport");
    assert_eq!(report["metadata"]["name"], "7c0ffee0-vouchsafe");
    assert_eq!(report["metadata"]["namespace"], "shop");
    assert_eq!(report["metadata"]["labels"][MANAGED_BY], "vouchsafe");
    assert_eq!(report["metadata"]["ownerReferences"][0]["uid"], "7c0ffee0");
    assert_eq!(report["scope"]["name"], "web");
    assert_eq!(report["summary"]["fail"], 1);
    assert_eq!(report["results"][0]["policy"], "a");
    assert_eq!(report["results"][0]["source"], "vouchsafe");
    assert!(report["results"][0].get("resources").is_none());
}

#[test]
fn a_cluster_wide_object_has_a_cluster_wide_report() {
    let mut node = resource();
    node.namespace.clear();
    for (format, kind) in [
        (ReportFormat::PolicyReport, "ClusterPolicyReport"),
        (ReportFormat::OpenReports, "ClusterReport"),
    ] {
        let report = resource_report(&node, &[], format).object;
        assert_eq!(report["kind"], kind);
        assert!(report["metadata"].get("namespace").is_none());
    }
}

#[test]
fn the_time_of_a_scan_is_no_news_and_anything_else_is() {
    let of = |result, seconds| {
        let rows = [row("a", result, seconds)];
        resource_report(&resource(), &rows, ReportFormat::OpenReports).fingerprint
    };
    let first = of(ReportedResult::Pass, 1);
    assert_eq!(first, of(ReportedResult::Pass, 2));
    assert_ne!(first, of(ReportedResult::Fail, 1));
    let report = resource_report(
        &resource(),
        &[row("a", ReportedResult::Pass, 1)],
        ReportFormat::OpenReports,
    );
    assert_eq!(Fingerprint::of_metadata(&report.object["metadata"]), Some(first));
    assert_eq!(report.object["source"], "vouchsafe");
}

#[test]
fn a_report_that_another_wrote_has_no_fingerprint_of_ours() {
    let metadata = json!({"labels": {MANAGED_BY: "kyverno"}, "annotations": {FINGERPRINT: "00"}});
    assert_eq!(Fingerprint::of_metadata(&metadata), None);
}

#[test]
fn what_is_too_much_is_left_out_aloud_and_failures_stay() {
    let mut rows: Vec<Row> = (0..MOST_RESULTS + 7)
        .map(|number| row(&format!("p{number:04}"), ReportedResult::Pass, 1))
        .collect();
    rows.push(row("zz", ReportedResult::Fail, 1));
    let report = resource_report(&resource(), &rows, ReportFormat::PolicyReport).object;
    let results = report["results"].as_array().unwrap();
    assert_eq!(results.len(), MOST_RESULTS);
    assert_eq!(results[MOST_RESULTS - 1]["result"], "fail");
    assert_eq!(report["summary"]["pass"], MOST_RESULTS + 7);
    assert_eq!(
        report["metadata"]["annotations"][LEFT_OUT],
        "8 of 258 results: the summary counts them"
    );
}

#[test]
fn a_long_message_is_cut_between_characters_and_says_so() {
    let mut long = row("a", ReportedResult::Fail, 1);
    long.message = "é".repeat(MOST_MESSAGE_CHARS + 3);
    let report = resource_report(&resource(), &[long], ReportFormat::PolicyReport).object;
    let message = report["results"][0]["message"].as_str().unwrap();
    assert!(message.ends_with("é… (3 characters left out)"), "{message}");
}

fn admitted(policy: &str, result: ReportedResult) -> Value {
    let mut row = row(policy, result, 5);
    row.properties
        .insert("process".to_owned(), "admission review".to_owned());
    admitted_result(&row)
}

#[test]
fn what_admission_said_stands_beside_what_a_scan_says_and_is_counted_with_it() {
    let rows = [row("scanned", ReportedResult::Pass, 5)];
    let alone = resource_report(&resource(), &rows, ReportFormat::PolicyReport);
    let kept = vec![admitted("asked", ReportedResult::Fail)];
    let both = report_beside(&resource(), &rows, kept.clone(), ReportFormat::PolicyReport);
    assert_eq!(both.fingerprint, alone.fingerprint);
    assert_eq!(both.object["summary"]["fail"], 1);
    assert_eq!(both.object["summary"]["pass"], 1);
    assert_eq!(both.object["results"][0]["policy"], "asked");
    assert_eq!(both.object["metadata"]["annotations"][ADMITTED_BY], "asked");
    let mut report = both.object.clone();
    assert_eq!(take_admitted(&mut report), kept);
    let mut report = both.object;
    put_admitted(&mut report, Vec::new());
    assert_eq!(report, alone.object);
}

/// A policy that only admission is judged by says much, so that what scans found is no longer seen.
#[test]
fn what_admission_said_takes_only_the_room_that_scans_leave() {
    let rows: Vec<Row> = (0..MOST_RESULTS + 2)
        .map(|number| row(&format!("z{number:04}"), ReportedResult::Fail, 1))
        .collect();
    let full = resource_report(&resource(), &rows, ReportFormat::PolicyReport).object;
    let mut report = full.clone();
    put_admitted(&mut report, vec![admitted("asked", ReportedResult::Fail)]);
    assert_eq!(report["results"], full["results"]);
    assert_eq!(
        report["summary"], full["summary"],
        "which counts what is left out"
    );
    let annotations = &report["metadata"]["annotations"];
    assert_eq!(annotations[LEFT_OUT], full["metadata"]["annotations"][LEFT_OUT]);
    assert_eq!(
        annotations[ADMITTED_LEFT_OUT],
        "1 results of admission: the summary does not count them"
    );
    assert!(annotations.get(ADMITTED_BY).is_none());
    put_admitted(&mut report, Vec::new());
    assert_eq!(report, full);
}

#[test]
fn where_room_is_short_what_admission_refused_to_pass_stands_first() {
    let rows: Vec<Row> = (0..MOST_RESULTS - 1)
        .map(|number| row(&format!("z{number:04}"), ReportedResult::Pass, 1))
        .collect();
    let said = vec![
        admitted("a", ReportedResult::Pass),
        admitted("b", ReportedResult::Fail),
    ];
    let whole = report_beside(&resource(), &rows, said.clone(), ReportFormat::PolicyReport).object;
    let mut put_later = resource_report(&resource(), &rows, ReportFormat::PolicyReport).object;
    put_admitted(&mut put_later, said);
    assert_eq!(put_later, whole);
    assert_eq!(whole["metadata"]["annotations"][ADMITTED_BY], "b");
    assert_eq!(whole["summary"]["fail"], 1);
    assert_eq!(whole["summary"]["pass"], MOST_RESULTS - 1);
}

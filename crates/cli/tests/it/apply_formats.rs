//! What `apply` prints for programs: reports, trees, JUnit, SARIF.

use serde_json::{Value, json};

use crate::terminal::{Folder, Said, TAG_IS_ONE, pod, policy, vouchsafe};

/// One Pod that passes and one that fails.
fn said(flags: &[&str]) -> Said {
    let folder = Folder::new();
    let policy = folder.file("policy.yaml", &policy("tags", "Enforce", TAG_IS_ONE));
    let pods = folder.file("pods.yaml", &(pod("good", "nginx:1") + &pod("bad", "nginx:2")));
    let said = vouchsafe(&[&["apply", policy.as_str(), "-r", pods.as_str()], flags].concat());
    assert_eq!(said.code, 1, "{}", said.err);
    said
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_report_holds_a_row_for_each_rule_and_resource() {
    let report = parsed(&said(&["-p", "--output-format", "json"]).out);
    assert_eq!(
        (&report["apiVersion"], &report["kind"]),
        (&json!("openreports.io/v1alpha1"), &json!("ClusterReport"))
    );
    assert_eq!(report["metadata"]["name"], "merged");
    assert_eq!(
        report["summary"],
        json!({"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0})
    );
    let yaml = said(&["-p"]).out;
    assert!(
        yaml.starts_with("apiVersion: openreports.io/v1alpha1\nkind: ClusterReport\n"),
        "{yaml}"
    );
    let other = parsed(&said(&["-p", "--wgpolicy", "--output-format", "json"]).out);
    assert_eq!(other["kind"], "ClusterPolicyReport");
}

#[test]
fn policies_of_a_namespace_have_reports_of_their_own() {
    let folder = Folder::new();
    let own = policy("own", "Enforce", TAG_IS_ONE)
        .replace("kind: ClusterPolicy", "kind: Policy")
        .replace("  name: own\n", "  name: own\n  namespace: default\n");
    let policies = folder.file("policies.yaml", &(policy("tags", "Enforce", TAG_IS_ONE) + &own));
    let pods = folder.file("pods.yaml", &pod("web", "nginx:1"));
    let said = vouchsafe(&["apply", &policies, "-r", &pods, "-p"]);
    let (merged, namespaced) = said.out.split_once("---\n").unwrap();
    assert!(
        merged.contains("kind: ClusterReport\n") && !merged.contains("default/own"),
        "{merged}"
    );
    assert!(namespaced.contains("kind: PolicyReport\n"), "{namespaced}");
    assert!(namespaced.contains("policy: default/own\n"), "{namespaced}");
}

#[test]
fn decision_trees_are_json_where_that_is_asked_for() {
    let trees = parsed(&said(&["--explain", "--output-format", "json"]).out);
    assert_eq!(trees[1]["resource"], "Pod/default/bad");
    let rule = &trees[1]["rules"][0];
    assert_eq!(rule["outcome"], "fail");
    assert_eq!(
        (&rule["failureAction"], &rule["blocks"]),
        (&json!("Enforce"), &json!(true))
    );
    assert_eq!(rule["selectedBy"], "match.any[0]");
}

#[test]
fn junit_has_a_suite_for_each_policy_and_a_failure_for_each_that_fails() {
    let xml = said(&["--output-format", "junit"]).out;
    assert!(xml.contains(r#"<testsuite name="tags" tests="2""#), "{xml}");
    assert!(xml.contains(r#"name="default/Pod/bad" classname="r""#), "{xml}");
    assert_eq!(xml.matches("<failure").count(), 1, "{xml}");
}

#[test]
fn sarif_holds_what_fails_at_the_file_it_stands_in() {
    let sarif = parsed(&said(&["--output-format", "sarif"]).out);
    assert_eq!(sarif["version"], "2.1.0");
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(
        (&results[0]["ruleId"], &results[0]["level"]),
        (&json!("tags/r"), &json!("error"))
    );
    let place = &results[0]["locations"][0];
    assert_eq!(
        place["logicalLocations"][0]["fullyQualifiedName"],
        "default/Pod/bad"
    );
    let file = place["physicalLocation"]["artifactLocation"]["uri"]
        .as_str()
        .unwrap();
    assert!(file.ends_with("pods.yaml"), "{file}");
    assert_eq!(place["physicalLocation"]["region"]["startLine"], 7);
}

#[test]
fn a_table_has_a_row_for_each_result() {
    let table = said(&["--table", "--detailed-results"]).out;
    assert!(
        table.contains("│ ID │ POLICY │ RULE │ RESOURCE         │ RESULT │ REASON │ MESSAGE"),
        "{table}"
    );
    assert!(
        table.contains("│ 1  │ tags   │ r    │ default/Pod/good │ Pass   │        │"),
        "{table}"
    );
    assert!(
        table.contains("│ 2  │ tags   │ r    │ default/Pod/bad  │ Fail   │        │"),
        "{table}"
    );
}

//! Resources as mutate policies leave them: printed, piped on, written.

use crate::terminal::{Folder, TAG_IS_ONE, pod, policy, vouchsafe};

fn labels(name: &str) -> String {
    let rule = format!("    mutate: {{patchStrategicMerge: {{metadata: {{labels: {{{name}: 'yes'}}}}}}}}\n");
    policy(name, "Audit", &rule)
}

#[test]
fn each_policy_prints_what_it_made_of_what_the_one_before_it_made() {
    let folder = Folder::new();
    let policies = folder.file("policies.yaml", &(labels("first") + &labels("second")));
    let said = vouchsafe(&[
        "apply",
        &policies,
        "-r",
        &folder.file("pods.yaml", &pod("web", "nginx")),
    ]);
    let (first, second) = said
        .out
        .split_once("policy second applied to default/Pod/web:\n")
        .unwrap();
    assert!(
        first.contains("policy first applied to default/Pod/web:\n"),
        "{first}"
    );
    assert!(
        first.contains("    first: 'yes'\n") && !first.contains("    second:"),
        "{first}"
    );
    assert!(
        second.contains("    first: 'yes'\n    second: 'yes'\n"),
        "{second}"
    );
    assert_eq!(
        said.out
            .matches("Mutation:\nMutation has been applied successfully.")
            .count(),
        2
    );
    assert!(
        said.out
            .ends_with("pass: 2, fail: 0, warn: 0, error: 0, skip: 0 \n"),
        "{}",
        said.out
    );
}

#[test]
fn a_file_takes_all_mutated_resources_and_a_folder_one_file_for_each_name() {
    let folder = Folder::new();
    let policies = folder.file("policies.yaml", &labels("first"));
    let pods = folder.file("pods.yaml", &(pod("web", "nginx") + &pod("db", "postgres")));
    let said = vouchsafe(&["apply", &policies, "-r", &pods, "-o", &folder.path("out.yaml")]);
    assert!(!said.out.contains("applied to"), "{}", said.out);
    let written = folder.read("out.yaml");
    assert!(
        written.contains("  name: web\n") && written.contains("  name: db\n"),
        "{written}"
    );
    std::fs::create_dir(folder.path("out")).unwrap();
    vouchsafe(&["apply", &policies, "-r", &pods, "-o", &folder.path("out")]);
    assert!(folder.read("out/web-mutated.yaml").contains("  name: web\n"));
    assert!(folder.read("out/db-mutated.yaml").contains("  name: db\n"));
}

#[test]
fn a_name_that_leads_out_of_the_folder_stays_in_it() {
    let folder = Folder::new();
    let policies = folder.file("policies.yaml", &labels("first"));
    let pods = folder.file("pods.yaml", &pod("../../escaped", "nginx"));
    vouchsafe(&["apply", &policies, "-r", &pods, "-o", &folder.path("out/deep")]);
    assert!(folder.has("out/deep/.._.._escaped-mutated.yaml"));
    assert!(!folder.has("escaped-mutated.yaml"));
}

#[test]
fn a_pipe_carries_resources_alone_and_none_that_is_refused() {
    let folder = Folder::new();
    let policies = folder.file(
        "policies.yaml",
        &(labels("first") + &policy("tags", "Enforce", TAG_IS_ONE)),
    );
    let pods = folder.file("pods.yaml", &(pod("good", "nginx:1") + &pod("bad", "nginx:2")));
    let said = vouchsafe(&["apply", &policies, "-r", &pods, "--stdin"]);
    assert!(
        said.out.starts_with("apiVersion: v1\nkind: Pod\n"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("  name: good\n") && said.out.contains("    first: 'yes'\n"),
        "{}",
        said.out
    );
    assert!(
        !said.out.contains("bad") && !said.out.contains("pass:"),
        "{}",
        said.out
    );
    assert!(
        said.err
            .contains("policy tags -> resource default/Pod/bad failed:"),
        "{}",
        said.err
    );
    assert_eq!(said.code, 1);
}

#[test]
fn a_rule_with_targets_changes_the_objects_given_as_targets() {
    let folder = Folder::new();
    let rule = "    mutate:\n      targets: [{apiVersion: v1, kind: ConfigMap, name: state, namespace: default}]\n      \
                patchStrategicMerge: {data: {last: '{{ request.object.metadata.name }}'}}\n";
    let policies = folder.file("policies.yaml", &policy("remember", "Audit", rule));
    let pods = folder.file("pods.yaml", &pod("web", "nginx"));
    let map = folder.file(
        "map.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: state, namespace: default}\ndata: {first: db}\n",
    );
    let said = vouchsafe(&["apply", &policies, "-r", &pods, "--target-resource", &map]);
    let (_, targets) = said.out.split_once("patched targets: \n").unwrap();
    assert!(
        targets.contains("data:\n  first: db\n  last: web\nkind: ConfigMap\n"),
        "{targets}"
    );
}

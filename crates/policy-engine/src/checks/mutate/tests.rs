use super::*;
use crate::context::scope::rehearsal::Rehearsal;
use crate::request::Operation;
use serde_json::json;

fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "y"}]}})
}

fn applied(mutate: &Value) -> (RuleOutcome, String, Option<Value>) {
    let rule = MutateRule::compile(mutate).expect("a rule");
    let applied = Rehearsal::of(pod()).run(|scope| rule.apply(scope));
    let done = applied.expect("no fact is missing").expect("a response");
    (done.verdict.outcome, done.verdict.message, done.object)
}

fn changed(mutate: &Value) -> Value {
    let (outcome, message, changed) = applied(mutate);
    assert_eq!(
        (outcome, message.as_str()),
        (RuleOutcome::Pass, "mutated Pod/web in namespace shop")
    );
    changed.expect("an object")
}

#[test]
fn a_strategic_merge_patch_adds_what_its_conditions_allow() {
    let patch = json!({"patchStrategicMerge": {"metadata": {"labels": {"+(app)": "{{ request.object.metadata.name }}"}},
        "spec": {"containers": [{"(image)": "x", "imagePullPolicy": "Always"}]}}});
    let object = changed(&patch);
    assert_eq!(object["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(
        object["spec"]["containers"][0]["imagePullPolicy"],
        json!("Always")
    );
    assert_eq!(object["spec"]["containers"][1].get("imagePullPolicy"), None);
}

#[test]
fn a_json_patch_is_read_as_json_or_yaml() {
    let yaml = "- op: add\n  path: /metadata/labels/app\n  value: \"{{ request.object.metadata.name }}\"\n";
    let json_text = r#"[{"op": "add", "path": "/metadata/labels/app", "value": "web"}]"#;
    for text in [yaml, json_text] {
        assert_eq!(
            changed(&json!({ "patchesJson6902": text }))["metadata"]["labels"],
            json!({"app": "web"})
        );
    }
    let (outcome, message, object) =
        applied(&json!({"patchesJson6902": "- op: test\n  path: /kind\n  value: Job\n"}));
    assert_eq!((outcome, object), (RuleOutcome::Error, None));
    assert!(message.starts_with("failed to patch resource: "), "{message}");
}

#[test]
fn a_rule_that_changes_nothing_is_skipped() {
    for patch in [
        json!({"patchStrategicMerge": {"metadata": {"name": "web"}}}),
        json!({"patchStrategicMerge": {"(kind)": "Job", "metadata": {"name": "x"}}}),
        json!({"patchesJson6902": "- op: remove\n  path: /metadata/labels\n"}),
    ] {
        assert_eq!(
            applied(&patch),
            (RuleOutcome::Skip, "no patches applied".to_owned(), None),
            "{patch}"
        );
    }
}

#[test]
fn an_unknown_variable_leaves_the_object_as_it_was() {
    let (outcome, message, object) =
        applied(&json!({"patchStrategicMerge": {"metadata": {"name": "{{ x }}"}}}));
    assert_eq!((outcome, object), (RuleOutcome::Error, None));
    assert_eq!(
        message,
        "variable substitution failed: failed to resolve x at path /mutate/patchStrategicMerge/metadata/name: JMESPath query failed: Unknown key \"x\" in path"
    );
}

#[test]
fn a_loop_patches_each_element_on_what_the_one_before_made() {
    let looped = json!({"foreach": [{"list": "request.object.spec.containers",
        "preconditions": {"all": [{"key": "{{ element.name }}", "operator": "NotEquals", "value": "skipped"}]},
        "patchStrategicMerge": {"spec": {"containers": [{"name": "{{ element.name }}", "image": "reg/{{ element.image }}"}]}}}]});
    let object = changed(&looped);
    let images: Vec<_> = object["spec"]["containers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (&c["name"], &c["image"]))
        .collect();
    assert_eq!(
        images,
        [(&json!("a"), &json!("reg/x")), (&json!("b"), &json!("reg/y"))]
    );
}

#[test]
fn loops_run_in_the_order_written_and_see_what_earlier_ones_did() {
    let add = |list: &str, order: Option<&str>| {
        let mut looped = json!({"list": list,
            "patchesJson6902": "- op: add\n  path: /metadata/annotations/seen-{{ elementIndex }}-{{ element }}\n  value: \"{{ length(keys(request.object.metadata.annotations || `{}`)) }}\"\n"});
        if let Some(order) = order {
            looped["order"] = json!(order);
        }
        looped
    };
    let object = changed(&json!({"foreach": [
        add("request.object.spec.containers[].name", None),
        add("request.object.metadata.annotations | keys(@)", Some("Descending"))]}));
    let annotations = object["metadata"]["annotations"].as_object().unwrap();
    let keys: Vec<_> = annotations.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        ["seen-0-a", "seen-0-seen-0-a", "seen-1-b", "seen-1-seen-1-b"]
    );
    // within a loop the request is what it was when the loop began
    assert_eq!(
        (&annotations["seen-1-b"], &annotations["seen-0-seen-0-a"]),
        (&json!("0"), &json!("2"))
    );
}

#[test]
fn a_loop_that_fails_changes_nothing_and_one_without_elements_is_skipped() {
    let (outcome, message, object) = applied(&json!({"foreach": [{"list": "request.object.spec.none",
        "patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}}]}));
    assert_eq!((outcome, object), (RuleOutcome::Error, None));
    assert!(
        message.starts_with("failed to evaluate list request.object.spec.none: "),
        "{message}"
    );
    let (outcome, message, object) = applied(&json!({"foreach": [
        {"list": "request.object.spec.containers", "patchStrategicMerge": {"metadata": {"labels": {"a": "b"}}}},
        {"list": "request.object.spec.containers", "patchStrategicMerge": {"metadata": {"labels": {"a": "{{ x }}"}}}}]}));
    assert_eq!((outcome, object), (RuleOutcome::Error, None));
    assert!(
        message.starts_with("failed to mutate elements: variable substitution failed: "),
        "{message}"
    );
    let empty =
        json!({"foreach": [{"list": "request.object.spec.none || `[]`", "patchStrategicMerge": {"a": 1}}]});
    assert_eq!(
        applied(&empty),
        (RuleOutcome::Skip, "0 elements processed".to_owned(), None)
    );
}

#[test]
fn loops_nest() {
    let object = changed(
        &json!({"foreach": [{"list": "request.object.spec.containers", "foreach": [{
        "list": "['p', 'q']",
        "patchesJson6902": "- op: add\n  path: /metadata/labels/{{ element0.name }}-{{ element1 }}\n  value: x\n"}]}]}),
    );
    let labels: Vec<_> = object["metadata"]["labels"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(labels, ["a-p", "a-q", "b-p", "b-q"]);
}

#[test]
fn a_rule_about_other_objects_or_a_deletion_says_nothing() {
    let patch = json!({"targets": [{"kind": "ConfigMap"}], "patchStrategicMerge": {"a": 1}});
    let rule = MutateRule::compile(&patch).unwrap();
    assert!(rule.changes_others());
    assert!(
        Rehearsal::of(pod())
            .run(|scope| rule.apply(scope))
            .unwrap()
            .is_none()
    );
    let rule = MutateRule::compile(&json!({"patchStrategicMerge": {"a": 1}})).unwrap();
    let deletion = Rehearsal::of(pod()).under(Operation::Delete);
    assert!(deletion.run(|scope| rule.apply(scope)).unwrap().is_none());
}

#[test]
fn faults_of_a_rule_are_found_together() {
    let faults = MutateRule::compile(&json!({"foreach": [
        {"list": "a[", "order": "Up", "patchStrategicMerge": {"a": "{{ b[ }}"}},
        {"list": "a"},
    ]}));
    let mut paths: Vec<_> = faults.unwrap_err().into_iter().map(|fault| fault.path).collect();
    paths.sort();
    assert_eq!(
        paths,
        [
            "foreach[0].list",
            "foreach[0].order",
            "foreach[0].patchStrategicMerge.a",
            "foreach[1]"
        ]
    );
    assert!(MutateRule::compile(&json!({})).is_err());
}

#[test]
fn targets_are_changed_where_they_are_meant_and_nowhere_else() {
    let rule = MutateRule::compile(&json!({
        "targets": [{"apiVersion": "v1", "kind": "Secret", "name": "{{ request.object.metadata.name }}-*",
            "preconditions": {"all": [{"key": "{{ target.metadata.labels.keep || '' }}", "operator": "NotEquals", "value": "yes"}]}}],
        "patchStrategicMerge": {"metadata": {"labels": {"of": "{{ target.metadata.name }}"}}}}))
    .unwrap();
    let secret = |name: &str, labels: Value| {
        Arc::new(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": labels}}))
    };
    let targets = [
        secret("web-a", json!({})),
        secret("web-b", json!({"keep": "yes"})),
        secret("other", json!({})),
    ];
    let done = Rehearsal::of(pod())
        .with_targets(&targets)
        .run(|scope| rule.apply(scope))
        .unwrap()
        .unwrap();
    assert_eq!((done.verdict.outcome, done.targets.len()), (RuleOutcome::Pass, 1));
    assert_eq!(done.targets[0]["metadata"]["labels"], json!({"of": "web-a"}));
    assert!(done.object.is_none());
}
